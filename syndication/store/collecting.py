"""What collect reads and writes: sources, which are due, how their visits went."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, bindparam, func
from sqlalchemy import select as select_columns
from sqlmodel import Session, col

from syndication.domain.errors import StoreError
from syndication.domain.source_options import options_from, options_to
from syndication.domain.sources import Source
from syndication.domain.states import Health, SourceKind
from syndication.store.tables import ArticleRow, SourceRow

_NEWEST: Final = (
    select_columns(col(ArticleRow.published_at))
    .where(col(ArticleRow.source_id) == bindparam("source"))
    .order_by(col(ArticleRow.published_at).desc())
    .limit(20)
)


@dataclass(frozen=True, slots=True)
class ListedSource:
    """A source in a list. articles: how many it brought. Instants: aware UTC."""

    source_id: int
    slug: str
    title: str
    kind: SourceKind
    enabled: bool
    health: Health
    last_error: str
    failing_since: datetime | None
    last_success_at: datetime | None
    next_poll_at: datetime
    articles: int
    location: str = ""


def add_source(session: Session, source: Source, now: datetime) -> int:
    """Insert a source; it is due at once. Answers its id. now: aware UTC."""
    row = SourceRow(
        slug=source.slug,
        title=source.title,
        kind=source.kind,
        location=source.location,
        base_url=source.base_url,
        language=source.language,
        first_fetch=source.first_fetch,
        internal=source.internal,
        full_text=source.full_text,
        options=options_to(source.options),
        next_poll_at=now,
        created_at=now,
    )
    session.add(row)
    session.flush()
    return row_id(row.id)


def load_source(session: Session, source_id: int) -> Source:
    """One source. Raises StoreError when there is none with this id."""
    return source_from(source_row(session, source_id))


def places(session: Session) -> dict[str, str]:
    """Slugs of all sources by their address."""
    rows = session.execute(
        select_columns(col(SourceRow.location), col(SourceRow.slug)).where(col(SourceRow.removed_at).is_(None))
    )
    return {row.location: row.slug for row in rows}


def newest_dates(session: Session, source_id: int) -> list[datetime]:
    """When a source's newest articles came out, at most 20."""
    return list(session.connection().execute(_NEWEST, {"source": source_id}).scalars())


def list_sources(session: Session) -> list[ListedSource]:
    """All sources by slug."""
    counted = (
        select_columns(col(ArticleRow.source_id), func.count().label("articles"))
        .group_by(col(ArticleRow.source_id))
        .subquery()
    )
    rows = session.execute(
        select_columns(SourceRow, func.coalesce(counted.c.articles, 0))
        .outerjoin(counted, counted.c.source_id == col(SourceRow.id))
        .where(col(SourceRow.removed_at).is_(None))
        .order_by(col(SourceRow.slug))
    )
    return [
        ListedSource(
            row_id(row.id),
            row.slug,
            row.title,
            row.kind,
            row.enabled,
            row.health,
            row.last_error,
            row.failing_since,
            row.last_success_at,
            row.next_poll_at,
            articles,
            row.location,
        )
        for row, articles in rows
    ]


def record_push(session: Session, source_id: int, now: datetime, *, new: bool) -> None:
    """Note that articles were handed to a source. now: aware UTC."""
    row = source_row(session, source_id)
    row.last_attempt_at = row.last_success_at = now
    row.last_article_at = now if new else row.last_article_at
    row.fetched_before = True
    session.add(row)
    session.flush()


def row_id(number: int | None) -> int:
    """The id of a row that is in the database."""
    if number is None:
        message = "a row has no number before it is stored"
        raise StoreError(message)
    return number


def source_row(session: Session, source_id: int) -> SourceRow:
    """The row of one source, fresh. Raises StoreError when there is none with this id."""
    row = session.get(SourceRow, source_id, populate_existing=True)
    if row is None:
        message = f"There is no source with the number {source_id}."
        raise StoreError(message)
    return row


def source_from(row: SourceRow | Row[*tuple[Any, ...]]) -> Source:
    """A row, or its columns alone, as the stages know it."""
    return Source(
        slug=row.slug,
        title=row.title,
        kind=row.kind,
        location=row.location,
        base_url=row.base_url,
        language=row.language,
        first_fetch=row.first_fetch,
        etag=row.etag,
        last_modified=row.last_modified,
        body_hash=row.body_hash,
        fetched_before=row.fetched_before,
        internal=row.internal,
        full_text=row.full_text,
        options=options_from(row.options),
        distrusted=row.distrusted,
        marks=frozenset(row.marks.split()),
    )
