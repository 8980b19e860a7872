"""The console's main page: what is wrong with its button, a timeline, what came in and went out as charts with their numbers."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from syndication.deliver.outbox import OutboxTransport
from syndication.domain.roles import Role
from syndication.domain.states import Health, IssueState
from syndication.domain.troubles import Trouble
from syndication.jobs.deliver import deliver_ready
from syndication.store.alerting import keep_troubles, mark_untold
from syndication.store.counting import count_batches
from syndication.store.database import Database
from syndication.store.overview import intake_by_day
from syndication.store.tables import ArticleRow, IssueRow, ScheduleRow, SourceRow
from tests.support import rows
from tests.support.console import colleague
from tests.support.mailing import POST, add_mailing
from tests.support.website import Website


def entries(page: str) -> list[str]:
    """The lines of the timeline, as their words."""
    (found,) = re.findall(r'<ol class="timeline">(.*?)</ol>', page)
    return [re.sub(r"<[^>]+>|\s+", " ", one) for one in re.findall(r"<li.*?</li>", found)]


def test_what_is_under_way_comes_first_then_the_slots_of_a_week_in_order(website: Website) -> None:
    website.reader("agents")
    website.articles("agents", titles=("One", "Two"))
    with website.database.write() as session:
        letter = session.exec(select(ScheduleRow.newsletter_id)).one()
        at = website.now + timedelta(hours=1)
        rows.add_schedule(session, letter, cron="0 8 * * *", zone="UTC", next_slot=at)
        session.add(IssueRow(newsletter_id=letter, state=IssueState.REVIEW, created_at=website.now, slot=website.now))
    first, second, *others = entries(colleague(website).words("/admin/"))
    assert "Now" in first
    assert "is in review" in first
    assert "it waits for you" in first
    assert "Review it" in first
    assert "0 readers, 2 new articles" in second
    assert len(others) == 7
    assert any("1 reader, 2 new articles" in one for one in others)
    assert sum("Skip this one" in one for one in [second, *others]) == 2


def test_an_issue_in_review_that_goes_by_itself_is_what_goes_next(website: Website) -> None:
    at = website.now + timedelta(minutes=20)
    with website.database.write() as session:
        letter = session.exec(select(ScheduleRow.newsletter_id)).one()
        session.add(
            IssueRow(
                newsletter_id=letter,
                state=IssueState.REVIEW,
                created_at=website.now,
                slot=at,
                planned=3,
                review_until=at,
            )
        )
    page = colleague(website).words("/admin/")
    assert "All well. Next: Friday 08:50, 3 readers." in page
    first, *_ = entries(page)
    assert "Friday 08:50" in first
    assert "3 readers, it goes by itself" in first


def test_a_viewer_sees_the_timeline_and_skips_nothing(website: Website) -> None:
    page = colleague(website, "vera", Role.VIEWER).words("/admin/")
    assert "nothing new yet: no mail unless something comes" in page
    assert "Skip this one" not in page


def test_a_slot_that_passed_unnoticed_says_that_no_process_runs_the_jobs(website: Website) -> None:
    said = "No process runs the clock and the jobs"
    with website.database.write() as session:
        session.exec(select(ScheduleRow)).one().next_slot = website.now - timedelta(minutes=1)
    assert said not in colleague(website).words("/admin/")
    with website.database.write() as session:
        session.exec(select(ScheduleRow)).one().next_slot = website.now - timedelta(minutes=3)
    page = colleague(website, "vera", Role.VIEWER).words("/admin/")
    assert said in page
    assert "syndication worker" in page


def test_each_trouble_has_the_button_that_mends_it(website: Website) -> None:
    website.articles("agents")
    with website.database.write() as session:
        session.exec(select(SourceRow)).one().health = Health.GONE
        session.add(IssueRow(newsletter_id=1, state=IssueState.PAUSED, note="Refused.", created_at=website.now))
        machine = [Trouble("disk", "Only 3 MB are free.", "Free some."), Trouble("backup", "No backup.", "Again.")]
        keep_troubles(session, machine, website.now)
        mark_untold(session, ["disk"], "the command ended with 1", website.now)
    page = colleague(website).words("/admin/")
    assert "4 things need you." in page
    for words, place in (
        ("Resume it", "/admin/issues/1/resume"),
        ("Open the source", "/admin/sources/1"),
        ("See disk and backups", "/admin/live/"),
    ):
        assert f'href="{place}">{words}' in page
    assert "You could not be told" in page
    assert "the command ended with 1" in page


def test_what_came_in_is_drawn_by_local_day_with_its_numbers_in_a_table(website: Website) -> None:
    website.articles("agents", titles=("One", "Two"))
    website.articles(titles=("Elsewhere",))
    page = colleague(website).words("/admin/")
    assert "3 articles; most: 3, " in page
    assert page.count("<rect") == 2
    assert re.search(r"<rect [^>]*><title>\d+ \w+ \d{4}: 2 in a topic</title>", page)
    (row,) = re.findall(r'<th scope="row">(\d+ \w+ \d{4})</th><td>2</td><td>1</td>', page)
    assert f"{row}: 1 in none" in page


@pytest.mark.parametrize(
    ("zone", "utc", "day"),
    [
        ("Europe/Rome", datetime(2026, 11, 9, 23, 30, tzinfo=UTC), 10),
        ("Europe/Rome", datetime(2026, 11, 9, 22, 30, tzinfo=UTC), 9),
        ("America/New_York", datetime(2026, 11, 10, 3, 30, tzinfo=UTC), 9),
    ],
)
def test_an_article_belongs_to_the_day_its_zone_had(website: Website, zone: str, utc: datetime, day: int) -> None:
    website.articles("agents")
    with website.database.write() as session:
        session.exec(select(ArticleRow)).one().first_seen_at = utc
    with website.database.read() as session:
        found = intake_by_day(session, datetime(2026, 11, 12, 12, tzinfo=UTC), 14, zone)
    assert len(found) == 14
    assert [one.day.day for one in found if one.accepted] == [day]


def test_what_went_out_is_drawn_by_issue(database: Database, tmp_path: Path) -> None:
    website = Website(database, tmp_path)
    mailing = add_mailing(database, website.now, readers=5)
    deliver_ready(database, OutboxTransport(tmp_path), POST, lambda: website.now, lambda: False)
    count_batches(database)
    page = colleague(website).words("/admin/")
    assert f"5 mails; most: 5, issue {mailing.issue_id}." in page
    assert f"issue {mailing.issue_id}: 5 accepted" in page
