"""The ledger: who may leave, whose outcome counts, and what a lease protects."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session, select

from syndication.deliver.smtp import smtp_transport_from_url
from syndication.domain.delivery import (
    Accepted,
    Deferred,
    DeliveryKind,
    DeliveryName,
    Failed,
    Fault,
    Outcome,
    Reply,
    Settled,
    Unknown,
)
from syndication.domain.errors import StoreError
from syndication.domain.states import DeliveryState, IssueState, UnknownPolicy
from syndication.jobs.deliver import deliver_ready, recover_deliveries
from syndication.store.consent import Visit
from syndication.store.database import Database, open_database
from syndication.store.delivering import Lease, claim_batch, renew_leases
from syndication.store.issues import pause_issue
from syndication.store.leaving import unsubscribe
from syndication.store.ledger import DeliveryLedger, Expected, LedgerRules
from syndication.store.tables import DeliveryBatchRow, IssueRow, SubscriptionRow
from tests.support.delivering import now as real_now
from tests.support.mailing import POST, Mailing, add_mailing, delivery, states
from tests.support.smtp import SmtpServer, Stage

NOW = datetime(2026, 11, 20, 7, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PATIENCE_S = 120
DAY = timedelta(days=1)
OK = Accepted(Reply(250, "2.0.0", "Ok"))
LATER = Deferred(Reply(450, "4.2.2", "Full"))
RULES = LedgerRules(lambda attempt, at: at + attempt * MINUTE if attempt < 5 else None, b"s" * 32)


class Case:
    """A mailing with its first batch claimed and a ledger that expects its readers."""

    def __init__(self, database: Database, *, lifetime: timedelta = DAY) -> None:
        self.database = database
        self.mailing: Mailing = add_mailing(database, NOW, 2)
        self.ledger = DeliveryLedger(database, RULES, lambda: NOW)
        self.lifetime = lifetime
        self.lease = self.claim(NOW)

    def claim(self, at: datetime) -> Lease:
        with self.database.write() as session:
            lease = claim_batch(session, at, MINUTE, DAY)
        assert lease
        return lease

    def name(self, number: int) -> DeliveryName:
        return DeliveryName(DeliveryKind.ISSUE, self.mailing.issue_id, self.mailing.subscribers[number])

    def take_off(self, *numbers: int) -> set[int]:
        for number in numbers:
            self.ledger.expect(self.name(number), Expected(self.lease, NOW + self.lifetime))
        granted = self.ledger.commit([], [self.name(number) for number in numbers])
        return {self.mailing.subscribers.index(name.subscriber) for name in granted}

    def settle(self, number: int, outcome: Outcome) -> DeliveryState:
        self.ledger.commit([Settled(self.name(number), outcome, NOW)], [])
        return self.state(number)

    def state(self, number: int) -> DeliveryState:
        return delivery(self.database, self.mailing, number).state

    def leave(self, session: Session, number: int) -> None:
        subscriber_id = self.mailing.subscribers[number]
        found = select(SubscriptionRow.id).where(SubscriptionRow.subscriber_id == subscriber_id)
        unsubscribe(session, session.exec(found).one() or 0, Visit(), NOW)


@pytest.fixture
def new_case(database: Database) -> Iterator[Callable[..., Case]]:
    cases: list[Case] = []

    def make(**options: timedelta) -> Case:
        cases.append(Case(database, **options))
        return cases[-1]

    yield make
    for case in cases:
        case.ledger.close()


@pytest.fixture
def case(new_case: Callable[..., Case]) -> Case:
    return new_case()


def test_a_ready_row_leaves_once(case: Case) -> None:
    assert case.take_off(0, 1) == {0, 1}
    assert case.take_off(0, 1) == set()


def test_nobody_leaves_under_a_lease_that_was_lost(case: Case) -> None:
    recover_deliveries(case.database, NOW + 2 * MINUTE)
    case.claim(NOW + 2 * MINUTE)
    assert case.take_off(0) == set()


def test_nobody_leaves_from_a_paused_issue(case: Case) -> None:
    with case.database.write() as session:
        pause_issue(session, case.mailing.issue_id)
    assert case.take_off(0, 1) == set()


def test_who_has_left_or_paused_does_not_leave_the_ground(case: Case) -> None:
    with case.database.write() as session:
        session.connection().exec_driver_sql("UPDATE subscription SET status = 'unsubscribed'")
    assert case.take_off(0, 1) == set()


def test_a_pause_that_is_over_hinders_nobody(case: Case) -> None:
    with case.database.write() as session:
        for row in session.exec(select(SubscriptionRow)).all():
            row.paused_until = NOW - MINUTE if row.subscriber_id == case.mailing.subscribers[0] else NOW + MINUTE
            session.add(row)
    assert case.take_off(0, 1) == {0}


def test_a_take_off_waits_for_an_unsubscribe_under_way_and_then_loses(case: Case) -> None:
    with ThreadPoolExecutor(1) as thread:
        with case.database.write() as session:
            case.leave(session, 0)
            taking = thread.submit(case.take_off, 0)
            time.sleep(0.2)
            assert not taking.done()
        assert taking.result(PATIENCE_S) == set()
    assert case.state(0) is DeliveryState.CANCELLED


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (OK, DeliveryState.ACCEPTED),
        (LATER, DeliveryState.DEFERRED),
        (Failed(Reply(554, "5.6.0", "No"), Fault.MESSAGE), DeliveryState.FAILED),
        (Unknown("The server closed the connection"), DeliveryState.UNKNOWN),
    ],
)
def test_an_outcome_moves_a_row_in_flight(case: Case, outcome: Outcome, state: DeliveryState) -> None:
    case.take_off(0)
    assert case.settle(0, outcome) is state
    assert case.state(1) is DeliveryState.READY


def test_a_late_truth_is_still_true(case: Case) -> None:
    case.take_off(0)
    recover_deliveries(case.database, NOW + 2 * MINUTE)
    assert case.state(0) is DeliveryState.UNKNOWN
    assert case.settle(0, OK) is DeliveryState.ACCEPTED


def test_an_outcome_of_an_earlier_attempt_does_not_count(case: Case) -> None:
    case.take_off(0)
    recover_deliveries(case.database, NOW + 2 * MINUTE)
    later = copy(case)
    later.ledger, later.lease = DeliveryLedger(case.database, RULES, lambda: NOW), case.claim(NOW + 2 * MINUTE)
    assert later.take_off(0) == {0}
    assert case.settle(0, LATER) is DeliveryState.IN_FLIGHT
    assert later.settle(0, OK) is DeliveryState.ACCEPTED
    later.ledger.close()


def test_a_fault_of_the_lane_counts_as_no_attempt(case: Case) -> None:
    case.take_off(0, 1)
    case.settle(0, LATER)
    case.settle(1, replace(LATER, lane=True))
    rows = [delivery(case.database, case.mailing, number) for number in (0, 1)]
    assert [(row.attempt, row.next_at) for row in rows] == [(1, NOW + MINUTE), (0, NOW)]


def test_what_cannot_be_tried_in_time_expires(new_case: Callable[..., Case]) -> None:
    case = new_case(lifetime=MINUTE)
    case.take_off(0)
    assert case.settle(0, LATER) is DeliveryState.EXPIRED


def test_what_the_next_issue_overtook_expires(case: Case) -> None:
    case.take_off(0)
    with case.database.write() as session:
        session.get_one(IssueRow, case.mailing.issue_id).state = IssueState.SENT
    assert case.settle(0, LATER) is DeliveryState.EXPIRED
    with case.database.read() as session:
        starts = dict(session.exec(select(SubscriptionRow.subscriber_id, SubscriptionRow.from_seq)).all())
    assert starts == {case.mailing.subscribers[0]: 0, case.mailing.subscribers[1]: None}


def test_an_accepted_digest_ends_the_own_start_it_began_at(case: Case) -> None:
    with case.database.write() as session:
        for row in session.exec(select(SubscriptionRow)).all():
            row.from_seq = 0
    for number, has_own_start in ((0, True), (1, False)):
        case.ledger.expect(case.name(number), Expected(case.lease, NOW + DAY, has_own_start))
    case.ledger.commit([], [case.name(0), case.name(1)])
    case.settle(0, OK)
    case.settle(1, OK)
    with case.database.read() as session:
        starts = dict(session.exec(select(SubscriptionRow.subscriber_id, SubscriptionRow.from_seq)).all())
    assert starts == {case.mailing.subscribers[0]: 10, case.mailing.subscribers[1]: 0}


def test_a_long_reply_is_cut(case: Case) -> None:
    case.take_off(0)
    case.settle(0, Accepted(Reply(250, "2.0.0", "x\n" * 1000)))
    assert len(delivery(case.database, case.mailing, 0).reply) == 500


def test_a_database_that_is_away_is_told_as_such_and_the_lease_waits() -> None:
    gone = open_database("postgresql+psycopg://u@127.0.0.1:1/x?connect_timeout=1")
    ledger = DeliveryLedger(gone, RULES, lambda: NOW)
    name = DeliveryName(DeliveryKind.NOTICE, 1, 1)
    ledger.expect(name, Expected(None, NOW))
    with pytest.raises(StoreError):
        ledger.commit([], [name])
    lease = Lease(1, 1, 1, 1, 0, 9, UnknownPolicy.RESEND, NOW)
    assert not renew_leases(gone, [lease], NOW)
    gone.close()


def test_a_lease_is_renewed_while_a_slow_server_is_waited_for(database: Database) -> None:
    begun = real_now()
    mailing = add_mailing(database, begun, 5)
    post = replace(POST, lease=timedelta(seconds=1.2))
    goes_on = threading.Event()

    def hold(stage: Stage, _: str) -> None:
        if stage == "stored":
            goes_on.wait(PATIENCE_S)

    def lease_after(end: datetime) -> datetime:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            with database.read() as session:
                found = session.exec(select(DeliveryBatchRow.lease_until)).first()
            if found and found > end:
                return found
            time.sleep(0.05)
        pytest.fail("no lease, or no longer one")

    with SmtpServer(fault=hold) as server, ThreadPoolExecutor(1) as thread:
        transport = smtp_transport_from_url(server.url)
        sending = thread.submit(deliver_ready, database, transport, post, real_now, lambda: False)
        try:
            first_end = lease_after(begun)
            lease_after(first_end)
            recover_deliveries(database, first_end + timedelta(microseconds=1))
        finally:
            goes_on.set()
        sending.result(PATIENCE_S)
    assert len(server.messages) == 5
    assert states(database, mailing.issue_id) == {DeliveryState.ACCEPTED: 5}
