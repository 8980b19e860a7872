"""One-time links into the console: the first admin, an invited one, a new password. GET never uses a link up."""

from collections.abc import Callable
from typing import Annotated, Final

from fastapi import APIRouter, Form, HTTPException
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from syndication.domain.errors import StoreError
from syndication.store.admins import Admin, hash_of, is_setup_open, use_setup
from syndication.store.people import accept_invitation, invitation, reset_for, use_reset
from syndication.web.admin.access import hash_password, welcome
from syndication.web.deps import deps_of
from syndication.web.render import private_page

router = APIRouter(prefix="/admin")

_Name = Annotated[str, Form()]
_Password = Annotated[str, Form()]
_SETUP_USED: Final = "This link was used, or the service was started again since. Log in, or take the link that its latest start printed."


@router.get("/setup/{secret}")
def setup_page(request: Request, secret: str) -> Response:
    """The form that makes the first admin."""
    with deps_of(request).database.read() as session:
        if not is_setup_open(session, hash_of(secret)):
            raise HTTPException(404, _SETUP_USED)
    return _form(request, _first(request))


@router.post("/setup/{secret}")
def setup(request: Request, secret: str, name: _Name = "", password: _Password = "") -> Response:
    """Make the first admin and log in; the link is worth nothing afterwards."""
    now = deps_of(request).clock()

    def use(session: Session, hashed: str) -> Admin | None:
        return use_setup(session, hash_of(secret), name, hashed, now)

    return _use(request, _first(request), name, password, use)


@router.get("/invite/{secret}")
def invite_page(request: Request, secret: str) -> Response:
    """The form of somebody who was invited."""
    return _form(request, _guest(request, secret))


@router.post("/invite/{secret}")
def accept(request: Request, secret: str, name: _Name = "", password: _Password = "") -> Response:
    """Become an admin with the role of the invitation, and log in."""
    now = deps_of(request).clock()

    def use(session: Session, hashed: str) -> Admin | None:
        return accept_invitation(session, hash_of(secret), name, hashed, now)

    return _use(request, _guest(request, secret), name, password, use)


@router.get("/reset/{secret}")
def reset_page(request: Request, secret: str) -> Response:
    """The form for a new password."""
    return _form(request, _forgetful(request, secret))


@router.post("/reset/{secret}")
def reset(request: Request, secret: str, password: _Password = "") -> Response:
    """Take the new password, end all log-ins with the old one, and log in."""
    now = deps_of(request).clock()
    words = _forgetful(request, secret)

    def use(session: Session, hashed: str) -> Admin | None:
        return use_reset(session, hash_of(secret), hashed, now)

    return _use(request, words, words["login"], password, use)


def _first(request: Request) -> dict[str, str]:
    site = deps_of(request).site.title
    lede = f"Make the first admin of {site}. This link works once."
    return {
        "title": "Welcome",
        "lede": lede,
        "button": "Make admin and open the console",
        "login": "",
        "asks_name": "1",
    }


def _guest(request: Request, secret: str) -> dict[str, str]:
    deps = deps_of(request)
    with deps.database.read() as session:
        found = invitation(session, hash_of(secret), deps.clock())
    if found is None:
        raise HTTPException(404, "This invitation was used, withdrawn or is older than a week. Ask for another one.")
    lede = f"You are invited to {deps.site.title} with the role {found.role}. This link works once."
    return {"title": "Welcome", "lede": lede, "button": "Open the console", "login": "", "asks_name": "1"}


def _forgetful(request: Request, secret: str) -> dict[str, str]:
    deps = deps_of(request)
    with deps.database.read() as session:
        found = reset_for(session, hash_of(secret), deps.clock())
    if found is None:
        raise HTTPException(404, "This link was used or is older than an hour. Ask for another one.")
    lede = f"Choose the new password of {found.login}. All their log-ins end."
    return {"title": "New password", "lede": lede, "button": "Save and log in", "login": found.login, "asks_name": ""}


def _use(
    request: Request,
    words: dict[str, str],
    name: str,
    password: str,
    use: Callable[[Session, str], Admin | None],
) -> Response:
    fault = "" if name.strip() else "Choose a name to log in with."
    hashed = ""
    try:
        hashed = hash_password(password)
    except ValueError as error:
        fault = fault or str(error)
    admin = None
    if not fault:
        try:
            with deps_of(request).database.write() as session:
                admin = use(session, hashed)
        except StoreError as error:
            fault = str(error)
    if fault:
        return _form(request, {**words, "login": name}, fault)
    if admin is None:
        raise HTTPException(404, _SETUP_USED)
    return welcome(request, admin)


def _form(request: Request, words: dict[str, str], fault: str = "") -> Response:
    return private_page(request, "admin/setup.html", status=422 if fault else 200, fault=fault, **words)
