"""Counts kept a batch say the same as counting every row, whatever happened since."""

import random
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlmodel import col, select

from syndication.deliver.retry import LIFETIME
from syndication.domain.delivery import Fault
from syndication.domain.states import DeliveryState, IssueState
from syndication.jobs.post import LEASE
from syndication.store.consent import Visit
from syndication.store.counting import Chosen, Tally, chosen_rows, count_batches, counts_of, tallies
from syndication.store.database import Database
from syndication.store.delivering import claim_batch, finish_batch, recover_leases
from syndication.store.erasing import erase
from syndication.store.issues import cancel_issue, close_finished_issues, issue_summary
from syndication.store.leaving import pause, unsubscribe
from syndication.store.suppressing import suppress
from syndication.store.tables import DeliveryCountRow, DeliveryRow, IssueRow, SubscriptionRow
from tests.support.mailing import NOW, POST, Mailing, add_mailing

READERS = 60
KEY = POST.suppression_key
OUTCOMES = (
    (DeliveryState.ACCEPTED, None, 250, "2.0.0", "queued"),
    (DeliveryState.DEFERRED, None, 451, "4.2.2", "full"),
    (DeliveryState.FAILED, Fault.RECIPIENT, 550, "5.1.1", "gone"),
    (DeliveryState.FAILED, Fault.SENDER, 550, "5.7.1", "refused"),
    (DeliveryState.UNKNOWN, None, None, "", "The connection broke"),
)


def counted(database: Database, mailing: Mailing) -> Counter[tuple[object, ...]]:
    """Every row, counted one by one."""
    with database.read() as session:
        rows = session.exec(select(DeliveryRow).where(DeliveryRow.issue_id == mailing.issue_id)).all()
    return Counter((row.state, row.fault, row.code or 0, row.enhanced) for row in rows)


def told(database: Database, mailing: Mailing) -> dict[tuple[object, ...], int]:
    by_state: Counter[DeliveryState] = Counter()
    with database.read() as session:
        found = tallies(session, mailing.issue_id)
        for tally in found:
            by_state[tally.state] += tally.deliveries
        assert counts_of(session, [mailing.issue_id, 0]) == {mailing.issue_id: by_state, 0: {}}
    return {tally[:4]: tally.deliveries for tally in found}


def settle_a_batch(database: Database, chance: random.Random) -> None:
    """Lease the next batch, settle some of its rows as the ledger does, and give it back."""
    with database.write() as session:
        lease = claim_batch(session, NOW, LEASE, LIFETIME)
    if lease is None:
        return
    with database.write() as session:
        rows = select(DeliveryRow).where(
            DeliveryRow.issue_id == lease.issue_id,
            DeliveryRow.state == DeliveryState.READY,
            col(DeliveryRow.subscriber_id).between(lease.lo, lease.hi),
        )
        for row in session.exec(rows):
            row.attempt += 1
            row.state, row.fault, row.code, row.enhanced, row.reply = chance.choice(OUTCOMES)
            row.next_at = NOW + timedelta(hours=1) if row.state is DeliveryState.DEFERRED else None
            session.add(row)
    if chance.random() < 0.8:
        with database.write() as session:
            finish_batch(session, lease, NOW)
    elif chance.random() < 0.5:
        with database.write() as session:
            recover_leases(session, NOW, is_alone=True)


def subscription_of(database: Database, subscriber_id: int) -> int:
    with database.read() as session:
        own = select(SubscriptionRow.id).where(SubscriptionRow.subscriber_id == subscriber_id)
        return session.exec(own).one() or 0


def leave(database: Database, subscriber_id: int) -> None:
    number = subscription_of(database, subscriber_id)
    with database.write() as session:
        unsubscribe(session, number, Visit(), NOW)


def rest(database: Database, subscriber_id: int) -> None:
    number = subscription_of(database, subscriber_id)
    with database.write() as session:
        pause(session, number, NOW + timedelta(days=9), Visit(), NOW)


def forget(database: Database, subscriber_id: int) -> None:
    with database.write() as session:
        erase(session, KEY, subscriber_id, NOW)


def refuse(database: Database, subscriber_id: int) -> None:
    with database.write() as session:
        suppress(session, KEY, [subscriber_id], "550", NOW)


ACTS: tuple[Callable[[Database, int], None], ...] = (leave, rest, forget, refuse)


@pytest.mark.parametrize("seed", range(3))
def test_the_counts_are_those_of_the_rows_after_every_step(database: Database, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a repeatable history
    mailing = add_mailing(database, NOW, READERS, batch=10)
    with database.write() as session:
        session.get_one(IssueRow, mailing.issue_id).planned = READERS
    for _ in range(14):
        step = chance.random()
        if step < 0.5:
            settle_a_batch(database, chance)
        elif step < 0.9:
            chance.choice(ACTS)(database, chance.choice(mailing.subscribers))
        else:
            count_batches(database)
        assert told(database, mailing) == counted(database, mailing)
    cancel_issue(database, mailing.issue_id, NOW)
    assert told(database, mailing) == counted(database, mailing)
    count_batches(database)
    assert told(database, mailing) == counted(database, mailing)


def test_chosen_rows_are_found_in_counted_leased_and_untouched_batches(database: Database) -> None:
    chance = random.Random(5)  # noqa: S311 - a repeatable history
    mailing = add_mailing(database, NOW, READERS, batch=10)
    for _ in range(4):
        settle_a_batch(database, chance)
    with database.read() as session:
        rows = session.exec(select(DeliveryRow).order_by(col(DeliveryRow.subscriber_id))).all()
        for state in (DeliveryState.READY, DeliveryState.FAILED, DeliveryState.ACCEPTED, DeliveryState.COMPLAINED):
            wanted = [row.subscriber_id for row in rows if row.state is state]
            found = chosen_rows(session, mailing.issue_id, Chosen(state), limit=READERS)
            assert [row.subscriber_id for row in found] == wanted
        refused = Chosen(DeliveryState.FAILED, Fault.SENDER, 550, "5.7.1")
        wanted = [row.subscriber_id for row in rows if row.fault is Fault.SENDER]
        assert len(wanted) > 2
        first = chosen_rows(session, mailing.issue_id, refused, limit=2)
        then = chosen_rows(session, mailing.issue_id, refused, after=first[-1].subscriber_id, limit=READERS)
        assert [row.subscriber_id for row in (*first, *then)] == wanted


def test_an_erased_readers_reply_is_kept_nowhere(database: Database) -> None:
    mailing = add_mailing(database, NOW, 1)
    with database.write() as session:
        lease = claim_batch(session, NOW, LEASE, LIFETIME)
        row = session.get_one(DeliveryRow, (mailing.issue_id, mailing.subscribers[0]))
        row.state, row.code, row.reply = DeliveryState.FAILED, 550, "<reader0@example.com> is full"
    assert lease
    with database.write() as session:
        finish_batch(session, lease, NOW)
    with database.read() as session:
        assert tallies(session, mailing.issue_id) == [
            Tally(DeliveryState.FAILED, None, 550, "", "<reader0@example.com> is full", 1)
        ]
    forget(database, mailing.subscribers[0])
    with database.read() as session:
        assert session.exec(select(DeliveryCountRow)).all() == []
    count_batches(database)
    with database.read() as session:
        assert [row.reply for row in session.exec(select(DeliveryCountRow))] == [""]


def test_a_late_truth_is_counted_when_the_issue_closes(database: Database) -> None:
    mailing = add_mailing(database, NOW, 1)
    with database.write() as session:
        lease = claim_batch(session, NOW, LEASE, LIFETIME)
        row = session.get_one(DeliveryRow, (mailing.issue_id, mailing.subscribers[0]))
        row.state, row.resends = DeliveryState.UNKNOWN, 1
    assert lease
    with database.write() as session:
        finish_batch(session, lease, NOW)
    with database.write() as session:
        session.get_one(DeliveryRow, (mailing.issue_id, mailing.subscribers[0])).state = DeliveryState.ACCEPTED
    assert close_finished_issues(database, NOW) == [mailing.issue_id]
    with database.read() as session:
        summary = issue_summary(session, mailing.issue_id)
    assert summary
    assert summary.line.state is IssueState.SENT
    assert summary.counts == {DeliveryState.ACCEPTED: 1}
