"""What collect reads and writes: sources, which are due, how their visits went."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, update

from syndication.domain.errors import StoreError
from syndication.domain.source_options import options_from, options_to
from syndication.domain.sources import Source
from syndication.domain.states import Health, SourceKind
from syndication.store.tables import ArticleRow, SourceRow

_NO_SYNC: Final = {"synchronize_session": False}


@dataclass(frozen=True, slots=True)
class SourceState:
    """A source as the collector needs it. failures: in a row. dates: when its newest articles came out, at most 20."""

    source: Source
    failures: int
    health: Health
    dates: tuple[datetime, ...]


@dataclass(frozen=True, slots=True)
class Success:
    """A visit that went well. words: for the admin, "" when all is well. new: whether it brought articles.

    marks: of its items; None leaves those of the visit before.
    """

    etag: str
    last_modified: str
    body_hash: str
    interval: timedelta
    next_poll_at: datetime
    health: Health
    words: str = ""
    new: bool = False
    marks: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """A visit that went wrong. words: why, for the admin. failures: in a row, this one included."""

    words: str
    failures: int
    next_poll_at: datetime
    health: Health


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
        options=options_to(source.options),
        next_poll_at=now,
        created_at=now,
    )
    session.add(row)
    session.flush()
    return row_id(row.id)


def claim_due(session: Session, now: datetime, limit: int, lease: timedelta) -> list[int]:
    """Take at most `limit` enabled sources that are due, the longest waiting first; answers their ids.

    They are due again after the lease, unless their visit is recorded first. Any number of processes may claim at once:
    each source goes to one. now: aware UTC.
    """
    due = (
        select_columns(col(SourceRow.id))
        .where(col(SourceRow.enabled), col(SourceRow.next_poll_at) <= now)
        .order_by(col(SourceRow.next_poll_at), col(SourceRow.id))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = [row_id(number) for number in session.scalars(due)]
    if ids:
        taken = update(SourceRow).where(col(SourceRow.id).in_(ids)).values(next_poll_at=now + lease)
        session.execute(taken, execution_options=_NO_SYNC)
    return ids


def load_source(session: Session, source_id: int) -> Source:
    """One source. Raises StoreError when there is none with this id."""
    return _source(_row(session, source_id))


def source_state(session: Session, source_id: int) -> SourceState:
    """One source with what its pace depends on. Raises StoreError when there is none with this id."""
    row = _row(session, source_id)
    newest = (
        select_columns(col(ArticleRow.published_at))
        .where(col(ArticleRow.source_id) == source_id)
        .order_by(col(ArticleRow.published_at).desc())
        .limit(20)
    )
    return SourceState(_source(row), row.failures, row.health, tuple(session.scalars(newest)))


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
        )
        for row, articles in rows
    ]


def record_success(session: Session, source_id: int, visit: Success, now: datetime) -> None:
    """Keep the validators of a visit that went well, and when to come back. now: aware UTC."""
    row = _row(session, source_id)
    row.etag, row.last_modified = visit.etag, visit.last_modified
    row.body_hash = visit.body_hash
    row.marks = row.marks if visit.marks is None else " ".join(visit.marks)
    row.interval_s = round(visit.interval.total_seconds())
    row.next_poll_at = visit.next_poll_at
    row.last_attempt_at = row.last_success_at = now
    row.last_article_at = now if visit.new else row.last_article_at
    row.fetched_before = True
    row.failures, row.failing_since = 0, None
    row.last_error, row.health = visit.words, visit.health
    session.add(row)
    session.flush()


def record_failure(session: Session, source_id: int, visit: Failure, now: datetime) -> None:
    """Keep why a visit went wrong, since when, and when to try again. now: aware UTC."""
    row = _row(session, source_id)
    row.next_poll_at = visit.next_poll_at
    row.last_attempt_at = now
    row.failures = visit.failures
    row.failing_since = row.failing_since or now
    row.last_error, row.health = visit.words, visit.health
    session.add(row)
    session.flush()


def record_push(session: Session, source_id: int, now: datetime, *, new: bool) -> None:
    """Note that articles were handed to a source. now: aware UTC."""
    row = _row(session, source_id)
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


def _row(session: Session, source_id: int) -> SourceRow:
    row = session.get(SourceRow, source_id, populate_existing=True)
    if row is None:
        message = f"There is no source with the number {source_id}."
        raise StoreError(message)
    return row


def _source(row: SourceRow) -> Source:
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
        options=options_from(row.options),
        distrusted=row.distrusted,
        marks=frozenset(row.marks.split()),
    )
