"""What `init` writes once: the counters, the facts that never change, and which entries are known already."""

from datetime import datetime
from typing import Final

from sqlmodel import Session, func, select

from syndication.domain.errors import StoreError
from syndication.store.tables import (
    ArticleRow,
    CounterRow,
    InstallationRow,
    IssueRow,
    NewsletterRow,
    SourceRow,
    TopicRow,
)

COUNTERS: Final = ("seq", "rules", "feed")
_TAG_PREFIX: Final = "tag_prefix"


def seed(session: Session, tag_prefix: str) -> None:
    """Make the counters and keep the prefix of all tag URIs; what exists stays as it is."""
    for name in COUNTERS:
        if session.get(CounterRow, name) is None:
            session.add(CounterRow(name=name, n=0))
    if session.get(InstallationRow, _TAG_PREFIX) is None:
        session.add(InstallationRow(name=_TAG_PREFIX, value=tag_prefix))


def tag_prefix_of(session: Session) -> str:
    """The prefix of all tag URIs of this installation. Raises StoreError before `init`."""
    row = session.get(InstallationRow, _TAG_PREFIX)
    if row is None:
        message = "This installation was never set up. Run `syndication init`."
        raise StoreError(message)
    return row.value


def ids_by_slug(session: Session, table: type[TopicRow | SourceRow | NewsletterRow]) -> dict[str, int]:
    """What a table holds; removed sources, too."""
    return {slug: number or 0 for slug, number in session.exec(select(table.slug, table.id)).all()}


def newest_instant(session: Session) -> datetime | None:
    """The latest instant (aware UTC) at which anything was collected or begun; None when nothing was yet."""
    found = (session.exec(select(func.max(table))).one() for table in (ArticleRow.first_seen_at, IssueRow.created_at))
    return max((at for at in found if at is not None), default=None)
