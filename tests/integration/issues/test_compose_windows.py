"""The rules of the windows, design section 2: each test fails when its rule is gone."""

import threading
from datetime import timedelta

import pytest
from sqlmodel import select

from syndication.domain.newsletters import Choice
from syndication.domain.states import DeliveryState, IssueState, SubscriptionStatus
from syndication.store.consent import Visit
from syndication.store.counters import raise_counter
from syndication.store.database import Database
from syndication.store.delivering import digest_bodies
from syndication.store.issues import issue_summary
from syndication.store.subscribing import change_choice
from syndication.store.tables import (
    ArticleRow,
    DeliveryRow,
    DigestBodyRow,
    DigestRow,
    IssueRow,
    SubscriptionRow,
)
from syndication.store.templates import save_template
from tests.support.issues import SITE, World
from tests.support.rows import accept, add_article, add_source, subscription_of
from tests.support.website import compiled_templates

SERVED = [DeliveryState.ACCEPTED, DeliveryState.UNKNOWN, DeliveryState.BOUNCED, DeliveryState.COMPLAINED]


@pytest.fixture
def world(database: Database) -> World:
    return World.build(database)


def subscription_id(world: World, reader: int) -> int:
    with world.database.read() as session:
        return subscription_of(session, reader).id or 0


# Rule 1: seq is the order of commits, so a freeze that reads n sees every article up to n.


def test_an_article_that_commits_during_a_freeze_is_in_exactly_one_issue(world: World) -> None:
    reader = world.reader("agents")
    world.article("before", "agents")
    raised, go_on = threading.Event(), threading.Event()

    def slow_article() -> None:
        with world.database.write() as session:
            article_id = add_article(session, world.source_id, (), title="during")
            session.get_one(ArticleRow, article_id).seq = raise_counter(session, "seq")
            accept(session, article_id, "agents")
            raised.set()
            go_on.wait(120)

    thread = threading.Thread(target=slow_article)
    thread.start()
    raised.wait(120)
    threading.Timer(0.3, go_on.set).start()
    first = world.sent()
    thread.join()
    second = world.sent()
    both = [*world.titles(first, reader), *world.titles(second, reader)]
    assert sorted(both) == ["before", "during"]


# Rule 2: history and late accepts have no seq; edits and further topics never mail again.


def test_what_tells_the_same_event_is_one_entry_with_the_other_sources_beside_it(world: World) -> None:
    reader = world.reader("agents")
    with world.database.write() as session:
        other = add_source(session, "other", title="The Other")
        source, template = next(pair for pair in compiled_templates() if pair[0].name == "digest")
        save_template(session, template, source, None, world.now)
    told = [world.article("first", "agents"), world.article("second", "agents", source_id=other)]
    with world.database.write() as session:
        for number in told:
            session.get_one(ArticleRow, number).story_id = told[0]
    issue = world.sent()
    got = world.got(issue)[reader]

    assert (len(got.titles), got.more) == (1, 0)
    with world.database.read() as session:
        digest = session.get_one(DeliveryRow, (issue, reader)).digest_id
        assert "Also: " in digest_bodies(session, [digest])[digest].text


def test_history_is_never_mailed(world: World) -> None:
    reader = world.reader("agents")
    world.article("history", "agents", news=False)
    world.article("news", "agents")
    assert world.titles(world.sent(), reader) == ["news"]


def test_edits_and_further_topics_never_mail_again(world: World) -> None:
    reader = world.reader("agents")
    other = world.reader("onprem")
    article_id = world.article("once", "agents")
    assert world.titles(world.sent(), reader) == ["once"]
    world.accept(article_id, "onprem")
    with world.database.write() as session:
        article = session.get_one(ArticleRow, article_id)
        article.revision, article.content_hash = 2, "edited"
    world.article("new", "onprem")
    second = world.sent()
    assert world.titles(second, reader) == []
    assert world.titles(second, other) == ["new"]


# Rule 3: the window of an issue begins where the last one ended.


def test_the_freeze_moves_the_schedule_on(world: World) -> None:
    reader = world.reader("agents")
    world.article("one", "agents")
    first = world.sent()
    world.article("two", "agents")
    world.article("three", "agents")
    second = world.sent()
    assert [(world.row(issue).from_seq, world.row(issue).cut_seq) for issue in (first, second)] == [(0, 1), (1, 3)]
    assert world.titles(second, reader) == ["three", "two"]
    assert world.last_cut() == 3


# Rule 4: one open issue a schedule.


@pytest.mark.parametrize("state", [IssueState.REVIEW, IssueState.PAUSED])
def test_an_issue_is_skipped_when_the_one_before_was_held_meanwhile(world: World, state: IssueState) -> None:
    reader = world.reader("agents")
    world.article("one", "agents")
    held = world.issue()
    world.compose(held)
    world.article("two", "agents")
    following = world.issue()
    with world.database.write() as session:
        session.get_one(IssueRow, held).state = state
    assert world.compose(following).state is IssueState.SKIPPED
    assert world.row(following).note == f"Issue {held} is {state}."
    assert world.last_cut() == 1
    assert world.titles(held, reader) == ["one"]


def test_what_waits_rolls_over_when_the_next_slot_comes(world: World) -> None:
    served, waiting, deferred = world.reader("agents"), world.reader("agents"), world.reader("agents")
    world.article("one", "agents")
    first = world.issue()
    world.compose(first)
    world.end(first, DeliveryState.ACCEPTED, served)
    world.end(first, DeliveryState.DEFERRED, deferred)
    world.article("two", "agents")
    second = world.issue()
    assert world.compose(second).state is IssueState.SENDING
    assert world.state(first) is IssueState.SENT
    assert world.row(first).closed_at
    states = {reader: got.state for reader, got in world.got(first).items()}
    assert states == {
        served: DeliveryState.ACCEPTED,
        waiting: DeliveryState.EXPIRED,
        deferred: DeliveryState.EXPIRED,
    }
    assert world.titles(second, served) == ["two"]
    assert world.titles(second, waiting) == world.titles(second, deferred) == ["one", "two"]


def test_an_issue_waits_for_what_is_in_flight_of_the_one_before(world: World) -> None:
    reader = world.reader("agents")
    world.article("one", "agents")
    first = world.issue()
    world.compose(first)
    world.end(first, DeliveryState.IN_FLIGHT)
    world.article("two", "agents")
    second = world.issue()
    report = world.compose(second)
    assert (report.waits, report.state) == (True, IssueState.DUE)
    assert world.last_cut() == 1
    world.end(first, DeliveryState.DEFERRED)
    assert not world.compose(second).waits
    assert world.got(first)[reader].state is DeliveryState.EXPIRED
    assert world.titles(second, reader) == ["one", "two"]


# Rule 6: nothing twice, whatever topics change; what may have arrived counts as served.


@pytest.mark.parametrize("state", SERVED)
def test_what_may_have_arrived_counts_as_served(world: World, state: DeliveryState) -> None:
    reader = world.reader("agents")
    world.article("one", "agents")
    first = world.issue()
    world.compose(first)
    world.end(first, state)
    world.close()
    world.article("two", "agents")
    assert world.titles(world.sent(), reader) == ["two"]


def test_new_topics_bring_no_old_articles(world: World) -> None:
    reader = world.reader("agents")
    world.article("one", "agents")
    world.article("passed over", "onprem")
    world.article("both", "agents", "onprem")
    assert world.titles(world.sent(), reader) == ["both", "one"]
    with world.database.write() as session:
        choice = Choice(frozenset({"agents", "onprem"}), "en")
        change_choice(session, subscription_id(world, reader), choice, Visit(), world.now)
    world.article("new", "onprem")
    assert world.titles(world.sent(), reader) == ["new"]


# Rule 7: everything in the window is listed once or counted; nothing new is no mail.


def test_topics_are_those_chosen_at_planning(world: World) -> None:
    reader = world.reader("agents")
    world.article("one", "agents")
    world.article("two", "onprem")
    with world.database.write() as session:
        choice = Choice(frozenset({"onprem"}), "en")
        change_choice(session, subscription_id(world, reader), choice, Visit(), world.now)
    assert world.titles(world.sent(), reader) == ["two"]


def test_an_article_of_two_topics_is_listed_once(world: World) -> None:
    reader = world.reader("agents", "onprem")
    world.article("both", "agents", "onprem")
    issue = world.sent()
    assert world.got(issue)[reader].titles == ("both",)


def test_what_exceeds_the_caps_is_counted(world: World) -> None:
    reader = world.reader("agents", "onprem", "chips")
    for number in range(30):
        world.article(f"{number}", ("agents", "onprem", "chips")[number % 3])
    got = world.got(world.sent())[reader]
    assert 0 < len(got.titles) < 30
    assert len(got.titles) + got.more == 30


def test_two_articles_a_source_only_where_there_are_three_sources(world: World) -> None:
    reader = world.reader("agents")
    for number in range(4):
        world.article(f"{number}", "agents")
    first = world.sent()
    assert len(world.titles(first, reader)) == 4
    with world.database.write() as session:
        others = [add_source(session, slug) for slug in ("second", "third")]
    for source_id in others:
        world.article("seen", "agents", source_id=source_id)
    for number in range(4):
        world.article(f"again {number}", "agents")
    got = world.got(world.sent())[reader]
    assert len(got.titles) + got.more == 6
    assert sum(title.startswith("again") for title in got.titles) == 2


def test_a_window_older_than_two_cadences_is_a_catch_up(world: World) -> None:
    late = world.reader("agents", from_seq=0)
    world.article("old", "agents")
    world.now += timedelta(days=15)
    world.article("new", "agents")
    issue = world.sent()
    with world.database.read() as session:
        row = session.get_one(DeliveryRow, (issue, late))
        body = digest_bodies(session, [row.digest_id])[row.digest_id]
    assert "while you were away" in body.html


def test_no_mail_without_news_and_the_archive_says_so(world: World) -> None:
    reader = world.reader("agents")
    world.article("elsewhere", "chips")
    issue = world.issue()
    report = world.compose(issue)
    assert (report.state, report.planned) == (IssueState.EMPTY, 0)
    assert world.got(issue) == {}
    row = world.row(issue)
    assert row.note == "Nothing new for anybody."
    assert row.closed_at
    assert world.last_cut() == 1
    world.article("here", "agents")
    assert world.titles(world.sent(), reader) == ["here"]


def test_who_has_no_news_gets_no_mail_while_others_do(world: World) -> None:
    busy, quiet = world.reader("agents"), world.reader("chips")
    world.article("one", "agents")
    assert set(world.got(world.sent())) == {busy} != {quiet}


# Rule 9: one digest for all who get the same.


def test_readers_with_the_same_effective_choice_share_a_digest(world: World) -> None:
    readers = [
        world.reader("agents"),
        world.reader("agents", "chips"),
        world.reader("agents", "onprem"),
        world.reader("onprem"),
    ]
    world.article("one", "agents")
    issue = world.issue()
    report = world.compose(issue)
    assert (report.planned, report.digests) == (3, 1)
    assert set(world.got(issue)) == set(readers[:3])
    with world.database.read() as session:
        assert len(session.exec(select(DigestBodyRow)).all()) == 1


def test_the_same_stories_for_another_start_share_the_body_alone(world: World) -> None:
    world.reader("agents")
    world.reader("agents", from_seq=1)
    world.article("for nobody", "chips")
    world.article("one", "agents")
    issue = world.issue()
    assert world.compose(issue).digests == 2
    with world.database.read() as session:
        assert len(session.exec(select(DigestBodyRow)).all()) == 1
        assert {digest.start for digest in session.exec(select(DigestRow))} == {0, 1}


def test_every_language_has_its_digest(world: World) -> None:
    world.reader("agents", language="en")
    world.reader("agents", language="it")
    world.article("one", "agents")
    issue = world.issue()
    assert world.compose(issue).digests == 2
    with world.database.read() as session:
        assert {digest.language for digest in session.exec(select(DigestRow))} == {"en", "it"}


def test_an_issue_is_planned_with_its_batches_subject_and_articles(world: World) -> None:
    for _ in range(3):
        world.reader("agents")
    world.article("one", "agents")
    world.article("for nobody", "chips")
    issue = world.issue()
    report = world.compose(issue)
    assert (report.state, report.planned, report.articles) == (IssueState.SENDING, 3, 1)
    with world.database.read() as session:
        summary = issue_summary(session, issue)
    assert summary
    assert summary.total == summary.line.planned == 3
    assert summary.line.subject == "News"
    assert (summary.digests, summary.articles) == (1, 1)
    assert summary.window
    assert summary.window.end == 2


def test_nobody_else_is_written_to(world: World) -> None:
    world.article("one", "agents")
    reader = world.reader("agents")
    for status in (SubscriptionStatus.UNCONFIRMED, SubscriptionStatus.UNSUBSCRIBED):
        left = world.reader("agents")
        with world.database.write() as session:
            row = session.exec(select(SubscriptionRow).where(SubscriptionRow.subscriber_id == left)).one()
            row.status = status
            session.add(row)
    issue = world.issue()
    world.compose(issue)
    assert set(world.got(issue)) == {reader}
    assert SITE.public_url.startswith("https")
