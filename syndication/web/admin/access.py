"""Who may see the console: the first admin by a one-time link, log-in, log-out."""

import secrets
from datetime import timedelta
from functools import lru_cache
from typing import Annotated, Final
from urllib.parse import urlsplit

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from fastapi import APIRouter, Depends, Form, HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from syndication.store.admins import (
    Admin,
    close_session,
    find_admin,
    hash_of,
    is_setup_open,
    open_session,
    session_admin,
    use_setup,
)
from syndication.web.deps import deps_of
from syndication.web.render import private_page
from syndication.web.security import client_address
from syndication.web.throttle import Throttle, network_of

router = APIRouter(prefix="/admin")

COOKIE: Final = "syndication_admin"
SESSION: Final = timedelta(days=14)
SHORTEST_PASSWORD: Final = 10
_SECRET_BYTES: Final = 32
# A visitor's network gets ten wrong guesses in ten minutes; the admin's own log-in from elsewhere is never locked.
_guesses = Throttle(10, timedelta(minutes=10))
_hasher = PasswordHasher()


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
    if secret:
        with deps.database.read() as session:
            found = session_admin(session, hash_of(secret), deps.clock())
        if found:
            return found
    raise NeedsLogIn


SignedIn = Annotated[Admin, Depends(signed_in)]


@router.get("/login")
def login_page(request: Request) -> Response:
    """The log-in form."""
    return private_page(request, "admin/login.html", login="", fault="")


@router.post("/login")
def login(request: Request, name: Annotated[str, Form()] = "", password: Annotated[str, Form()] = "") -> Response:
    """Log in, or say that name and password do not fit, whichever of them is wrong."""
    deps = deps_of(request)
    if not _guesses.allows(network_of(client_address(request)), deps.clock()):
        fault = "Too many attempts from your network. Wait ten minutes."
        return private_page(request, "admin/login.html", status=429, login=name, fault=fault)
    with deps.database.read() as session:
        admin = find_admin(session, name)
    if not _fits(admin.password_hash if admin else _nobody(), password) or admin is None:
        fault = "Name and password do not fit."
        return private_page(request, "admin/login.html", status=422, login=name, fault=fault)
    return _welcome(request, admin)


@router.post("/logout")
def logout(request: Request) -> Response:
    """End the log-in here and in the database."""
    deps = deps_of(request)
    with deps.database.write() as session:
        close_session(session, hash_of(request.cookies.get(COOKIE, "")))
    answer = RedirectResponse("/admin/login", 303)
    answer.delete_cookie(COOKIE, path="/admin")
    return answer


@router.get("/setup/{secret}")
def setup_page(request: Request, secret: str) -> Response:
    """The form that makes the first admin."""
    with deps_of(request).database.read() as session:
        if not is_setup_open(session, hash_of(secret)):
            raise HTTPException(404)
    return private_page(request, "admin/setup.html", login="", fault="")


@router.post("/setup/{secret}")
def setup(
    request: Request, secret: str, name: Annotated[str, Form()] = "", password: Annotated[str, Form()] = ""
) -> Response:
    """Make the first admin and log in; the link is worth nothing afterwards."""
    deps = deps_of(request)
    fault = "" if name.strip() else "Choose a name to log in with."
    try:
        hashed = hash_password(password)
    except ValueError as error:
        fault = fault or str(error)
        hashed = ""
    if fault:
        return private_page(request, "admin/setup.html", status=422, login=name, fault=fault)
    with deps.database.write() as session:
        admin = use_setup(session, hash_of(secret), name, hashed, deps.clock())
    if admin is None:
        raise HTTPException(404)
    return _welcome(request, admin)


def _welcome(request: Request, admin: Admin) -> Response:
    deps, secret = deps_of(request), secrets.token_urlsafe(_SECRET_BYTES)
    now = deps.clock()
    with deps.database.write() as session:
        open_session(session, hash_of(secret), admin.admin_id, now, now + SESSION)
    answer = RedirectResponse("/admin/", 303)
    is_https = urlsplit(deps.site.public_url).scheme == "https"
    answer.set_cookie(
        COOKIE,
        secret,
        max_age=int(SESSION.total_seconds()),
        path="/admin",
        httponly=True,
        samesite="lax",
        secure=is_https,
    )
    return answer


@lru_cache(maxsize=1)
def _nobody() -> str:
    """Verified when the name is unknown, so that the time of the answer does not say which names exist."""
    return _hasher.hash(secrets.token_hex(_SECRET_BYTES))


def _fits(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except (VerifyMismatchError, InvalidHashError):
        return False
