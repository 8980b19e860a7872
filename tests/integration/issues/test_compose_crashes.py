"""Planning is killed at any commit, run twice at once, or cancelled half-way: everybody is served once."""

import threading
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlmodel import select

from syndication.domain.newsletters import Choice
from syndication.domain.states import BatchState, DeliveryState, IssueState
from syndication.store.consent import Visit
from syndication.store.counters import counter
from syndication.store.database import Database
from syndication.store.issues import cancel_issue, close_finished_issues, issues_to_compose
from syndication.store.leaving import pause, resume
from syndication.store.subscribing import change_choice
from syndication.store.tables import DeliveryBatchRow, DeliveryRow
from tests.support.issues import Disturbed, Killed, Mortal, World
from tests.support.kept import kept
from tests.support.rows import subscription_of

NEW = {"agents 0", "agents 1", "both 0", "both 1"}
BOTH = {"both 0", "both 1"}


@dataclass
class Town:
    """Readers with all kinds of choices and starts. due: what each should get. starts: own starts once it is planned."""

    world: World
    due: dict[int, set[str]]
    starts: dict[int, int | None]


@pytest.fixture
def town(database: Database) -> Town:
    return kept(database, build_town)


def build_town(database: Database) -> Town:
    world = World.build(database)
    world.article("old agents", "agents")
    world.article("old chips", "chips")
    rolled_over = world.reader("agents")
    first = world.issue()
    world.compose(first)
    world.end(first, DeliveryState.EXPIRED)
    world.close()
    for number in range(2):
        world.article(f"agents {number}", "agents")
        world.article(f"both {number}", "agents", "onprem")
    wishes: list[tuple[tuple[str, ...], int | None, set[str], int | None]] = [
        (("agents",), None, NEW, None),
        (("agents",), 1, NEW, 1),
        (("agents",), 2, NEW, None),
        (("onprem",), None, BOTH, None),
        (("agents", "onprem"), 1, NEW, 1),
        (("chips",), None, set(), None),
        (("chips",), 1, {"old chips"}, 1),
        (("chips",), 5, set(), None),
        (("chips",), 9, set(), 9),
    ]
    built = Town(world, {rolled_over: {"old agents", *NEW}}, {rolled_over: 0})
    for topics, start, due, left in wishes:
        reader = world.reader(*topics, from_seq=start)
        built.due[reader], built.starts[reader] = due, left
    return built


def check_planned(town: Town, issue: int) -> None:
    """Everybody has exactly what is due, in batches that cover each row once."""
    world = town.world
    got = world.got(issue)
    assert {reader: set(each.titles) for reader, each in got.items()} == {
        reader: due for reader, due in town.due.items() if due
    }
    assert {reader: world.own_start(reader) for reader in town.due} == town.starts
    assert world.row(issue).planned == len(got)
    with world.database.read() as session:
        batches = session.exec(select(DeliveryBatchRow).where(DeliveryBatchRow.issue_id == issue)).all()
        rows = session.exec(select(DeliveryRow).where(DeliveryRow.issue_id == issue)).all()
    for row in rows:
        assert sum(batch.lo <= row.subscriber_id <= batch.hi for batch in batches) == 1


def lives(world: World, issue: int, writes: int) -> bool:
    """Whether planning ends within so many writes; else it is killed in the next one."""
    try:
        world.compose(issue, Mortal(world.database.engine, [writes]))
    except Killed:
        return False
    return True


def test_planning_killed_at_every_commit_ends_as_if_it_never_was(town: Town) -> None:
    issue = town.world.issue()
    writes = 0
    while not lives(town.world, issue, writes):
        with town.world.database.read() as session:
            assert issues_to_compose(session) == [issue]
        writes += 1
    assert writes >= 5
    assert town.world.state(issue) is IssueState.SENDING
    check_planned(town, issue)


def test_planning_again_changes_nothing(town: Town) -> None:
    issue = town.world.issue()
    town.world.compose(issue)
    assert town.world.compose(issue).state is IssueState.SENDING
    check_planned(town, issue)


def test_two_processes_may_plan_the_same_issue_at_once(town: Town) -> None:
    issue = town.world.issue()
    failures: list[Exception] = []

    def compose() -> None:
        try:
            town.world.compose(issue)
        except Exception as error:  # noqa: BLE001 - told to the test
            failures.append(error)

    threads = [threading.Thread(target=compose) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    check_planned(town, issue)


@pytest.mark.parametrize("writes", range(7))
def test_an_issue_cancelled_half_planned_goes_whole_into_the_next(town: Town, writes: int) -> None:
    world = town.world
    issue = world.issue()
    lives(world, issue, writes)
    assert cancel_issue(world.database, issue, world.now)
    assert all(got.state is DeliveryState.CANCELLED for got in world.got(issue).values())
    assert world.compose(issue).state is IssueState.CANCELLED
    following = world.issue()
    assert world.compose(following).state is IssueState.SENDING
    got = world.got(following)
    assert {reader: set(each.titles) for reader, each in got.items()} == {
        reader: due for reader, due in town.due.items() if due
    }


def test_a_cancellation_that_was_killed_is_finished_by_the_sweep(town: Town) -> None:
    world = town.world
    issue = world.issue()
    world.compose(issue)
    with pytest.raises(Killed):
        cancel_issue(Mortal(world.database.engine, [1]), issue, world.now)
    assert world.state(issue) is IssueState.CANCELLED
    assert DeliveryState.READY in {got.state for got in world.got(issue).values()}
    assert close_finished_issues(world.database, world.now) == [issue]
    assert {got.state for got in world.got(issue).values()} == {DeliveryState.CANCELLED}
    following = world.issue()
    world.compose(following)
    assert {reader: set(got.titles) for reader, got in world.got(following).items()} == {
        reader: due for reader, due in town.due.items() if due
    }


def test_a_roll_over_that_was_killed_is_finished_by_the_next_run(town: Town) -> None:
    world = town.world
    first = world.issue()
    world.compose(first)
    following = world.issue()
    writes = 0
    while not lives(world, following, writes):
        writes += 1
    assert {got.state for got in world.got(first).values()} == {DeliveryState.EXPIRED}
    assert {reader: set(got.titles) for reader, got in world.got(following).items()} == {
        reader: due for reader, due in town.due.items() if due
    }


def test_an_issue_is_closed_once_its_batches_are_done_and_nothing_is_left(town: Town) -> None:
    world = town.world
    issue = world.issue()
    world.compose(issue)
    world.end(issue, DeliveryState.ACCEPTED)
    assert close_finished_issues(world.database, world.now) == []
    with world.database.write() as session:
        for batch in session.exec(select(DeliveryBatchRow)):
            batch.state = BatchState.DONE
            session.add(batch)
    assert close_finished_issues(world.database, world.now) == [issue]
    assert world.state(issue) is IssueState.SENT
    assert world.row(issue).closed_at == world.now


# What readers do while their issue is planned: nothing is lost, nothing comes twice.


def served(world: World, reader: int, *issues: int) -> list[str]:
    """All titles that a reader really got, sorted; what waits is sent first."""
    titles: list[str] = []
    for issue in issues:
        world.end(issue, DeliveryState.ACCEPTED)
        got = world.got(issue).get(reader)
        if got and got.state is DeliveryState.ACCEPTED:
            titles += got.titles
    return sorted(titles)


def subscription_id(world: World, reader: int) -> int:
    with world.database.read() as session:
        return subscription_of(session, reader).id or 0


@pytest.mark.parametrize("own_start", [None, 2])
@pytest.mark.parametrize("writes", range(7))
def test_a_pause_while_the_issue_is_planned_loses_nothing(town: Town, writes: int, own_start: int | None) -> None:
    world = town.world
    reader = world.reader("agents", from_seq=own_start)
    key = subscription_id(world, reader)

    def act() -> None:
        with world.database.write() as session:
            pause(session, key, world.now + timedelta(days=99), Visit(), world.now)

    issue = world.issue()
    world.compose(issue, Disturbed(world.database.engine, act, [writes]))
    first = served(world, reader, issue)
    world.close()
    with world.database.write() as session:
        resume(session, key, Visit(), world.now)
    following = world.issue()
    world.compose(following)
    assert sorted([*first, *served(world, reader, following)]) == sorted(NEW)


@pytest.mark.parametrize("writes", range(7))
def test_a_pause_that_ends_while_the_issue_is_planned_loses_nothing(town: Town, writes: int) -> None:
    world = town.world
    reader = world.reader("agents")
    key = subscription_id(world, reader)
    with world.database.write() as session:
        pause(session, key, world.now + timedelta(days=99), Visit(), world.now)

    def act() -> None:
        with world.database.write() as session:
            resume(session, key, Visit(), world.now)

    issue = world.issue()
    world.compose(issue, Disturbed(world.database.engine, act, [writes]))
    first = served(world, reader, issue)
    world.close()
    world.article("next", "agents")
    following = world.issue()
    world.compose(following)
    assert sorted([*first, *served(world, reader, following)]) == sorted([*NEW, "next"])


@pytest.mark.parametrize("writes", range(7))
def test_new_topics_while_the_issue_is_planned_are_in_this_issue_or_not(town: Town, writes: int) -> None:
    world = town.world
    reader = world.reader("chips")
    key = subscription_id(world, reader)

    def act() -> None:
        with world.database.write() as session:
            change_choice(session, key, Choice(frozenset({"onprem", "chips"}), "en"), Visit(), world.now)

    issue = world.issue()
    report = world.compose(issue, Disturbed(world.database.engine, act, [writes]))
    assert report.state is IssueState.SENDING
    first = served(world, reader, issue)
    assert first == (sorted(BOTH) if writes < 4 else [])
    world.close()
    world.article("next", "onprem")
    following = world.issue()
    world.compose(following)
    assert served(world, reader, following) == ["next"]


@pytest.mark.parametrize("writes", range(7))
def test_who_confirms_while_the_issue_is_planned_begins_with_the_next(town: Town, writes: int) -> None:
    world = town.world
    newcomers: list[int] = []

    def act() -> None:
        with world.database.read() as session:
            seq = counter(session, "seq")
        newcomers.append(world.reader("agents", from_seq=seq))

    issue = world.issue()
    world.compose(issue, Disturbed(world.database.engine, act, [writes]))
    (newcomer,) = newcomers
    assert served(world, newcomer, issue) == []
    world.close()
    world.article("next", "agents")
    following = world.issue()
    world.compose(following)
    assert served(world, newcomer, following) == ["next"]
