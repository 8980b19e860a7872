"""The ledger: take-offs and outcomes of deliveries and notices, each group in one committed transaction.

The take-off is a conditional UPDATE: the row is ready, its batch is leased to us, its issue is being sent and its reader
still wants it. Only rows that it returns may leave. An outcome is taken for a row in flight, or unknown: a late truth
is still true; but only for the attempt that it belongs to. Source: architecture, section 5.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

import psycopg
from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlmodel import Session, col

from syndication.domain.bouncing import FULL, severity_of_refusal
from syndication.domain.delivery import (
    Accepted,
    Deferred,
    DeliveryKind,
    DeliveryName,
    Failed,
    Reply,
    Settled,
    Unknown,
    state_of,
)
from syndication.domain.errors import StoreError
from syndication.domain.incoming import Severity
from syndication.domain.states import SERVED, DeliveryState, IssueState
from syndication.store.database import Database
from syndication.store.delivering import Lease
from syndication.store.ledger_sql import HotPath, Kept, open_hot_path
from syndication.store.noticing import is_notice_wanted
from syndication.store.scoring import Refusal, count_refusals
from syndication.store.starts import apply_own_starts
from syndication.store.tables import DeliveryRow, IssueRow, NoticeRow

_LONGEST_REPLY: Final = 500
_AWAY: Final = (OperationalError, InterfaceError, PoolTimeoutError, sqlite3.OperationalError, psycopg.OperationalError)
_RETRIED_ISSUES: Final = (IssueState.SENDING, IssueState.PAUSED)


@dataclass(frozen=True, slots=True)
class LedgerRules:
    """next_attempt: when to try again after so many attempts, None for never. suppression_key: see `suppress`."""

    next_attempt: Callable[[int, datetime], datetime | None]
    suppression_key: bytes


class Expected(NamedTuple):
    """What the ledger must know of a delivery before it is asked to let it go.

    lease: None for a notice. expires_at: aware UTC. has_own_start: see `store.delivering.Recipient`.
    """

    lease: Lease | None
    expires_at: datetime
    has_own_start: bool = False


class DeliveryLedger:
    """Implements `domain.seams.Ledger`, for one run of one process. clock: this instant, aware UTC."""

    def __init__(self, database: Database, rules: LedgerRules, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._rules = rules
        self._clock = clock
        self._expected: dict[DeliveryName, Expected] = {}
        self._attempts: dict[DeliveryName, int] = {}
        self._open: dict[int, int] = {}
        self._hot_path: HotPath | None = None

    def expect(self, name: DeliveryName, expected: Expected) -> None:
        """Say what a delivery belongs to, before its take-off is asked for."""
        self._expected[name] = expected

    def begin(self, lease: Lease, deliveries: int) -> None:
        """Say how many deliveries will be sent under a lease."""
        self._open[lease.batch_id] = deliveries

    def has_open(self, lease: Lease) -> bool:
        """Whether anything under a lease has neither ended nor been refused."""
        return self._open.get(lease.batch_id, 0) > 0

    def commit(self, settled: Sequence[Settled], wanted: Sequence[DeliveryName]) -> frozenset[DeliveryName]:
        """See `domain.seams.Ledger`. Raises StoreError when the database is away; then call it again with the same."""
        plain: list[Kept] = []
        others: list[Settled] = []
        for one in sorted(settled, key=_name):
            kept = self._kept(one)
            if kept:
                plain.append(kept)
            else:
                others.append(one)
        now = self._clock()
        try:
            taken = self._commit_rare(others, [name for name in wanted if name.kind is DeliveryKind.NOTICE], now)
            taken |= self._commit_hot(plain, [name for name in wanted if name.kind is DeliveryKind.ISSUE], now)
        except _AWAY as error:
            self.close()
            message = f"The ledger cannot be written: {error}"
            raise StoreError(message) from error
        for name in (*(one.name for one in settled), *(name for name in wanted if name not in taken)):
            self._forget(name)
        self._attempts |= taken
        return frozenset(taken)

    def _forget(self, name: DeliveryName) -> None:
        expected = self._expected.pop(name, None)
        if expected and expected.lease and expected.lease.batch_id in self._open:
            self._open[expected.lease.batch_id] -= 1
        self._attempts.pop(name, None)

    def close(self) -> None:
        """Let the database go; the next commit opens it again."""
        hot_path, self._hot_path = self._hot_path, None
        if hot_path:
            hot_path.close()

    def _commit_hot(
        self, kept: Sequence[Kept], wanted: Sequence[DeliveryName], now: datetime
    ) -> dict[DeliveryName, int]:
        """Nearly every mail: the acceptance of an issue by a reader without a start of their own, and take-offs of issues."""
        if not (kept or wanted):
            return {}
        if self._hot_path is None:
            self._hot_path = open_hot_path(self._database)
        groups: dict[Lease, list[int]] = defaultdict(list)
        for name in sorted(wanted):
            lease = self._expected[name].lease
            if lease:
                groups[lease].append(name.subscriber)
        taken = self._hot_path.commit(kept, groups, now)
        return {name: taken[name[1:]] for name in wanted if name[1:] in taken}

    def _commit_rare(
        self, settled: Sequence[Settled], notices: Sequence[DeliveryName], now: datetime
    ) -> dict[DeliveryName, int]:
        """Everything else, in a transaction before; recording an outcome twice changes nothing."""
        if not (settled or notices):
            return {}
        groups: dict[int | None, list[Settled]] = defaultdict(list)
        for one in settled:
            groups[one.name.parent if one.name.kind is DeliveryKind.ISSUE else None].append(one)
        with self._database.write() as session:
            for issue_id, group in groups.items():
                self._settle(session, issue_id, group)
            values = {"ids": [name.parent for name in notices], "now": now}
            attempts = {row[0]: row[1] for row in session.execute(_TAKE_OFF_NOTICES, values)}
        return {name: attempts[name.parent] for name in notices if name.parent in attempts}

    def _kept(self, one: Settled) -> Kept | None:
        has_own_start = self._expected[one.name].has_own_start
        if one.name.kind is not DeliveryKind.ISSUE or has_own_start or not isinstance(one.outcome, Accepted):
            return None
        reply = one.outcome.reply
        attempt = self._attempts[one.name]
        return Kept(one.name.parent, one.name.subscriber, attempt, one.at, reply.code, reply.enhanced, _words(reply))

    def _settle(self, session: Session, issue_id: int | None, group: Sequence[Settled]) -> None:
        """issue_id: None for notices."""
        is_retried = _is_retried(session, issue_id, group)
        values = [self._values(one, is_retried=is_retried) for one in group]
        session.connection().execute(_SETTLE_NOTICES if issue_id is None else _SETTLE, values)
        if issue_id is not None:
            self._apply_starts(session, issue_id, group, values)
        pairs = zip(group, values, strict=True)
        refusals = (_refusal(settled, row["new_state"]) for settled, row in pairs)
        by_reader = {one.subscriber_id: one for one in refusals if one}
        if by_reader:
            now = max(one.at for one in group)
            count_refusals(session, self._rules.suppression_key, list(by_reader.values()), now)

    def _apply_starts(
        self, session: Session, issue_id: int, group: Sequence[Settled], values: Sequence[dict[str, Any]]
    ) -> None:
        states = ((one.name, row["new_state"]) for one, row in zip(group, values, strict=True))
        ended = [
            name.subscriber
            for name, state in states
            if state in {DeliveryState.FAILED, DeliveryState.EXPIRED}
            or (state in SERVED and self._expected[name].has_own_start)
        ]
        if ended:
            apply_own_starts(session, issue_id, ended)

    def _values(self, one: Settled, *, is_retried: bool) -> dict[str, Any]:
        """What an outcome writes."""
        attempt = self._attempts[one.name]
        values: dict[str, Any] = {
            "parent": one.name.parent,
            "subscriber": one.name.subscriber,
            "this_attempt": attempt,
            "new_attempt": attempt,
            "new_state": state_of(one.outcome),
            "new_settled_at": one.at,
            "new_next_at": None,
            "new_fault": None,
        }
        match one.outcome:
            case Unknown(reason):
                return values | {"new_code": None, "new_enhanced": "", "new_reply": reason[:_LONGEST_REPLY]}
            case Failed(fault=fault):
                values["new_fault"] = fault
            case Deferred():
                values |= self._again(one, one.outcome, is_retried=is_retried)
            case Accepted():
                pass
        reply = one.outcome.reply
        return values | {"new_code": reply.code or None, "new_enhanced": reply.enhanced, "new_reply": _words(reply)}

    def _again(self, one: Settled, outcome: Deferred, *, is_retried: bool) -> dict[str, Any]:
        """A fault of the lane counts as no attempt; who cannot be tried again in time expires."""
        attempt = self._attempts[one.name] - (1 if outcome.lane else 0)
        next_at = self._rules.next_attempt(attempt, one.at) if is_retried else None
        if next_at is None or next_at >= self._expected[one.name].expires_at:
            return {"new_state": DeliveryState.EXPIRED}
        return {"new_attempt": attempt, "new_next_at": next_at, "new_settled_at": None}


def _name(one: Settled) -> DeliveryName:
    return one.name


def _refusal(one: Settled, state: DeliveryState) -> Refusal | None:
    """What an outcome says of the reader's mailbox, None when it says nothing."""
    match one.outcome:
        case Failed():
            severity = severity_of_refusal(one.outcome)
        case Deferred(reply=reply, lane=False) if state is DeliveryState.EXPIRED and reply.enhanced.startswith(FULL):
            severity = Severity.SOFT
        case _:
            return None
    if severity is Severity.OURS:
        return None
    reason = f"{one.outcome.reply.code} {one.outcome.reply.enhanced}".strip()
    return Refusal(one.name.subscriber, severity, one.at, reason)


def _words(reply: Reply) -> str:
    return " ".join(reply.text.split())[:_LONGEST_REPLY]


def _is_retried(session: Session, issue_id: int | None, group: Iterable[Settled]) -> bool:
    """Whether deferred deliveries of an issue have another chance: not once the next issue has taken over."""
    if issue_id is None or not any(isinstance(one.outcome, Deferred) for one in group):
        return True
    state = session.execute(select(col(IssueRow.state)).where(col(IssueRow.id) == issue_id)).scalar_one()
    return state in _RETRIED_ISSUES


_TAKE_OFF_NOTICES: Final = (
    update(NoticeRow)
    .where(
        col(NoticeRow.id).in_(bindparam("ids", expanding=True)),
        col(NoticeRow.state) == DeliveryState.READY,
        is_notice_wanted(),
    )
    .values(
        state=DeliveryState.IN_FLIGHT,
        attempt=col(NoticeRow.attempt) + 1,
        taken_off_at=bindparam("now"),
        next_at=None,
    )
    .returning(col(NoticeRow.id), col(NoticeRow.attempt))
    .execution_options(synchronize_session=False)
)


def _settle_statement(table: type[DeliveryRow] | type[NoticeRow]) -> Any:  # noqa: ANN401 - an UPDATE of either table
    new = ("attempt", "state", "settled_at", "next_at", "fault", "code", "enhanced", "reply")
    is_open = or_(col(table.state) == DeliveryState.IN_FLIGHT, col(table.state) == DeliveryState.UNKNOWN)
    return (
        update(table)
        .where(col(table.attempt) == bindparam("this_attempt"), is_open)
        .values({name: bindparam(f"new_{name}") for name in new})
    )


_SETTLE: Final = _settle_statement(DeliveryRow).where(
    col(DeliveryRow.issue_id) == bindparam("parent"), col(DeliveryRow.subscriber_id) == bindparam("subscriber")
)
_SETTLE_NOTICES: Final = _settle_statement(NoticeRow).where(
    col(NoticeRow.id) == bindparam("parent"), col(NoticeRow.subscriber_id) == bindparam("subscriber")
)
