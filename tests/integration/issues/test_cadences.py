"""Readers choose when: cadences a newsletter offers, hours of their own, instant issues, and what moving costs: nothing."""

from datetime import UTC, datetime, time, timedelta

import pytest
from sqlmodel import select

from syndication.domain.entries import ScheduleEntry
from syndication.domain.errors import CronError, ScheduleError
from syndication.domain.states import Cadence, DeliveryState
from syndication.jobs.compose import compose_issue
from syndication.jobs.fire import fire_due
from syndication.store.consent import Visit
from syndication.store.database import Database
from syndication.store.moving import Hour, choose_schedule, offered_schedules
from syndication.store.newsletters import add_schedule
from syndication.store.scheduling import schedule, schedules_of, upcoming
from syndication.store.tables import DeliveryRow, NewsletterRow, ScheduleRow
from tests.support.issues import SITE, World, ignore
from tests.support.rows import subscription_of
from tests.support.year import Chosen, Year


@pytest.fixture
def world(database: Database) -> World:
    made = World.build(database)
    with database.write() as session:
        session.get_one(NewsletterRow, 1).own_hours = True
        add_schedule(session, 1, ScheduleEntry(Cadence.DAILY, "0 9 * * *", "UTC"), made.now)
        add_schedule(session, 1, ScheduleEntry(Cadence.INSTANT, "", "UTC"), made.now)
    return made


def move(world: World, reader: int, cadence: Cadence, hour: Hour | None = None) -> bool:
    with world.database.write() as session:
        subscription = subscription_of(session, reader).id or 0
        return choose_schedule(session, subscription, cadence, hour, Visit(), world.now)


def schedule_of(world: World, reader: int) -> ScheduleRow:
    with world.database.read() as session:
        return session.get_one(ScheduleRow, subscription_of(session, reader).schedule_id)


def fire(world: World, at: datetime) -> list[int]:
    """Fire what is due, compose it and let everybody get it; the issues."""
    world.now = at
    found = [each.issue_id for each in fire_due(world.database, ignore, at) if not each.skipped]
    for issue in found:
        compose_issue(world.database, SITE, issue, at)
        world.end(issue, DeliveryState.ACCEPTED)
        world.close()
    return found


def test_one_schedule_a_cadence_is_offered_and_none_of_readers_own(world: World) -> None:
    reader = world.reader("agents")
    assert move(world, reader, Cadence.DAILY, Hour(6, 45, "Asia/Tokyo"))
    with world.database.read() as session:
        offered = [each.value.cadence for each in offered_schedules(session, 1)]
    assert offered == [Cadence.WEEKLY, Cadence.DAILY, Cadence.INSTANT]


def test_readers_of_one_hour_share_a_schedule(world: World) -> None:
    first, second, third = (world.reader("agents") for _ in range(3))
    for reader in (first, second):
        assert move(world, reader, Cadence.DAILY, Hour(6, 45, "Asia/Tokyo"))
    assert move(world, third, Cadence.DAILY, Hour(9, 0, "UTC"))

    own = schedule_of(world, first)
    assert (own.cron, own.zone, own.is_own) == ("45 6 * * *", "Asia/Tokyo", True)
    assert schedule_of(world, second).id == own.id
    assert not schedule_of(world, third).is_own
    assert not move(world, second, Cadence.DAILY, Hour(6, 45, "Asia/Tokyo"))


def test_moving_loses_nothing_and_brings_nothing_twice(world: World) -> None:
    reader = world.reader("agents")
    world.article("had", "agents")
    first = world.issue()
    world.compose(first)
    world.article("new", "agents")
    assert move(world, reader, Cadence.DAILY, Hour(8, 0, "Europe/Rome"))
    with world.database.read() as session:
        assert session.get_one(DeliveryRow, (first, reader)).state is DeliveryState.CANCELLED

    (issue,) = [i for i in fire(world, schedule_of(world, reader).next_slot) if world.got(i)]
    assert world.titles(issue, reader) == ["had", "new"]

    world.article("later", "agents")
    assert move(world, reader, Cadence.WEEKLY)
    weekly = world.issue()
    world.compose(weekly)
    assert world.titles(weekly, reader) == ["later"]


def test_an_own_schedule_that_nobody_reads_makes_no_issues(world: World) -> None:
    reader = world.reader("agents")
    move(world, reader, Cadence.DAILY, Hour(6, 45, "UTC"))
    own = schedule_of(world, reader)
    move(world, reader, Cadence.WEEKLY)

    fired = fire_due(world.database, ignore, own.next_slot)

    assert own.id not in {each.schedule_id for each in fired}
    with world.database.read() as session:
        after = schedule(session, own.id or 0)
        assert after
        assert after.value.next_slot == own.next_slot + timedelta(days=1)


def test_an_instant_issue_comes_once_there_is_settled_news(world: World) -> None:
    reader = world.reader("agents")
    move(world, reader, Cadence.INSTANT)
    slot = schedule_of(world, reader).next_slot
    instant = schedule_of(world, reader).id

    def fired() -> list[int]:
        nonlocal slot
        found = [each.issue_id for each in fire_due(world.database, ignore, slot) if each.schedule_id == instant]
        slot = schedule_of(world, reader).next_slot
        return found

    assert fired() == []
    world.now = slot + timedelta(hours=1) - timedelta(seconds=30)
    world.article("fresh", "agents")
    assert fired() == []
    (issue,) = fired()
    world.compose(issue)
    assert world.titles(issue, reader) == ["fresh"]
    assert fired() == []


def test_what_is_not_offered_is_refused_in_words(world: World) -> None:
    reader = world.reader("agents")
    with pytest.raises(ScheduleError, match="offers no monthly issue; it has weekly, daily, instant"):
        move(world, reader, Cadence.MONTHLY)
    with pytest.raises(ScheduleError, match="comes when there is news"):
        move(world, reader, Cadence.INSTANT, Hour(7, 0, "UTC"))
    with pytest.raises(CronError, match="no time zone"):
        move(world, reader, Cadence.DAILY, Hour(7, 0, "Nowhere"))
    with world.database.write() as session:
        for row in session.exec(select(ScheduleRow)):
            row.review_s = 3600
    with pytest.raises(ScheduleError, match="reviewed before they go out"):
        move(world, reader, Cadence.DAILY, Hour(7, 0, "UTC"))
    with world.database.write() as session:
        session.get_one(NewsletterRow, 1).own_hours = False
    with pytest.raises(ScheduleError, match="one hour for all"):
        move(world, reader, Cadence.DAILY, Hour(7, 0, "UTC"))
    assert schedule_of(world, reader).id == world.schedule_id


def test_a_monthly_schedule_of_the_31st_is_kept_as_the_last_day(world: World) -> None:
    with world.database.write() as session:
        made = add_schedule(session, 1, ScheduleEntry(Cadence.MONTHLY, "0 8 31 * *", "UTC"), world.now)
    with world.database.read() as session:
        assert next(each for each in schedules_of(session, 1) if each.id == made).value.cron == "0 8 L * *"
        assert len(upcoming(session, world.now)) == 4


@pytest.mark.parametrize("begin", [datetime(2026, 3, 26, tzinfo=UTC), datetime(2026, 10, 23, tzinfo=UTC)])
def test_through_a_change_of_the_clocks_each_reader_is_served_at_their_hour_once(
    database: Database, begin: datetime
) -> None:
    year = Year(database, begin, begin + timedelta(days=9))
    for zone in ("Europe/Rome", "Asia/Tokyo"):
        year.add(Chosen(Cadence.DAILY, time(2, 30), zone))
        year.add(Chosen(Cadence.WEEKLY, time(7, 0), zone))
        year.add(Chosen(Cadence.MONTHLY, time(1, 15), zone))
    assert year.live() > 2 * 7
    year.judge()
