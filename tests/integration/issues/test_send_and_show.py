"""What admins do with issues: look before, send now, pause, resume, list and show."""

import pytest
from sqlmodel import select

from syndication.domain.errors import IssueError
from syndication.domain.seams import Task
from syndication.domain.states import DeliveryState, IssueState
from syndication.jobs.compose import compose_issue, preview, send_now
from syndication.store.counting import Chosen
from syndication.store.database import Database
from syndication.store.issues import delivery_rows, issue_summary, list_issues, pause_issue, resume_issue
from syndication.store.tables import DigestRow, IssueRow, TemplateVersionRow
from tests.support.issues import SITE, World, ignore


@pytest.fixture
def world(database: Database) -> World:
    return World.build(database)


def test_a_preview_says_what_would_go_and_writes_nothing(world: World) -> None:
    for topics in (("agents",), ("agents", "chips"), ("onprem",), ("chips",)):
        world.reader(*topics)
    world.article("agents", "agents")
    world.article("both", "agents", "onprem")
    seen = preview(world.database, SITE, "radar", world.now)
    assert (seen.readers, seen.without_news, seen.digests) == (3, 1, 2)
    assert {story.title for story in seen.stories} == {"agents", "both"}
    assert seen.sample
    assert seen.sample.subject == "News"
    with world.database.read() as session:
        assert session.exec(select(IssueRow)).all() == []
        assert session.exec(select(DigestRow)).all() == []
    report = world.compose(world.issue())
    assert (report.planned, report.digests, report.articles) == (seen.readers, seen.digests, len(seen.stories))


def test_a_preview_without_news_has_no_sample(world: World) -> None:
    world.reader("agents")
    seen = preview(world.database, SITE, "radar", world.now)
    assert (seen.readers, seen.without_news, seen.sample) == (0, 1, None)


def test_sending_now_asks_for_an_issue_of_the_default_schedule(world: World) -> None:
    asked: list[tuple[Task, str, dict[str, int]]] = []

    def enqueue(task: Task, key: str, **ids: int) -> None:
        asked.append((task, key, ids))

    issue_id = send_now(world.database, enqueue, "radar", world.now)
    assert asked == [(Task.COMPOSE, f"compose:{issue_id}", {"issue_id": issue_id})]
    row = world.row(issue_id)
    assert (row.schedule_id, row.slot, row.state) == (world.schedule_id, world.now, IssueState.DUE)


def test_sending_now_is_refused_while_an_issue_is_in_the_way(world: World) -> None:
    first = world.issue()
    with pytest.raises(IssueError, match=f"Issue {first} is still due"):
        send_now(world.database, ignore, "radar", world.now)
    with pytest.raises(IssueError, match="no newsletter 'unknown'"):
        send_now(world.database, ignore, "unknown", world.now)


def test_an_issue_that_does_not_exist_is_told_as_such(world: World) -> None:
    assert compose_issue(world.database, SITE, 99, world.now).state is None


def test_a_template_that_fails_is_noted_and_loses_nothing(world: World) -> None:
    reader = world.reader("agents")
    world.article("one", "agents")
    with world.database.write() as session:
        template = session.exec(select(TemplateVersionRow)).one()
        template.html, html = "{{ sections.nothing.such }}", template.html
    issue = world.issue()
    report = world.compose(issue)
    assert report.state is IssueState.COMPOSING
    assert report.fault
    assert world.row(issue).note.startswith("The template cannot be rendered")
    with world.database.write() as session:
        session.exec(select(TemplateVersionRow)).one().html = html
    assert world.compose(issue).state is IssueState.SENDING
    assert world.row(issue).note == ""
    assert world.titles(issue, reader) == ["one"]


def test_only_what_is_sent_can_be_paused_and_only_what_is_paused_resumed(world: World) -> None:
    world.reader("agents")
    world.article("one", "agents")
    issue = world.issue()
    with world.database.write() as session:
        assert not pause_issue(session, issue)
    world.compose(issue)
    with world.database.write() as session:
        assert not resume_issue(session, issue)
        assert pause_issue(session, issue, "The server refuses us.")
    assert (world.state(issue), world.row(issue).note) == (IssueState.PAUSED, "The server refuses us.")
    with world.database.write() as session:
        assert resume_issue(session, issue)
    assert (world.state(issue), world.row(issue).note) == (IssueState.SENDING, "")


def test_an_issue_is_shown_with_what_became_of_its_deliveries(world: World) -> None:
    readers = [world.reader("agents") for _ in range(4)]
    world.article("one", "agents")
    issue = world.issue()
    world.compose(issue)
    world.end(issue, DeliveryState.ACCEPTED, *readers[:2])
    world.end(issue, DeliveryState.DEFERRED, readers[2])
    with world.database.read() as session:
        summary = issue_summary(session, issue)
        assert issue_summary(session, 99) is None
        assert summary
        assert summary.counts == {DeliveryState.ACCEPTED: 2, DeliveryState.DEFERRED: 1, DeliveryState.READY: 1}
        assert summary.total == summary.line.planned == 4
        rows = delivery_rows(session, issue)
        assert [row.subscriber_id for row in rows] == readers
        assert delivery_rows(session, issue, after=readers[1], limit=1) == [rows[2]]
        assert delivery_rows(session, issue, Chosen(DeliveryState.READY)) == [rows[3]]


def test_issues_are_listed_newest_first_by_newsletter(world: World) -> None:
    world.reader("agents")
    world.article("one", "agents")
    first, second = world.sent(), world.sent()
    with world.database.read() as session:
        lines = list_issues(session)
        assert [(line.id, line.state) for line in lines] == [
            (second, IssueState.EMPTY),
            (first, IssueState.SENT),
        ]
        assert list_issues(session, limit=1, newsletter="radar") == lines[:1]
        assert list_issues(session, newsletter="other") == []
