"""The sender: what leaves was taken off before, what came of it is kept, and trouble ends a run the right way."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from syndication.deliver.group_commit import GroupCommit
from syndication.deliver.sender import Limits, Tally, send_all
from syndication.domain.delivery import (
    Accepted,
    Deferred,
    DeliveryKind,
    DeliveryName,
    Failed,
    Fault,
    Mail,
    Outcome,
    Reply,
    Settled,
    Unknown,
)
from syndication.domain.errors import StoreError
from syndication.domain.seams import Connection

NOW = datetime(2026, 11, 20, 7, 30, tzinfo=UTC)
OK = Accepted(Reply(250, "2.0.0", "Ok"))
LATER = Deferred(Reply(450, "4.2.2", "Full"))
AWAY = Deferred(Reply(0, "", "The connection broke"), lane=True)
CLOSING = Deferred(Reply(421, "4.3.2", "Bye"), lane=True)
BLOCKED = Failed(Reply(550, "5.7.1", "Blocked"), Fault.SENDER)
Script = Callable[[int], Outcome]


def name(number: int) -> DeliveryName:
    return DeliveryName(DeliveryKind.ISSUE, 1, number)


@dataclass
class MemoryLedger:
    """Lets everything go but `refused`; remembers what it was told. fails: how often the database is away first."""

    refused: frozenset[int] = frozenset()
    fails: int = 0
    taken: list[int] = field(default_factory=list)
    settled: dict[int, Outcome] = field(default_factory=dict)
    groups: list[int] = field(default_factory=list)

    def commit(self, settled: Sequence[Settled], wanted: Sequence[DeliveryName]) -> frozenset[DeliveryName]:
        if self.fails:
            self.fails -= 1
            message = "away"
            raise StoreError(message)
        self.groups.append(len(wanted))
        self.settled |= {one.name.subscriber: one.outcome for one in settled}
        granted = frozenset(one for one in wanted if one.subscriber not in self.refused)
        self.taken += [one.subscriber for one in granted]
        return granted


@dataclass
class ScriptedConnection:
    """A far end that answers by script and breaks when the outcome is the lane's fault."""

    transport: "ScriptedTransport"
    is_usable: bool = True

    async def send(self, mail: Mail) -> Outcome:
        number = mail.name.subscriber
        assert number in self.transport.ledger.taken
        self.transport.tries.append(number)
        await asyncio.sleep(0)
        outcome = self.transport.script(len(self.transport.tries))
        self.is_usable = not (isinstance(outcome, Unknown) or (isinstance(outcome, Deferred) and outcome.lane))
        return outcome

    def abandon(self) -> None:
        self.is_usable = False

    async def close(self) -> None:
        self.transport.closed += 1


@dataclass
class ScriptedTransport:
    """script: what the n-th try becomes, n from 1. answers: what the first attempts to connect bring instead."""

    ledger: MemoryLedger
    script: Script = lambda _: OK
    answers: list[Outcome] = field(default_factory=list)
    connections: int = 1
    has_lanes: bool = False
    opened: int = 0
    closed: int = 0
    tries: list[int] = field(default_factory=list)

    async def connect(self) -> Connection | Outcome:
        if self.answers:
            return self.answers.pop(0)
        self.opened += 1
        return ScriptedConnection(self)


def run(
    transport: ScriptedTransport, count: int, stop: Callable[[], bool] = lambda: False, pause_s: float = 0.0
) -> Tally:
    left = iter(range(1, count + 1))

    async def next_mail() -> Mail | None:
        number = next(left, None)
        return Mail(name(number), "a@b.test", "c@d.test", ()) if number else None

    return asyncio.run(send_all(next_mail, transport, transport.ledger, lambda: NOW, stop, Limits(None, pause_s)))


@pytest.mark.parametrize("connections", [1, 3])
def test_every_mail_is_taken_off_sent_and_settled(connections: int) -> None:
    ledger = MemoryLedger()
    transport = ScriptedTransport(ledger, connections=connections)
    tally = run(transport, 10)
    assert tally.accepted == 10
    assert sorted(ledger.settled) == sorted(ledger.taken) == sorted(transport.tries) == list(range(1, 11))
    assert transport.opened == transport.closed == connections


def test_no_more_connections_are_opened_than_there_are_mails() -> None:
    transport = ScriptedTransport(MemoryLedger(), connections=5)
    run(transport, 2)
    assert transport.opened == 2


def test_the_last_outcome_and_the_next_take_off_share_a_commit() -> None:
    ledger = MemoryLedger()
    run(ScriptedTransport(ledger), 10)
    assert len(ledger.groups) == 11


def test_connections_that_wait_together_are_written_together() -> None:
    ledger = MemoryLedger()
    run(ScriptedTransport(ledger, connections=8), 80)
    assert max(ledger.groups) > 1
    assert max(ledger.groups) <= 8


def test_what_the_ledger_refuses_is_not_sent() -> None:
    transport = ScriptedTransport(MemoryLedger(refused=frozenset({2, 3})))
    tally = run(transport, 5)
    assert transport.tries == [1, 4, 5]
    assert (tally.accepted, tally.skipped) == (3, 2)


def test_outcomes_are_counted_by_kind() -> None:
    outcomes: list[Outcome] = [OK, LATER, Failed(Reply(554, "5.6.0", ""), Fault.MESSAGE), Unknown("gone")]
    tally = run(ScriptedTransport(MemoryLedger(), lambda n: outcomes[n - 1]), 4)
    assert (tally.accepted, tally.deferred, tally.failed, tally.unknown) == (1, 1, 1, 1)


def test_a_connection_that_went_stale_is_opened_again_for_the_same_mail() -> None:
    ledger = MemoryLedger()
    transport = ScriptedTransport(ledger, lambda n: AWAY if n == 3 else OK)
    tally = run(transport, 4)
    assert transport.tries == [1, 2, 3, 3, 4]
    assert (tally.accepted, tally.deferred) == (4, 0)


def test_a_new_connection_that_breaks_defers_the_mail() -> None:
    ledger = MemoryLedger()
    tally = run(ScriptedTransport(ledger, lambda n: AWAY if n == 1 else OK), 2)
    assert (tally.accepted, tally.deferred) == (1, 1)
    assert ledger.settled == {1: AWAY, 2: OK}


def test_a_server_that_is_away_takes_nothing_off_and_holds_the_lane() -> None:
    ledger = MemoryLedger()
    tally = run(ScriptedTransport(ledger, answers=[AWAY] * 20, connections=3), 5)
    assert tally.held == AWAY.reply
    assert ledger.taken == []


def test_a_server_that_comes_back_is_used() -> None:
    assert run(ScriptedTransport(MemoryLedger(), answers=[AWAY] * 9), 5).accepted == 5


def test_ten_faults_of_the_lane_in_a_row_hold_it() -> None:
    ledger = MemoryLedger()
    tally = run(ScriptedTransport(ledger, lambda _: CLOSING), 50)
    assert (tally.deferred, tally.held) == (10, CLOSING.reply)
    assert len(ledger.settled) == 10


def test_an_acceptance_between_faults_of_the_lane_keeps_it_open() -> None:
    tally = run(ScriptedTransport(MemoryLedger(), lambda n: OK if n % 9 == 0 else CLOSING), 45)
    assert (tally.accepted, tally.held) == (5, None)


def test_five_faults_of_the_sender_in_a_row_break_the_run() -> None:
    ledger = MemoryLedger()
    tally = run(ScriptedTransport(ledger, lambda n: OK if n < 3 else BLOCKED), 50)
    assert (tally.accepted, tally.failed) == (2, 5)
    assert tally.broken == BLOCKED.reply
    assert {one.subscriber for one in tally.blamed} == {3, 4, 5, 6, 7}
    assert len(ledger.settled) == 7


def test_an_acceptance_between_faults_of_the_sender_goes_on() -> None:
    tally = run(ScriptedTransport(MemoryLedger(), lambda n: OK if n % 5 == 0 else BLOCKED), 20)
    assert (tally.failed, tally.broken) == (16, None)


def test_refused_recipients_do_not_break_the_run() -> None:
    gone = Failed(Reply(550, "5.1.1", "No such user"), Fault.RECIPIENT, gone=True)
    assert run(ScriptedTransport(MemoryLedger(), lambda _: gone), 20).failed == 20


def test_a_stop_settles_what_is_in_flight() -> None:
    ledger = MemoryLedger()
    transport = ScriptedTransport(ledger, connections=3)
    run(transport, 100, stop=lambda: len(transport.tries) >= 7)
    assert 7 <= len(transport.tries) <= 9
    assert sorted(ledger.settled) == sorted(transport.tries)
    assert transport.closed == 3


def test_a_stop_ends_the_wait_for_a_server_that_is_away() -> None:
    looks = iter(range(100))
    tally = run(ScriptedTransport(MemoryLedger(), answers=[AWAY] * 20), 5, lambda: next(looks) > 5, pause_s=60.0)
    assert tally.held is None


def test_a_database_that_comes_back_costs_nothing() -> None:
    ledger = MemoryLedger(fails=2)
    assert run(ScriptedTransport(ledger), 3).accepted == 3
    assert sorted(ledger.settled) == [1, 2, 3]


def test_a_database_that_stays_away_ends_the_run_and_closes_the_connections() -> None:
    async def commit() -> None:
        with GroupCommit(MemoryLedger(fails=9), pauses_s=(0.0, 0.0)) as writer:
            await writer.commit(None, name(1))

    with pytest.raises(StoreError):
        asyncio.run(commit())


def test_an_error_of_the_ledger_ends_the_run_and_closes_the_connections() -> None:
    class Broken(MemoryLedger):
        def commit(self, settled: Sequence[Settled], wanted: Sequence[DeliveryName]) -> frozenset[DeliveryName]:
            if len(self.taken) > 4:
                message = "broken"
                raise RuntimeError(message)
            return super().commit(settled, wanted)

    transport = ScriptedTransport(Broken(), connections=2)
    with pytest.raises(RuntimeError, match="broken"):
        run(transport, 50)
    assert len(transport.tries) <= 6
    assert transport.closed == 2


def test_where_mails_go_to_different_servers_the_trouble_of_some_stops_nobody() -> None:
    busy = Deferred(Reply(421, "4.7.28", "Unusual rate"), lane=True)
    tally = run(ScriptedTransport(MemoryLedger(), lambda number: busy if number < 30 else OK, has_lanes=True), 40)
    assert tally.held is None
    assert tally.accepted + tally.deferred == 40
