"""Mails → outcomes: a few connections share one lane and one ledger, and stop together when the lane is shut to us.

Each connection repeats: next mail, connection open, last outcome and this take-off committed, send. So a mail never
leaves without a row that says so, and a server that is away takes nothing off.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple

import structlog

from syndication.deliver.group_commit import PAUSES_S, GroupCommit
from syndication.domain.delivery import (
    Accepted,
    Deferred,
    DeliveryName,
    Failed,
    Fault,
    Mail,
    Outcome,
    Reply,
    Settled,
)
from syndication.domain.seams import Connection, Gate, Ledger, Transport

_log = structlog.get_logger()

_TROUBLES_TO_HOLD: Final = 10
_FAULTS_TO_BREAK: Final = 5
_LONGEST_PAUSE_S: Final = 8.0
_STOP_CHECK_S: Final = 0.25


@dataclass(slots=True)
class Tally:
    """What a run of the sender did.

    skipped: mails that the ledger did not let go. held: the reply or fault because of which the lane was given up for
    now. broken: the refusal with which the breaker went off, and by whose deliveries; their issues must be paused.
    """

    accepted: int = 0
    deferred: int = 0
    failed: int = 0
    unknown: int = 0
    skipped: int = 0
    held: Reply | None = None
    broken: Reply | None = None
    blamed: frozenset[DeliveryName] = frozenset()

    def count(self, outcome: Outcome) -> None:
        """Add one outcome."""
        match outcome:
            case Accepted():
                self.accepted += 1
            case Deferred():
                self.deferred += 1
            case Failed():
                self.failed += 1
            case _:
                self.unknown += 1


class Limits(NamedTuple):
    """gate: keeps to the limits of the way out. pause_s: first wait before a lost connection is opened again, doubling.

    patience_s: how long a stop waits for servers that do not answer; service managers kill after some 60 s.
    ledger_pauses_s: the waits between tries to write the ledger while its database is away or its disk is full.
    """

    gate: Gate | None = None
    pause_s: float = 1.0
    patience_s: float = 20.0
    ledger_pauses_s: Sequence[float] = PAUSES_S


_NONE: Final = Limits()


async def send_all(
    next_mail: Callable[[], Awaitable[Mail | None]],
    transport: Transport,
    ledger: Ledger,
    clock: Callable[[], datetime],
    stop: Callable[[], bool],
    limits: Limits = _NONE,
) -> Tally:
    """Send until there is no mail left, `stop` says so, or the lane is held or broken; mails in flight are finished.

    After a stop, a server that does not answer is waited for `limits.patience_s` seconds.

    next_mail: the next mail that is ready, None: none left; called by several connections at a time.
    clock: this instant, aware UTC.
    Raises StoreError when outcomes could not be kept.
    """
    with GroupCommit(ledger, transport.connections, limits.ledger_pauses_s) as writer:
        run = _Run(next_mail, transport, writer, clock, stop, _Lane(transport, stop, limits.pause_s), limits.gate)
        watch = asyncio.create_task(run.abandon_after_stop(limits.patience_s))
        workers = (run.work() for _ in range(transport.connections))
        endings = await asyncio.gather(*workers, return_exceptions=True)
        watch.cancel()
    for ending in endings:
        if ending:
            raise ending
    return run.tally


class _Lane:
    """The way out that all connections share: when it is in trouble, one connection tries while the others wait."""

    def __init__(self, transport: Transport, stop: Callable[[], bool], pause_s: float) -> None:
        self._transport = transport
        self._stop = stop
        self._pause_s = pause_s
        self._one_at_a_time = asyncio.Lock()
        self._troubles = 0
        self.held: Reply | None = None

    async def open(self) -> Connection | None:
        """A new connection; None when the lane is held or the run stops."""
        async with self._one_at_a_time:
            while not (self.held or self._stop()):
                await self._pause()
                opened = await self._transport.connect()
                if not isinstance(opened, Outcome):
                    return opened
                self.note(opened)
            return None

    def note(self, outcome: Outcome) -> None:
        """Learn from an outcome: ten faults of the lane in a row, and it is held."""
        if isinstance(outcome, Accepted):
            self._troubles = 0
        elif isinstance(outcome, Deferred) and outcome.lane:
            self._troubles += 1
            if self._troubles == 1:
                _log.warning("lane_in_trouble", code=outcome.reply.code, reply=outcome.reply.text)
            if self._troubles >= _TROUBLES_TO_HOLD:
                self.held = outcome.reply

    async def _pause(self) -> None:
        """Wait longer after each trouble, but notice a stop soon."""
        wait_s = min(self._pause_s * 2 ** (self._troubles - 1), _LONGEST_PAUSE_S) if self._troubles else 0.0
        while wait_s > 0 and not self._stop():
            await asyncio.sleep(min(wait_s, _STOP_CHECK_S))
            wait_s -= _STOP_CHECK_S


@dataclass
class _Run:
    next_mail: Callable[[], Awaitable[Mail | None]]
    transport: Transport
    writer: GroupCommit
    clock: Callable[[], datetime]
    stop: Callable[[], bool]
    lane: _Lane
    gate: Gate | None = None
    tally: Tally = field(default_factory=Tally)
    faults: list[DeliveryName] = field(default_factory=list)
    is_failing: bool = False
    workers: "list[_Worker]" = field(default_factory=list)

    async def abandon_after_stop(self, patience_s: float) -> None:
        """Wait for the stop, then for the servers, then for none of them any more."""
        while not self.stop():  # noqa: ASYNC110 - a question, not an event: another thread or process answers it
            await asyncio.sleep(_STOP_CHECK_S)
        await asyncio.sleep(patience_s)
        while True:
            for worker in self.workers:
                worker.abandon()
            await asyncio.sleep(_STOP_CHECK_S)

    async def work(self) -> None:
        """One connection's life."""
        worker = _Worker(self)
        self.workers.append(worker)
        try:
            while not self._is_over() and await worker.ride():
                pass
        except BaseException:
            self.is_failing = True
            raise
        finally:
            await worker.finish()
        self.tally.held = self.lane.held

    def note(self, name: DeliveryName, outcome: Outcome) -> None:
        """Learn from an outcome."""
        self.tally.count(outcome)
        if not self.transport.has_lanes:
            self.lane.note(outcome)
        if isinstance(outcome, Accepted):
            self.faults.clear()
        elif isinstance(outcome, Failed) and outcome.fault is Fault.SENDER:
            self.faults.append(name)
            if len(self.faults) >= _FAULTS_TO_BREAK:
                self.tally.broken = outcome.reply
                self.tally.blamed = frozenset(self.faults)

    def _is_over(self) -> bool:
        return bool(self.stop() or self.tally.broken or self.lane.held or self.is_failing)


class _Worker:
    """One connection with its last outcome, which is written together with its next take-off."""

    def __init__(self, run: _Run) -> None:
        self._run = run
        self._connection: Connection | None = None
        self._rides = 0
        self._last: Settled | None = None

    async def ride(self) -> bool:
        """Send one mail; whether there may be another."""
        run = self._run
        mail = await run.next_mail()
        if mail is None:
            return False
        connection = self._connection
        if connection is None or not connection.is_usable:
            connection = await self._opened()
        if connection is None or (run.gate and not await self._is_admitted(run.gate)):
            return False
        last, self._last = self._last, None
        if not await run.writer.commit(last, mail.name):
            run.tally.skipped += 1
            return True
        outcome = await connection.send(mail)
        self._rides += 1
        if isinstance(outcome, Deferred) and self._is_stale(connection, outcome):
            outcome = await self._sent_again(mail, outcome)
        self._last = Settled(mail.name, outcome, run.clock())
        run.note(mail.name, outcome)
        return True

    async def _is_admitted(self, gate: Gate) -> bool:
        """Whether the limits let one more mail go; what is over them stays as it is."""
        await self._keep_last()  # the wait may be long
        refused = await gate.admit(self._run.stop)
        self._run.lane.held = self._run.lane.held or refused
        return not (refused or self._run.stop())

    def abandon(self) -> None:
        """Do not wait any more for the server."""
        if self._connection:
            self._connection.abandon()

    async def finish(self) -> None:
        """Keep the last outcome and say goodbye."""
        try:
            await self._keep_last()
        finally:
            if self._connection:
                await self._connection.close()

    async def _keep_last(self) -> None:
        last, self._last = self._last, None
        if last:
            await self._run.writer.commit(last, None)

    async def _opened(self) -> Connection | None:
        """A new connection in place of one that is of no use any more."""
        await self._keep_last()  # opening may take long, and an outcome that is not on the disk costs a duplicate
        if self._connection:
            await self._connection.close()
        self._connection, self._rides = await self._run.lane.open(), 0
        return self._connection

    def _is_stale(self, connection: Connection, outcome: Deferred) -> bool:
        """Servers close a connection after some mails without a word; that is no trouble, and nothing was sent."""
        return not outcome.reply.code and self._rides > 1 and not connection.is_usable

    async def _sent_again(self, mail: Mail, outcome: Outcome) -> Outcome:
        connection = await self._opened()
        if connection:
            outcome = await connection.send(mail)
            self._rides += 1
        return outcome
