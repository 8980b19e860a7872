"""The page of an issue in review and of an announcement: words, articles, the mail as any reader, a test, who may."""

import re
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from sqlmodel import select

from syndication.domain.roles import Role
from syndication.domain.states import IssueState
from syndication.jobs.announce import compose_announcement
from syndication.jobs.compose import compose_issue
from syndication.jobs.fire import fire_due
from syndication.jobs.sweep import sweep
from syndication.store.tables import IssueRow, ScheduleRow
from tests.support.console import Colleague, colleague
from tests.support.issues import ignore
from tests.support.website import SITE, Website


@pytest.fixture
def ed(website: Website) -> Colleague:
    return colleague(website, "ed", Role.EDITOR)


@pytest.fixture
def review(website: Website) -> str:
    """The address of the page of an issue that goes in an hour, with two articles."""
    website.reader("agents")
    website.articles("agents", titles=("About agents",))
    website.articles("local", titles=("About models",))
    with website.database.write() as session:
        schedule = session.exec(select(ScheduleRow)).one()
        schedule.review_s, schedule.next_slot = 7200, website.now + timedelta(hours=1)
    (fired,) = fire_due(website.database, ignore, website.now)
    composed(website, fired.issue_id)
    return f"/admin/issues/{fired.issue_id}/review"


def composed(website: Website, issue: int = 1) -> None:
    """What the service does within seconds."""
    sweep(website.database, ignore, website.now)
    if compose_announcement(website.database, SITE, issue, website.now) is None:
        compose_issue(website.database, SITE, issue, website.now)


def row(website: Website, issue: int = 1) -> IssueRow:
    with website.database.read() as session:
        return session.get_one(IssueRow, issue)


def mark(page: str) -> str:
    found = re.search(r'name="mark" value="(\w+)"', page)
    assert found
    return found[1]


def announced(website: Website, ed: Colleague) -> str:
    """The page of an announcement."""
    answer = ed.post("/admin/newsletters/1/announce", subject="We move", intro="Dear *all*,\r\n\r\nwe move.")
    composed(website)
    return str(answer.headers["location"])


def test_it_says_what_happens_when_nobody_acts(ed: Colleague, review: str) -> None:
    page = ed.words(review)

    assert "It goes by itself</strong> Friday 6 November, 09:30 Europe/Rome" in page
    assert "1 reader gets it" in page
    assert f'href="{review}"' in ed.words("/admin/issues/1")


def test_subject_and_words_come_into_mail_preview_and_archive(website: Website, ed: Colleague, review: str) -> None:
    words = {"subject": " Two  things ", "intro": "Dear **all**,\r\n\r\nsee https://a.example/x."}
    assert ed.post(review, **words, mark=mark(ed.words(review))).headers["location"] == f"{review}?saved=words"

    assert "<strong>all</strong>" in ed.get(f"{review}/mail").text
    assert "It is being composed" in ed.words(review)
    composed(website)
    assert (row(website).state, row(website).subject) == (IssueState.REVIEW, "Two things")
    assert "It is being composed" not in ed.words(review)
    assert ed.log("issue.words")[0].after["subject"] == "Two things"
    ed.post("/admin/issues/1/send", sure="yes")
    archive = website.visitor().get("/newsletters/weekly/1").text
    assert "<h1>Two things</h1>" in archive
    assert '<a href="https://a.example/x"' in archive


def test_what_somebody_else_saved_is_shown_and_not_overwritten(website: Website, ed: Colleague, review: str) -> None:
    old = mark(ed.words(review))
    colleague(website, "ada", Role.EDITOR).post(review, subject="Ada's", intro="", mark=old)

    answer = ed.post(review, subject="Ed's", intro="", mark=old)

    assert answer.status_code == 409
    assert "Saved by ada meanwhile" in answer.text
    assert 'value="Ed&#39;s"' in answer.text
    assert row(website).own_subject == "Ada's"
    assert ed.post(review, subject="Ed's", intro="", mark=mark(answer.text)).status_code == 303


def test_an_article_is_dropped_put_back_and_one_of_the_history_added(
    website: Website, ed: Colleague, review: str
) -> None:
    (old,) = website.articles("agents", titles=("Long ago",), news=False)
    assert f'<option value="{old}"' in ed.words(review)
    assert ed.post(f"{review}/articles", act="drop", article="1").status_code == 303
    assert ed.post(f"{review}/articles", act="add", other=str(old)).status_code == 303
    mail = ed.get(f"{review}/mail").text
    assert "About agents" not in mail
    assert "Long ago" in mail
    assert "Put back" in ed.words(review)
    composed(website)

    assert ed.post(f"{review}/articles", act="add", article="1").status_code == 303
    composed(website)
    assert "About agents" in ed.get(f"{review}/mail").text
    assert [entry.after for entry in ed.log("issue.add")] == [{"article": old}, {"article": 1}]


def test_what_cannot_be_added_is_explained(ed: Colleague, review: str) -> None:
    for other, words in (("999", "no such article here"), ("2", "came with an earlier issue, or comes by itself")):
        answer = ed.post(f"{review}/articles", act="add", other=other)
        assert answer.status_code == 422
        assert words in answer.text
    too_long = ed.post(review, subject="W" * 200, intro="", mark=mark(ed.words(review)))
    assert too_long.status_code == 422
    assert "200 characters; write at most 150" in too_long.text


def test_the_mail_is_shown_as_any_reader_and_sent_as_a_test(website: Website, ed: Colleague, review: str) -> None:
    models = ed.get(f"{review}/mail?{urlencode({'topics': 'local', 'language': 'it'})}").text
    assert "About models" in models
    assert "About agents" not in models
    assert "Annulla l" in models

    assert "1 of 1 taken" in ed.post(f"{review}/test", topics=["agents"], to="me@example.org").text
    (mail,) = website.outbox.glob("*.eml")
    assert b"[Test] About agents" in mail.read_bytes()
    assert ed.post(f"{review}/test", to="me at example").status_code == 422


def test_hold_send_and_skip_are_a_click_away(website: Website, ed: Colleague, review: str) -> None:
    page = ed.words(review)
    for act in ("send", "hold", "cancel"):
        assert f'href="/admin/issues/1/{act}"' in page
    ed.post("/admin/issues/1/hold", sure="yes")
    assert "It waits for you" in ed.words(review)
    ed.post("/admin/issues/1/send", sure="yes")
    assert row(website).state is IssueState.SENDING
    assert ed.get(review).headers["location"] == "/admin/issues/1"
    assert ed.post(review, subject="Late", mark="x").status_code == 422


def test_a_viewer_looks_and_changes_nothing(website: Website, review: str) -> None:
    vera = colleague(website, "vera", Role.VIEWER)
    page = vera.words(review)
    assert "About agents" in page
    assert "<textarea" not in page
    assert "Send now" not in page
    assert vera.get(f"{review}/mail").status_code == 200
    for path, form in ((review, {"subject": "x"}), (f"{review}/articles", {"act": "drop"}), (f"{review}/test", {})):
        assert vera.post(path, **form).status_code == 403
    assert vera.get("/admin/newsletters/1/announce").status_code == 403
    assert website.visitor().get(review).headers["location"] == "/admin/login"
    assert vera.get("/admin/issues/99/review").status_code == 404


def test_an_announcement_is_written_looked_at_and_sent(website: Website, ed: Colleague) -> None:
    website.reader("agents")
    website.articles("agents", titles=("About agents",))
    assert "Write an announcement" in ed.words("/admin/newsletters/1")
    refused = ed.post("/admin/newsletters/1/announce", subject="", intro="Dear all")
    assert (refused.status_code, "Dear all" in refused.text) == (422, True)
    page = announced(website, ed)
    shown = ed.words(page)
    assert "It waits for you" in shown
    assert "1 reader would get it now" in shown
    assert "<em>all</em>" in ed.get(f"{page}/mail?language=it").text

    ed.post(f"{page}/articles", act="add", article="1")
    composed(website)
    assert "About agents" in ed.get(f"{page}/mail").text
    website.now += timedelta(minutes=5)
    ed.post("/admin/issues/1/send", sure="yes")
    composed(website)
    assert (row(website).state, row(website).planned) == (IssueState.SENDING, 1)
    archive = website.visitor().get("/newsletters/weekly/1").text
    assert "<h1>We move</h1>" in archive
    assert "<em>all</em>" in archive
    assert "About agents" in archive


def test_an_announcement_has_topics_and_a_time(website: Website, ed: Colleague) -> None:
    website.reader("agents")
    page = announced(website, ed)
    form = {"subject": "We move", "intro": "Soon.", "topics": ["local"]}
    for at, words in (("2026-11-06T08:00", "has passed"), ("tomorrow", "no date with a time")):
        answer = ed.post(page, **form, at=at, mark=mark(ed.words(page)))
        assert answer.status_code == 422
        assert words in answer.text
    assert ed.post(page, **form, at="2026-11-07T09:00", mark=mark(ed.words(page))).status_code == 303
    composed(website)

    shown = ed.words(page)
    assert "It goes by itself</strong> Saturday 7 November, 09:00 Europe/Rome" in shown
    assert "0 readers would get it now" in shown
    assert 'value="2026-11-07T09:00"' in shown
