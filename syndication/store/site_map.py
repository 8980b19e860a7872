"""The addresses of everything that anybody may read."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from sqlalchemy import func, select
from sqlmodel import Session, col

from syndication.domain.site import Site
from syndication.store.browsing import offers, past_issues
from syndication.store.feed_plans import EVERYTHING, planned_feeds
from syndication.store.tables import ArchiveEntryRow, ArticleRow

ADDRESSES_A_MAP: Final = 10_000
_ISSUES: Final = 5_000


def number_of_maps(session: Session) -> int:
    """How many maps the articles fill."""
    newest = select(func.max(ArchiveEntryRow.number)).where(col(ArchiveEntryRow.feed) == EVERYTHING)
    return -(-(session.execute(newest).scalar() or 0) // ADDRESSES_A_MAP)


def article_addresses(session: Session, number: int) -> Iterator[tuple[str, datetime]]:
    """Path and last change of the articles of one map; map 1 has the oldest."""
    last = number * ADDRESSES_A_MAP
    wanted = (
        select(col(ArticleRow.uid), col(ArticleRow.updated_at))
        .join(ArchiveEntryRow, col(ArchiveEntryRow.article_id) == col(ArticleRow.id))
        .where(col(ArchiveEntryRow.feed) == EVERYTHING, col(ArticleRow.removed_at).is_(None))
        .where(col(ArchiveEntryRow.number) > last - ADDRESSES_A_MAP, col(ArchiveEntryRow.number) <= last)
        .order_by(col(ArchiveEntryRow.number))
    )
    for uid, updated_at in session.execute(wanted):
        yield f"/articles/{uid}", updated_at


def page_addresses(session: Session, site: Site) -> Iterator[str]:
    """The paths of all other pages: home, feeds, newsletters with their issues."""
    yield "/"
    yield "/feeds/"
    for plan in planned_feeds(session, site):
        yield f"{plan.path}/"
    for offer in offers(session):
        letter = f"/newsletters/{offer.newsletter.slug}/"
        yield letter
        for issue in past_issues(session, offer.newsletter_id, _ISSUES):
            if issue.has_page:
                yield f"{letter}{issue.issue_id}"
