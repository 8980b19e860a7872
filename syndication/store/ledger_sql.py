"""The two statements that every mail of an issue costs, written for the driver.

SQLAlchemy's own work around them costs several times what the database's does (measured).

Everything rarer is in `store.ledger`, in SQLAlchemy. The tests of the ledger run both on both databases.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection

from syndication.store.delivering import Lease


class Kept(NamedTuple):
    """An accepted delivery. at: aware UTC. code, enhanced, reply: of the server."""

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

_ACCEPT_SQLITE: Final = """
UPDATE delivery SET state = 'accepted', settled_at = ?, code = ?, enhanced = ?, reply = ?, next_at = NULL, fault = NULL
WHERE issue_id = ? AND subscriber_id = ? AND attempt = ? AND state IN ('in_flight', 'unknown')
"""
_ACCEPT_POSTGRESQL: Final = """
UPDATE delivery SET state = 'accepted', settled_at = kept.at, code = kept.code, enhanced = kept.enhanced,
    reply = kept.reply, next_at = NULL, fault = NULL
FROM unnest(%s::bigint[], %s::int[], %s::timestamptz[], %s::int[], %s::text[], %s::text[])
    AS kept (subscriber_id, attempt, at, code, enhanced, reply)
WHERE delivery.issue_id = %s AND delivery.subscriber_id = kept.subscriber_id AND delivery.attempt = kept.attempt
AND delivery.state IN ('in_flight', 'unknown')
"""


def take_off(connection: Connection, lease: Lease, subscriber_ids: Sequence[int], now: datetime) -> dict[int, int]:
    """Take off those of a batch that may leave: subscriber id → number of the attempt. now: aware UTC."""
    values: dict[str, Any] = {
        "now": _instant(connection, now),
        "issue": lease.issue_id,
        "batch": lease.batch_id,
        "lease": lease.attempt,
        "newsletter": lease.newsletter_id,
    }
    if connection.dialect.name == "sqlite":
        values |= {f"s{place}": one for place, one in enumerate(subscriber_ids)}
        statement = _take_off_sqlite(len(subscriber_ids))
    else:
        values["ids"] = list(subscriber_ids)
        statement = _take_off_postgresql()
    return {row[0]: row[1] for row in connection.exec_driver_sql(statement, values)}


def accept(connection: Connection, issue_id: int, kept: Sequence[Kept]) -> None:
    """Record acceptances of one issue; for each only if its attempt is the row's and nothing else is known of it."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(
            _ACCEPT_SQLITE,
            [
                (
                    _instant(connection, one.at),
                    one.code,
                    one.enhanced,
                    one.reply,
                    issue_id,
                    one.subscriber_id,
                    one.attempt,
                )
                for one in kept
            ],
        )
    else:
        columns = [list(column) for column in zip(*kept, strict=True)]
        connection.exec_driver_sql(_ACCEPT_POSTGRESQL, (*columns, issue_id))


@cache
def _take_off_sqlite(count: int) -> str:
    among = f"IN ({', '.join(f':s{place}' for place in range(count))})"
    return _TAKE_OFF.format(among=among, **{name: f":{name}" for name in _NAMES})


@cache
def _take_off_postgresql() -> str:
    return _TAKE_OFF.format(among="= ANY(%(ids)s)", **{name: f"%({name})s" for name in _NAMES})


def _instant(connection: Connection, at: datetime) -> object:
    """An instant as the column keeps it."""
    if connection.dialect.name == "sqlite":
        return at.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
    return at
