"""The console's main page and the form of a schedule."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Form, HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from syndication.cron.slots import explain, next_slots
from syndication.domain.errors import CronError
from syndication.domain.troubles import Trouble
from syndication.store.admins import audit
from syndication.store.console import intake, outgoing, readers, troubles
from syndication.store.newsletters import StoredSchedule, newsletter
from syndication.store.scheduling import Upcoming, save_schedule, schedule, upcoming
from syndication.web.admin.access import Editor, SignedIn
from syndication.web.deps import deps_of
from syndication.web.render import private_page
from syndication.web.words import plural, slot_words, soon_words

router = APIRouter(prefix="/admin")

_INTAKE_SINCE: Final = timedelta(days=1)
_OUTGOING: Final = 10
_PREVIEW: Final = 5


@dataclass(frozen=True, slots=True)
class Preview:
    """What a schedule's words mean: the next slots in its zone, or why there are none."""

    meaning: str = ""
    slots: tuple[str, ...] = ()
    fault: str = ""


@router.get("/")
def main_page(request: Request, admin: SignedIn) -> Response:
    """Is anything wrong, what goes out next, what came in, what went out."""
    deps = deps_of(request)
    now = deps.clock()
    with deps.database.read() as session:
        wrong, slots = troubles(session, now), upcoming(session, now)
        return private_page(
            request,
            "admin/main.html",
            admin=admin,
            verdict=_verdict(wrong, slots, now),
            troubles=wrong,
            upcoming=slots,
            intake=intake(session, now - _INTAKE_SINCE),
            outgoing=outgoing(session, _OUTGOING),
            readers=readers(session),
        )


def _verdict(wrong: Sequence[Trouble], slots: Sequence[Upcoming], now: datetime) -> str:
    """The page in one line."""
    state = "All well." if not wrong else f"{plural(len(wrong), 'thing needs', 'things need')} you."
    if not slots:
        return f"{state} No issue is planned."
    first = slots[0]
    return f"{state} Next: {soon_words(first.slot, first.schedule.value.zone, now)}, {plural(first.readers, 'reader')}."


@router.get("/schedules/preview")
def preview(request: Request, admin: SignedIn, cron: str = "", zone: str = "") -> Response:
    """The next slots of words that are being typed, as a piece of a page."""
    del admin
    return private_page(request, "admin/_preview.html", preview=_preview(request, cron, zone))


@router.get("/schedules/{schedule_id}")
def schedule_page(request: Request, admin: SignedIn, schedule_id: int) -> Response:
    """The form of a schedule, with its next slots."""
    stored = _stored(request, schedule_id)
    value = stored.value
    return _form(request, admin, stored, (value.cron, value.zone))


@router.post("/schedules/{schedule_id}")
def change_schedule(  # noqa: PLR0913 - the fields of the form
    request: Request,
    admin: Editor,
    schedule_id: int,
    *,
    cron: Annotated[str, Form()] = "",
    zone: Annotated[str, Form()] = "",
    version: Annotated[int, Form()] = 0,
    show: Annotated[str, Form()] = "",
) -> Response:
    """Save the schedule; `show` only shows the next slots, for browsers without JavaScript."""
    deps, stored = deps_of(request), _stored(request, schedule_id)
    if show or _preview(request, cron, zone).fault:
        return _form(request, admin, stored, (cron, zone), status=200 if show else 422)
    now, before = deps.clock(), stored.value
    after = replace(stored, value=replace(before, cron=cron.strip(), zone=zone.strip()))
    with deps.database.write() as session:
        saved = save_schedule(session, after, now, expected_version=version)
        if saved:
            change = ({"cron": before.cron, "zone": before.zone}, {"cron": after.value.cron, "zone": after.value.zone})
            audit(session, admin.login, "schedule.change", f"schedule {schedule_id}", now, change)
    if not saved:
        fault = f"Somebody else saved this schedule meanwhile: it is '{before.cron}' in {before.zone} now. Save again to replace it."
        return _form(request, admin, stored, (cron, zone), status=409, fault=fault)
    return RedirectResponse("/admin/", 303)


def _form(
    request: Request,
    admin: SignedIn,
    stored: StoredSchedule,
    words: tuple[str, str],
    *,
    status: int = 200,
    fault: str = "",
) -> Response:
    cron, zone = words
    with deps_of(request).database.read() as session:
        letter = newsletter(session, stored.newsletter_id)
    assert letter is not None  # noqa: S101 - the schedule has a foreign key on it
    return private_page(
        request,
        "admin/schedule.html",
        status=status,
        admin=admin,
        stored=stored,
        newsletter=letter.value,
        cron=cron,
        zone=zone,
        fault=fault,
        preview=_preview(request, cron, zone),
    )


def _preview(request: Request, cron: str, zone: str) -> Preview:
    try:
        slots = next_slots(cron, zone, deps_of(request).clock(), _PREVIEW)
        return Preview(explain(cron, zone), tuple(slot_words(slot, zone) for slot in slots))
    except CronError as error:
        return Preview(fault=str(error))


def _stored(request: Request, schedule_id: int) -> StoredSchedule:
    with deps_of(request).database.read() as session:
        found = schedule(session, schedule_id)
    if found is None:
        raise HTTPException(404)
    return found
