"""Visits: which sources are due, whose turn it is on their host, and what a visit leaves on its source."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Integer, Row, bindparam, case
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select, update

from syndication.domain.errors import StoreError
from syndication.domain.sources import Heard, Source
from syndication.domain.states import Health, HubState
from syndication.net.hosts import host_of
from syndication.store.collecting import source_from
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
_AS_DUE_NAMES: Final = (
    *("id", "slug", "title", "kind", "location", "base_url", "language", "first_fetch", "etag", "last_modified"),
    *("body_hash", "fetched_before", "internal", "full_text", "options", "distrusted", "marks"),
    *("failures", "health", "failing_since", "last_error", "interval_s", "last_success_at", "last_article_at"),
    *("whole_at", "usual_gap_s", "newest_at", "dated", "wishes"),
)


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


@dataclass(slots=True)
class _Pace:
    """What a claim knows and decides of a host; see `HostPaceRow`."""

    open_at: datetime
    queue_at: datetime
    busy_until: datetime


# Made once, since every claim and every record uses them; plain rows, since objects of the session cost thrice as much.
_AS_DUE: Final = (
    select_columns(
        *(col(getattr(SourceRow, name)) for name in _AS_DUE_NAMES),
        col(SourceAccessRow.sealed),
        col(SourceMoveRow.target),
        col(SourceMoveRow.since_at),
        col(SourceMoveRow.successes),
        col(WebSubRow.state),
    )
    .select_from(SourceRow)
    .outerjoin(SourceAccessRow, col(SourceAccessRow.source_id) == col(SourceRow.id))
    .outerjoin(SourceMoveRow, col(SourceMoveRow.source_id) == col(SourceRow.id))
    .outerjoin(WebSubRow, col(WebSubRow.source_id) == col(SourceRow.id))
)
_ONE_AS_DUE: Final = _AS_DUE.where(col(SourceRow.id) == bindparam("source"))
_DUE: Final = (
    _AS_DUE.where(col(SourceRow.enabled), col(SourceRow.next_poll_at) <= bindparam("until"))
    .order_by(col(SourceRow.next_poll_at), col(SourceRow.id))
    .limit(bindparam("number", type_=Integer))
    .with_for_update(skip_locked=True, of=SourceRow)
)
_OF_HOSTS: Final = col(HostPaceRow.host).in_(bindparam("b_hosts", expanding=True))
_OF_HOST: Final = col(HostPaceRow.host) == bindparam("b_host")
_PACES: Final = select_columns(
    col(HostPaceRow.host), col(HostPaceRow.open_at), col(HostPaceRow.queue_at), col(HostPaceRow.busy_until)
).where(_OF_HOSTS)
_LEASE: Final = (
    update(SourceRow)
    .where(col(SourceRow.id).in_(bindparam("b_ids", expanding=True)))
    .values(next_poll_at=bindparam("b_at"))
)
_QUEUE: Final = update(SourceRow).where(col(SourceRow.id) == bindparam("b_id")).values(next_poll_at=bindparam("b_at"))
_OCCUPY: Final = update(HostPaceRow).where(_OF_HOSTS).values(busy_until=bindparam("b_until"))
_LENGTHEN: Final = update(HostPaceRow).where(_OF_HOST).values(queue_at=bindparam("b_at"))
_IS_LATER: Final = col(HostPaceRow.open_at) > bindparam("b_open")
_RELEASE: Final = (
    update(HostPaceRow)
    .where(_OF_HOSTS)
    .values(busy_until=None, open_at=case((_IS_LATER, col(HostPaceRow.open_at)), else_=bindparam("b_open")))
)
_NOTE_LIMIT: Final = (
    update(HostPaceRow).where(_OF_HOSTS).values(limited_url=bindparam("b_url"), limited_at=bindparam("b_at"))
)
_RECORD: Final = (
    update(SourceRow)
    .where(col(SourceRow.id) == bindparam("b_source_id"), col(SourceRow.location) == bindparam("b_location"))
    .values({name: bindparam(f"b_{name}") for name in Visited.__slots__ if name not in {"source_id", "location"}})
)

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
    taken: list[Row[*tuple[Any, ...]]] = []
    for _ in range(_ROUNDS):
        room = turn.limit - len(taken)
        rows = _due_rows(session, now, turn, room)
        if not rows:
            break
        taken += _take(session, rows, now, replace(turn, limit=room))
        if len(taken) >= turn.limit:
            break
    return [_due(row) for row in taken]


def load_due(session: Session, source_id: int) -> Due:
    """One source for a visit out of turn. Raises StoreError when there is none with this id."""
    row = session.connection().execute(_ONE_AS_DUE, {"source": source_id}).first()
    if row is None:
        message = f"There is no source with the number {source_id}."
        raise StoreError(message)
    return _due(row)


def record_visits(session: Session, visits: Sequence[Visited], extras: Extras | None = None) -> None:
    """Keep what visits left on their sources."""
    extras = extras or Extras()
    if visits:
        session.connection().execute(_RECORD, [_flat(visit) for visit in visits])
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
    alike: defaultdict[tuple[datetime, str], list[str]] = defaultdict(list)
    for one in releases:
        if one.host:
            alike[one.open_at, one.limited_url].append(one.host)
    for (open_at, limited_url), hosts in alike.items():
        session.connection().execute(_RELEASE, {"b_hosts": hosts, "b_open": open_at})
        if limited_url:
            session.connection().execute(_NOTE_LIMIT, {"b_hosts": hosts, "b_url": limited_url, "b_at": now})


def limits_of(session: Session, hosts: Sequence[str]) -> dict[str, tuple[str, datetime | None]]:
    """Who of each host was last told to come less often, and when."""
    rows = session.exec(select(HostPaceRow).where(col(HostPaceRow.host).in_(hosts)))
    return {row.host: (row.limited_url, row.limited_at) for row in rows}


def _due_rows(session: Session, now: datetime, turn: Turn, wanted: int) -> Sequence[Row[*tuple[Any, ...]]]:
    until = URGENT if turn.urgent else now
    return session.connection().execute(_DUE, {"until": until, "number": max(wanted, _READ_AT_LEAST)}).all()


def _take(
    session: Session, rows: Sequence[Row[*tuple[Any, ...]]], now: datetime, turn: Turn
) -> list[Row[*tuple[Any, ...]]]:
    """Those whose turn it is; the others wait in their host's queue."""
    hosts = [host_of(row.location) for row in rows]
    paces = _paces(session, sorted({host for host in hosts if host}), now)
    taken: list[Row[*tuple[Any, ...]]] = []
    asked, queued = [], []
    for row, host in zip(rows, hosts, strict=True):
        if len(taken) == turn.limit:
            break
        pace = paces.get(host)
        if pace is not None and (pace.open_at > now or pace.busy_until > now):
            pace.queue_at = max(pace.open_at, pace.queue_at, now) + turn.gap
            queued.append((row.id, host, pace.queue_at))
            continue
        taken.append(row)
        if pace is not None:
            pace.busy_until = now + turn.busy
            asked.append(host)
    connection = session.connection()
    if taken:
        connection.execute(_LEASE, {"b_ids": [row.id for row in taken], "b_at": now + turn.lease})
    if asked:
        connection.execute(_OCCUPY, {"b_hosts": asked, "b_until": now + turn.busy})
    if queued:
        connection.execute(_QUEUE, [{"b_id": number, "b_at": at} for number, _, at in queued])
        connection.execute(_LENGTHEN, [{"b_host": host, "b_at": at} for _, host, at in queued])
    return taken


def _paces(session: Session, hosts: Sequence[str], now: datetime) -> dict[str, _Pace]:
    if not hosts:
        return {}
    found = _found_paces(session, hosts, now)
    missing = [
        {"host": host, "open_at": now, "queue_at": now, "limited_url": ""} for host in hosts if host not in found
    ]
    if missing:
        session.connection().execute(insert_new(session, HostPaceRow), missing)
        found = _found_paces(session, hosts, now)
    return found


def _found_paces(session: Session, hosts: Iterable[str], now: datetime) -> dict[str, _Pace]:
    rows = session.connection().execute(_PACES, {"b_hosts": hosts})
    return {host: _Pace(open_at, queue_at, busy_until or now) for host, open_at, queue_at, busy_until in rows}


def _due(row: Row[*tuple[Any, ...]]) -> Due:
    return Due(
        row.id,
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
        row.sealed or "",
        row.state is HubState.ACTIVE,
        Moved(row.target, row.since_at, row.successes) if row.target is not None else None,
    )


def _flat(visit: Visited) -> dict[str, Any]:
    return {f"b_{name}": getattr(visit, name) for name in Visited.__slots__}


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
