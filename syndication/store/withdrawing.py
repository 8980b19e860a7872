"""Articles that are withdrawn: they leave feeds, archives, pages and coming mails, and no visit brings them back."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import or_, select, update
from sqlmodel import Session, col

from syndication.store.feed_changes import note_changes
from syndication.store.tables import ArticleRow


def withdraw_articles(session: Session, named: str, at: datetime | None) -> Sequence[str]:
    """Withdraw what goes by a public id, by the address of its page here, or by its own address; answers the public ids.

    at: aware UTC; None takes a withdrawal back. An article keeps its id, so readers of feeds see none twice.
    """
    if not named:
        return []  # which would go by all articles without an address
    uid = named.rstrip("/").rpartition("/")[2]
    meant = select(col(ArticleRow.id)).where(or_(col(ArticleRow.uid) == uid, col(ArticleRow.url) == named))
    ids = session.scalars(meant).all()
    changed = update(ArticleRow).where(col(ArticleRow.id).in_(ids)).values(removed_at=at)
    uids = session.execute(changed.returning(col(ArticleRow.uid))).scalars().all()
    note_changes(session, [one for one in ids if one])
    return sorted(uids)
