"""The console: who may come in, what it shows, and what a schedule's form does."""

import re
from datetime import timedelta

import pytest
from sqlmodel import select

from syndication.domain.states import Health, IssueState, SubscriptionStatus
from syndication.store.admins import hash_of, offer_setup
from syndication.store.tables import AdminSessionRow, AuditEntryRow, IssueRow, ScheduleRow, SourceRow
from tests.support.website import Website

SECRET = "a-secret-that-serve-printed"
PASSWORD = "a long sentence"


@pytest.fixture
def cookie(website: Website) -> str:
    """The cookie of the first admin."""
    offer(website)
    answer = website.visitor().post(f"/admin/setup/{SECRET}", data={"name": "Anna", "password": PASSWORD})
    assert answer.headers["location"] == "/admin/"
    return answer.headers["set-cookie"].split(";")[0]


def offer(website: Website) -> None:
    with website.database.write() as session:
        offer_setup(session, hash_of(SECRET), website.now)


def console(website: Website, cookie: str, path: str = "/admin/") -> str:
    answer = website.visitor().get(path, headers={"cookie": cookie})
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.text)


def only_schedule(website: Website) -> ScheduleRow:
    with website.database.read() as session:
        return session.exec(select(ScheduleRow)).one()


def test_without_a_log_in_every_page_leads_to_the_log_in(website: Website) -> None:
    for path in ("/admin/", "/admin/schedules/1", "/admin/schedules/preview"):
        answer = website.visitor().get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, "/admin/login")


def test_the_log_in_says_how_to_become_the_first_admin_while_there_is_none(website: Website) -> None:
    assert "Nobody can log in yet." in website.visitor().get("/admin/login").text


def test_the_log_in_of_a_console_with_an_admin_speaks_of_none_to_make(website: Website, cookie: str) -> None:
    assert cookie
    assert "Nobody can log in yet." not in website.visitor().get("/admin/login").text


def test_the_set_up_link_works_once(website: Website, cookie: str) -> None:
    assert "All well." in console(website, cookie)
    again = website.visitor().post(f"/admin/setup/{SECRET}", data={"name": "Eve", "password": PASSWORD})
    assert again.status_code == 404
    used = website.visitor().get(f"/admin/setup/{SECRET}")
    assert used.status_code == 404
    assert "This link was used" in used.text
    assert '<a href="/admin/">To the console</a>' in used.text


def test_a_newer_set_up_link_makes_the_older_one_worthless(website: Website) -> None:
    offer(website)
    with website.database.write() as session:
        offer_setup(session, hash_of("newer"), website.now)
    assert website.visitor().get(f"/admin/setup/{SECRET}").status_code == 404
    assert website.visitor().get("/admin/setup/newer").status_code == 200


def test_a_short_password_is_refused_and_the_name_kept(website: Website) -> None:
    offer(website)
    answer = website.visitor().post(f"/admin/setup/{SECRET}", data={"name": "Anna", "password": "short"})
    assert answer.status_code == 422
    assert "at least 10 characters" in answer.text
    assert 'value="Anna"' in answer.text


def test_name_and_password_open_the_console_and_wrong_ones_say_the_same(website: Website, cookie: str) -> None:
    good = website.visitor().post("/admin/login", data={"name": "anna ", "password": PASSWORD})
    assert good.headers["location"] == "/admin/"
    answers = [
        website.visitor().post("/admin/login", data={"name": name, "password": "not that one"})
        for name in ("anna", "nobody")
    ]
    assert {answer.status_code for answer in answers} == {422}
    assert {"Name and password do not fit." in answer.text for answer in answers} == {True}
    assert cookie


def test_the_cookie_is_out_of_reach_for_scripts_and_other_sites(website: Website) -> None:
    offer(website)
    answer = website.visitor().post(f"/admin/setup/{SECRET}", data={"name": "Anna", "password": PASSWORD})
    attributes = answer.headers["set-cookie"].lower()
    assert "httponly" in attributes
    assert "samesite=lax" in attributes
    assert "path=/admin" in attributes


def test_logging_out_ends_the_session_in_the_database(website: Website, cookie: str) -> None:
    website.visitor().post("/admin/logout", headers={"cookie": cookie})
    assert website.visitor().get("/admin/", headers={"cookie": cookie}).status_code == 303
    with website.database.read() as session:
        assert session.exec(select(AdminSessionRow)).all() == []


def test_a_log_in_ends_after_two_weeks(website: Website, cookie: str) -> None:
    website.now += timedelta(days=14)
    assert website.visitor().get("/admin/", headers={"cookie": cookie}).status_code == 303


def test_a_form_sent_from_another_site_is_refused(website: Website, cookie: str) -> None:
    headers = {"cookie": cookie, "origin": "https://evil.example"}
    answer = website.visitor().post("/admin/schedules/1", data={"cron": "0 8 * * *"}, headers=headers)
    assert answer.status_code == 403


def test_the_first_line_tells_the_state_the_next_slot_and_its_readers(website: Website, cookie: str) -> None:
    website.reader("agents")
    assert re.search(r"All well\. Next: \w+( \d+ \w+)? \d\d:\d\d, 1 reader\.", console(website, cookie))


def test_unconfirmed_readers_are_counted_apart(website: Website, cookie: str) -> None:
    website.reader("agents", status=SubscriptionStatus.UNCONFIRMED)
    assert "0 confirmed readers, 1 waiting to confirm, 0 left." in console(website, cookie)


def test_a_failing_source_and_a_paused_issue_are_named_with_their_remedy(website: Website, cookie: str) -> None:
    website.articles("agents")
    with website.database.write() as session:
        source = session.exec(select(SourceRow)).one()
        source.health = Health.FAILING
        source.last_error = "This is a web page, not a feed."
        issue = IssueRow(newsletter_id=1, state=IssueState.PAUSED, note="The server refused.", created_at=website.now)
        session.add(issue)
    words = console(website, cookie)
    assert "2 things need you." in words
    assert "This is a web page, not a feed." in words
    assert "The server refused." in words
    assert "syndication issues resume" in words


def test_what_came_in_and_what_went_out_is_counted(website: Website, cookie: str) -> None:
    website.articles("agents", titles=("One", "Two"))
    with website.database.write() as session:
        session.add(IssueRow(newsletter_id=1, state=IssueState.EMPTY, note="Nothing new.", created_at=website.now))
    words = console(website, cookie)
    assert "The Source" in words
    assert "empty: Nothing new." in words


def test_saving_a_schedule_moves_its_next_slot_and_is_written_down(website: Website, cookie: str) -> None:
    before = only_schedule(website)
    form = {"cron": "0 8 * * 1-5", "zone": "Europe/Berlin", "version": str(before.version), "enabled": "true"}
    answer = website.visitor().post(f"/admin/schedules/{before.id}", data=form, headers={"cookie": cookie})
    assert answer.headers["location"] == "/admin/newsletters/1"
    after = only_schedule(website)
    assert (after.cron, after.zone, after.version) == ("0 8 * * 1-5", "Europe/Berlin", before.version + 1)
    assert after.next_slot > website.now
    with website.database.read() as session:
        entry = session.exec(select(AuditEntryRow).where(AuditEntryRow.action == "schedule.change")).one()
    assert (entry.actor, entry.before["cron"], entry.after["cron"]) == ("anna", before.cron, "0 8 * * 1-5")


def test_two_admins_do_not_overwrite_each_other_silently(website: Website, cookie: str) -> None:
    stored = only_schedule(website)
    for cron, status in (("0 8 * * *", 303), ("0 9 * * *", 409)):
        form = {"cron": cron, "zone": "Europe/Rome", "version": str(stored.version)}
        answer = website.visitor().post(f"/admin/schedules/{stored.id}", data=form, headers={"cookie": cookie})
        assert answer.status_code == status
    assert "Saved by anna meanwhile" in answer.text
    assert "<td>0 8 * * *</td><td>0 9 * * *</td>" in answer.text
    assert 'value="0 9 * * *"' in answer.text
    assert only_schedule(website).cron == "0 8 * * *"


@pytest.mark.parametrize(
    ("cron", "zone", "words"),
    [("0 25 * * *", "Europe/Rome", "hour"), ("0 8 * * *", "Europe/Roma", "Europe/Rome"), ("", "Europe/Rome", "five")],
)
def test_wrong_words_are_explained_and_kept(website: Website, cookie: str, cron: str, zone: str, words: str) -> None:
    stored = only_schedule(website)
    form = {"cron": cron, "zone": zone, "version": str(stored.version)}
    answer = website.visitor().post(f"/admin/schedules/{stored.id}", data=form, headers={"cookie": cookie})
    assert answer.status_code == 422
    assert words in answer.text
    assert f'value="{cron}"' in answer.text
    assert only_schedule(website).cron == stored.cron


def test_the_preview_shows_five_slots_and_saves_nothing(website: Website, cookie: str) -> None:
    piece = console(website, cookie, "/admin/schedules/preview?cron=30+7+*+*+FRI&zone=Europe/Rome")
    assert piece.count("<li>") == 5
    assert piece.count("07:30 Europe/Rome") == 5
    assert "<html" not in piece


def test_without_javascript_a_button_shows_the_slots_and_saves_nothing(website: Website, cookie: str) -> None:
    stored = only_schedule(website)
    form = {"cron": "0 8 * * *", "zone": "Europe/Rome", "version": str(stored.version), "show": "1"}
    answer = website.visitor().post(f"/admin/schedules/{stored.id}", data=form, headers={"cookie": cookie})
    assert answer.status_code == 200
    assert answer.text.count("08:00 Europe/Rome") == 5
    assert only_schedule(website).cron == stored.cron
