"""Visits: which sources are due, whose turn it is on their host, and what a visit leaves on its source."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import bindparam, case
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select, update

from syndication.domain.sources import Heard, Source
from syndication.domain.states import Health, HubState
from syndication.net.hosts import host_of
from syndication.store.collecting import row_id, source_from, source_row
from syndication.store.database import serialised
from syndication.store.inserting import insert_new, upsert
from syndication.store.tables import (
    HostPaceRow,
    SourceAccessRow,
    SourceAnswerRow,
    SourceMoveRow,
    SourceRow,
    WebSubRow,
)

_CLAIMS_LOCK: Final = 0x5D1_C012
_ROUNDS: Final = 8
_READ_AT_LEAST: Final = 50


@dataclass(frozen=True, slots=True)
class Turn:
    """How to claim. lease: due again after it, unless the visit is recorded first. busy: how long one may take.

    gap: between two requests to one host. urgent: only sources that somebody waits for.
    """

    limit: int
    lease: timedelta
    busy: timedelta
    gap: timedelta
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class Due:
    """A source as a visit needs it. host: whom the visit bothers, "" for nobody. sealed: see `SourceAccessRow`.

    The rest is what it was like before the visit. Instants: aware UTC.
    """

    source_id: int
    source: Source
    host: str
    failures: int
    health: Health
    failing_since: datetime | None
    last_error: str
    interval_s: int
    last_success_at: datetime | None
    last_article_at: datetime | None
    whole_at: datetime | None
    usual_gap_s: int | None
    newest_at: datetime | None
    dated: int
    wishes: Mapping[str, Any]
    sealed: str = ""
    is_pushed: bool = False
    move: "Moved | None" = None


@dataclass(frozen=True, slots=True)
class Moved:
    """See `SourceMoveRow`."""

    target: str
    since_at: datetime
    successes: int


@dataclass(frozen=True, slots=True)
class Visited:
    """What a visit leaves on its source; see `SourceRow`. location: where it was, a source edited meanwhile is left alone."""

    source_id: int
    location: str
    etag: str
    last_modified: str
    body_hash: str
    marks: str
    fetched_before: bool
    interval_s: int
    next_poll_at: datetime
    last_attempt_at: datetime
    last_success_at: datetime | None
    last_article_at: datetime | None
    failures: int
    failing_since: datetime | None
    last_error: str
    health: Health
    whole_at: datetime | None
    usual_gap_s: int | None
    newest_at: datetime | None
    dated: int
    wishes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Extras:
    """What some visits leave besides, by source. moves: None forgets one. adopted: new addresses. stopped: ids."""

    answers: Mapping[int, Heard] = field(default_factory=dict)
    moves: Mapping[int, Moved | None] = field(default_factory=dict)
    adopted: Mapping[int, str] = field(default_factory=dict)
    stopped: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Release:
    """The end of a request to a host. limited_url: who was told to come less often, "" when nobody was."""

    host: str
    open_at: datetime
    limited_url: str = ""


URGENT: Final = datetime.fromisoformat("2000-01-01T00:00:00+00:00")
"""A `next_poll_at` before all others: somebody waits for this source."""


def is_any_due(session: Session, now: datetime, *, urgent: bool = False) -> bool:
    """Whether there is anything to claim. Costs one look at an index, however many sources there are."""
    until = URGENT if urgent else now
    wanted = select(SourceRow.id).where(col(SourceRow.enabled), col(SourceRow.next_poll_at) <= until).limit(1)
    return session.exec(wanted).first() is not None


def claim_due(session: Session, now: datetime, turn: Turn) -> list[Due]:
    """Take enabled sources that are due, the longest waiting first, and of each host at most one.

    A source whose host was asked a moment ago, or asked us to wait, gets the next place in its host's queue. Any number
    of processes may claim at once: each source goes to one, and no host is asked by two. now: aware UTC.
    """
    serialised(session, _CLAIMS_LOCK)
    taken: list[SourceRow] = []
    for _ in range(_ROUNDS):
        room = turn.limit - len(taken)
        rows = _due_rows(session, now, turn, room)
        if not rows:
            break
        taken += _take(session, rows, now, replace(turn, limit=room))
        if len(taken) >= turn.limit:
            break
    return _dues(session, taken)


def load_due(session: Session, source_id: int) -> Due:
    """One source for a visit out of turn. Raises StoreError when there is none with this id."""
    return _dues(session, [source_row(session, source_id)])[0]


def record_visits(session: Session, visits: Sequence[Visited], extras: Extras | None = None) -> None:
    """Keep what visits left on their sources."""
    extras = extras or Extras()
    if visits:
        values = [name for name in asdict(visits[0]) if name not in {"source_id", "location"}]
        statement = (
            update(SourceRow)
            .where(col(SourceRow.id) == bindparam("b_id"), col(SourceRow.location) == bindparam("b_location"))
            .values({name: bindparam(f"b_{name}") for name in values})
        )
        rows = [{f"b_{name}": value for name, value in _flat(visit).items()} for visit in visits]
        session.connection().execute(statement, rows)
    if extras.stopped:
        stop = update(SourceRow).where(col(SourceRow.id).in_(extras.stopped)).values(enabled=False)
        session.connection().execute(stop)
    at = visits[0].last_attempt_at if visits else URGENT
    answers = [
        {
            "source_id": source_id,
            "at": at,
            "status": heard.status,
            "url": heard.url,
            "headers": [list(pair) for pair in heard.headers],
            "body": heard.start,
        }
        for source_id, heard in extras.answers.items()
    ]
    if answers:
        upsert(session, SourceAnswerRow, answers)
    _keep_moves(session, extras, at)
    session.flush()


def release_hosts(session: Session, releases: Sequence[Release], now: datetime) -> None:
    """Let hosts be asked again from an instant on, never sooner than they asked for. now: aware UTC."""
    serialised(session, _CLAIMS_LOCK)
    rows = [
        {"b_host": one.host, "b_open": one.open_at, "b_url": one.limited_url, "b_at": now if one.limited_url else None}
        for one in sorted(releases, key=lambda one: one.host)
        if one.host
    ]
    if not rows:
        return
    is_later = col(HostPaceRow.open_at) > bindparam("b_open")
    statement = (
        update(HostPaceRow)
        .where(col(HostPaceRow.host) == bindparam("b_host"))
        .values(busy_until=None, open_at=case((is_later, col(HostPaceRow.open_at)), else_=bindparam("b_open")))
    )
    session.connection().execute(statement, rows)
    limited = [row for row in rows if row["b_url"]]
    if limited:
        note = (
            update(HostPaceRow)
            .where(col(HostPaceRow.host) == bindparam("b_host"))
            .values(limited_url=bindparam("b_url"), limited_at=bindparam("b_at"))
        )
        session.connection().execute(note, limited)


def limits_of(session: Session, hosts: Sequence[str]) -> dict[str, tuple[str, datetime | None]]:
    """Who of each host was last told to come less often, and when."""
    rows = session.exec(select(HostPaceRow).where(col(HostPaceRow.host).in_(hosts)))
    return {row.host: (row.limited_url, row.limited_at) for row in rows}


def _due_rows(session: Session, now: datetime, turn: Turn, wanted: int) -> list[SourceRow]:
    until = URGENT if turn.urgent else now
    due = (
        select(SourceRow)
        .where(col(SourceRow.enabled), col(SourceRow.next_poll_at) <= until)
        .order_by(col(SourceRow.next_poll_at), col(SourceRow.id))
        .limit(max(wanted, _READ_AT_LEAST))
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return list(session.exec(due))


def _take(session: Session, rows: Sequence[SourceRow], now: datetime, turn: Turn) -> list[SourceRow]:
    """Those whose turn it is; the others wait in their host's queue."""
    hosts = {row_id(row.id): host_of(row.location) for row in rows}
    paces = _paces(session, sorted({host for host in hosts.values() if host}), now)
    taken: list[SourceRow] = []
    for row in rows:
        if len(taken) == turn.limit:
            break
        pace = paces.get(hosts[row_id(row.id)])
        if pace is not None and (pace.open_at > now or (pace.busy_until or now) > now):
            pace.queue_at = max(pace.open_at, pace.queue_at, now) + turn.gap
            row.next_poll_at = pace.queue_at
            continue
        row.next_poll_at = now + turn.lease
        if pace is not None:
            pace.busy_until = now + turn.busy
        taken.append(row)
    session.flush()
    return taken


def _paces(session: Session, hosts: Sequence[str], now: datetime) -> dict[str, HostPaceRow]:
    if not hosts:
        return {}
    wanted = select(HostPaceRow).where(col(HostPaceRow.host).in_(hosts))
    found = {row.host: row for row in session.exec(wanted)}
    missing = [
        {"host": host, "open_at": now, "queue_at": now, "limited_url": ""} for host in hosts if host not in found
    ]
    if missing:
        session.execute(insert_new(session, HostPaceRow).values(missing))
        found = {row.host: row for row in session.exec(wanted)}
    return found


def _dues(session: Session, rows: Sequence[SourceRow]) -> list[Due]:
    ids = [row_id(row.id) for row in rows]
    sealed = {row.source_id: row.sealed for row in _of(session, SourceAccessRow, ids)}
    moves = {row.source_id: Moved(row.target, row.since_at, row.successes) for row in _of(session, SourceMoveRow, ids)}
    pushed = set(
        session.scalars(
            select_columns(col(WebSubRow.source_id)).where(
                col(WebSubRow.source_id).in_(ids), col(WebSubRow.state) == HubState.ACTIVE
            )
        )
    )
    return [
        Due(
            number,
            source_from(row),
            host_of(row.location),
            row.failures,
            row.health,
            row.failing_since,
            row.last_error,
            row.interval_s,
            row.last_success_at,
            row.last_article_at,
            row.whole_at,
            row.usual_gap_s,
            row.newest_at,
            row.dated,
            row.wishes,
            sealed.get(number, ""),
            number in pushed,
            moves.get(number),
        )
        for number, row in zip(ids, rows, strict=True)
    ]


def _of(session: Session, table: Any, ids: Sequence[int]) -> Sequence[Any]:  # noqa: ANN401 - a table keyed by source
    return session.exec(select(table).where(table.source_id.in_(ids))).all() if ids else []


def _flat(visit: Visited) -> dict[str, Any]:
    values = {name: getattr(visit, name) for name in Visited.__slots__}
    return {"id": values.pop("source_id"), **values}


def _keep_moves(session: Session, extras: Extras, at: datetime) -> None:
    for source_id, move in extras.moves.items():
        row = session.get(SourceMoveRow, source_id)
        if move is None:
            if row is not None and row.adopted_at is None:
                session.delete(row)
            continue
        if row is None:
            original = session.exec(select(SourceRow.location).where(SourceRow.id == source_id)).one()
            row = SourceMoveRow(source_id=source_id, original=original, target="", since_at=at)
        row.target, row.since_at, row.successes = move.target, move.since_at, move.successes
        session.add(row)
    for source_id, location in extras.adopted.items():
        fresh = {"location": location, "etag": "", "last_modified": ""}
        session.connection().execute(update(SourceRow).where(col(SourceRow.id) == source_id).values(fresh))
        row = session.get(SourceMoveRow, source_id)
        if row is not None:
            row.adopted_at = at
            session.add(row)
