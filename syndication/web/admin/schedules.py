"""The console's page of a schedule: words, zone, the next slots as typed, review, hold, skip one."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Annotated, Final

from fastapi import APIRouter, Form, HTTPException
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from syndication.cron.slots import explain, next_slots
from syndication.domain.entries import ScheduleEntry
from syndication.domain.errors import CronError
from syndication.domain.newsletters import LONGEST_REVIEW_MINUTES, Newsletter
from syndication.domain.states import Cadence
from syndication.jobs.entry_faults import schedule_faults
from syndication.store.admins import Admin, audit
from syndication.store.editing import skip_next
from syndication.store.newsletters import StoredSchedule, newsletter
from syndication.store.scheduling import save_schedule, schedule
from syndication.web.admin.access import Editor, SignedIn
from syndication.web.admin.forms import Filled, changes, overtaken
from syndication.web.deps import deps_of
from syndication.web.render import private_page
from syndication.web.words import slot_words

router = APIRouter(prefix="/admin/schedules")

_PREVIEW: Final = 5
_LABELS: Final = MappingProxyType(
    {
        "cadence": "How often",
        "cron": "Cron words",
        "zone": "Time zone",
        "review": "Minutes for a review",
        "enabled": "In use",
    }
)
PRESETS: Final = MappingProxyType(
    {
        "Every Friday at 07:30": (Cadence.WEEKLY, "30 7 * * FRI"),
        "Every Monday at 08:00": (Cadence.WEEKLY, "0 8 * * MON"),
        "Every weekday at 08:00": (Cadence.DAILY, "0 8 * * 1-5"),
        "Every day at 07:00": (Cadence.DAILY, "0 7 * * *"),
        "The first of each month at 09:00": (Cadence.MONTHLY, "0 9 1 * *"),
    }
)


@dataclass(frozen=True, slots=True)
class Preview:
    """What a schedule's words mean: the next slots in its zone, or why there are none."""

    meaning: str = ""
    slots: tuple[str, ...] = ()
    fault: str = ""


class ScheduleForm(BaseModel):
    """version: of the schedule when the form was opened. show: the next slots only, for browsers without JavaScript.

    review: minutes.
    """

    cadence: Cadence | None = None
    cron: str = ""
    zone: str = ""
    review: str = "0"
    enabled: bool = False
    version: int = 0
    show: str = ""


@router.get("/preview")
def preview(request: Request, admin: SignedIn, cron: str = "", zone: str = "") -> Response:
    """The next slots of words that are being typed, as a piece of a page."""
    del admin
    return private_page(request, "admin/_preview.html", preview=_preview(request, cron, zone))


@router.get("/{schedule_id}")
def schedule_page(request: Request, admin: SignedIn, schedule_id: int, preset: str = "") -> Response:
    """The form of a schedule, with its next slots. preset: fills in these words; nothing is saved yet."""
    stored = _stored(request, schedule_id)
    values = _values(stored)
    if preset in PRESETS:
        values |= {"cadence": PRESETS[preset][0].value, "cron": PRESETS[preset][1]}
    return _form(request, admin, stored, Filled(values, str(stored.version)))


@router.post("/{schedule_id}")
def change_schedule(
    request: Request, admin: Editor, schedule_id: int, form: Annotated[ScheduleForm, Form()]
) -> Response:
    """Save the schedule, or only show what it would mean."""
    deps, stored = deps_of(request), _stored(request, schedule_id)
    cadence = form.cadence or stored.value.cadence
    cron, zone, review = form.cron.strip(), form.zone.strip(), form.review.strip() or "0"
    values = {"cadence": cadence.value, "cron": cron, "zone": zone, "review": review, "enabled": form.enabled}
    faults = _faults(request, stored, values)
    if form.show or faults:
        return _form(request, admin, stored, Filled(values, str(form.version), {} if form.show else faults))
    now, before = deps.clock(), _values(stored)
    value = replace(stored.value, cadence=cadence, cron=cron, zone=zone, enabled=form.enabled)
    after = replace(stored, value=value, review_s=int(review) * 60)
    with deps.database.write() as session:
        saved = save_schedule(session, after, now, expected_version=form.version)
        if saved:
            audit(session, admin.login, "schedule.change", f"schedule {schedule_id}", now, changes(before, values))
    if not saved:
        stored = _stored(request, schedule_id)
        with deps.database.read() as session:
            filled = overtaken(session, Filled(values, ""), _values(stored), _LABELS, f"schedule {schedule_id}")
        return _form(request, admin, stored, replace(filled, mark=str(stored.version)))
    return RedirectResponse(f"/admin/newsletters/{stored.newsletter_id}", 303)


@router.post("/{schedule_id}/skip")
def skip(request: Request, admin: Editor, schedule_id: int) -> Response:
    """Skip the next issue; its articles come with the one after."""
    deps = deps_of(request)
    now = deps.clock()
    with deps.database.write() as session:
        done = skip_next(session, schedule_id, admin.login, now)
        if done:
            after = {"slot": done.slot.isoformat(), "issue": done.issue_id}
            audit(session, admin.login, "schedule.skip", f"schedule {schedule_id}", now, ({}, after))
    return RedirectResponse(f"/admin/schedules/{schedule_id}", 303)


def _values(stored: StoredSchedule) -> dict[str, object]:
    value = stored.value
    return {
        "cadence": value.cadence.value,
        "cron": value.cron,
        "zone": value.zone,
        "review": str(stored.review_s // 60),
        "enabled": value.enabled,
    }


def _faults(request: Request, stored: StoredSchedule, values: Mapping[str, object]) -> dict[str, str]:
    review = str(values["review"])
    entry = ScheduleEntry(Cadence(str(values["cadence"])), str(values["cron"]), str(values["zone"]))
    faults = schedule_faults(entry)
    if not (review.isdecimal() and len(review) < 6 and int(review) <= LONGEST_REVIEW_MINUTES):  # noqa: PLR2004 - digits
        faults["review"] = f"Write 0, or for how many minutes, at most {LONGEST_REVIEW_MINUTES} (a week)."
    elif int(review) and _letter(request, stored).own_hours:
        faults["review"] = (
            "Readers of this newsletter may choose their own hour, and nobody can review an issue for each."
        )
    elif fault := schedule_faults(replace(entry, review_minutes=int(review))).get("review_minutes"):
        faults["review"] = fault
    return faults


def _form(request: Request, admin: Admin, stored: StoredSchedule, form: Filled) -> Response:
    return private_page(
        request,
        "admin/schedule.html",
        status=form.status,
        admin=admin,
        stored=stored,
        newsletter=_letter(request, stored),
        form=form,
        presets=list(PRESETS),
        cadences={one.value: one.value for one in Cadence},
        preview=_preview(request, str(form.values["cron"]), str(form.values["zone"])),
    )


def _letter(request: Request, stored: StoredSchedule) -> Newsletter:
    with deps_of(request).database.read() as session:
        letter = newsletter(session, stored.newsletter_id)
    assert letter is not None  # noqa: S101 - the schedule has a foreign key on it
    return letter.value


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
