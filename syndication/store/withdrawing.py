"""Articles that are withdrawn: they leave feeds, archives, pages and coming mails, and no visit brings them back."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, or_, select, update
from sqlmodel import Session, col

from syndication.domain.articles import Story
from syndication.store.feed_changes import note_changes
from syndication.store.reviewing import plan_reviewed_anew
from syndication.store.stories import Ids, stories_even_withdrawn
from syndication.store.tables import ArticleRow, SourceRow


class Named(NamedTuple):
    """An article as the console shows it. withdrawn_at: aware UTC, None while readers see it."""

    story: Story
    withdrawn_at: datetime | None


def withdraw_articles(session: Session, named: str, at: datetime | None) -> Sequence[str]:
    """Withdraw what goes by a public id, by the address of its page here, or by its own address; answers the public ids.

    at: aware UTC; None takes a withdrawal back. An article keeps its id, so readers of feeds see none twice.
    """
    if not named:
        return []  # which would go by all articles without an address
    ids = session.scalars(select(col(ArticleRow.id)).where(_goes_by(named))).all()
    changed = update(ArticleRow).where(col(ArticleRow.id).in_(ids)).values(removed_at=at)
    uids = session.execute(changed.returning(col(ArticleRow.uid))).scalars().all()
    note_changes(session, [one for one in ids if one])
    if ids:
        plan_reviewed_anew(session)
    return sorted(uids)


def articles_named(session: Session, named: str) -> list[Named]:
    """The articles that `withdraw_articles` would take, withdrawn ones too; each in its own words."""
    return _named(session, select(col(ArticleRow.id)).where(_goes_by(named))) if named else []


def newest_articles(session: Session, limit: int, source: str = "") -> list[Named]:
    """The newest articles by date of publication, of all sources or of one (slug), withdrawn ones too."""
    newest = select(col(ArticleRow.id)).order_by(col(ArticleRow.published_at).desc(), col(ArticleRow.id).desc())
    if source:
        its_id = select(col(SourceRow.id)).where(col(SourceRow.slug) == source).scalar_subquery()
        newest = newest.where(col(ArticleRow.source_id) == its_id)
    return _named(session, newest.limit(limit))


def lock_article(session: Session, uid: str) -> None:
    """Let nobody else withdraw an article, or take that back, before this transaction ends."""
    session.execute(select(col(ArticleRow.id)).where(col(ArticleRow.uid) == uid).with_for_update())


def _goes_by(named: str) -> ColumnElement[bool]:
    uid = named.rstrip("/").rpartition("/")[2]
    return or_(col(ArticleRow.uid) == uid, col(ArticleRow.url) == named)


def _named(session: Session, wanted: Ids) -> list[Named]:
    stories = stories_even_withdrawn(session, wanted, "")
    facts = select(col(ArticleRow.id), col(ArticleRow.removed_at))
    rows = session.execute(facts.where(col(ArticleRow.id).in_([one.article_id for one in stories])))
    dates = {row.id: row.removed_at for row in rows}
    return [Named(story, dates[story.article_id]) for story in stories]
