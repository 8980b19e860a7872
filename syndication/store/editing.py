"""Newsletters and schedules as the console edits them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func
from sqlmodel import Session, col, select

from syndication.cron.slots import next_slot
from syndication.domain.errors import StoreError
from syndication.domain.newsletters import Newsletter
from syndication.store.scheduling import Fired, fire, schedule
from syndication.store.tables import NewsletterRow, NewsletterTopicRow, ScheduleRow, TopicRow


@dataclass(frozen=True, slots=True)
class NewsletterLine:
    """A newsletter in the list. schedules: how many are switched on."""

    newsletter_id: int
    slug: str
    title: str
    sender: str
    language: str
    schedules: int


def newsletter_lines(session: Session) -> list[NewsletterLine]:
    """All newsletters, the oldest first."""
    running = (
        select(ScheduleRow.newsletter_id, func.count())
        .where(col(ScheduleRow.enabled))
        .group_by(col(ScheduleRow.newsletter_id))
    )
    numbers = dict(session.exec(running).all())
    return [
        NewsletterLine(row.id or 0, row.slug, row.title, row.sender_address, row.language, numbers.get(row.id or 0, 0))
        for row in session.exec(select(NewsletterRow).order_by(col(NewsletterRow.id)))
    ]


def require_free_slug(session: Session, slug: str) -> None:
    """Raises StoreError when a newsletter has this short name."""
    if session.exec(select(NewsletterRow.id).where(NewsletterRow.slug == slug)).first() is not None:
        message = f"Another newsletter has the short name '{slug}' already."
        raise StoreError(message)


def lock_newsletter(session: Session, newsletter_id: int) -> None:
    """Let nobody else save a newsletter before this transaction ends."""
    session.get_one(NewsletterRow, newsletter_id, with_for_update=True)


def save_newsletter(session: Session, newsletter_id: int, value: Newsletter, *, whole: bool = False) -> None:
    """Save everything but the slug and the look; `topics` in the order of the sections.

    Topics that are switched off stay offered, unless the caller knows of them too (whole).
    """
    row = session.get_one(NewsletterRow, newsletter_id)
    row.title, row.description, row.language = value.title, value.description, value.language
    row.sender_name, row.sender_address, row.reply_to = value.sender_name, value.sender_address, value.reply_to
    row.own_hours, row.languages, row.most_stories = value.own_hours, list(value.languages), value.most_stories
    row.postal_address, row.unknown_policy = value.postal_address, value.unknown_policy
    session.add(row)
    shown = select(TopicRow.slug, TopicRow.id)
    known = dict(session.exec(shown if whole else shown.where(col(TopicRow.enabled))).all())
    offered = NewsletterTopicRow.newsletter_id == newsletter_id
    session.execute(
        delete(NewsletterTopicRow).where(
            col(NewsletterTopicRow.newsletter_id) == newsletter_id, col(NewsletterTopicRow.topic_id).in_(known.values())
        )
    )
    session.flush()
    kept = session.exec(select(func.count()).where(offered)).one()
    for position, slug in enumerate(slug for slug in value.topics if slug in known):
        row_of = NewsletterTopicRow(newsletter_id=newsletter_id, topic_id=known[slug] or 0, position=kept + position)
        session.add(row_of)
    session.flush()


def skip_next(session: Session, schedule_id: int, who: str, now: datetime) -> Fired | None:
    """Record the next slot of a schedule as skipped and move on to the one after; None when it has just come.

    The windows stay: the next issue has what this one would have had.
    """
    stored = schedule(session, schedule_id)
    if stored is None or not stored.value.enabled or stored.value.next_slot <= now:
        return None
    slot = stored.value.next_slot
    following = next_slot(stored.value.cron, stored.value.zone, slot)
    return fire(session, stored, slot, following, now, skipped=f"Skipped by {who}.")
