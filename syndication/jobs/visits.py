"""Visits that ended → articles, and what is known of their sources. May be repeated or killed at any point."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlmodel import Session

from syndication.collect.manners import Limited, closed_until
from syndication.collect.moving import Move, heard_again, is_proved, is_same_feed
from syndication.collect.outage import Outage
from syndication.collect.pace import FIRST_RETRY, Learned, Pace, Rhythm, Wishes, after_failure, after_success, learn
from syndication.domain.sources import Fetched, FetchFailed, FetchResult, Heard, NotModified
from syndication.domain.states import Health
from syndication.jobs.storing import Brought, Stored, store_group
from syndication.net.hosts import is_inside, is_same_site
from syndication.store.collecting import newest_dates
from syndication.store.database import Database, DatabaseError
from syndication.store.hubs import NamedHub, note_hubs
from syndication.store.refusals import in_words
from syndication.store.visiting import (
    Due,
    Extras,
    Moved,
    Release,
    Visited,
    limits_of,
    record_visits,
    release_hosts,
)

_log = structlog.get_logger()

_CALLBACK_BYTES: Final = 24


@dataclass(frozen=True, slots=True)
class CollectReport:
    """What one visit brought. failure: why it went wrong, None when it did not. repairs: what was mended, in words."""

    slug: str
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    failure: str | None = None
    repairs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ended:
    """A visit that ended. whole: it was made without validators. hosts are free again `gap` after it."""

    due: Due
    result: FetchResult
    whole: bool = False


@dataclass(slots=True)
class _Ledger:
    """What a group of visits will leave in one transaction."""

    visits: list[Visited] = field(default_factory=list)
    releases: list[Release] = field(default_factory=list)
    answers: dict[int, Heard] = field(default_factory=dict)
    moves: dict[int, Moved | None] = field(default_factory=dict)
    adopted: dict[int, str] = field(default_factory=dict)
    stopped: list[int] = field(default_factory=list)
    hubs: dict[int, NamedHub | None] = field(default_factory=dict)


def settle(
    database: Database, ended: Sequence[Ended], now: datetime, outage: Outage, gap: timedelta
) -> list[CollectReport]:
    """Store what visits brought, then how they went, all in short transactions. now: aware UTC."""
    for one in ended:
        if one.due.host:
            answered = not (isinstance(one.result, FetchFailed) and one.result.unreachable)
            outage.note(one.due.host, now, answered=answered)
    brought = _store(database, ended, now)
    with database.read() as session:
        limits = limits_of(session, [one.due.host for one in ended if isinstance(one.result, FetchFailed)])
        learned = [_learned(session, one.due, result) for one, (result, _) in zip(ended, brought, strict=True)]
    ledger, reports = _Ledger(), []
    for one, (result, stored), pace in zip(ended, brought, learned, strict=True):
        reports.append(_settle(replace(one, result=result), stored, pace, now, outage, ledger))
        limited = Limited(*limits.get(one.due.host, ("", None)))
        ledger.releases.append(_release(one, limited, now, gap))
    extras = Extras(ledger.answers, ledger.moves, ledger.adopted, ledger.stopped)
    with database.write() as session:
        record_visits(session, ledger.visits, extras)
        note_hubs(session, ledger.hubs, now)
        release_hosts(session, ledger.releases, now)
    return reports


def _store(database: Database, ended: Sequence[Ended], now: datetime) -> list[tuple[FetchResult, Stored]]:
    """The result of each, failed when it could not be stored, and what became of its items."""
    brought = [
        Brought(one.due.source_id, one.due.source, one.result) for one in ended if isinstance(one.result, Fetched)
    ]
    stored = iter(store_group(database, brought, now))
    return [_outcome(one, next(stored)) if isinstance(one.result, Fetched) else (one.result, Stored()) for one in ended]


def _outcome(one: Ended, stored: Stored | Exception) -> tuple[FetchResult, Stored]:
    if isinstance(stored, Stored):
        return one.result, stored
    words = in_words(stored) if isinstance(stored, DatabaseError) else None
    if words:
        _log.error("source_not_stored", source=one.due.source.slug, reason=words)
        return FetchFailed(words, ours=True), Stored()
    _log.error("source_not_stored", source=one.due.source.slug, exc_info=stored)
    return FetchFailed("storing it failed by a fault of this program; the log has the details"), Stored()


def _settle(
    one: Ended, stored: Stored, learned: Learned, now: datetime, outage: Outage, ledger: _Ledger
) -> CollectReport:
    due, result = one.due, one.result
    if isinstance(result, FetchFailed):
        return _failed(due, result, now, outage, ledger)
    _succeeded(one, result, learned, stored, now, ledger)
    if isinstance(result, NotModified):
        return CollectReport(due.source.slug)
    added, updated = len(stored.added), len(stored.updated)
    if added or updated:
        _log.info("source_collected", source=due.source.slug, added=added, updated=updated)
    unchanged = result.unchanged + len(result.items) - added - updated
    return CollectReport(due.source.slug, added, updated, unchanged, None, _repairs(result))


def _succeeded(
    one: Ended, result: Fetched | NotModified, learned: Learned, stored: Stored, now: datetime, ledger: _Ledger
) -> None:
    due = one.due
    wishes, body_hash, marks = _wishes(due, result), due.source.body_hash, due.source.marks
    if isinstance(result, Fetched):
        body_hash, marks = result.body_hash, frozenset(result.marks)
    pace = after_success(Rhythm(due.source.slug, due.source.kind, learned, due.is_pushed), wishes, now)
    ledger.visits.append(
        Visited(
            source_id=due.source_id,
            location=due.source.location,
            etag=result.etag,
            last_modified=result.last_modified,
            body_hash=body_hash,
            marks=" ".join(sorted(marks)),
            fetched_before=True,
            interval_s=round(pace.interval.total_seconds()),
            next_poll_at=pace.next_poll_at,
            last_attempt_at=now,
            last_success_at=now,
            last_article_at=now if stored.added else due.last_article_at,
            failures=0,
            failing_since=None,
            last_error=pace.words,
            health=pace.health,
            whole_at=now if one.whole or due.whole_at is None else due.whole_at,
            usual_gap_s=round(learned.gap.total_seconds()) if learned.gap is not None else None,
            newest_at=learned.newest,
            dated=learned.dated,
            wishes={
                "min_wait_s": wishes.min_wait_s,
                "skip_hours": list(wishes.skip_hours),
                "skip_days": list(wishes.skip_days),
            },
        )
    )
    if isinstance(result, Fetched):
        ledger.hubs[due.source_id] = _hub_of(result)
        if result.heard:
            ledger.answers[due.source_id] = result.heard
    _note_move(due, result, stored, now, ledger)


def _wishes(due: Due, result: Fetched | NotModified) -> Wishes:
    """A document that has not changed still asks for what it asked for."""
    if isinstance(result, Fetched):
        return Wishes(result.min_wait_s, result.skip_hours, result.skip_days)
    before = due.wishes
    wait_s = max(before.get("min_wait_s", 0), result.min_wait_s)
    return Wishes(wait_s, tuple(before.get("skip_hours", ())), tuple(before.get("skip_days", ())))


def _hub_of(result: Fetched) -> NamedHub | None:
    """The first hub counts; whoever listens at it knows the document by the address that the document gives itself."""
    if not (result.hubs and result.self_url):
        return None
    return NamedHub(result.hubs[0], result.self_url, secrets.token_urlsafe(_CALLBACK_BYTES))


def _note_move(due: Due, result: Fetched | NotModified, stored: Stored, now: datetime, ledger: _Ledger) -> None:
    target = result.heard.moved_to if result.heard else ""
    if not target and due.move is None:
        return
    is_same = True
    if isinstance(result, Fetched) and due.source.fetched_before:
        items = result.unchanged + len(result.items)
        is_same = is_same_feed(items - len(stored.added), items)
    earlier = Move(due.move.target, due.move.since_at, due.move.successes) if due.move else None
    move = heard_again(earlier, target, now, is_same_feed=is_same)
    if move is not None and is_proved(move, now, is_same_site=is_same_site(due.source.location, target)):
        ledger.adopted[due.source_id] = target
        _log.info("source_moved", source=due.source.slug)
    ledger.moves[due.source_id] = Moved(move.target, move.since_at, move.successes) if move else None


def _failed(due: Due, result: FetchFailed, now: datetime, outage: Outage, ledger: _Ledger) -> CollectReport:
    if result.heard:
        ledger.answers[due.source_id] = result.heard
    if result.ours:
        ledger.visits.append(_unblamed(due, now))
        return CollectReport(due.source.slug, failure=result.reason)
    if result.unreachable and outage.is_ours(now):
        _log.warning("own_outage", source=due.source.slug, reason=result.reason)
        ledger.visits += [_unblamed(blameless, now) for blameless in (due, *outage.forgive())]
        return CollectReport(due.source.slug, failure=f"{result.reason} (as many others: our own network seems down)")
    if result.unreachable:
        outage.blame(due, now)
    # A source that says for the first time that it is gone begins to be asked every week.
    begins_anew = result.gone and due.health is not Health.GONE
    failures = 1 if begins_anew else due.failures + 1
    pace = after_failure(failures, result, now)
    ledger.visits.append(_blamed(due, pace, failures, now))
    if pace.stops:
        ledger.stopped.append(due.source_id)
    _log.warning("source_failed", source=due.source.slug, reason=result.reason, failures=failures)
    return CollectReport(due.source.slug, failure=result.reason)


def _blamed(due: Due, pace: Pace, failures: int, now: datetime) -> Visited:
    return _as_before(due, now, pace.next_poll_at, (failures, due.failing_since or now, pace.words, pace.health))


def _unblamed(due: Due, now: datetime) -> Visited:
    """As if it had not been visited, and soon again."""
    before = (due.failures, due.failing_since, due.last_error, due.health)
    return _as_before(due, now, now + FIRST_RETRY, before)


def _as_before(
    due: Due, now: datetime, next_poll_at: datetime, blame: tuple[int, datetime | None, str, Health]
) -> Visited:
    source = due.source
    failures, failing_since, words, health = blame
    return Visited(
        source_id=due.source_id,
        location=source.location,
        etag=source.etag,
        last_modified=source.last_modified,
        body_hash=source.body_hash,
        marks=" ".join(sorted(source.marks)),
        fetched_before=source.fetched_before,
        interval_s=due.interval_s,
        next_poll_at=next_poll_at,
        last_attempt_at=now,
        last_success_at=due.last_success_at,
        last_article_at=due.last_article_at,
        failures=failures,
        failing_since=failing_since,
        last_error=words,
        health=health,
        whole_at=due.whole_at,
        usual_gap_s=due.usual_gap_s,
        newest_at=due.newest_at,
        dated=due.dated,
        wishes=due.wishes,
    )


def _release(one: Ended, limited: Limited, now: datetime, gap: timedelta) -> Release:
    due = one.due
    if isinstance(one.result, FetchFailed):
        inside = due.source.internal or is_inside(due.source.location)
        until = closed_until(one.result, due.source.location, limited, now, is_inside=inside)
        was_limited = one.result.status in {429, 503}
        return Release(due.host, until or now + gap, due.source.location if was_limited else "")
    return Release(due.host, now + gap)


def _learned(session: Session, due: Due, result: FetchResult) -> Learned:
    if isinstance(result, Fetched):
        return learn(newest_dates(session, due.source_id))
    return Learned(_span(due.usual_gap_s), due.newest_at, due.dated)


def _repairs(result: Fetched) -> tuple[str, ...]:
    mended = (f"{item.title}: {repair}" for item in result.items for repair in item.repairs)
    return (*result.repairs, *mended)


def _span(seconds: int | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)
