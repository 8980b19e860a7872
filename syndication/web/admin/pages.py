"""The console's main page: is anything wrong, what goes out next, what came in, what went out."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from syndication.domain.plural import plural
from syndication.domain.roles import Role
from syndication.domain.states import DeliveryState, Health
from syndication.domain.troubles import Trouble
from syndication.store.console import Intake, Outgoing, intake, outgoing, readers, troubles
from syndication.store.overview import Day, OpenIssue, intake_by_day, machine_troubles, open_issues, untold
from syndication.store.scheduling import Upcoming, upcoming
from syndication.web.admin.access import SignedIn
from syndication.web.admin.charts import Chart, Column
from syndication.web.admin.timeline import timeline
from syndication.web.deps import deps_of
from syndication.web.render import private_page
from syndication.web.words import day_words, soon_words

router = APIRouter(prefix="/admin")

_INTAKE_SINCE: Final = timedelta(days=1)
_DAYS: Final = 14
_OUTGOING: Final = 10
_SOURCES: Final = 12
_NOT_YET: Final = frozenset({DeliveryState.READY, DeliveryState.IN_FLIGHT, DeliveryState.DEFERRED})
_RELAY: Final = ("Test the relay", "/admin/live/")
_MENDING: Final = MappingProxyType(
    {
        "issue": (("Resume it", "/admin/issues/{}/resume"), ("Open the issue", "/admin/issues/{}")),
        "waiting": (_RELAY, ("Open the issue", "/admin/issues/{}")),
        "notices": (_RELAY,),
        "source": (("Open the source", "/admin/sources/{}"),),
        "backup": (("See disk and backups", "/admin/live/"),),
        "disk": (("See disk and backups", "/admin/live/"),),
    }
)


@router.get("/")
def main_page(request: Request, admin: SignedIn) -> Response:
    """Is anything wrong, what goes out next, what came in, what went out."""
    deps = deps_of(request)
    now = deps.clock()
    with deps.database.read() as session:
        counted = request.state.reader_counts.of(session, now)
        slots = upcoming(session, now, counted)
        wrong, under_way = [*troubles(session, now), *machine_troubles(session)], open_issues(session)
        came, sources, went = (
            intake_by_day(session, now, _DAYS, deps.site.zone),
            intake(session, now - _INTAKE_SINCE),
            outgoing(session, _OUTGOING),
        )
        return private_page(
            request,
            "admin/main.html",
            admin=admin,
            is_editor=admin.role.includes(Role.EDITOR),
            verdict=_verdict(wrong, slots, under_way, now, deps.site.zone),
            troubles=[(trouble, _mending(trouble)) for trouble in wrong],
            untold=untold(session),
            timeline=timeline(under_way, slots, now, deps.site.zone),
            came=_came(came),
            intake=sorted(sources, key=_urgency)[:_SOURCES],
            sources=len(sources),
            went=_went(went),
            outgoing=went,
            readers=readers(counted),
        )


def _mending(trouble: Trouble) -> list[tuple[str, str]]:
    """The words and addresses of what mends it."""
    kind, _, number = trouble.cause.partition(":")
    return [(words, place.format(number)) for words, place in _MENDING.get(kind, ())]


def _urgency(source: Intake) -> tuple[bool, int, str]:
    """Those in trouble first, then those that brought most."""
    return source.health is Health.OK, -source.articles, source.title


def _came(days: Sequence[Day]) -> Chart:
    columns = tuple(Column(day_words(one.day), (one.accepted, one.others)) for one in days)
    return Chart("Articles of the last two weeks.", "articles", ("in a topic", "in none"), columns)


def _went(issues: Sequence[Outgoing]) -> Chart:
    """The latest issues that had readers, the oldest first."""
    sent = [one for one in reversed(issues) if one.counts]
    names = ("accepted", "not accepted", "under way")
    return Chart("Mails of the latest issues.", "mails", names, tuple(_mails(one) for one in sent))


def _mails(one: Outgoing) -> Column:
    accepted = one.counts.get(DeliveryState.ACCEPTED, 0)
    under_way = sum(number for state, number in one.counts.items() if state in _NOT_YET)
    return Column(f"issue {one.issue_id}", (accepted, sum(one.counts.values()) - accepted - under_way, under_way))


def _verdict(
    wrong: Sequence[Trouble], slots: Sequence[Upcoming], issues: Sequence[OpenIssue], now: datetime, zone: str
) -> str:
    """The page in one line: of slots and of issues in review, what goes out first."""
    state = "All well." if not wrong else f"{plural(len(wrong), 'thing needs', 'things need')} you."
    going = [(one.until, zone, one.planned) for one in issues if one.until]
    going += [(one.slot, one.schedule.value.zone, one.readers) for one in slots]
    if not going:
        return f"{state} No issue is planned."
    at, where, readers = min(going)
    return f"{state} Next: {soon_words(at, where, now)}, {plural(readers, 'reader')}."
