"""The console's page of addresses that are never mailed again: look one up, add one, let one sign up again."""

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Form, HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from syndication.deliver.addresses import parse_address
from syndication.domain.errors import AddressError, StoreError
from syndication.domain.roles import Role
from syndication.domain.suppression import ADDED, MEANING, Cause, may_confirm
from syndication.domain.tokens import suppression_mark
from syndication.store.admins import Admin, audit
from syndication.store.people import audit_log
from syndication.store.suppressing import (
    LIFTED,
    STOPPED,
    Suppressed,
    lift,
    never_mail,
    suppression,
    suppression_counts,
    suppressions,
)
from syndication.web.admin.access import Editor, SignedIn
from syndication.web.deps import deps_of
from syndication.web.render import private_page

router = APIRouter(prefix="/admin/suppressions")

_PAGE: Final = 50
_EVENTS: Final = 10
_WHY: Final = "Say why; it is kept in the log. No address in it."


@dataclass(frozen=True, slots=True)
class Looked:
    """An address that was looked up. key: as it is compared. may_return: its reader's own confirmation lifts it."""

    address: str
    key: str
    found: Suppressed | None
    may_return: bool


@router.get("/")
def suppressions_page(request: Request, admin: SignedIn, address: str = "", after: str = "") -> Response:
    """One address looked up, how many there are for each cause, the latest, and who changed what. after: a mark."""
    return _page(request, admin, address, after=after)


@router.post("/add")
def add(
    request: Request, admin: Editor, address: Annotated[str, Form()] = "", why: Annotated[str, Form()] = ""
) -> Response:
    """Never mail an address again; ends its subscriptions and what waits for it."""
    deps = deps_of(request)
    try:
        key = parse_address(address).key
    except AddressError as error:
        return _page(request, admin, address, faults={"stop": str(error)}, why=why)
    if not why.strip():
        return _page(request, admin, address, faults={"stop-why": _WHY})
    now = deps.clock()
    with deps.database.write() as session:
        kept = never_mail(session, deps.suppression_key, key, ADDED, now)
        audit(session, admin.login, STOPPED, kept.mark[:16], now, ({}, {"why": why.strip()}))
    return RedirectResponse("/admin/suppressions/", 303)


@router.post("/lift")
def lift_one(
    request: Request,
    admin: Editor,
    address: Annotated[str, Form()] = "",
    why: Annotated[str, Form()] = "",
    *,
    asked: Annotated[bool, Form()] = False,
) -> Response:
    """Let an address sign up again. One that complained: by an owner, whose box says that its reader asked for it."""
    deps, now = deps_of(request), deps_of(request).clock()
    looked, fault = _look_up(request, address)
    if looked is None:
        return _page(request, admin, address, faults={"address": fault})
    if not why.strip():
        return _page(request, admin, address, faults={"why": _WHY})
    if looked.found and looked.found.cause is Cause.COMPLAINT and not admin.role.includes(Role.OWNER):
        raise HTTPException(403, "Its reader called our mail spam: only an owner may let this address sign up again.")
    try:
        with deps.database.write() as session:
            found = lift(session, suppression_mark(deps.suppression_key, looked.key), even_complaint=asked)
            change = ({"reason": found.reason}, {"why": why.strip()})
            audit(session, admin.login, LIFTED, found.mark[:16], now, change)
    except StoreError as error:
        return _page(request, admin, address, faults={"asked" if looked.found else "address": str(error)}, why=why)
    return RedirectResponse("/admin/suppressions/", 303)


def _look_up(request: Request, address: str) -> tuple[Looked | None, str]:
    """What is known of an address, else what is wrong with it; neither for none."""
    deps = deps_of(request)
    if not address.strip():
        return None, ""
    try:
        parsed = parse_address(address)
    except AddressError as error:
        return None, str(error)
    with deps.database.read() as session:
        found = suppression(session, suppression_mark(deps.suppression_key, parsed.key))
    may_return = found is not None and may_confirm(found.reason, parsed.key)
    return Looked(parsed.address, parsed.key, found, may_return), ""


def _page(
    request: Request,
    admin: Admin,
    address: str,
    *,
    after: str = "",
    faults: dict[str, str] | None = None,
    why: str = "",
) -> Response:
    deps = deps_of(request)
    looked, fault = _look_up(request, address)
    known = {**({"address": fault} if fault and not faults else {}), **(faults or {})}
    with deps.database.read() as session:
        last = suppression(session, after) if after else None
        rows = suppressions(session, _PAGE + 1, last)
        counts = suppression_counts(session)
        events = audit_log(session, actions=(LIFTED, STOPPED), limit=_EVENTS)
    return private_page(
        request,
        "admin/suppressions.html",
        status=422 if known else 200,
        admin=admin,
        address=address,
        looked=looked,
        rows=rows[:_PAGE],
        more=rows[_PAGE - 1].mark if len(rows) > _PAGE else "",
        is_first=not after,
        counts=counts,
        meaning=MEANING,
        events=events,
        is_editor=admin.role.includes(Role.EDITOR),
        is_owner=admin.role.includes(Role.OWNER),
        why=why,
        faults=known,
    )
