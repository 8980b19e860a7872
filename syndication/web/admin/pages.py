"""The console's main page and the form of a schedule."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from syndication.domain.troubles import Trouble
from syndication.store.console import intake, outgoing, readers, troubles
from syndication.store.finding import count_readers
from syndication.store.scheduling import Upcoming, upcoming
from syndication.web.admin.access import SignedIn
from syndication.web.deps import deps_of
from syndication.web.render import private_page
from syndication.web.words import plural, soon_words

router = APIRouter(prefix="/admin")

_INTAKE_SINCE: Final = timedelta(days=1)
_OUTGOING: Final = 10
_PREVIEW: Final = 5
_MENDING: Final = MappingProxyType(
    {
        "issue": ("Open the issue", "/admin/issues/{}"),
        "waiting": ("Test the relay", "/admin/live/"),
        "notices": ("Test the relay", "/admin/live/"),
        "source": ("Open the source", "/admin/sources/{}"),
    }
)


@router.get("/")
def main_page(request: Request, admin: SignedIn) -> Response:
    """Is anything wrong, what goes out next, what came in, what went out."""
    deps = deps_of(request)
    now = deps.clock()
    with deps.database.read() as session:
        counted = count_readers(session, now)
        wrong, slots = troubles(session, now), upcoming(session, now, counted)
        return private_page(
            request,
            "admin/main.html",
            admin=admin,
            verdict=_verdict(wrong, slots, now),
            troubles=[(trouble, _mending(trouble)) for trouble in wrong],
            upcoming=slots,
            intake=intake(session, now - _INTAKE_SINCE),
            outgoing=outgoing(session, _OUTGOING),
            readers=readers(counted),
        )


def _mending(trouble: Trouble) -> tuple[str, str] | None:
    """The words and address of the page that mends it."""
    kind, _, number = trouble.cause.partition(":")
    found = _MENDING.get(kind)
    return (found[0], found[1].format(number)) if found else None


def _verdict(wrong: Sequence[Trouble], slots: Sequence[Upcoming], now: datetime) -> str:
    """The page in one line."""
    state = "All well." if not wrong else f"{plural(len(wrong), 'thing needs', 'things need')} you."
    if not slots:
        return f"{state} No issue is planned."
    first = slots[0]
    return f"{state} Next: {soon_words(first.slot, first.schedule.value.zone, now)}, {plural(first.readers, 'reader')}."
