"""What is compared to find stories, and which story an article belongs to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select as select_columns
from sqlmodel import Session, col, update

from syndication.store.tables import ArticleRow, ArticleTextRow


@dataclass(frozen=True, slots=True)
class Comparable:
    """An article in its own language. content: HTML. story_id: None until it was looked at."""

    article_id: int
    story_id: int | None
    first_seen_at: datetime
    language: str
    title: str
    summary: str
    content: str


def ungrouped(session: Session, limit: int) -> list[int]:
    """Articles whose story nobody looked for, the oldest first."""
    wanted = select_columns(col(ArticleRow.id)).where(col(ArticleRow.story_id).is_(None)).order_by(col(ArticleRow.id))
    return [number for number in session.scalars(wanted.limit(limit)) if number is not None]


def comparable(session: Session, new: Sequence[int], since: datetime, limit: int) -> list[Comparable]:
    """These articles and the newest `limit` that have a story and were first seen since (aware UTC), by number."""
    old = session.scalars(
        select_columns(col(ArticleRow.id))
        .where(col(ArticleRow.first_seen_at) >= since, col(ArticleRow.story_id).is_not(None))
        .order_by(col(ArticleRow.first_seen_at).desc())
        .limit(limit)
    )
    numbers = {*new, *old}
    rows = session.execute(
        select_columns(
            *map(col, (ArticleRow.id, ArticleRow.story_id, ArticleRow.first_seen_at, ArticleRow.language)),
            *map(col, (ArticleTextRow.title, ArticleTextRow.summary, ArticleTextRow.content)),
        )
        .join(ArticleTextRow, col(ArticleTextRow.article_id) == col(ArticleRow.id))
        .where(col(ArticleRow.id).in_(numbers), col(ArticleTextRow.language) == col(ArticleRow.language))
        .order_by(col(ArticleRow.id))
    )
    return [Comparable(*row) for row in rows]


def keep_stories(session: Session, stories: Mapping[int, int]) -> None:
    """Keep the story (value) of each article (key); one that was looked at before stays where it is."""
    for number, story in stories.items():
        session.execute(
            update(ArticleRow)
            .where(col(ArticleRow.id) == number, col(ArticleRow.story_id).is_(None))
            .values(story_id=story),
            execution_options={"synchronize_session": False},
        )
