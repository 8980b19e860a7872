"""Pausing and leaving: what waits is cancelled, nothing leaves afterwards, nothing is lost."""

import threading
from datetime import timedelta

from sqlmodel import Session, col, select, update

from syndication.domain.states import DeliveryState, NoticeKind, SubscriptionStatus
from syndication.store.database import Database
from syndication.store.leaving import come_back, pause, resume, unsubscribe
from syndication.store.suppressing import suppress
from syndication.store.tables import (
    DeliveryRow,
    NoticeRow,
)
from tests.support.rows import NOW
from tests.support.subscribing import DAY, VISIT, ask, events, mailed, only, reader, waiting_issue


def test_a_pause_cancels_what_waits_and_keeps_its_window(database: Database, newsletter: int) -> None:
    subscription_id = reader(database, newsletter, "agents")
    with database.write() as session:
        only(session).from_seq = None
        waiting_issue(session, newsletter, subscription_id, DeliveryState.DEFERRED, start=31)
    with database.write() as session:
        assert pause(session, subscription_id, NOW + 30 * DAY, VISIT, NOW)
    with database.read() as session:
        delivery = session.exec(select(DeliveryRow)).one()
        assert (delivery.state, delivery.settled_at) == (DeliveryState.CANCELLED, NOW)
        assert only(session).from_seq == 31
        assert only(session).paused_until == NOW + 30 * DAY


def test_a_pause_with_nothing_waiting_starts_where_the_schedule_stands(database: Database, newsletter: int) -> None:
    subscription_id = reader(database, newsletter, "agents")
    with database.write() as session:
        only(session).from_seq = None
    with database.write() as session:
        pause(session, subscription_id, NOW + DAY, VISIT, NOW)
        resume(session, subscription_id, VISIT, NOW)
        assert (only(session).from_seq, only(session).paused_until) == (40, None)
        assert events(session)[-2:] == ["paused", "resumed"]
        assert not resume(session, subscription_id, VISIT, NOW)


def test_unsubscribing_cancels_waiting_issues_and_notices_once(database: Database, newsletter: int) -> None:
    subscription_id = reader(database, newsletter, "agents")
    with database.write() as session:
        waiting_issue(session, newsletter, subscription_id, DeliveryState.READY)
        mailed(session, only(session).subscriber_id, newsletter, NoticeKind.WELCOME, NOW)
    for first in (True, False):
        with database.write() as session:
            assert unsubscribe(session, subscription_id, VISIT, NOW) is first
    with database.read() as session:
        assert session.exec(select(DeliveryRow.state)).one() is DeliveryState.CANCELLED
        assert session.exec(select(NoticeRow.state)).one() is DeliveryState.CANCELLED
        assert only(session).status is SubscriptionStatus.UNSUBSCRIBED
        assert events(session).count("unsubscribed") == 1


def test_what_is_in_flight_is_left_to_settle(database: Database, newsletter: int) -> None:
    subscription_id = reader(database, newsletter, "agents")
    with database.write() as session:
        waiting_issue(session, newsletter, subscription_id, DeliveryState.IN_FLIGHT)
        unsubscribe(session, subscription_id, VISIT, NOW)
    with database.read() as session:
        assert session.exec(select(DeliveryRow.state)).one() is DeliveryState.IN_FLIGHT


def take_off(session: Session) -> int:
    """The ledger's conditional UPDATE, reduced to its core."""
    return session.exec(
        update(DeliveryRow)
        .where(col(DeliveryRow.state) == DeliveryState.READY)
        .values(state=DeliveryState.IN_FLIGHT, taken_off_at=NOW)
    ).rowcount


def test_no_take_off_commits_after_an_unsubscribe_that_came_first(database: Database, newsletter: int) -> None:
    subscription_id = reader(database, newsletter, "agents")
    with database.write() as session:
        waiting_issue(session, newsletter, subscription_id, DeliveryState.READY)
    taken: list[int] = []

    def try_to_take_off() -> None:
        with database.write() as other:
            taken.append(take_off(other))

    racer = threading.Thread(target=try_to_take_off)
    with database.write() as session:
        unsubscribe(session, subscription_id, VISIT, NOW)
        session.flush()
        racer.start()
        racer.join(0.3)
        assert racer.is_alive()  # the take-off waits for this transaction
    racer.join(10)
    assert taken == [0]


def test_an_unsubscribe_waits_for_a_take_off_that_came_first(database: Database, newsletter: int) -> None:
    subscription_id = reader(database, newsletter, "agents")
    with database.write() as session:
        waiting_issue(session, newsletter, subscription_id, DeliveryState.READY)

    def leave() -> None:
        with database.write() as other:
            unsubscribe(other, subscription_id, VISIT, NOW)

    racer = threading.Thread(target=leave)
    with database.write() as session:
        assert take_off(session) == 1
        racer.start()
        racer.join(0.3)
        assert racer.is_alive()  # the one mail that was taken off before may still leave
    racer.join(10)
    with database.read() as session:
        assert session.exec(select(DeliveryRow.state)).one() is DeliveryState.IN_FLIGHT
        assert only(session).status is SubscriptionStatus.UNSUBSCRIBED


def test_who_left_by_mistake_comes_back_and_misses_nothing(database: Database, newsletter: int) -> None:
    subscription_id = reader(database, newsletter, "agents")
    with database.write() as session:
        only(session).from_seq = None
        waiting_issue(session, newsletter, subscription_id, DeliveryState.READY, start=31)
    with database.write() as session:
        unsubscribe(session, subscription_id, VISIT, NOW)
    with database.write() as session:
        assert come_back(session, subscription_id, VISIT, NOW + timedelta(minutes=59))
    with database.read() as session:
        assert (only(session).status, only(session).from_seq) == (SubscriptionStatus.CONFIRMED, 31)
        assert events(session)[-2:] == ["unsubscribed", "returned"]


def test_coming_back_by_one_button_ends_after_an_hour(database: Database, newsletter: int) -> None:
    subscription_id = reader(database, newsletter, "agents")
    with database.write() as session:
        assert not come_back(session, subscription_id, VISIT, NOW)
        unsubscribe(session, subscription_id, VISIT, NOW)
    with database.write() as session:
        assert not come_back(session, subscription_id, VISIT, NOW + timedelta(minutes=61))
        assert only(session).status is SubscriptionStatus.UNSUBSCRIBED


def test_who_never_confirmed_cannot_come_back(database: Database, newsletter: int) -> None:
    answer = ask(database, newsletter, "agents")
    assert answer
    with database.write() as session:
        unsubscribe(session, answer.subscription_id, VISIT, NOW)
        assert not come_back(session, answer.subscription_id, VISIT, NOW)


def test_a_suppressed_reader_cannot_come_back(database: Database, newsletter: int) -> None:
    subscription_id = reader(database, newsletter, "agents")
    with database.write() as session:
        suppress(session, b"key", [only(session).subscriber_id], "complaint", NOW)
    with database.write() as session:
        assert only(session).status is SubscriptionStatus.UNSUBSCRIBED
        assert not come_back(session, subscription_id, VISIT, NOW)
