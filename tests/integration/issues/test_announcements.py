"""Announcements: to all readers or those of some topics, each once, and no reader's window moves by them."""

from datetime import timedelta

import pytest
from sqlmodel import select

from syndication.deliver.retry import LIFETIME
from syndication.domain.errors import IssueError
from syndication.domain.states import DeliveryState, Edit, IssueState, SubscriptionStatus
from syndication.jobs.announce import announced_body, compose_announcement
from syndication.jobs.compose import compose_issue
from syndication.jobs.planning import ComposeReport
from syndication.jobs.sweep import sweep
from syndication.store.announcing import Announcement, add_articles, announce, announcement, begin, readers_of, rewrite
from syndication.store.consent import Visit
from syndication.store.database import Database
from syndication.store.delivering import digest_bodies
from syndication.store.explaining import explain
from syndication.store.issues import cancel_issue
from syndication.store.leaving import pause, unsubscribe
from syndication.store.resending import send_to_rest
from syndication.store.reviewing import Words, edit_article, send_reviewed
from syndication.store.tables import DeliveryRow, NewsletterRow, SubscriberRow, SubscriptionRow
from syndication.store.templates import save_template
from tests.support.issues import SITE, Disturbed, Killed, Mortal, World, ignore
from tests.support.rows import add_newsletter, add_reader, add_schedule, add_template, subscription_of
from tests.support.website import compiled_templates

WORDS = Words("We move", "Dear readers,\n\nwe move to **Rome**.")
VISIT = Visit("192.0.2.1", "test", "/test")


@pytest.fixture
def world(database: Database) -> World:
    return World.build(database)


def written(world: World, words: Words = WORDS) -> int:
    with world.database.write() as session:
        letter = session.exec(select(NewsletterRow.id)).one() or 0
        return announce(session, letter, words, world.now)


def composed(world: World, issue: int, database: Database | None = None) -> ComposeReport:
    """What the service does with an announcement that was written or changed."""
    sweep(world.database, ignore, world.now)
    report = compose_announcement(database or world.database, SITE, issue, world.now)
    assert report is not None
    return report


def sent(world: World, issue: int) -> ComposeReport:
    """What follows the button."""
    with world.database.write() as session:
        assert send_reviewed(session, issue, world.now)
    return composed(world, issue)


def change(world: World, issue: int, *topics: str, until: timedelta | None = None, words: Words = WORDS) -> None:
    with world.database.write() as session:
        rewrite(session, issue, words, topics, world.now + until if until else None)


def readers(world: World, issue: int) -> dict[int, str]:
    """Who has a delivery, and its subject."""
    with world.database.read() as session:
        rows = session.exec(select(DeliveryRow).where(DeliveryRow.issue_id == issue)).all()
        bodies = digest_bodies(session, [row.digest_id for row in rows])
        return {row.subscriber_id: bodies[row.digest_id].subject for row in rows}


def test_it_waits_until_somebody_sends_it_and_goes_to_every_reader_once(world: World) -> None:
    one, other = world.reader("agents"), world.reader("chips", language="it")
    issue = written(world)
    assert composed(world, issue).state is IssueState.REVIEW
    world.now += timedelta(days=400)
    sweep(world.database, ignore, world.now)
    assert world.state(issue) is IssueState.REVIEW

    report = sent(world, issue)

    assert (report.state, report.planned, report.digests) == (IssueState.SENDING, 2, 2)
    assert readers(world, issue) == {one: "We move", other: "We move"}
    assert composed(world, issue).state is IssueState.SENDING
    assert readers(world, issue) == {one: "We move", other: "We move"}


def test_who_reads_at_the_moment_it_goes_gets_it_and_nobody_else(world: World) -> None:
    left, paused, stays = world.reader("agents"), world.reader("agents"), world.reader("agents")
    issue = written(world)
    composed(world, issue)
    with world.database.write() as session:
        unsubscribe(session, subscription_of(session, left).id or 0, VISIT, world.now)
        pause(session, subscription_of(session, paused).id or 0, world.now + timedelta(days=30), VISIT, world.now)
    late = world.reader("chips")
    with world.database.write() as session:
        add_reader(session, world.schedule_id, ("agents",), status=SubscriptionStatus.UNCONFIRMED)
    world.now += timedelta(minutes=1)

    sent(world, issue)

    assert set(readers(world, issue)) == {stays, late}


def test_whoever_sends_it_right_after_a_change_need_not_wait_for_it(world: World) -> None:
    first = world.reader("agents")
    issue = written(world)
    composed(world, issue)
    change(world, issue, words=Words("We moved", WORDS.intro))
    sweep(world.database, ignore, world.now)
    assert world.state(issue) is IssueState.DUE
    with world.database.write() as session:
        begin(session, issue, world.now)
    world.now += timedelta(minutes=1)
    late = world.reader("agents")
    with world.database.write() as session:
        assert send_reviewed(session, issue, world.now)
    compose_announcement(world.database, SITE, issue, world.now)

    assert composed(world, issue).state is IssueState.SENDING
    assert readers(world, issue) == {first: "We moved", late: "We moved"}


def test_its_readers_are_counted_without_those_who_are_away_or_read_another(world: World) -> None:
    world.reader("agents")
    away = world.reader("chips")
    with world.database.write() as session:
        letter = session.exec(select(NewsletterRow.id)).one() or 0
        pause(session, subscription_of(session, away).id or 0, world.now + timedelta(days=30), VISIT, world.now)
        add_reader(session, world.schedule_id, ("agents",), status=SubscriptionStatus.UNCONFIRMED)
        other = add_newsletter(session, "other", ["agents"])
        add_reader(session, add_schedule(session, other), ("agents",))
    with world.database.read() as session:
        assert readers_of(session, letter, (), world.now) == 1
        assert readers_of(session, other, (), world.now) == 1
        assert readers_of(session, letter, (), world.now + timedelta(days=31)) == 2


def test_only_readers_of_its_topics_get_it_and_the_others_are_told_why(world: World) -> None:
    agents, chips = world.reader("agents", "onprem"), world.reader("chips")
    issue = written(world)
    change(world, issue, "agents")
    with world.database.read() as session:
        letter = session.exec(select(NewsletterRow.id)).one() or 0
        assert readers_of(session, letter, ("agents",), world.now) == 1
        assert readers_of(session, letter, (), world.now) == 2

    sent(world, issue)

    assert set(readers(world, issue)) == {agents}
    with world.database.read() as session:
        key = session.get_one(SubscriberRow, chips).address_key
        assert explain(session, issue, key, "x").why == "The announcement was for readers of other topics."


def test_it_goes_by_itself_at_its_time_with_the_date_of_then(world: World) -> None:
    reader = world.reader("agents")
    issue = written(world)
    change(world, issue, until=timedelta(days=3))
    assert composed(world, issue).state is IssueState.REVIEW
    world.now += timedelta(days=3)

    assert composed(world, issue).state is IssueState.SENDING

    assert set(readers(world, issue)) == {reader}
    assert world.row(issue).frozen_at == world.now
    assert announcement_of(world, issue).until == world.now


def announcement_of(world: World, issue: int) -> Announcement:
    with world.database.read() as session:
        found = announcement(session, issue)
    assert found is not None
    return found


@pytest.mark.parametrize("end", [DeliveryState.ACCEPTED, DeliveryState.EXPIRED, DeliveryState.CANCELLED])
def test_no_window_moves_by_it_whatever_becomes_of_it(world: World, end: DeliveryState) -> None:
    plain, own = world.reader("agents"), world.reader("agents", from_seq=0)
    world.article("old", "agents")
    first = world.sent()
    assert world.titles(first, own) == ["old"]
    world.article("new", "agents")
    with world.database.write() as session:
        subscription_of(session, own).from_seq = 0
    issue = written(world)
    sent(world, issue)
    world.end(issue, end)

    assert (world.own_start(plain), world.own_start(own)) == (None, 0)
    second = world.sent()
    assert world.titles(second, plain) == ["new"]
    assert world.titles(second, own) == ["new", "old"]


def test_a_reader_who_pauses_while_it_waits_for_them_keeps_their_window(world: World) -> None:
    reader = world.reader("agents")
    world.article("old", "agents")
    world.sent()
    issue = written(world)
    sent(world, issue)
    with world.database.write() as session:
        subscription = subscription_of(session, reader)
        pause(session, subscription.id or 0, world.now + timedelta(days=1), VISIT, world.now)

    assert world.own_start(reader) == world.last_cut()
    with world.database.read() as session:
        assert session.get_one(DeliveryRow, (issue, reader)).state is DeliveryState.CANCELLED


def test_a_digest_and_an_announcement_do_not_stand_in_each_others_way(world: World) -> None:
    reader = world.reader("agents")
    world.article("new", "agents")
    announced = written(world)
    composed(world, announced)

    digest = world.sent()

    assert world.titles(digest, reader) == ["new"]
    assert world.state(announced) is IssueState.REVIEW
    assert sent(world, announced).planned == 1


def test_its_articles_stand_under_their_topics_and_still_come_in_the_digest(world: World) -> None:
    reader = world.reader("agents")
    new, foreign = world.article("new", "agents"), world.article("foreign")
    issue = written(world)
    with world.database.write() as session:
        add_articles(session, issue, (new,), "ada", world.now)
        for article, words in ((foreign, "in none of this newsletter's topics"), (999, "no article 999")):
            with pytest.raises(IssueError, match=words):
                add_articles(session, issue, (article,), "ada", world.now)
    sent(world, issue)

    assert world.titles(issue, reader) == ["new"]
    assert world.titles(world.sent(), reader) == ["new"]


def test_an_article_is_taken_out_again(world: World) -> None:
    reader = world.reader("agents")
    new = world.article("new", "agents")
    issue = written(world)
    with world.database.write() as session:
        add_articles(session, issue, (new,), "ada", world.now)
    composed(world, issue)
    with world.database.write() as session:
        edit_article(session, issue, new, Edit.DROP, "ada", world.now)
        with pytest.raises(IssueError, match="not in this announcement"):
            edit_article(session, issue, new, Edit.DROP, "ada", world.now)

    sent(world, issue)

    assert world.titles(issue, reader) == []
    assert set(readers(world, issue)) == {reader}


def test_a_discarded_one_goes_to_nobody_and_nothing_can_be_changed_after_it_went(world: World) -> None:
    world.reader("agents")
    issue, other = written(world), written(world)
    sweep(world.database, ignore, world.now)
    for each in (issue, other):
        compose_announcement(world.database, SITE, each, world.now)
    assert cancel_issue(world.database, issue, world.now)
    assert {got.state for got in world.got(issue).values()} == {DeliveryState.CANCELLED}
    sent(world, other)
    for gone in (issue, other):
        with pytest.raises(IssueError, match="not in review"):
            change(world, gone, "agents")


def test_words_are_needed_and_a_topic_must_be_known(world: World) -> None:
    for words, missing in ((Words("", "x"), "needs a subject"), (Words("x", " "), "needs words")):
        with pytest.raises(IssueError, match=missing):
            written(world, words)
    issue = written(world)
    with pytest.raises(IssueError, match="no topic 'cats'"):
        change(world, issue, "cats")


def test_without_a_reader_it_is_empty_and_over(world: World) -> None:
    issue = written(world)

    assert sent(world, issue).state is IssueState.EMPTY
    assert world.row(issue).closed_at == world.now


def test_it_may_be_sent_to_the_rest(world: World) -> None:
    reached, missed, gone = world.reader("agents"), world.reader("agents"), world.reader("agents")
    issue = written(world)
    sent(world, issue)
    world.end(issue, DeliveryState.ACCEPTED, reached)
    with world.database.write() as session:
        unsubscribe(session, subscription_of(session, gone).id or 0, VISIT, world.now)
    cancel_issue(world.database, issue, world.now)
    assert world.got(issue)[missed].state is DeliveryState.CANCELLED

    assert send_to_rest(world.database, issue, world.now, LIFETIME) == 1

    assert world.got(issue)[missed].state is DeliveryState.READY
    assert world.got(issue)[reached].state is DeliveryState.ACCEPTED
    with pytest.raises(IssueError, match="only an issue that is over"):
        send_to_rest(world.database, issue, world.now, LIFETIME)


@pytest.mark.parametrize("lives", range(8))
def test_killed_between_any_two_commits_everybody_gets_it_once(world: World, lives: int) -> None:
    everybody = {world.reader("agents"), world.reader("chips", language="it"), world.reader("onprem")}
    article = world.article("new", "agents")
    issue = written(world)
    with world.database.write() as session:
        add_articles(session, issue, (article,), "ada", world.now)
        send_reviewed(session, issue, world.now)
    sweep(world.database, ignore, world.now)
    mortal = Mortal(world.database.engine, lives=[lives])
    try:
        compose_announcement(mortal, SITE, issue, world.now)
    except Killed:
        world.now += timedelta(minutes=1)
        sweep(world.database, ignore, world.now)
        compose_announcement(world.database, SITE, issue, world.now)

    assert world.state(issue) is IssueState.SENDING
    assert set(readers(world, issue)) == everybody
    assert world.row(issue).planned == 3
    with world.database.read() as session:
        assert len(session.exec(select(SubscriptionRow.id)).all()) == 3


def test_cancelled_while_it_is_composed_it_goes_to_nobody(world: World) -> None:
    world.reader("agents")
    issue = written(world)
    with world.database.write() as session:
        send_reviewed(session, issue, world.now)
    sweep(world.database, ignore, world.now)
    disturbed = Disturbed(world.database.engine, lambda: cancel_issue(world.database, issue, world.now), [1])

    report = compose_announcement(disturbed, SITE, issue, world.now)

    assert report is not None
    assert report.state is IssueState.CANCELLED
    assert readers(world, issue) == {}


def test_an_issue_of_a_schedule_is_no_announcement_and_the_other_way_round(world: World) -> None:
    issue, announced = world.issue(), written(world)

    assert compose_announcement(world.database, SITE, issue, world.now) is None
    assert compose_issue(world.database, SITE, announced, world.now).state is None


def test_a_template_that_cannot_be_rendered_is_told_on_the_issue(world: World) -> None:
    world.reader("agents")
    with world.database.write() as session:
        add_template(session, "digest", html="{{ nothing }}")
    issue = written(world)
    sweep(world.database, ignore, world.now)
    report = compose_announcement(world.database, SITE, issue, world.now)

    assert report is not None
    assert "nothing" in report.fault
    assert "cannot be rendered" in world.row(issue).note


def test_the_mail_has_words_and_articles_in_the_readers_language(world: World) -> None:
    article = world.article("new", "agents")
    with world.database.write() as session:
        source, template = next(pair for pair in compiled_templates() if pair[0].name == "digest")
        save_template(session, template, source, None, world.now)
    issue = written(world)
    with world.database.write() as session:
        add_articles(session, issue, (article,), "ada", world.now)
    body = announced_body(world.database, SITE, announcement_of(world, issue), "it", world.now)

    assert body.subject == "We move"
    assert "<strong>Rome</strong>" in body.html
    assert "Annulla l'iscrizione" in body.text
    assert "we move to Rome." in body.text
    assert "new" in body.text
