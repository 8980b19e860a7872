"""The transaction that every mail of an issue costs, written for the drivers.

SQLAlchemy's own work around two statements costs several times what the database's does (measured). Everything rarer is
in `store.ledger`. SQLite gets one statement a group, not one a row: its driver gives up the interpreter's lock at each.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final, NamedTuple, Protocol, cast

import psycopg
from sqlalchemy import PoolProxiedConnection

from syndication.store.bulk import array_literal
from syndication.store.database import Database
from syndication.store.delivering import Lease


class Kept(NamedTuple):
    """An accepted delivery. at: aware UTC. code, enhanced, reply: of the server."""

    issue_id: int
    subscriber_id: int
    attempt: int
    at: datetime
    code: int | None
    enhanced: str
    reply: str


Attempts = dict[tuple[int, int], int]
"""(issue id, subscriber id) → number of the attempt that has just begun."""

# The row is ready, its batch is leased to us, its issue is being sent and its reader still wants it. The reader's
# subscription is asked for by its key alone: given more, and no statistics, PostgreSQL may read all others on the way.
_TAKE_OFF: Final = """
UPDATE delivery SET state = 'in_flight', attempt = attempt + 1, taken_off_at = {now}, next_at = NULL
WHERE issue_id = {issue} AND subscriber_id {among} AND state = 'ready'
AND EXISTS (SELECT 1 FROM delivery_batch WHERE id = {batch} AND state = 'claimed' AND attempt = {lease})
AND EXISTS (SELECT 1 FROM issue WHERE id = {issue} AND state = 'sending')
AND (
    SELECT status = 'confirmed' AND (paused_until IS NULL OR paused_until <= {now}) FROM subscription
    WHERE newsletter_id = {newsletter} AND subscription.subscriber_id = delivery.subscriber_id
)
RETURNING subscriber_id, delivery.attempt
"""
# Pages: 40 MB, ten times what anybody else lets it become.
_LONGEST_LOG: Final = 10_000
_NAMES: Final = ("now", "issue", "batch", "lease", "newsletter")

# The row is the very attempt's, and nothing else is known of it; a late truth about an unknown fate is still true.
_ACCEPT: Final = """
UPDATE delivery SET state = 'accepted', settled_at = kept.at, code = kept.code, enhanced = kept.enhanced,
    reply = kept.reply, next_at = NULL, fault = NULL
FROM kept
WHERE delivery.issue_id = kept.issue_id AND delivery.subscriber_id = kept.subscriber_id
AND delivery.attempt = kept.attempt AND delivery.state IN ('in_flight', 'unknown')
"""
# Says nothing new; without it, PostgreSQL may take every delivery in turn and look for it among the group.
_AMONG_KEPT: Final = (
    "AND delivery.issue_id = ANY(%(issue_id)s::bigint[]) AND delivery.subscriber_id = ANY(%(subscriber_id)s::bigint[])"
)
_KEPT: Final = "WITH kept (issue_id, subscriber_id, attempt, at, code, enhanced, reply) AS ({rows})"


# Every row is found by its key. A planner without statistics, as right after a freeze, would rather read whole tables.
_BY_KEY: Final = (
    "enable_seqscan = off",
    "enable_hashjoin = off",
    "enable_mergejoin = off",
    "plan_cache_mode = force_generic_plan",
    "jit = off",
)


class HotPath(Protocol):
    """A connection of its own, held open, that records acceptances and takes off in one committed transaction."""

    def commit(self, kept: Sequence[Kept], wanted: Mapping[Lease, Sequence[int]], now: datetime) -> Attempts:
        """Record acceptances, and take off subscribers of leased batches at `now` (aware UTC): those that may leave.

        Raises the driver's errors; then nothing has changed.
        """

    def close(self) -> None:
        """Let the connection go; nobody uses it again."""


def open_hot_path(database: Database) -> HotPath:
    """The hot path into a database of either kind."""
    connection = database.engine.raw_connection()
    return _Sqlite(connection) if database.is_sqlite else _Postgresql(connection)


class _Sqlite:
    """Its commits are on the disk when they return: a power cut, too, doubles no more than what is in flight."""

    def __init__(self, connection: PoolProxiedConnection) -> None:
        self._connection = connection
        self._cursor = connection.cursor()
        self._cursor.execute("PRAGMA synchronous=FULL")
        # Whoever reads the next batch copies the log into the database meanwhile; here all connections would wait for it.
        self._cursor.execute(f"PRAGMA wal_autocheckpoint={_LONGEST_LOG}")

    def commit(self, kept: Sequence[Kept], wanted: Mapping[Lease, Sequence[int]], now: datetime) -> Attempts:
        taken: Attempts = {}
        self._cursor.execute("BEGIN IMMEDIATE")
        try:
            if kept:
                values = [value for one in kept for value in (*one[:3], _text(one.at), *one[4:])]
                self._cursor.execute(_accept_sqlite(len(kept)), values)
            for lease, subscriber_ids in wanted.items():
                numbers = {f"s{place}": one for place, one in enumerate(subscriber_ids)}
                self._cursor.execute(_take_off_sqlite(len(subscriber_ids)), _values(lease, _text(now)) | numbers)
                taken |= {(lease.issue_id, row[0]): row[1] for row in self._cursor.fetchall()}
            self._cursor.execute("COMMIT")
        except BaseException:
            self._connection.rollback()
            raise
        return taken

    def close(self) -> None:
        self._connection.invalidate()


class _Postgresql:
    """One statement and one way to the server and back for a group, which is its own transaction."""

    def __init__(self, connection: PoolProxiedConnection) -> None:
        self._connection = connection
        self._driver = cast("psycopg.Connection[Any]", connection.driver_connection)
        self._driver.autocommit = True
        for setting in _BY_KEY:
            self._driver.execute(f"SET {setting}")

    def commit(self, kept: Sequence[Kept], wanted: Mapping[Lease, Sequence[int]], now: datetime) -> Attempts:
        columns = {name: array_literal(one[place] for one in kept) for place, name in enumerate(Kept._fields)}
        if len(wanted) == 1:
            return self._both(columns, *next(iter(wanted.items())), now)
        taken: Attempts = {}
        with self._driver.transaction():  # an issue's batch ends here and there
            self._driver.execute(_accept_postgresql(), columns)
            for lease, subscriber_ids in wanted.items():
                taken |= self._both(dict.fromkeys(columns, array_literal(())), lease, subscriber_ids, now)
        return taken

    def close(self) -> None:
        self._connection.invalidate()

    def _both(self, columns: Mapping[str, str], lease: Lease, subscriber_ids: Sequence[int], now: datetime) -> Attempts:
        values = {**columns, **_values(lease, now), "ids": array_literal(subscriber_ids)}
        rows = self._driver.execute(_both_postgresql(), values).fetchall()
        return {(lease.issue_id, row[0]): row[1] for row in rows}


def _values(lease: Lease, now: object) -> dict[str, Any]:
    return {
        "now": now,
        "issue": lease.issue_id,
        "batch": lease.batch_id,
        "lease": lease.attempt,
        "newsletter": lease.newsletter_id,
    }


@cache
def _take_off_sqlite(count: int) -> str:
    among = f"IN ({', '.join(f':s{place}' for place in range(count))})"
    return _TAKE_OFF.format(among=among, **{name: f":{name}" for name in _NAMES})


@cache
def _accept_sqlite(count: int) -> str:
    row = f"({', '.join('?' for _ in Kept._fields)})"
    return _KEPT.format(rows=f"VALUES {', '.join(row for _ in range(count))}") + _ACCEPT


@cache
def _accept_postgresql() -> str:
    return _kept_postgresql() + _ACCEPT + _AMONG_KEPT


@cache
def _both_postgresql() -> str:
    names = {name: f"%({name})s" for name in _NAMES}
    take_off = _TAKE_OFF.format(among="= ANY(%(ids)s::bigint[])", **names)
    return f"{_kept_postgresql()}, accepted AS ({_ACCEPT} {_AMONG_KEPT}) {take_off}"


def _kept_postgresql() -> str:
    types = ("bigint", "bigint", "int", "timestamptz", "int", "text", "text")
    arrays = ", ".join(f"%({name})s::{kind}[]" for name, kind in zip(Kept._fields, types, strict=True))
    return _KEPT.format(rows=f"SELECT * FROM unnest({arrays})")  # noqa: S608 - fixed words


def _text(at: datetime) -> Any:  # noqa: ANN401 - it replaces an instant
    """An instant as SQLite's columns keep it."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
