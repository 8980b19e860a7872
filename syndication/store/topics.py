"""Topics as the console edits them: all of them, with how many articles each took lately; renaming and order."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from syndication.domain.errors import StoreError
from syndication.domain.newsletters import Choice
from syndication.domain.topics import Topic
from syndication.store.tables import (
    ArticleRow,
    ArticleTextRow,
    ClassificationRow,
    NewsletterTopicRow,
    SegmentRow,
    SegmentTopicRow,
    TopicRow,
)


@dataclass(frozen=True, slots=True)
class TopicLine:
    """A topic in the list. articles: accepted since an instant."""

    topic_id: int
    value: Topic
    position: int
    enabled: bool
    articles: int


def topic_lines(session: Session, since: datetime) -> list[TopicLine]:
    """All topics in their order, the switched-off ones too. since: aware UTC."""
    counted = (
        select(ClassificationRow.topic_id, func.count())
        .join(ArticleRow, col(ArticleRow.id) == col(ClassificationRow.article_id))
        .where(col(ArticleRow.first_seen_at) >= since, col(ClassificationRow.accepted))
        .group_by(col(ClassificationRow.topic_id))
    )
    numbers = dict(session.exec(counted).all())
    rows = session.exec(select(TopicRow).order_by(col(TopicRow.position), col(TopicRow.id)))
    return [_line(row, numbers.get(row.id or 0, 0)) for row in rows]


def topic_line(session: Session, topic_id: int, *, lock: bool = False) -> TopicLine | None:
    """One topic, without its number of articles; None when there is none. lock: nobody else changes it meanwhile."""
    row = session.get(TopicRow, topic_id, with_for_update=lock, populate_existing=lock)
    return _line(row, 0) if row else None


def rename_topic(session: Session, topic_id: int, slug: str) -> None:
    """Give a topic another slug; `publish` leads its old addresses to the new ones. Raises StoreError when it is taken.

    The interned choices are named by slugs, so they are named anew: a later topic must not find its readers in them.
    """
    if session.exec(select(TopicRow.id).where(TopicRow.slug == slug, TopicRow.id != topic_id)).first() is not None:
        message = f"Another topic has the short name '{slug}' already."
        raise StoreError(message)
    row = session.get_one(TopicRow, topic_id, with_for_update=True)
    row.slug = slug
    session.add(row)
    session.flush()
    of_topic = select(SegmentTopicRow.segment_id).where(SegmentTopicRow.topic_id == topic_id)
    slugs: dict[int, set[str]] = {}
    members = (
        select(SegmentTopicRow.segment_id, TopicRow.slug)
        .join(TopicRow, col(TopicRow.id) == col(SegmentTopicRow.topic_id))
        .where(col(SegmentTopicRow.segment_id).in_(of_topic))
    )
    for segment_id, member in session.exec(members):
        slugs.setdefault(segment_id, set()).add(member)
    for segment in session.exec(select(SegmentRow).where(col(SegmentRow.id).in_(slugs))).all():
        segment.key = Choice(frozenset(slugs[segment.id or 0]), segment.language).key
        session.add(segment)
    session.flush()


def move_topic(session: Session, topic_id: int, *, up: bool) -> bool:
    """Change places with the neighbour; whether there was one."""
    rows = list(session.exec(select(TopicRow).order_by(col(TopicRow.position), col(TopicRow.id)).with_for_update()))
    places = [row.id for row in rows]
    if topic_id not in places:
        return False
    here = places.index(topic_id)
    there = here - 1 if up else here + 1
    if not 0 <= there < len(rows):
        return False
    rows[here], rows[there] = rows[there], rows[here]
    for position, row in enumerate(rows):
        row.position = position
        session.add(row)
    session.flush()
    return True


def offered_in(session: Session, topic_id: int) -> int:
    """How many newsletters offer a topic."""
    return session.exec(select(func.count()).where(NewsletterTopicRow.topic_id == topic_id)).one()


def recent_articles(session: Session, since: datetime, limit: int) -> list[int]:
    """The ids of the newest articles first seen since an instant, at most `limit`."""
    statement = (
        select(ArticleRow.id)
        .where(ArticleRow.first_seen_at >= since, col(ArticleRow.removed_at).is_(None))
        .order_by(col(ArticleRow.first_seen_at).desc())
        .limit(limit)
    )
    return [number for number in session.exec(statement) if number is not None]


def accepted_among(session: Session, topic_id: int, article_ids: list[int]) -> set[int]:
    """Which of these articles are in a topic now."""
    statement = select(ClassificationRow.article_id).where(
        ClassificationRow.topic_id == topic_id,
        col(ClassificationRow.accepted),
        col(ClassificationRow.article_id).in_(article_ids),
    )
    return set(session.exec(statement))


def titles_of(session: Session, article_ids: list[int]) -> dict[int, tuple[str, str]]:
    """Public id and title of articles, by id."""
    statement = (
        select(ArticleRow.id, ArticleRow.uid, ArticleTextRow.title)
        .join(ArticleTextRow, col(ArticleTextRow.article_id) == col(ArticleRow.id))
        .where(col(ArticleRow.id).in_(article_ids))
        .order_by(col(ArticleTextRow.id).desc())
    )
    return {number: (uid, title) for number, uid, title in session.exec(statement) if number is not None}


def _line(row: TopicRow, articles: int) -> TopicLine:
    value = Topic(row.slug, row.title, row.description, row.rule, row.version)
    return TopicLine(row.id or 0, value, row.position, row.enabled, articles)
