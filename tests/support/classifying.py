"""Builders for the tests of classify: topics by their rules, articles that wait for a verdict, and what came of them."""

from datetime import datetime

from sqlalchemy import select, update
from sqlmodel import Session, col

from syndication.domain.seams import Task
from syndication.domain.topics import Topic
from syndication.store.classifying import save_topic
from syndication.store.database import Database
from syndication.store.tables import ArticleRow, ArticleTextRow, ClassificationRow, TopicRow
from tests.support.rows import NOW, add_article, add_counters, add_source


class Requests:
    """An `Enqueue` that keeps what was asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[Task, str]] = []

    def __call__(self, task: Task, key: str, **ids: int) -> None:
        """Keep it."""
        del ids
        self.asked.append((task, key))


def set_up(database: Database, **rules: str) -> int:
    """Counters, a topic for each rule (by slug) and a source; answers the source's id."""
    with database.write() as session:
        add_counters(session)
        for slug, rule in rules.items():
            save_topic(session, Topic(slug, slug.title(), "", rule))
        return add_source(session)


def add_pending(session: Session, source_id: int, title: str, *, news: bool = True, at: datetime = NOW) -> int:
    """An article that no rule has looked at; only its title says anything."""
    article_id = add_article(session, source_id, title=title, news=news, at=at)
    session.execute(
        update(ArticleTextRow).where(col(ArticleTextRow.article_id) == article_id).values(summary="", content="")
    )
    return article_id


def seq_of(session: Session, article_id: int) -> int | None:
    """An article's place in the order of acceptance."""
    found: int | None = session.scalars(select(col(ArticleRow.seq)).where(col(ArticleRow.id) == article_id)).one()
    return found


def topics_of(session: Session, article_id: int) -> list[str]:
    """The slugs of the topics an article is in."""
    statement = (
        select(col(TopicRow.slug))
        .join(ClassificationRow, col(ClassificationRow.topic_id) == col(TopicRow.id))
        .where(col(ClassificationRow.article_id) == article_id, col(ClassificationRow.accepted))
        .order_by(col(TopicRow.slug))
    )
    return list(session.scalars(statement))
