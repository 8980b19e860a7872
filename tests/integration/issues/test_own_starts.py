"""Rule 5 of the windows, design section 2: when a reader has a start of their own, and when no more."""

from datetime import timedelta

import pytest

from syndication.domain.delivery import Fault
from syndication.domain.states import DeliveryState, SubscriptionStatus
from syndication.store.consent import Visit
from syndication.store.counters import counter
from syndication.store.database import Database
from syndication.store.issues import cancel_issue
from syndication.store.leaving import pause, resume
from syndication.store.starts import apply_own_starts, start_when_leaving
from syndication.store.subscribing import confirm
from syndication.store.tables import (
    DeliveryRow,
    IssueRow,
    ScheduleRow,
)
from tests.support.issues import World
from tests.support.rows import add_reader, add_schedule, subscription_of

SERVED = [DeliveryState.ACCEPTED, DeliveryState.UNKNOWN, DeliveryState.BOUNCED, DeliveryState.COMPLAINED]


@pytest.fixture
def world(database: Database) -> World:
    return World.build(database)


def subscription_id(world: World, reader: int) -> int:
    with world.database.read() as session:
        return subscription_of(session, reader).id or 0


# Rule 5: own starts.


@pytest.mark.parametrize(
    ("state", "fault"),
    [
        (DeliveryState.EXPIRED, None),
        (DeliveryState.CANCELLED, None),
        (DeliveryState.FAILED, Fault.SENDER),
        (DeliveryState.FAILED, Fault.MESSAGE),
    ],
)
def test_what_was_lost_without_the_readers_fault_comes_with_the_next_issue(
    world: World, state: DeliveryState, fault: Fault | None
) -> None:
    lucky, unlucky = world.reader("agents"), world.reader("agents")
    world.article("one", "agents")
    first = world.issue()
    world.compose(first)
    world.end(first, DeliveryState.ACCEPTED, lucky)
    world.end(first, state, unlucky, fault=fault)
    world.close()
    world.article("two", "agents")
    second = world.sent()
    assert world.titles(second, lucky) == ["two"]
    assert world.titles(second, unlucky) == ["one", "two"]
    assert world.own_start(unlucky) == world.row(second).cut_seq
    world.article("three", "agents")
    third = world.sent()
    assert world.titles(third, unlucky) == world.titles(third, lucky) == ["three"]
    assert world.own_start(unlucky) is None


def test_an_address_that_refuses_is_not_sent_the_same_again(world: World) -> None:
    reader = world.reader("agents")
    world.article("one", "agents")
    first = world.issue()
    world.compose(first)
    world.end(first, DeliveryState.FAILED, reader, fault=Fault.RECIPIENT)
    world.close()
    world.article("two", "agents")
    assert world.titles(world.sent(), reader) == ["two"]


def test_a_cancelled_issue_goes_into_the_next_one(world: World) -> None:
    served, waiting = world.reader("agents"), world.reader("agents")
    world.article("one", "agents")
    first = world.issue()
    world.compose(first)
    world.end(first, DeliveryState.ACCEPTED, served)
    assert cancel_issue(world.database, first, world.now)
    assert not cancel_issue(world.database, first, world.now)
    assert world.got(first)[waiting].state is DeliveryState.CANCELLED
    assert world.row(first).closed_at
    world.article("two", "agents")
    second = world.sent()
    assert world.titles(second, served) == ["two"]
    assert world.titles(second, waiting) == ["one", "two"]


def test_a_pause_ends_with_one_catch_up_of_all_that_was_missed(world: World) -> None:
    reader = world.reader("agents")
    world.article("before", "agents")
    world.sent()
    with world.database.write() as session:
        pause(session, subscription_id(world, reader), world.now + timedelta(days=10), Visit(), world.now)
    world.article("meanwhile", "agents")
    assert world.titles(world.sent(), reader) == []
    world.article("later", "agents")
    world.now += timedelta(days=7)
    back = world.sent()
    assert world.titles(back, reader) == ["later", "meanwhile"]
    world.article("new", "agents")
    assert world.titles(world.sent(), reader) == ["new"]


def test_a_pause_while_the_digest_waits_cancels_it_and_loses_nothing(world: World) -> None:
    reader = world.reader("agents")
    world.article("one", "agents")
    first = world.issue()
    world.compose(first)
    with world.database.write() as session:
        pause(session, subscription_id(world, reader), world.now + timedelta(days=30), Visit(), world.now)
    assert world.got(first)[reader].state is DeliveryState.CANCELLED
    world.close()
    world.article("two", "agents")
    world.sent()
    with world.database.write() as session:
        resume(session, subscription_id(world, reader), Visit(), world.now)
    world.article("three", "agents")
    assert world.titles(world.sent(), reader) == ["one", "three", "two"]


def test_a_change_of_schedule_neither_repeats_nor_skips(world: World) -> None:
    reader = world.reader("agents")
    world.article("one", "agents")
    world.sent()
    world.article("two", "agents")
    other = move(world, reader)
    assert world.titles(world.sent(), reader) == []
    issue = issue_of(world, other)
    world.compose(issue)
    assert world.titles(issue, reader) == ["two"]


def move(world: World, reader: int) -> int:
    """Give a reader another schedule, with what that asks for; its id."""
    with world.database.write() as session:
        other = add_schedule(session, 1, last_cut=counter(session, "seq"))
        row = subscription_of(session, reader)
        row.from_seq = start_when_leaving(session, row.id or 0)
        row.schedule_id = other
        session.add(row)
    return other


def issue_of(world: World, schedule_id: int) -> int:
    """An issue of another schedule, due now."""
    world.now += timedelta(days=1)
    with world.database.write() as session:
        issue = IssueRow(newsletter_id=1, schedule_id=schedule_id, slot=world.now, created_at=world.now)
        session.add(issue)
        session.flush()
        return issue.id or 0


def test_who_moves_while_in_flight_is_waited_for_and_gets_what_was_not_sent(world: World) -> None:
    reader = world.reader("agents")
    world.article("one", "agents")
    first = world.issue()
    world.compose(first)
    world.end(first, DeliveryState.IN_FLIGHT)
    other = issue_of(world, move(world, reader))
    world.article("two", "agents")
    assert world.compose(other).waits
    world.end(first, DeliveryState.DEFERRED)
    world.compose(other)
    assert world.got(first)[reader].state is DeliveryState.EXPIRED
    assert world.titles(other, reader) == ["one", "two"]


def test_a_late_failure_brings_nothing_back_that_a_waiting_digest_continues(world: World) -> None:
    reader = world.reader("agents")
    world.article("one", "agents")
    first = world.issue()
    world.compose(first)
    world.end(first, DeliveryState.UNKNOWN)
    world.close()
    schedule_id = move(world, reader)
    world.article("two", "agents")
    with world.database.write() as session:
        session.get_one(ScheduleRow, schedule_id).last_cut = 0
    second = issue_of(world, schedule_id)
    world.compose(second)
    with world.database.write() as session:
        row = session.get_one(DeliveryRow, (first, reader))
        row.state, row.fault = DeliveryState.FAILED, Fault.SENDER
        session.add(row)
        session.flush()
        apply_own_starts(session, first, [reader])
    world.end(second, DeliveryState.ACCEPTED)
    world.close()
    world.article("three", "agents")
    third = issue_of(world, schedule_id)
    world.compose(third)
    assert [world.titles(issue, reader) for issue in (first, second, third)] == [["one"], ["two"], ["three"]]


def test_a_welcomed_reader_begins_with_what_comes_after_their_confirmation(world: World) -> None:
    world.article("old", "agents")
    with world.database.write() as session:
        reader = add_reader(session, world.schedule_id, ["agents"])
        row = subscription_of(session, reader)
        row.status = SubscriptionStatus.UNCONFIRMED
        session.add(row)
        session.flush()
        assert confirm(session, row.id or 0, Visit(), world.now)
    world.article("new", "agents")
    assert world.titles(world.sent(), reader) == ["new"]


def test_an_own_start_is_dropped_when_nothing_new_was_in_it(world: World) -> None:
    quiet = world.reader("chips", from_seq=0)
    world.article("one", "agents")
    world.reader("agents")
    first = world.sent()
    assert world.titles(first, quiet) == []
    assert world.own_start(quiet) is None


def test_an_own_start_is_dropped_when_it_says_what_the_issue_says(world: World) -> None:
    world.reader("agents")
    world.article("one", "agents")
    world.sent()
    same = world.reader("agents", from_seq=1)
    world.article("two", "agents")
    issue = world.issue()
    world.compose(issue)
    assert world.titles(issue, same) == ["two"]
    assert world.own_start(same) is None


def test_an_own_start_past_the_window_is_kept(world: World) -> None:
    ahead = world.reader("agents", from_seq=5)
    world.article("one", "agents")
    world.reader("agents")
    assert world.titles(world.sent(), ahead) == []
    assert world.own_start(ahead) == 5
