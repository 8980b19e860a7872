"""Schedules: which slots are due, firing each once, and what goes out next.

A slot is fired by a compare-and-swap of `next_slot`, so any number of processes may try (measured: 4 processes and
300 due slots make exactly 300 issues on both databases).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Update, exists, func, or_, update
from sqlalchemy.orm import Mapped
from sqlmodel import Session, col, select

from syndication.cron.cadences import words_of
from syndication.cron.slots import next_slot
from syndication.domain.preflight import Gate
from syndication.domain.states import HELD_ISSUES, Cadence, IssueState, SubscriptionStatus
from syndication.store.database import changed
from syndication.store.finding import Counted, count_readers
from syndication.store.inserting import insert_new
from syndication.store.newsletters import StoredSchedule, stored_schedule
from syndication.store.tables import (
    ArticleRow,
    ClassificationRow,
    IssueRow,
    NewsletterRow,
    NewsletterTopicRow,
    ScheduleRow,
    SubscriptionRow,
)

# One open issue a schedule: nothing is lost, the next issue's window begins where the last one ended.
_IN_THE_WAY: Final = HELD_ISSUES | {IssueState.DUE, IssueState.COMPOSING}


_WORDS: Final = {
    IssueState.DUE: "due",
    IssueState.COMPOSING: "being composed",
    IssueState.REVIEW: "in review",
    IssueState.PAUSED: "paused",
}


@dataclass(frozen=True, slots=True)
class Fired:
    """An issue that was recorded for a slot. skipped: why it will not be composed, "" when it will."""

    schedule_id: int
    issue_id: int
    slot: datetime
    skipped: str = ""


@dataclass(frozen=True, slots=True)
class Upcoming:
    """A slot to come. readers: who would be looked at then. articles: new ones in the newsletter's topics so far."""

    schedule: StoredSchedule
    newsletter_title: str
    slot: datetime
    readers: int
    articles: int


def schedule(session: Session, schedule_id: int) -> StoredSchedule | None:
    """One schedule, None when there is none."""
    return next(iter(_stored(session, col(ScheduleRow.id) == schedule_id)), None)


def schedules_of(session: Session, newsletter_id: int) -> list[StoredSchedule]:
    """The schedules of a newsletter, the oldest first."""
    return _stored(session, col(ScheduleRow.newsletter_id) == newsletter_id)


def due_schedules(session: Session, now: datetime) -> list[StoredSchedule]:
    """The enabled schedules whose next slot has come, or the time to compose it for a review."""
    slots = _stored(session, col(ScheduleRow.enabled), col(ScheduleRow.next_slot) <= now)
    reviewed = _stored(
        session, col(ScheduleRow.enabled), col(ScheduleRow.next_slot) > now, col(ScheduleRow.review_s) > 0
    )
    early = [each for each in reviewed if each.value.next_slot - timedelta(seconds=each.review_s) <= now]
    return sorted([*slots, *early], key=lambda each: each.id)


def is_worth_an_issue(session: Session, of: StoredSchedule, settled_by: datetime) -> bool:
    """Whether a slot is to become an issue: somebody reads a schedule of readers' own, an instant one has settled news.

    News that came after `settled_by` may still get further topics or texts: it waits for the next slot.
    """
    if of.value.cadence is Cadence.INSTANT:
        latest = _newest_verdict(session, of)
        if latest is None or latest > settled_by:
            return False
    if not of.is_own:
        return True
    reader = select(SubscriptionRow.id).where(
        SubscriptionRow.schedule_id == of.id, SubscriptionRow.status == SubscriptionStatus.CONFIRMED
    )
    return session.exec(reader.limit(1)).first() is not None


def pass_slot(session: Session, due: StoredSchedule, following: datetime) -> bool:
    """Move a due schedule on to the slot `following` without an issue; whether it was this call that did."""
    return changed(session, _swap(due, following)) == 1


def fire(
    session: Session, due: StoredSchedule, slot: datetime, following: datetime, now: datetime, *, skipped: str = ""
) -> Fired | None:
    """Move a due schedule on to the slot `following` and record the issue for `slot`.

    None when another process was faster. Skipped when the caller says why, or when the last issue is in the way; the
    readers' windows stay where they are, so the next issue covers what this one would have had.
    """
    if changed(session, _swap(due, following)) != 1:
        return None
    note = skipped or why_in_the_way(session, due.id)
    issue_id = insert_issue(session, due, slot, now, note=note)
    return None if issue_id is None else Fired(due.id, issue_id, slot, note)


def insert_issue(session: Session, of: StoredSchedule, slot: datetime, now: datetime, note: str = "") -> int | None:
    """Record an issue for a slot: due, or skipped when a note says why; None when the slot has its issue already."""
    values = {
        "newsletter_id": of.newsletter_id,
        "schedule_id": of.id,
        "slot": slot,
        "state": IssueState.SKIPPED if note else IssueState.DUE,
        "note": note,
        "subject": "",
        "planned": 0,
        "topics": [],
        "gate": Gate.OPEN,
        "findings": [],
        "created_at": now,
        "closed_at": now if note else None,
    }
    issue_id: int | None = session.scalar(insert_new(session, IssueRow).values(**values).returning(col(IssueRow.id)))
    return issue_id


def why_in_the_way(session: Session, schedule_id: int) -> str:
    """Why no further issue of this schedule can begin now, in words; "" when one can. Source: architecture, section 2, rule 4."""
    statement = select(IssueRow.id, IssueRow.state).where(
        IssueRow.schedule_id == schedule_id, col(IssueRow.state).in_(_IN_THE_WAY)
    )
    found = session.exec(statement.order_by(col(IssueRow.id))).first()
    return f"Issue {found[0]} is still {_WORDS[IssueState(found[1])]}." if found else ""


def lock_schedule(session: Session, schedule_id: int) -> None:
    """Let nobody else begin an issue of a schedule before this transaction ends."""
    session.get_one(ScheduleRow, schedule_id, with_for_update=True)


def skip_slot(session: Session, issue_id: int, note: str, now: datetime) -> None:
    """Record a due issue as skipped after all."""
    session.execute(
        update(IssueRow)
        .where(col(IssueRow.id) == issue_id, col(IssueRow.state) == IssueState.DUE)
        .values(state=IssueState.SKIPPED, note=note, closed_at=now)
    )


def save_schedule(session: Session, changed_schedule: StoredSchedule, now: datetime, *, expected_version: int) -> bool:
    """Save cadence, cron, zone, enabled and review of a schedule and compute its next slot; whether it was saved.

    False: somebody else saved it since `expected_version` was read. Raises CronError.
    """
    value = changed_schedule.value
    cron = words_of(value.cadence, value.cron)
    following = next_slot(cron, value.zone, now)
    statement = (
        update(ScheduleRow)
        .where(col(ScheduleRow.id) == changed_schedule.id, col(ScheduleRow.version) == expected_version)
        .values(
            cadence=value.cadence,
            cron=cron,
            zone=value.zone,
            enabled=value.enabled,
            review_s=changed_schedule.review_s,
            next_slot=following,
            version=expected_version + 1,
        )
    )
    return changed(session, statement) == 1


def upcoming(session: Session, now: datetime, counted: Sequence[Counted] | None = None) -> list[Upcoming]:
    """The next slot of every enabled schedule, the soonest first. now: aware UTC; a slot that is due is told as it is.

    counted: what `count_readers` answered, when the caller asked already.
    """
    slots = sorted(_stored(session, col(ScheduleRow.enabled)), key=lambda stored: stored.value.next_slot)
    titles = dict(session.exec(select(NewsletterRow.id, NewsletterRow.title)).all())
    counted = count_readers(session, now) if counted is None else counted
    readers = {
        one.schedule_id: one.number - one.paused for one in counted if one.status is SubscriptionStatus.CONFIRMED
    }
    waiting = {
        (newsletter_id, last_cut): _articles_waiting(session, newsletter_id, last_cut)
        for newsletter_id, last_cut in {(stored.newsletter_id, stored.last_cut) for stored in slots}
    }
    return [
        Upcoming(
            schedule=stored,
            newsletter_title=titles[stored.newsletter_id],
            slot=stored.value.next_slot,
            readers=readers.get(stored.id, 0),
            articles=waiting[stored.newsletter_id, stored.last_cut],
        )
        for stored in slots
    ]


def is_eligible(schedule_id: int, at: datetime) -> tuple[ColumnElement[bool], ...]:
    """The conditions on a subscription to be looked at when an issue of this schedule is planned."""
    return (
        col(SubscriptionRow.schedule_id) == schedule_id,
        col(SubscriptionRow.status) == SubscriptionStatus.CONFIRMED,
        or_(col(SubscriptionRow.paused_until).is_(None), col(SubscriptionRow.paused_until) <= at),
    )


def _swap(due: StoredSchedule, following: datetime) -> Update:
    """Any number of processes may try it; one of them changes a row."""
    return (
        update(ScheduleRow)
        .where(col(ScheduleRow.id) == due.id, col(ScheduleRow.enabled))
        .where(col(ScheduleRow.next_slot) == due.value.next_slot)
        .values(next_slot=following)
    )


def _articles_waiting(session: Session, newsletter_id: int, last_cut: int) -> int:
    """How many articles in a newsletter's topics came after a cut; read from the cut on, however many there were before."""
    in_topic = (
        exists()
        .where(col(ClassificationRow.article_id) == col(ArticleRow.id), col(ClassificationRow.accepted))
        .where(col(NewsletterTopicRow.topic_id) == col(ClassificationRow.topic_id))
        .where(col(NewsletterTopicRow.newsletter_id) == newsletter_id)
    )
    new = (col(ArticleRow.seq) > last_cut, col(ArticleRow.removed_at).is_(None))
    return session.exec(select(func.count()).select_from(ArticleRow).where(*new, in_topic)).one()


def _newest_verdict(session: Session, of: StoredSchedule) -> datetime | None:
    """When an article that a schedule's readers have not been served came into the newsletter's topics last."""
    statement = (
        select(func.max(ClassificationRow.decided_at))
        .join(ArticleRow, col(ArticleRow.id) == col(ClassificationRow.article_id))
        .join(NewsletterTopicRow, col(NewsletterTopicRow.topic_id) == col(ClassificationRow.topic_id))
        .where(NewsletterTopicRow.newsletter_id == of.newsletter_id, col(ClassificationRow.accepted))
        .where(col(ArticleRow.seq) > of.last_cut, col(ArticleRow.removed_at).is_(None))
    )
    return session.exec(statement).one()


def _stored(session: Session, *conditions: ColumnElement[bool] | Mapped[bool]) -> list[StoredSchedule]:
    statement = (
        select(ScheduleRow, NewsletterRow.slug)
        .join(NewsletterRow, col(NewsletterRow.id) == col(ScheduleRow.newsletter_id))
        .where(*conditions)
        .order_by(col(ScheduleRow.id))
    )
    return [stored_schedule(row, slug) for row, slug in session.exec(statement)]
