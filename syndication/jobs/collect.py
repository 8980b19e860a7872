"""A source due → its articles stored. A visit may be repeated or killed at any point: what is known is left alone."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog

from syndication.collect.pace import Rhythm, after_failure, after_success
from syndication.domain.seams import Enqueue, Fetcher, Task
from syndication.domain.sources import Fetched, FetchFailed, FetchResult, NotModified, Source
from syndication.domain.states import Health
from syndication.jobs.storing import store_items
from syndication.store.collecting import (
    Failure,
    SourceState,
    Success,
    claim_due,
    load_source,
    record_failure,
    record_success,
    source_state,
)
from syndication.store.database import Database

_SOURCES_A_TICK: Final = 200
_LEASE: Final = timedelta(minutes=10)

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class CollectReport:
    """What one visit brought. failure: why it went wrong, None when it did not. repairs: what was mended, in words."""

    slug: str
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    failure: str | None = None
    repairs: tuple[str, ...] = ()


def collect_due(database: Database, enqueue: Enqueue, now: datetime) -> int:
    """Take the sources that are due and ask for their visits; answers how many. now: aware UTC."""
    with database.write() as session:
        due = claim_due(session, now, _SOURCES_A_TICK, _LEASE)
    for source_id in due:
        enqueue(Task.COLLECT, f"collect:{source_id}", source_id=source_id)
    return len(due)


def collect_source(
    database: Database, fetcher: Fetcher, enqueue: Enqueue, source_id: int, now: datetime
) -> CollectReport:
    """Visit one source and store what is new; asks for `classify` when anything is. now: aware UTC.

    Raises StoreError for an unknown source; everything a source can do wrong is recorded on it instead.
    """
    with database.read() as session:
        source = load_source(session, source_id)
    result = _visit(fetcher, source, now)
    if isinstance(result, FetchFailed):
        return _failed(database, source_id, result, now)
    report = CollectReport(source.slug)
    if isinstance(result, Fetched):
        report = _store(database, source_id, source, result, now)
    _succeeded(database, source_id, result, now, new=report.added > 0)
    if report.added or report.updated:
        _log.info("source_collected", source=source.slug, added=report.added, updated=report.updated)
        enqueue(Task.CLASSIFY, "classify")
    return report


def _visit(fetcher: Fetcher, source: Source, now: datetime) -> FetchResult:
    try:
        return fetcher.fetch(source, now)
    except Exception:  # noqa: BLE001 - the job's boundary: our fault with one source stops no other
        _log.exception("source_crashed", source=source.slug)
        return FetchFailed("reading it failed by a fault of this program; the log has the details")


def _store(database: Database, source_id: int, source: Source, result: Fetched, now: datetime) -> CollectReport:
    stored = store_items(database, source_id, source, result, now)
    added, updated = len(stored.added), len(stored.updated)
    unchanged = result.unchanged + len(result.items) - added - updated
    return CollectReport(source.slug, added, updated, unchanged, None, _repairs(result))


def _repairs(result: Fetched) -> tuple[str, ...]:
    mended = (f"{item.title}: {repair}" for item in result.items for repair in item.repairs)
    return (*result.repairs, *mended)


def _succeeded(database: Database, source_id: int, result: Fetched | NotModified, now: datetime, *, new: bool) -> None:
    with database.write() as session:
        state = source_state(session, source_id)
        pace = after_success(_rhythm(state), result.min_wait_s, now)
        visit = Success(
            etag=result.etag,
            last_modified=result.last_modified,
            body_hash=result.body_hash if isinstance(result, Fetched) else state.source.body_hash,
            interval=pace.interval,
            next_poll_at=pace.next_poll_at,
            health=pace.health,
            words=pace.words,
            new=new,
            marks=result.marks if isinstance(result, Fetched) else None,
        )
        record_success(session, source_id, visit, now)


def _failed(database: Database, source_id: int, result: FetchFailed, now: datetime) -> CollectReport:
    with database.write() as session:
        state = source_state(session, source_id)
        # A feed that says for the first time that it is gone begins to be asked every week.
        begins_anew = result.gone and state.health is not Health.GONE
        failures = 1 if begins_anew else state.failures + 1
        pace = after_failure(failures, result, now)
        record_failure(session, source_id, Failure(pace.words, failures, pace.next_poll_at, pace.health), now)
    _log.warning("source_failed", source=state.source.slug, reason=result.reason, failures=failures)
    return CollectReport(state.source.slug, failure=result.reason)


def _rhythm(state: SourceState) -> Rhythm:
    return Rhythm(state.source.slug, state.source.kind, state.dates)
