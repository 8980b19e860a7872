"""Who may see the console: log-in, log-out, roles. A hard lock would be a weapon, so guesses only cost time."""

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Annotated, Final
from urllib.parse import urlsplit

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from fastapi import APIRouter, Depends, Form, HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from syndication.domain.errors import TokenError
from syndication.domain.roles import Role
from syndication.domain.tokens import Purpose
from syndication.store.admins import (
    Admin,
    From,
    close_session,
    find_admin,
    has_admin,
    hash_of,
    note_seen,
    open_session,
    session_admin,
)
from syndication.web.deps import deps_of
from syndication.web.render import private_page
from syndication.web.security import client_address
from syndication.web.throttle import Throttle, network_of

router = APIRouter(prefix="/admin")

COOKIE: Final = "syndication_admin"
DEVICE: Final = "syndication_device"
SESSION: Final = timedelta(days=14)
SHORTEST_PASSWORD: Final = 10
_DEVICE_FOR: Final = timedelta(days=390)
_SEEN_EVERY: Final = timedelta(minutes=5)
_SECRET_BYTES: Final = 32
_AGENT_CHARACTERS: Final = 300
_ROLE_WORDS: Final = (
    "You are logged in as {name}, who is {article} {role}; this needs {needed}. An owner can change that."
)
_TOO_MANY: Final = (
    "Too many attempts. A browser that you logged in with before may be free to; else wait ten minutes, an hour while"
    " somebody guesses at this name, or ask who runs the server for a link: `syndication admin reset NAME`."
)
_hasher = PasswordHasher()


class Guesses:
    """How often passwords may be tried. A browser that has logged in before has a count of its own.

    So whoever tries passwords from elsewhere can slow down other strangers only, never a browser that the admin uses.
    Source: OWASP, "Slow Down Online Guessing Attacks with Device Cookies".
    """

    def __init__(self) -> None:
        self._device = Throttle(10, timedelta(minutes=10))
        self._network = Throttle(10, timedelta(minutes=10))
        self._account = Throttle(50, timedelta(hours=1))

    def allow(self, network: str, name: str, device: int | None, now: datetime) -> bool:
        """Whether one more password may be tried. device: the admin that this browser has logged in as."""
        if device is not None:
            return self._device.allows(f"{device} {network}", now)
        return self._network.allows(network, now) and self._account.allows(name, now)


class NeedsLogIn(Exception):  # noqa: N818 - not an error: the answer is the log-in page
    """A page of the console was asked for without a log-in."""


def hash_password(password: str) -> str:
    """argon2id with the library's current parameters. Raises ValueError for one that is too short."""
    if len(password) < SHORTEST_PASSWORD:
        message = f"Choose a password of at least {SHORTEST_PASSWORD} characters."
        raise ValueError(message)
    return _hasher.hash(password)


def log_in_first(request: Request, error: Exception) -> Response:
    """What a page of the console answers to somebody who is not logged in."""
    del request, error
    return RedirectResponse("/admin/login", 303)


def signed_in(request: Request) -> Admin:
    """The admin who asks. Raises NeedsLogIn."""
    deps, secret = deps_of(request), request.cookies.get(COOKIE, "")
    now = deps.clock()
    if secret:
        with deps.database.read() as session:
            found = session_admin(session, hash_of(secret), now)
        if found:
            if now - found[1] > _SEEN_EVERY:
                with deps.database.write() as session:
                    note_seen(session, hash_of(secret), now)
            return found[0]
    raise NeedsLogIn


def require(role: Role) -> Callable[[Request], Admin]:
    """A dependency: the admin who asks, who must have this role. Raises NeedsLogIn, HTTPException 403."""

    def admin(request: Request) -> Admin:
        found = signed_in(request)
        if not found.role.includes(role):
            articles = {Role.VIEWER: "a", Role.EDITOR: "an", Role.OWNER: "an"}
            words = _ROLE_WORDS.format(
                name=found.login, article=articles[found.role], role=found.role, needed=f"{articles[role]} {role}"
            )
            raise HTTPException(403, words)
        return found

    return admin


def _looking(request: Request) -> Admin:
    return signed_in(request) if request.method in {"GET", "HEAD"} else require(Role.EDITOR)(request)


SignedIn = Annotated[Admin, Depends(_looking)]
"""Anybody with a log-in, viewers too, who looks; to change anything takes an editor."""
Oneself = Annotated[Admin, Depends(signed_in)]
"""Anybody with a log-in, for what concerns nobody else."""
Editor = Annotated[Admin, Depends(require(Role.EDITOR))]
Owner = Annotated[Admin, Depends(require(Role.OWNER))]


@router.get("/login")
def login_page(request: Request) -> Response:
    """The log-in form."""
    with deps_of(request).database.read() as session:
        is_taken = has_admin(session)
    return private_page(request, "admin/login.html", login="", fault="", is_taken=is_taken)


@router.post("/login")
def login(request: Request, name: Annotated[str, Form()] = "", password: Annotated[str, Form()] = "") -> Response:
    """Log in, or say that name and password do not fit, whichever of them is wrong."""
    deps = deps_of(request)
    with deps.database.read() as session:
        admin = find_admin(session, name)
    guesses: Guesses = request.state.guesses
    device = _device(request)
    known = device if admin and device == admin.admin_id else None
    if not guesses.allow(network_of(client_address(request)), name.strip().lower(), known, deps.clock()):
        fault = _TOO_MANY
        return private_page(request, "admin/login.html", status=429, login=name, fault=fault, is_taken=True)
    if not _fits(admin.password_hash if admin else _nobody(), password) or admin is None:
        fault = "Name and password do not fit."
        return private_page(request, "admin/login.html", status=422, login=name, fault=fault, is_taken=True)
    return welcome(request, admin)


@router.post("/logout")
def logout(request: Request) -> Response:
    """End the log-in here and in the database."""
    deps = deps_of(request)
    with deps.database.write() as session:
        close_session(session, hash_of(request.cookies.get(COOKIE, "")))
    answer = RedirectResponse("/admin/login", 303)
    answer.delete_cookie(COOKIE, path="/admin")
    return answer


def welcome(request: Request, admin: Admin) -> Response:
    """Log somebody in who has proved who they are."""
    deps, secret = deps_of(request), secrets.token_urlsafe(_SECRET_BYTES)
    now = deps.clock()
    visit = From(client_address(request), request.headers.get("user-agent", "")[:_AGENT_CHARACTERS])
    with deps.database.write() as session:
        open_session(session, hash_of(secret), admin.admin_id, now, now + SESSION, visit=visit)
    answer = RedirectResponse("/admin/", 303)
    is_https = urlsplit(deps.site.public_url).scheme == "https"
    device = deps.keys.sign(Purpose.DEVICE, admin.admin_id)
    for cookie, value, span, path in (
        (COOKIE, secret, SESSION, "/admin"),
        (DEVICE, device, _DEVICE_FOR, "/admin/login"),
    ):
        seconds = int(span.total_seconds())
        answer.set_cookie(cookie, value, max_age=seconds, path=path, httponly=True, samesite="lax", secure=is_https)
    return answer


def _device(request: Request) -> int | None:
    """The id of the admin that this browser has logged in as."""
    try:
        return deps_of(request).keys.open(Purpose.DEVICE, request.cookies.get(DEVICE, ""))
    except TokenError:
        return None


@lru_cache(maxsize=1)
def _nobody() -> str:
    """Verified when the name is unknown, so that the time of the answer does not say which names exist."""
    return _hasher.hash(secrets.token_hex(_SECRET_BYTES))


def _fits(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except (VerifyMismatchError, InvalidHashError):
        return False
