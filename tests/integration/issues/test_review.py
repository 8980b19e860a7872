"""Issues in review: they wait for their slot, can be held, sent, edited, skipped; nothing is lost and nothing comes twice."""

from datetime import timedelta

import pytest

from syndication.deliver.retry import LIFETIME
from syndication.domain.errors import IssueError
from syndication.domain.states import Edit, IssueState
from syndication.jobs.fire import fire_due
from syndication.jobs.sweep import sweep
from syndication.store.database import Database
from syndication.store.delivering import claim_batch, digest_bodies, recipients
from syndication.store.gating import open_gate
from syndication.store.issues import cancel_issue
from syndication.store.reviewing import Words, edit_article, hold, send_reviewed, take_back, write_words
from syndication.store.tables import DeliveryRow, IssueRow, ScheduleRow
from syndication.store.withdrawing import withdraw_articles
from tests.support.issues import Disturbed, World, ignore
from tests.support.rows import NOW

SLOT = NOW + timedelta(hours=2)
EARLY = SLOT - timedelta(hours=1)


@pytest.fixture
def world(database: Database) -> World:
    made = World.build(database)
    with database.write() as session:
        row = session.get_one(ScheduleRow, made.schedule_id)
        row.review_s, row.next_slot = 3600, SLOT
    made.now = EARLY
    return made


def in_review(world: World) -> int:
    (fired,) = fire_due(world.database, ignore, world.now)
    assert world.compose(fired.issue_id).state is IssueState.REVIEW
    return fired.issue_id


def edit(world: World, issue: int, article: int, what: Edit) -> None:
    with world.database.write() as session:
        edit_article(session, issue, article, what, "ada", world.now)


def again(world: World, issue: int) -> None:
    """What the service does with an issue that was edited."""
    sweep(world.database, ignore, world.now)
    assert world.state(issue) is IssueState.COMPOSING
    assert world.compose(issue).state is IssueState.REVIEW


def test_an_issue_is_composed_before_its_slot_and_goes_by_itself(world: World) -> None:
    reader = world.reader("agents")
    world.article("new", "agents")
    assert fire_due(world.database, ignore, EARLY - timedelta(seconds=1)) == []
    issue = in_review(world)

    sweep(world.database, ignore, SLOT - timedelta(seconds=1))
    assert world.state(issue) is IssueState.REVIEW
    sweep(world.database, ignore, SLOT)

    assert world.state(issue) is IssueState.SENDING
    assert world.titles(issue, reader) == ["new"]
    assert fire_due(world.database, ignore, SLOT) == []


def test_a_held_issue_waits_for_the_editor(world: World) -> None:
    world.reader("agents")
    world.article("new", "agents")
    issue = in_review(world)
    with world.database.write() as session:
        assert hold(session, issue)
    sweep(world.database, ignore, SLOT + timedelta(days=400))
    assert world.state(issue) is IssueState.REVIEW

    with world.database.write() as session:
        assert send_reviewed(session, issue, world.now)
    assert world.state(issue) is IssueState.SENDING
    with world.database.write() as session:
        assert not send_reviewed(session, issue, world.now)
        assert not hold(session, issue)


@pytest.mark.parametrize("is_edited", [False, True])
def test_an_issue_that_was_held_for_days_is_tried_as_long_as_any_other(world: World, *, is_edited: bool) -> None:
    reader = world.reader("agents")
    world.article("new", "agents")
    issue = in_review(world)
    with world.database.write() as session:
        hold(session, issue)
        if is_edited:
            write_words(session, issue, Words("Late", ""))
    world.now += 2 * LIFETIME
    with world.database.write() as session:
        send_reviewed(session, issue, world.now)
    if is_edited:
        sweep(world.database, ignore, world.now)
        assert world.compose(issue).state is IssueState.SENDING

    with world.database.write() as session:
        open_gate(session, issue)
        lease = claim_batch(session, world.now, timedelta(minutes=1), LIFETIME)
        assert lease is not None
        assert lease.issue_at == world.now
        assert [one.subscriber_id for one in recipients(session, lease)] == [reader]


def test_whoever_sends_or_holds_right_after_a_change_need_not_wait_for_it(world: World) -> None:
    world.reader("agents")
    world.article("new", "agents")
    issue = in_review(world)
    with world.database.write() as session:
        write_words(session, issue, Words("Changed", ""))
    sweep(world.database, ignore, world.now)
    assert world.state(issue) is IssueState.COMPOSING
    with world.database.write() as session:
        assert hold(session, issue)
    assert world.compose(issue).state is IssueState.REVIEW
    sweep(world.database, ignore, SLOT)
    assert world.state(issue) is IssueState.REVIEW

    with world.database.write() as session:
        write_words(session, issue, Words("Changed again", ""))
    sweep(world.database, ignore, world.now)
    with world.database.write() as session:
        assert send_reviewed(session, issue, world.now)
    assert world.compose(issue).state is IssueState.SENDING


def test_what_was_never_composed_is_neither_sent_nor_held(world: World) -> None:
    world.reader("agents")
    (fired,) = fire_due(world.database, ignore, world.now)
    with world.database.write() as session:
        assert not send_reviewed(session, fired.issue_id, world.now)
        assert not hold(session, fired.issue_id)


def test_a_dropped_article_comes_in_no_issue(world: World) -> None:
    reader, other = world.reader("agents"), world.reader("chips")
    dropped = world.article("dropped", "agents", "chips")
    world.article("stays", "agents")
    issue = in_review(world)
    edit(world, issue, dropped, Edit.DROP)
    with world.database.write() as session:
        # Nothing goes out while it is composed again.
        assert send_reviewed(session, issue, world.now)
    assert world.state(issue) is IssueState.REVIEW
    sweep(world.database, ignore, world.now)
    assert world.compose(issue).state is IssueState.SENDING

    assert world.titles(issue, reader) == ["stays"]
    assert other not in world.got(issue)
    world.now = SLOT + timedelta(days=7)
    world.article("later", "agents", "chips")
    # Nobody had the first issue, so its window comes again, without what was dropped.
    following = world.sent()
    assert world.titles(following, reader) == ["later", "stays"]
    assert world.titles(following, other) == ["later"]


def test_a_dropped_article_can_be_put_back_and_history_added(world: World) -> None:
    reader = world.reader("agents")
    article = world.article("new", "agents")
    old = world.article("history", "agents", news=False)
    issue = in_review(world)
    edit(world, issue, article, Edit.DROP)
    edit(world, issue, article, Edit.ADD)
    edit(world, issue, old, Edit.ADD)
    with world.database.write() as session:
        write_words(session, issue, Words("Ours", "Hello there."))
    again(world, issue)

    assert world.titles(issue, reader) == ["history", "new"]
    with world.database.read() as session:
        digest = session.get_one(DeliveryRow, (issue, reader)).digest_id
        assert digest_bodies(session, [digest])[digest].subject == "Ours"
    assert world.row(issue).subject == "Ours"


@pytest.mark.parametrize("writes", range(8))
def test_a_plan_that_another_process_made_anew_is_left_alone(world: World, writes: int) -> None:
    reader = world.reader("agents")
    world.article("new", "agents")
    issue = in_review(world)
    with world.database.write() as session:
        write_words(session, issue, Words(intro="Edited."))

    slow = Disturbed(world.database.engine, lambda: again(world, issue), [writes])
    assert not take_back(slow, issue)

    assert world.titles(issue, reader) == ["new"]
    with world.database.write() as session:
        assert send_reviewed(session, issue, world.now)
        open_gate(session, issue)
        assert claim_batch(session, world.now, timedelta(minutes=1), LIFETIME) is not None


def test_what_is_withdrawn_during_a_review_leaves_the_issue(world: World) -> None:
    reader = world.reader("agents")
    world.article("right", "agents")
    wrong = world.article("wrong", "agents")
    issue = in_review(world)
    with world.database.write() as session:
        withdraw_articles(session, [wrong], "olga", world.now)
    again(world, issue)
    assert world.titles(issue, reader) == ["right"]


def test_words_that_are_too_long_are_refused_and_the_same_words_change_nothing(world: World) -> None:
    world.reader("agents")
    world.article("new", "agents")
    issue = in_review(world)
    for words in (Words("W" * 151), Words(intro="W" * 10_001)):
        with pytest.raises(IssueError, match="write at most"), world.database.write() as session:
            write_words(session, issue, words)
    with world.database.write() as session:
        assert not write_words(session, issue, Words("  ", " \r\n"))
    assert not world.row(issue).is_stale


def test_what_comes_by_itself_or_came_already_cannot_be_added(world: World) -> None:
    world.reader("agents")
    world.article("new", "agents")
    issue = in_review(world)
    later = world.article("later", "agents")
    old = world.article("history", "agents", news=False)
    with pytest.raises(IssueError, match="comes by itself"):
        edit(world, issue, later, Edit.ADD)
    with pytest.raises(IssueError, match="no article 999"):
        edit(world, issue, 999, Edit.DROP)
    edit(world, issue, old, Edit.ADD)
    again(world, issue)
    with world.database.write() as session:
        send_reviewed(session, issue, world.now)
    with pytest.raises(IssueError, match="not in review"):
        edit(world, issue, old, Edit.DROP)


def test_a_skipped_issue_leaves_its_articles_for_the_next(world: World) -> None:
    reader = world.reader("agents")
    world.article("new", "agents")
    issue = in_review(world)
    with world.database.write() as session:
        write_words(session, issue, Words(intro="Half edited."))

    assert cancel_issue(world.database, issue, world.now)

    world.close()
    world.now = SLOT + timedelta(days=7)
    assert world.titles(world.sent(), reader) == ["new"]


def test_the_last_article_that_was_dropped_can_be_put_back(world: World) -> None:
    reader = world.reader("agents")
    only = world.article("only", "agents")
    issue = in_review(world)
    edit(world, issue, only, Edit.DROP)
    again(world, issue)
    assert world.titles(issue, reader) == []
    edit(world, issue, only, Edit.ADD)
    again(world, issue)
    sweep(world.database, ignore, SLOT)
    assert (world.state(issue), world.titles(issue, reader)) == (IssueState.SENDING, ["only"])


def test_an_issue_whose_articles_were_all_dropped_is_empty_at_its_slot(world: World) -> None:
    world.reader("agents")
    only = world.article("only", "agents")
    issue = in_review(world)
    edit(world, issue, only, Edit.DROP)
    again(world, issue)
    sweep(world.database, ignore, SLOT)
    with world.database.read() as session:
        row = session.get_one(IssueRow, issue)
        assert (row.state, row.closed_at, row.note) == (IssueState.EMPTY, SLOT, "Nothing new for anybody.")


def test_what_comes_after_an_empty_issue_was_composed_comes_with_the_next_slot(world: World) -> None:
    reader = world.reader("agents")
    (fired,) = fire_due(world.database, ignore, world.now)
    assert world.compose(fired.issue_id).state is IssueState.EMPTY
    world.article("between", "agents")
    world.now = SLOT
    sweep(world.database, ignore, SLOT)
    assert fire_due(world.database, ignore, SLOT) == []
    with world.database.read() as session:
        world.now = session.get_one(ScheduleRow, world.schedule_id).next_slot - timedelta(hours=1)
    assert world.titles(in_review(world), reader) == ["between"]
