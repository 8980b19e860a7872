"""Which feeds a changed article is in, so that news need not wait until every feed was looked at.

Only a short cut: who is not noted here is found when all feeds are looked at, a minute later at most.
"""

from collections.abc import Collection
from typing import Final

from sqlalchemy import delete, select
from sqlmodel import Session, col

from syndication.store.bulk import insert_rows
from syndication.store.database import Database
from syndication.store.feed_plans import EVERYTHING, FeedKind, family_of
from syndication.store.tables import ArticleRow, ChangedArticleRow, ClassificationHistoryRow, ClassificationRow

_MOST: Final = 200
"""Articles for which their feeds are picked out. When more have changed, so have most feeds, and the short way is to look at all."""


def note_changes(session: Session, article_ids: Collection[int]) -> None:
    """Remember that documents may show these articles differently now; in the transaction that changes them."""
    # In one order, so that no two processes wait for each other in a ring.
    insert_rows(session, ChangedArticleRow, ("article_id",), [(one,) for one in sorted(article_ids)])


def take_changes(database: Database) -> list[int]:
    """Articles that changed, which nobody else gets now; none when so many did that every feed is to be looked at anyway.

    Take them before reading their data: what changes after that is noted anew. Whoever dies with them loses the short
    cut alone.
    """
    with database.read() as session:
        ids = session.scalars(select(col(ChangedArticleRow.article_id)).limit(_MOST + 1)).all()
    if not ids:
        return []
    with database.write() as session:
        if len(ids) > _MOST:
            # Without a condition SQLite empties a table at once, however many rows it has.
            session.execute(delete(ChangedArticleRow))
            return []
        taken = delete(ChangedArticleRow).where(col(ChangedArticleRow.article_id).in_(ids))
        return sorted(session.execute(taken.returning(col(ChangedArticleRow.article_id))).scalars())


def feeds_of(session: Session, article_ids: Collection[int]) -> frozenset[str]:
    """The permanent names of the feeds that hold one of these articles, or held it before its verdicts changed."""
    names = {EVERYTHING} if article_ids else set()
    articles = select(col(ArticleRow.source_id), col(ArticleRow.language)).where(col(ArticleRow.id).in_(article_ids))
    for source_id, language in session.execute(articles.distinct()):
        names |= {f"{FeedKind.SOURCE}/{source_id}", f"{FeedKind.LANGUAGE}/{family_of(language)}"}
    now = select(col(ClassificationRow.topic_id)).where(
        col(ClassificationRow.article_id).in_(article_ids), col(ClassificationRow.accepted)
    )
    past = select(col(ClassificationHistoryRow.topic_id)).where(
        col(ClassificationHistoryRow.article_id).in_(article_ids)
    )
    return frozenset(
        names | {f"{FeedKind.TOPIC}/{topic_id}" for topic_id in session.execute(now.union(past)).scalars()}
    )
