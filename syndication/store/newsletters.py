"""Newsletters: what they are, which topics they offer in which order, and when they go out by default."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import Session, col, select

from syndication.cron.cadences import words_of
from syndication.cron.slots import next_slot
from syndication.domain.configuration import named_schedules, next_slug
from syndication.domain.entries import ScheduleEntry
from syndication.domain.newsletters import Newsletter, Schedule
from syndication.domain.topics import Topic
from syndication.store.counters import counter
from syndication.store.tables import NewsletterRow, NewsletterTopicRow, ScheduleRow, TopicRow


@dataclass(frozen=True, slots=True)
class StoredNewsletter:
    """A newsletter with its id and its topics in the order of its sections; switched-off topics are left out."""

    id: int
    value: Newsletter
    topics: tuple[Topic, ...]


@dataclass(frozen=True, slots=True)
class StoredSchedule:
    """A schedule with its ids. last_cut: the seq its readers were served up to. version: grows with every change."""

    id: int
    newsletter_id: int
    value: Schedule
    last_cut: int
    max_late_s: int
    version: int
    review_s: int = 0
    is_own: bool = False


def newsletter(session: Session, slug_or_id: str | int) -> StoredNewsletter | None:
    """One newsletter by slug or id, None when there is none."""
    key = NewsletterRow.slug == slug_or_id if isinstance(slug_or_id, str) else NewsletterRow.id == slug_or_id
    row = session.exec(select(NewsletterRow).where(key)).first()
    return None if row is None else _stored(session, [row])[0]


def newsletters(session: Session) -> list[StoredNewsletter]:
    """All newsletters, the oldest first."""
    return _stored(session, session.exec(select(NewsletterRow).order_by(col(NewsletterRow.id))).all())


def offered_slugs(session: Session) -> dict[int, tuple[str, ...]]:
    """The topics of each newsletter by its id, in their order; those that are switched off, too."""
    found: dict[int, tuple[str, ...]] = {}
    statement = (
        select(NewsletterTopicRow.newsletter_id, TopicRow.slug)
        .join(TopicRow, col(TopicRow.id) == col(NewsletterTopicRow.topic_id))
        .order_by(col(NewsletterTopicRow.position), col(TopicRow.id))
    )
    for newsletter_id, slug in session.exec(statement):
        found[newsletter_id] = (*found.get(newsletter_id, ()), slug)
    return found


def add_newsletter(
    session: Session, value: Newsletter, schedules: Sequence[ScheduleEntry], now: datetime
) -> StoredNewsletter:
    """Insert a newsletter with its schedules; their first slots are the next after `now` (aware UTC).

    Topics that the database does not know are left out. Raises CronError for a wrong schedule.
    """
    row = NewsletterRow(
        slug=value.slug,
        title=value.title,
        description=value.description,
        sender_name=value.sender_name,
        sender_address=value.sender_address,
        reply_to=value.reply_to,
        postal_address=value.postal_address,
        language=value.language,
        accent=value.accent,
        ground=value.ground,
        logo=value.logo,
        header=value.header,
        footer=value.footer,
        unknown_policy=value.unknown_policy,
        own_hours=value.own_hours,
        languages=list(value.languages),
        most_stories=value.most_stories,
        created_at=now,
    )
    session.add(row)
    session.flush()
    newsletter_id = row.id or 0
    known = dict(session.exec(select(TopicRow.slug, TopicRow.id).where(col(TopicRow.slug).in_(value.topics))).all())
    offered = [known[slug] for slug in value.topics if slug in known]
    for position, topic_id in enumerate(offered):
        session.add(NewsletterTopicRow(newsletter_id=newsletter_id, topic_id=topic_id or 0, position=position))
    for name, entry in named_schedules(value.slug, schedules).items():
        add_schedule(session, newsletter_id, replace(entry, slug=name.rpartition("/")[2]), now)
    return _stored(session, [row])[0]


def add_schedule(
    session: Session, newsletter_id: int, entry: ScheduleEntry, now: datetime, *, is_own: bool = False
) -> int:
    """Insert a schedule; its readers count as served with all there is now. Raises CronError.

    Without a slug it gets the next one of its cadence, as long as it is not one of readers' own.
    """
    cron = words_of(entry.cadence, entry.cron)
    of_letter = select(ScheduleRow.slug).where(ScheduleRow.newsletter_id == newsletter_id)
    taken = {slug for slug in session.exec(of_letter) if slug}
    row = ScheduleRow(
        newsletter_id=newsletter_id,
        slug=None if is_own else entry.slug or next_slug(entry.cadence, taken),
        cadence=entry.cadence,
        cron=cron,
        zone=entry.zone,
        next_slot=next_slot(cron, entry.zone, now),
        last_cut=counter(session, "seq"),
        review_s=entry.review_minutes * 60,
        is_own=is_own,
        enabled=entry.enabled,
    )
    session.add(row)
    session.flush()
    return row.id or 0


def default_schedule(session: Session, newsletter_id: int) -> StoredSchedule | None:
    """The schedule that new readers get: the oldest that is enabled, else the oldest; None when there is none."""
    statement = (
        select(ScheduleRow, NewsletterRow.slug)
        .join(NewsletterRow, col(NewsletterRow.id) == col(ScheduleRow.newsletter_id))
        .where(ScheduleRow.newsletter_id == newsletter_id, ~col(ScheduleRow.is_own))
        .order_by(col(ScheduleRow.enabled).desc(), col(ScheduleRow.id))
    )
    found = session.exec(statement).first()
    return None if found is None else stored_schedule(*found)


def stored_schedule(row: ScheduleRow, newsletter_slug: str) -> StoredSchedule:
    """Row → value."""
    value = Schedule(
        newsletter=newsletter_slug,
        cadence=row.cadence,
        cron=row.cron,
        zone=row.zone,
        next_slot=row.next_slot,
        enabled=row.enabled,
    )
    return StoredSchedule(
        row.id or 0, row.newsletter_id, value, row.last_cut, row.max_late_s, row.version, row.review_s, row.is_own
    )


def _stored(session: Session, rows: Sequence[NewsletterRow]) -> list[StoredNewsletter]:
    statement = (
        select(NewsletterTopicRow.newsletter_id, TopicRow)
        .join(TopicRow, col(TopicRow.id) == col(NewsletterTopicRow.topic_id))
        .where(col(NewsletterTopicRow.newsletter_id).in_([row.id for row in rows]), col(TopicRow.enabled))
        .order_by(col(NewsletterTopicRow.position), col(TopicRow.id))
    )
    topics: dict[int, list[Topic]] = {}
    for newsletter_id, topic in session.exec(statement):
        value = Topic(topic.slug, topic.title, topic.description, topic.rule, topic.version)
        topics.setdefault(newsletter_id, []).append(value)
    return [_value(row, tuple(topics.get(row.id or 0, ()))) for row in rows]


def _value(row: NewsletterRow, topics: tuple[Topic, ...]) -> StoredNewsletter:
    value = Newsletter(
        slug=row.slug,
        title=row.title,
        description=row.description,
        sender_name=row.sender_name,
        sender_address=row.sender_address,
        postal_address=row.postal_address,
        language=row.language,
        topics=tuple(topic.slug for topic in topics),
        reply_to=row.reply_to,
        accent=row.accent,
        unknown_policy=row.unknown_policy,
        own_hours=row.own_hours,
        languages=tuple(row.languages),
        ground=row.ground,
        logo=row.logo,
        header=row.header,
        footer=row.footer,
        most_stories=row.most_stories,
    )
    return StoredNewsletter(row.id or 0, value, topics)
