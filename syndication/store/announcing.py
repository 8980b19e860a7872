"""Announcements: issues without schedule and slot, written by an editor, for all readers of a newsletter or of some topics.

They stay in review until somebody sends them or their time has come, and are composed anew at that moment: date and readers
are those of then. They have no window: nobody's start moves by them, and their articles still come in digests.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, func, literal, or_, select, update
from sqlmodel import Session, col

from syndication.domain.errors import IssueError
from syndication.domain.states import DeliveryState, Edit, IssueState, SubscriptionStatus
from syndication.store.composing import Group
from syndication.store.finding import Counted, count_readers
from syndication.store.planning import write_deliveries
from syndication.store.reviewing import HELD, Words, edit_article, in_review, make_stale, tidy
from syndication.store.tables import (
    DigestChoiceRow,
    IssueEditRow,
    IssueRow,
    ScheduleRow,
    SegmentTopicRow,
    SubscriptionRow,
    TopicRow,
)

_WAITS: Final = "It waits until somebody sends it."
NO_START: Final = -1
"""The start of an announcement's digests; no reader's window ever begins there."""


@dataclass(frozen=True, slots=True)
class Announcement:
    """What is announced. topics: slugs whose readers get it, empty for all. articles: ids, in the order they were added.

    at: its date (aware UTC), None until it is composed. until: when it goes, None while it waits for somebody.
    """

    id: int
    newsletter_id: int
    state: IssueState
    words: Words
    topics: tuple[str, ...]
    articles: tuple[int, ...]
    at: datetime | None
    until: datetime | None


def announcement(session: Session, issue_id: int) -> Announcement | None:
    """An announcement; None when there is none, or the issue is one of a schedule."""
    row = session.get(IssueRow, issue_id)
    if row is None or row.schedule_id is not None:
        return None
    added = (
        select(col(IssueEditRow.article_id))
        .where(col(IssueEditRow.issue_id) == issue_id, col(IssueEditRow.edit) == Edit.ADD)
        .order_by(col(IssueEditRow.at), col(IssueEditRow.article_id))
    )
    return Announcement(
        issue_id,
        row.newsletter_id,
        row.state,
        Words(row.own_subject, row.intro),
        tuple(row.topics),
        tuple(session.scalars(added)),
        row.frozen_at,
        None if row.review_until == HELD else row.review_until,
    )


def announce(
    session: Session,
    newsletter_id: int,
    words: Words,
    now: datetime,
    *,
    topics: Sequence[str] = (),
    until: datetime | None = None,
) -> int:
    """Begin an announcement, which waits in review until somebody sends it or its time has come; its id.

    topics: slugs whose readers get it, empty for all. until: aware UTC. Raises IssueError without a subject, without words,
    for words that are too long, and for a topic that nobody knows.
    """
    _require_topics(session, topics)
    row = IssueRow(
        newsletter_id=newsletter_id,
        state=IssueState.REVIEW,
        review_until=HELD,
        topics=[],
        is_stale=True,
        created_at=now,
    )
    _fill(row, _complete(words), topics, until)
    session.add(row)
    session.flush()
    return row.id or 0


def rewrite(session: Session, issue_id: int, words: Words, topics: Sequence[str], until: datetime | None) -> None:
    """Change an announcement: its words, whose readers get it, when it goes by itself.

    Raises IssueError as `announce` does, and when it is not in review any more.
    """
    _require_topics(session, topics)
    row = in_review(session, issue_id)
    _fill(row, _complete(words), topics, until)
    make_stale(session, row)


def add_articles(session: Session, issue_id: int, articles: Sequence[int], by: str, now: datetime) -> None:
    """Put articles into an announcement. Raises IssueError for one that its newsletter does not have."""
    for article_id in articles:
        edit_article(session, issue_id, article_id, Edit.ADD, by, now)


def begin(session: Session, issue_id: int, now: datetime) -> None:
    """Let an announcement that is due be composed, with the date of now."""
    statement = update(IssueRow).where(col(IssueRow.id) == issue_id, col(IssueRow.state) == IssueState.DUE)
    session.execute(
        statement.values(state=IssueState.COMPOSING, frozen_at=now).execution_options(synchronize_session=False)
    )


def audience(session: Session, found: Announcement, now: datetime) -> list[Group]:
    """Who gets an announcement, by segment."""
    segment_id = col(SubscriptionRow.segment_id)
    counted = select(segment_id, func.count()).where(*_is_meant(found, now)).group_by(segment_id)
    return [Group(NO_START, segment, readers) for segment, readers in session.execute(counted.order_by(segment_id))]


def readers_of(
    session: Session,
    newsletter_id: int,
    topics: tuple[str, ...],
    now: datetime,
    counted: Iterable[Counted] | None = None,
) -> int:
    """How many readers would get an announcement for these topics, none meaning all. now: aware UTC.

    counted: what `count_readers` answered, when the caller asked already.
    """
    if topics:
        found = Announcement(0, newsletter_id, IssueState.REVIEW, Words(), topics, (), None, None)
        return session.scalars(select(func.count()).select_from(SubscriptionRow).where(*_is_meant(found, now))).one()
    of = col(ScheduleRow.newsletter_id) == newsletter_id
    schedules = frozenset(session.scalars(select(col(ScheduleRow.id)).where(of)))
    confirmed = [
        one
        for one in (count_readers(session, now) if counted is None else counted)
        if one.schedule_id in schedules and one.status is SubscriptionStatus.CONFIRMED
    ]
    paused = select(func.count()).where(
        col(SubscriptionRow.schedule_id).in_(schedules),
        col(SubscriptionRow.status) == SubscriptionStatus.CONFIRMED,
        col(SubscriptionRow.paused_until) > now,
    )
    return sum(one.number for one in confirmed) - session.scalars(paused).one()


def end_of_announced(session: Session, found: Announcement, after: int, width: int) -> int | None:
    """The subscriber id that ends the next `width` subscriptions of the newsletter after an id; None when there are none."""
    subscriber_id = col(SubscriptionRow.subscriber_id)
    following = (
        select(subscriber_id)
        .where(col(SubscriptionRow.newsletter_id) == found.newsletter_id, subscriber_id > after)
        .order_by(subscriber_id)
        .limit(width)
        .subquery()
    )
    end: int | None = session.scalar(select(func.max(following.c.subscriber_id)))
    return end


def insert_announced(session: Session, found: Announcement, ids: range, now: datetime) -> None:
    """Write the deliveries of the readers with these subscriber ids, and count those that are new."""
    reader = (
        select(
            literal(found.id),
            col(SubscriptionRow.subscriber_id),
            col(DigestChoiceRow.digest_id),
            literal(DeliveryState.READY.value),
            *(literal(value) for value in (0, 0, "", "")),
        )
        .join(DigestChoiceRow, col(DigestChoiceRow.segment_id) == col(SubscriptionRow.segment_id))
        .where(*_is_meant(found, now), col(DigestChoiceRow.issue_id) == found.id)
        .where(col(SubscriptionRow.subscriber_id).between(ids.start, ids.stop - 1))
    )
    write_deliveries(session, found.id, ids, reader)


def finish_announcement(session: Session, issue_id: int, planned: int, now: datetime) -> IssueState:
    """Let a composed announcement go, or wait in review; without a reader it is empty and over. The state it has now.

    One whose review ended meanwhile is composed anew by `release_reviewed`, for whoever reads at that moment.
    """
    row = session.get_one(IssueRow, issue_id, with_for_update=True)
    if row.state is IssueState.COMPOSING:
        if row.review_until is not None and row.review_until > (row.frozen_at or now):
            row.state = IssueState.REVIEW
        elif planned:
            row.state, row.note = IssueState.SENDING, ""
        else:
            row.state, row.closed_at, row.note = IssueState.EMPTY, now, "There was no reader to send it to."
        session.add(row)
    return row.state


def _complete(words: Words) -> Words:
    kept = tidy(words)
    if not kept.subject or not kept.intro:
        missing = "a subject" if not kept.subject else "words"
        message = f"An announcement needs {missing}."
        raise IssueError(message)
    return kept


def _require_topics(session: Session, topics: Sequence[str]) -> None:
    known = set(session.scalars(select(col(TopicRow.slug)).where(col(TopicRow.slug).in_(topics))))
    unknown = [slug for slug in topics if slug not in known]
    if unknown:
        message = f"There is no topic '{unknown[0]}'. `syndication topics list` shows them."
        raise IssueError(message)


def _fill(row: IssueRow, words: Words, topics: Sequence[str], until: datetime | None) -> None:
    row.own_subject, row.subject, row.intro = words.subject, words.subject, words.intro
    row.topics, row.review_until = list(topics), until or HELD
    row.note = "" if until else _WAITS


def _is_meant(found: Announcement, now: datetime) -> tuple[ColumnElement[bool], ...]:
    """The conditions on a subscription to get an announcement."""
    everybody = (
        col(SubscriptionRow.newsletter_id) == found.newsletter_id,
        col(SubscriptionRow.status) == SubscriptionStatus.CONFIRMED,
        or_(col(SubscriptionRow.paused_until).is_(None), col(SubscriptionRow.paused_until) <= now),
    )
    if not found.topics:
        return everybody
    chosen = (
        select(col(SegmentTopicRow.segment_id))
        .join(TopicRow, col(TopicRow.id) == col(SegmentTopicRow.topic_id))
        .where(col(TopicRow.slug).in_(found.topics))
    )
    return (*everybody, col(SubscriptionRow.segment_id).in_(chosen))
