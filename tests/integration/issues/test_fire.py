"""Slots fire once, whoever looks; missed ones become one issue; what is in the way makes a slot skipped."""

import multiprocessing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from syndication.domain.entries import ScheduleEntry
from syndication.domain.errors import CronError
from syndication.domain.newsletters import Newsletter
from syndication.domain.seams import Task
from syndication.domain.states import Cadence, IssueState
from syndication.jobs.fire import fire_due
from syndication.store.database import Database, open_database
from syndication.store.newsletters import add_newsletter, default_schedule, newsletter, newsletters
from syndication.store.scheduling import due_schedules, save_schedule, schedule, schedules_of, upcoming
from syndication.store.tables import CounterRow, IssueRow, ScheduleRow, TopicRow
from tests.support.rows import (
    NOW,
    add_article,
    add_counters,
    add_reader,
    add_schedule,
    add_source,
    add_topic,
)
from tests.support.rows import add_newsletter as add_newsletter_row


class Asked:
    """An Enqueue that remembers."""

    def __init__(self) -> None:
        self.calls: list[tuple[Task, str, dict[str, int]]] = []

    def __call__(self, task: Task, key: str, **ids: int) -> None:
        self.calls.append((task, key, ids))


@pytest.fixture
def schedule_id(database: Database) -> int:
    with database.write() as session:
        add_counters(session)
        add_topic(session, "agents")
        return add_schedule(session, add_newsletter_row(session, "radar", ["agents"]))


def issues(database: Database) -> list[IssueRow]:
    with database.read() as session:
        return list(session.exec(select(IssueRow).order_by("id")).all())


def set_state(database: Database, issue_id: int, state: IssueState) -> None:
    with database.write() as session:
        session.get_one(IssueRow, issue_id).state = state


def test_a_due_slot_makes_one_issue_and_asks_for_it(database: Database, schedule_id: int) -> None:
    asked = Asked()
    (fired,) = fire_due(database, asked, NOW)
    assert (fired.schedule_id, fired.slot, fired.skipped) == (schedule_id, NOW, "")
    assert asked.calls == [(Task.COMPOSE, f"compose:{fired.issue_id}", {"issue_id": fired.issue_id})]
    assert [(issue.id, issue.slot, issue.state) for issue in issues(database)] == [
        (fired.issue_id, NOW, IssueState.DUE)
    ]
    assert fire_due(database, asked, NOW) == []


def test_nothing_fires_early_or_when_switched_off(database: Database, schedule_id: int) -> None:
    assert fire_due(database, Asked(), NOW - timedelta(microseconds=1)) == []
    with database.write() as session:
        session.get_one(ScheduleRow, schedule_id).enabled = False
    assert fire_due(database, Asked(), NOW) == []


@pytest.mark.usefixtures("schedule_id")
def test_slots_missed_in_a_downtime_make_one_issue_for_the_latest(database: Database) -> None:
    back = NOW + timedelta(days=21, hours=2)
    (fired,) = fire_due(database, Asked(), back)
    assert fired.slot == NOW + timedelta(days=21)
    assert not fired.skipped
    with database.read() as session:
        assert due_schedules(session, back) == []
    (later,) = fire_due(database, Asked(), NOW + timedelta(days=28))
    assert later.slot == NOW + timedelta(days=28)


def test_a_slot_that_comes_too_late_is_skipped_and_loses_nothing(database: Database, schedule_id: int) -> None:
    asked = Asked()
    (fired,) = fire_due(database, asked, NOW + timedelta(days=2))
    assert fired.skipped == "It came 48 hours too late."
    assert asked.calls == []
    (issue,) = issues(database)
    assert (issue.state, issue.note) == (IssueState.SKIPPED, fired.skipped)
    assert issue.closed_at
    with database.read() as session:
        stored = schedule(session, schedule_id)
    assert stored
    assert (stored.last_cut, stored.value.next_slot) == (0, NOW + timedelta(days=7))


@pytest.mark.usefixtures("schedule_id")
@pytest.mark.parametrize("state", [IssueState.DUE, IssueState.COMPOSING, IssueState.REVIEW, IssueState.PAUSED])
def test_a_slot_is_skipped_while_the_last_issue_is_in_the_way(database: Database, state: IssueState) -> None:
    (first,) = fire_due(database, Asked(), NOW)
    set_state(database, first.issue_id, state)
    (second,) = fire_due(database, Asked(), NOW + timedelta(days=7))
    assert second.skipped.startswith(f"Issue {first.issue_id} is still")
    (third,) = fire_due(database, Asked(), NOW + timedelta(days=14))
    assert third.skipped
    set_state(database, first.issue_id, IssueState.SENDING)
    (fourth,) = fire_due(database, Asked(), NOW + timedelta(days=21))
    assert not fourth.skipped


def test_a_schedule_that_cannot_be_read_does_not_stop_the_others(database: Database, schedule_id: int) -> None:
    with database.write() as session:
        session.get_one(ScheduleRow, schedule_id).cron = "no such words"
        other = add_schedule(session, 1)
    assert [fired.schedule_id for fired in fire_due(database, Asked(), NOW)] == [other]


def fire_once_by_url(url: str) -> int:
    """What each of the racing processes does; answers how many it won."""
    database = open_database(url)
    won = len(fire_due(database, Asked(), NOW))
    database.close()
    return won


@pytest.mark.usefixtures("schedule_id")
def test_four_processes_fire_each_of_many_slots_once(database: Database, database_url: str) -> None:
    with database.write() as session:
        for _ in range(59):
            add_schedule(session, 1)
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload([__name__])  # imports once, not four times
    with processes.Pool(4) as pool:
        wins = pool.map(fire_once_by_url, [database_url] * 4, chunksize=1)
    assert sum(wins) == 60
    made = issues(database)
    assert len(made) == 60
    assert len({issue.schedule_id for issue in made}) == 60


def test_saving_a_schedule_computes_its_next_slot(database: Database, schedule_id: int) -> None:
    with database.write() as session:
        stored = schedule(session, schedule_id)
        assert stored
        daily = replace(stored, value=replace(stored.value, cron="0 9 * * *", zone="Europe/Rome"))
        assert save_schedule(session, daily, NOW, expected_version=stored.version)
    with database.read() as session:
        again = schedule(session, schedule_id)
    assert again
    assert again.value.next_slot == datetime(2026, 11, 6, 8, tzinfo=UTC)
    assert again.version == stored.version + 1


def test_the_second_of_two_admins_is_told_that_the_schedule_has_changed(database: Database, schedule_id: int) -> None:
    with database.write() as session:
        stored = schedule(session, schedule_id)
        assert stored
        first = replace(stored, value=replace(stored.value, cron="0 9 * * *"))
        second = replace(stored, value=replace(stored.value, cron="0 10 * * *"))
        assert save_schedule(session, first, NOW, expected_version=stored.version)
        assert not save_schedule(session, second, NOW, expected_version=stored.version)
    with database.read() as session:
        again = schedule(session, schedule_id)
    assert again
    assert again.value.cron == "0 9 * * *"


def test_a_wrong_schedule_is_not_saved(database: Database, schedule_id: int) -> None:
    with database.write() as session:
        stored = schedule(session, schedule_id)
        assert stored
        wrong = replace(stored, value=replace(stored.value, cron="0 9 31 2 *"))
        with pytest.raises(CronError, match="never fires"):
            save_schedule(session, wrong, NOW, expected_version=stored.version)


def test_upcoming_counts_readers_and_new_articles(database: Database, schedule_id: int) -> None:
    with database.write() as session:
        add_topic(session, "other")
        source_id = add_source(session)
        add_article(session, source_id, ["agents"])
        add_article(session, source_id, ["agents", "other"])
        add_article(session, source_id, ["other"])
        add_article(session, source_id, ["agents"], news=False)
        add_reader(session, schedule_id, ["agents"])
        add_reader(session, schedule_id, ["agents"], paused_until=NOW - timedelta(days=1))
        add_reader(session, schedule_id, ["agents"], paused_until=NOW + timedelta(days=1))
        switched_off = add_schedule(session, 1)
        session.get_one(ScheduleRow, switched_off).enabled = False
    with database.read() as session:
        (slot,) = upcoming(session, NOW)
    assert (slot.schedule.id, slot.slot, slot.readers, slot.articles) == (schedule_id, NOW, 2, 2)
    assert slot.newsletter_title == "Radar"


def entry(cron: str = "30 7 * * fri") -> ScheduleEntry:
    return ScheduleEntry(Cadence.WEEKLY, cron, "Europe/Rome")


def test_a_newsletter_is_kept_with_its_sections_in_order_and_starts_from_now(database: Database) -> None:
    value = Newsletter(
        slug="weekly",
        title="Weekly",
        description="All of it.",
        sender_name="Weekly",
        sender_address="weekly@example.org",
        postal_address="1 Main Street",
        language="it",
        topics=("zebra", "agents"),
        reply_to="editor@example.org",
    )
    with database.write() as session:
        add_counters(session)
        add_topic(session, "agents")
        add_topic(session, "zebra")
        session.get_one(CounterRow, "seq").n = 17
        stored = add_newsletter(session, value, [entry(), entry("0 9 * * mon")], NOW)
    with database.read() as session:
        assert newsletter(session, "weekly") == newsletter(session, stored.id) == stored
        assert stored.value == value
        assert [topic.slug for topic in stored.topics] == ["zebra", "agents"]
        assert newsletters(session) == [stored]
        assert newsletter(session, "none") is None
        first = default_schedule(session, stored.id)
        assert first
        assert [each.id for each in schedules_of(session, stored.id)] == [first.id, first.id + 1]
        assert (first.last_cut, first.value.next_slot) == (17, datetime(2026, 11, 13, 6, 30, tzinfo=UTC))


def test_new_readers_get_the_oldest_schedule_that_is_enabled(database: Database, schedule_id: int) -> None:
    with database.write() as session:
        other = add_schedule(session, 1)
        session.get_one(ScheduleRow, schedule_id).enabled = False
    with database.read() as session:
        found = default_schedule(session, 1)
        assert found
        assert found.id == other
        assert default_schedule(session, 99) is None


def test_switched_off_topics_are_not_offered(database: Database, schedule_id: int) -> None:
    del schedule_id
    with database.write() as session:
        session.exec(select(TopicRow)).one().enabled = False
    with database.read() as session:
        found = newsletter(session, "radar")
        assert found
        assert found.topics == ()
