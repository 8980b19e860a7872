"""Readers choose when: which cadences a newsletter offers, a reader's own hour, and moving to another schedule.

An own hour is a schedule that all readers with the same wish share, made when the first one asks for it. Whoever moves
keeps the cut they were served up to, so nothing is lost and nothing comes twice (architecture, section 2, rule 5).
"""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from syndication.cron.cadences import at_hour
from syndication.domain.entries import ScheduleEntry
from syndication.domain.errors import ScheduleError
from syndication.domain.states import Cadence, SubscriptionStatus
from syndication.store.consent import Consent, Visit, record
from syndication.store.leaving import cancel_waiting
from syndication.store.newsletters import StoredSchedule, add_schedule
from syndication.store.scheduling import schedule, schedules_of
from syndication.store.starts import start_when_leaving
from syndication.store.tables import NewsletterRow, ScheduleRow, SubscriptionRow


@dataclass(frozen=True, slots=True)
class Hour:
    """A time of day in an IANA zone."""

    hour: int
    minute: int
    zone: str


def offered_schedules(session: Session, newsletter_id: int) -> list[StoredSchedule]:
    """What readers can choose from: one a cadence, the oldest that is enabled."""
    found: dict[Cadence, StoredSchedule] = {}
    for each in schedules_of(session, newsletter_id):
        if each.value.enabled and not each.is_own:
            found.setdefault(each.value.cadence, each)
    return list(found.values())


def choose_schedule(
    session: Session, subscription_id: int, cadence: Cadence, hour: Hour | None, visit: Visit, now: datetime
) -> bool:
    """Move a confirmed reader to a cadence that their newsletter offers; whether anything changed.

    hour: None for the newsletter's own. now: aware UTC. Raises ScheduleError for what is not offered, CronError for a wrong
    hour or zone.
    """
    subscription = session.get(SubscriptionRow, subscription_id, with_for_update=True)
    if subscription is None or subscription.status is not SubscriptionStatus.CONFIRMED:
        return False
    # One at a time, so that no hour gets two schedules.
    letter = session.get_one(NewsletterRow, subscription.newsletter_id, with_for_update=True)
    offered = {each.value.cadence: each for each in offered_schedules(session, letter.id or 0)}
    if cadence not in offered:
        message = f"This newsletter offers no {cadence} issue; it has {', '.join(offered) or 'none'}."
        raise ScheduleError(message)
    base = offered[cadence]
    wanted = base.id if hour is None else _own_schedule(session, letter, base, hour, now)
    if wanted == subscription.schedule_id:
        return False
    subscription.from_seq = start_when_leaving(session, subscription_id)
    cancel_waiting(session, subscription, now, announcements=False)
    subscription.schedule_id = wanted
    where = schedule(session, wanted)
    assert where is not None  # noqa: S101 - it was found or made above
    said = {"cadence": cadence.value, "cron": where.value.cron, "zone": where.value.zone}
    record(session, subscription, Consent.SCHEDULE_CHANGED, visit, now, **said)
    return True


def _own_schedule(session: Session, letter: NewsletterRow, base: StoredSchedule, hour: Hour, now: datetime) -> int:
    """The schedule of this hour, made when nobody asked for it before."""
    cadence = base.value.cadence
    if not letter.own_hours:
        message = "This newsletter goes out at one hour for all."
        raise ScheduleError(message)
    if base.review_s:
        message = "Issues of this newsletter are reviewed before they go out, so they have one hour for all."
        raise ScheduleError(message)
    if cadence is Cadence.INSTANT:
        message = "An instant issue comes when there is news; it has no hour."
        raise ScheduleError(message)
    words = at_hour(base.value.cron, hour.hour, hour.minute)
    if (words, hour.zone) == (base.value.cron, base.value.zone):
        return base.id
    same = select(ScheduleRow).where(
        ScheduleRow.newsletter_id == letter.id,
        col(ScheduleRow.is_own),
        ScheduleRow.cadence == cadence,
        ScheduleRow.cron == words,
        ScheduleRow.zone == hour.zone,
    )
    found = session.exec(same).first()
    if found is None:
        return add_schedule(session, letter.id or 0, ScheduleEntry(cadence, words, hour.zone), now, is_own=True)
    return found.id or 0
