"""Articles that are withdrawn: they leave feeds, archives, pages and coming mails, and no visit brings them back."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select, update
from sqlmodel import Session, col

from syndication.domain.articles import Story
from syndication.store.admins import audit
from syndication.store.feed_changes import note_changes
from syndication.store.reviewing import plan_reviewed_anew
from syndication.store.stories import Ids, stories_even_withdrawn
from syndication.store.tables import ArticleRow, SourceRow


class Named(NamedTuple):
    """An article as the console shows it. withdrawn_at: aware UTC, None while readers see it."""

    story: Story
    withdrawn_at: datetime | None


def ids_named(session: Session, named: str, page: str = "") -> list[int]:
    """The articles that go by a public id, by the address of their page here, or by their own address.

    page: the key of that address (`collect.identity.canonical_url`), by which an index knows it, "" to look in all
    articles. That is done as well where the key finds none: some pages say themselves that they are called otherwise.
    """
    uid = named.rstrip("/").rpartition("/")[2]
    if not uid:
        return []  # which would go by all articles without an address
    at_address = select(col(ArticleRow.id)).where(col(ArticleRow.url) == named)
    found = _ids(session, _by_uid(uid))
    if not found and page:
        found = _ids(session, at_address.where(col(ArticleRow.canonical_url) == page))
    return found or _ids(session, at_address)


def withdraw_articles(
    session: Session, ids: Sequence[int], actor: str, now: datetime, *, undo: bool = False
) -> Sequence[str]:
    """Withdraw articles, or take that back, and write down who did; answers their public ids. now: aware UTC.

    An article keeps its id, so readers of feeds see none twice.
    """
    changed = update(ArticleRow).where(col(ArticleRow.id).in_(ids)).values(removed_at=None if undo else now)
    uids = sorted(session.execute(changed.returning(col(ArticleRow.uid))).scalars())
    for uid in uids:
        audit(session, actor, f"article.{'restore' if undo else 'withdraw'}", f"article {uid}", now)
    note_changes(session, ids)
    if ids:
        plan_reviewed_anew(session)
    return uids


def articles_of(session: Session, ids: Sequence[int]) -> list[Named]:
    """These articles, withdrawn ones too; each in its own words."""
    return _named(session, select(col(ArticleRow.id)).where(col(ArticleRow.id).in_(ids)))


def article_with(session: Session, uid: str) -> Named | None:
    """One article by its public id, withdrawn or not."""
    return next(iter(_named(session, _by_uid(uid))), None)


def newest_articles(session: Session, limit: int, source: str = "") -> list[Named]:
    """The newest articles by date of publication, of all sources or of one (slug), withdrawn ones too."""
    newest = select(col(ArticleRow.id)).order_by(col(ArticleRow.published_at).desc(), col(ArticleRow.id).desc())
    if source:
        its_id = select(col(SourceRow.id)).where(col(SourceRow.slug) == source).scalar_subquery()
        newest = newest.where(col(ArticleRow.source_id) == its_id)
    return _named(session, newest.limit(limit))


def lock_article(session: Session, uid: str) -> list[int]:
    """Let nobody else withdraw an article, or take that back, before this transaction ends; empty when there is none."""
    return _ids(session, _by_uid(uid).with_for_update())


def _by_uid(uid: str) -> Ids:
    return select(col(ArticleRow.id)).where(col(ArticleRow.uid) == uid)


def _ids(session: Session, wanted: Ids) -> list[int]:
    return [number for number in session.scalars(wanted) if number]


def _named(session: Session, wanted: Ids) -> list[Named]:
    stories = stories_even_withdrawn(session, wanted, "")
    facts = select(col(ArticleRow.id), col(ArticleRow.removed_at))
    rows = session.execute(facts.where(col(ArticleRow.id).in_([one.article_id for one in stories])))
    dates = {row.id: row.removed_at for row in rows}
    return [Named(story, dates[story.article_id]) for story in stories]
