"""The transaction that every mail of an issue costs, written for the drivers.

SQLAlchemy's own work around two statements costs several times what the database's does (measured). Everything rarer is
in `store.ledger`. SQLite gets one statement a group, not one a row: its driver gives up the interpreter's lock at each.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final, NamedTuple

from sqlalchemy import PoolProxiedConnection

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


# The row is ready, its batch is leased to us, its issue is being sent and its reader still wants it.
_TAKE_OFF: Final = """
UPDATE delivery SET state = 'in_flight', attempt = attempt + 1, taken_off_at = {now}, next_at = NULL
WHERE issue_id = {issue} AND subscriber_id {among} AND state = 'ready'
AND EXISTS (SELECT 1 FROM delivery_batch WHERE id = {batch} AND state = 'claimed' AND attempt = {lease})
AND EXISTS (SELECT 1 FROM issue WHERE id = {issue} AND state = 'sending')
AND EXISTS (
    SELECT 1 FROM subscription
    WHERE newsletter_id = {newsletter} AND subscription.subscriber_id = delivery.subscriber_id
    AND status = 'confirmed' AND (paused_until IS NULL OR paused_until <= {now})
)
RETURNING subscriber_id, attempt
"""
_NAMES: Final = ("now", "issue", "batch", "lease", "newsletter")

# The row is the very attempt's, and nothing else is known of it; a late truth about an unknown fate is still true.
_ACCEPT: Final = """
WITH kept (issue_id, subscriber_id, attempt, at, code, enhanced, reply) AS ({kept})
UPDATE delivery SET state = 'accepted', settled_at = kept.at, code = kept.code, enhanced = kept.enhanced,
    reply = kept.reply, next_at = NULL, fault = NULL
FROM kept
WHERE delivery.issue_id = kept.issue_id AND delivery.subscriber_id = kept.subscriber_id
AND delivery.attempt = kept.attempt AND delivery.state IN ('in_flight', 'unknown')
"""
_COLUMNS: Final = ("bigint", "bigint", "int", "timestamptz", "int", "text", "text")


class HotPath:
    """A connection of its own, held open. On SQLite its commits are on the disk when they return.

    So a power cut, too, doubles no more than what is in flight. Measured: no slower.
    """

    def __init__(self, database: Database) -> None:
        self._is_sqlite = database.is_sqlite
        self._connection: PoolProxiedConnection = database.engine.raw_connection()
        self._cursor = self._connection.cursor()
        if self._is_sqlite:
            self._cursor.execute("PRAGMA synchronous=FULL")

    def commit(
        self, kept: Sequence[Kept], wanted: Mapping[Lease, Sequence[int]], now: datetime
    ) -> dict[tuple[int, int], int]:
        """Record acceptances and take off subscribers of leased batches, in one committed transaction.

        now: aware UTC. Answers those that may leave: (issue id, subscriber id) → number of the attempt. Raises the
        driver's errors; then nothing has changed.
        """
        taken: dict[tuple[int, int], int] = {}
        try:
            if self._is_sqlite:
                self._cursor.execute("BEGIN IMMEDIATE")
            if kept:
                self._accept(kept)
            for lease, subscriber_ids in wanted.items():
                taken |= self._take_off(lease, subscriber_ids, now)
            self._connection.commit()
        except BaseException:
            self._connection.rollback()
            raise
        return taken

    def close(self) -> None:
        """Let the connection go; it is not used again by anybody."""
        self._connection.invalidate()

    def _take_off(self, lease: Lease, subscriber_ids: Sequence[int], now: datetime) -> dict[tuple[int, int], int]:
        values: dict[str, Any] = {
            "now": _sqlite_instant(now) if self._is_sqlite else now,
            "issue": lease.issue_id,
            "batch": lease.batch_id,
            "lease": lease.attempt,
            "newsletter": lease.newsletter_id,
        }
        if self._is_sqlite:
            values |= {f"s{place}": one for place, one in enumerate(subscriber_ids)}
            self._cursor.execute(_take_off_sqlite(len(subscriber_ids)), values)
        else:
            self._cursor.execute(_take_off_postgresql(), values | {"ids": list(subscriber_ids)})
        return {(lease.issue_id, row[0]): row[1] for row in self._cursor.fetchall()}

    def _accept(self, kept: Sequence[Kept]) -> None:
        if self._is_sqlite:
            values = [value for one in kept for value in one._replace(at=_sqlite_instant(one.at))]
            self._cursor.execute(_accept_sqlite(len(kept)), values)
        else:
            self._cursor.execute(_accept_postgresql(), [list(column) for column in zip(*kept, strict=True)])


@cache
def _take_off_sqlite(count: int) -> str:
    among = f"IN ({', '.join(f':s{place}' for place in range(count))})"
    return _TAKE_OFF.format(among=among, **{name: f":{name}" for name in _NAMES})


@cache
def _take_off_postgresql() -> str:
    return _TAKE_OFF.format(among="= ANY(%(ids)s)", **{name: f"%({name})s" for name in _NAMES})


@cache
def _accept_sqlite(count: int) -> str:
    row = f"({', '.join('?' for _ in _COLUMNS)})"
    return _ACCEPT.format(kept=f"VALUES {', '.join(row for _ in range(count))}")


@cache
def _accept_postgresql() -> str:
    arrays = ", ".join(f"%s::{column}[]" for column in _COLUMNS)
    return _ACCEPT.format(kept=f"SELECT * FROM unnest({arrays})")  # noqa: S608 - fixed words


def _sqlite_instant(at: datetime) -> Any:  # noqa: ANN401 - text there, an instant elsewhere
    """An instant as SQLite's columns keep it."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
