"""What goes out next → a timeline: issues under way, then the slots of the coming days in order."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Final

from syndication.cron.slots import next_slots
from syndication.domain.plural import plural
from syndication.domain.states import IssueState
from syndication.store.overview import OpenIssue
from syndication.store.scheduling import Upcoming
from syndication.web.words import slot_words, soon_words

AHEAD: Final = timedelta(days=7)
_MOST: Final = 12
_DOING: Final = {
    IssueState.DUE: "is due",
    IssueState.COMPOSING: "is being composed",
    IssueState.REVIEW: "is in review",
    IssueState.SENDING: "is being sent",
    IssueState.PAUSED: "is paused",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line. when: with its zone in `full`. detail: whom it reaches and with what. links: words and address.

    skip: the schedule whose slot may be left out, None where it may not.
    """

    when: str
    full: str
    title: str
    detail: str
    links: tuple[tuple[str, str], ...] = ()
    is_now: bool = False
    skip: int | None = None


def timeline(issues: Sequence[OpenIssue], slots: Sequence[Upcoming], now: datetime, zone: str) -> list[Entry]:
    """Issues under way, then slots: the next of every schedule, and those after it within a week. now: aware UTC."""
    planned = sorted((each for slot in slots for each in _slots(slot, now)), key=itemgetter(0))
    return [*(_issue(one, now, zone) for one in issues), *(entry for _, entry in planned[:_MOST])]


def _issue(one: OpenIssue, now: datetime, zone: str) -> Entry:
    readers = plural(one.planned, "reader") if one.planned else ""
    words, page, detail = "Look at it", f"/admin/issues/{one.issue_id}", f"to {readers}" if readers else ""
    if one.state is IssueState.REVIEW:
        goes = "it goes by itself" if one.until else "it waits for you"
        words, page, detail = "Review it", f"{page}/review", f"{readers}, {goes}" if readers else goes
    at = one.until or one.slot
    return Entry(
        soon_words(one.until, zone, now) if one.until else "Now",
        slot_words(at, zone) if at else "",
        f"Issue {one.issue_id} of {one.newsletter_title} {_DOING[one.state]}",
        detail,
        ((words, page),),
        is_now=True,
    )


def _slots(one: Upcoming, now: datetime) -> list[tuple[datetime, Entry]]:
    value, letter = one.schedule.value, one.schedule.newsletter_id
    title = f"{one.newsletter_title}, {value.cadence}"
    words = plural(one.articles, "new article") if one.articles else "nothing new yet: no mail unless something comes"
    links = (
        ("Preview", f"/admin/newsletters/{letter}/preview"),
        ("Change", f"/admin/schedules/{one.schedule.id}"),
    )
    first = Entry(
        soon_words(one.slot, value.zone, now),
        slot_words(one.slot, value.zone),
        title,
        f"{plural(one.readers, 'reader')}, {words}",
        links,
        skip=one.schedule.id if one.slot > now else None,
    )
    later = [slot for slot in next_slots(value.cron, value.zone, one.slot, _MOST) if slot <= now + AHEAD]
    after = [
        (slot, Entry(soon_words(slot, value.zone, now), slot_words(slot, value.zone), title, "")) for slot in later
    ]
    return [(one.slot, first), *after]
