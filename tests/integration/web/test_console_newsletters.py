"""Editing newsletters and their schedules: order of topics, faults, two people at once, hold and skip."""

from typing import Any

import httpx
import pytest
from sqlmodel import select

from syndication.domain.roles import Role
from syndication.domain.states import IssueState
from syndication.lang.words import LANGUAGES
from syndication.store.newsletters import StoredNewsletter, newsletter
from syndication.store.tables import IssueRow, NewsletterRow, ScheduleRow
from tests.support.console import Colleague, colleague
from tests.support.website import Website


def form(**other: object) -> dict[str, Any]:
    return {
        "title": "Radar",
        "slug": "radar",
        "sender_name": "The desk",
        "sender_address": "desk@example.org",
        "postal_address": "Via Roma 1, Torino",
        "language": "it",
        "topics": ["agents", "local"],
        "order-agents": "2",
        "order-local": "1",
        **other,
    }


def stored(website: Website, slug: str) -> StoredNewsletter:
    with website.database.read() as session:
        found = newsletter(session, slug)
    assert found
    return found


def mark(editor: Colleague, path: str) -> str:
    return editor.words(path).split('name="mark" value="')[1].split('"')[0]


def test_a_new_newsletter_has_its_topics_in_order_and_asks_for_a_schedule(website: Website) -> None:
    ed = colleague(website, "ed", Role.EDITOR)
    answer = ed.post("/admin/newsletters/new", **form())
    made = stored(website, "radar")
    assert answer.headers["location"] == f"/admin/newsletters/{made.id}"
    assert made.value.topics == ("local", "agents")
    assert "It has no schedule yet" in ed.words(answer.headers["location"])
    added = ed.post(f"{answer.headers['location']}/schedules", cadence="daily", cron="0 8 * * *", zone="Europe/Rome")
    assert "Every day" in ed.words(added.headers["location"]) or "08:00" in ed.words(added.headers["location"])
    assert len(ed.log("schedule.create")) == 1


def test_what_is_wrong_is_said_beside_what_was_typed(website: Website) -> None:
    ed = colleague(website, "ed", Role.EDITOR)
    wrong = form(title="", sender_address="desk at example", topics=[], language="xx", slug="weekly")
    answer = ed.post("/admin/newsletters/new", **wrong)
    assert answer.status_code == 422
    for words in ("Give the newsletter a title", "desk at example", "at least one topic", "words for mails"):
        assert words in answer.text
    taken = ed.post("/admin/newsletters/new", **form(slug="weekly"))
    assert taken.status_code == 422
    assert "already" in taken.text


def test_a_save_keeps_the_short_name_and_is_written_down_field_by_field(website: Website) -> None:
    ed = colleague(website, "ed", Role.EDITOR)
    path = f"/admin/newsletters/{stored(website, 'weekly').id}"
    assert ed.post(path, **form(mark=mark(ed, path), slug="other")).status_code == 303
    after = stored(website, "weekly").value
    assert (after.title, after.sender_address, after.topics) == ("Radar", "desk@example.org", ("local", "agents"))
    entry = ed.log("newsletter.change")[0]
    assert entry.after["title"] == "Radar"
    assert "slug" not in entry.after


def test_the_languages_to_choose_from_are_kept_and_all_are_said_as_none(website: Website) -> None:
    ed = colleague(website, "ed", Role.EDITOR)
    path = f"/admin/newsletters/{stored(website, 'weekly').id}"
    assert stored(website, "weekly").value.languages == ()

    ed.post(path, **form(mark=mark(ed, path), languages=["xx"]))
    assert stored(website, "weekly").value.languages == ("it",)
    assert ed.log("newsletter.change")[0].after["languages"] == ["it"]

    ed.post(path, **form(mark=mark(ed, path), languages=list(LANGUAGES)))
    assert stored(website, "weekly").value.languages == ()


def test_of_two_people_the_second_sees_what_the_first_saved(website: Website) -> None:
    anna, bert = colleague(website, "anna", Role.EDITOR), colleague(website, "bert", Role.EDITOR)
    path = f"/admin/newsletters/{stored(website, 'weekly').id}"
    seen = mark(anna, path)
    anna.post(path, **form(title="Anna", mark=seen))
    late = bert.post(path, **form(title="Bert", mark=seen))
    assert late.status_code == 409
    assert "<td>Anna</td><td>Bert</td>" in late.text
    assert stored(website, "weekly").value.title == "Anna"


def test_a_wrong_schedule_is_explained_and_kept(website: Website) -> None:
    ed = colleague(website, "ed", Role.EDITOR)
    path = f"/admin/newsletters/{stored(website, 'weekly').id}/schedules"
    answer = ed.post(path, cadence="daily", cron="0 25 * * *", zone="Europe/Rome")
    assert answer.status_code == 422
    assert 'value="0 25 * * *"' in answer.text
    assert '<option value="daily" selected>' in answer.text


def test_a_skipped_slot_is_recorded_and_the_next_one_stays(website: Website) -> None:
    ed = colleague(website, "ed", Role.EDITOR)
    with website.database.read() as session:
        before = session.exec(select(ScheduleRow)).one()
    ed.post(f"/admin/schedules/{before.id}/skip")
    with website.database.read() as session:
        after = session.exec(select(ScheduleRow)).one()
        issue = session.exec(select(IssueRow)).one()
    assert (issue.state, issue.slot, issue.note) == (IssueState.SKIPPED, before.next_slot, "Skipped by ed.")
    assert after.next_slot > before.next_slot
    assert after.last_cut == before.last_cut


def test_a_held_schedule_says_so_and_skips_nothing(website: Website) -> None:
    ed = colleague(website, "ed", Role.EDITOR)
    held = {"cron": "0 8 * * *", "zone": "Europe/Rome", "version": "1"}
    assert ed.post("/admin/schedules/1", **held).status_code == 303
    assert "It is held" in ed.words("/admin/schedules/1")
    ed.post("/admin/schedules/1/skip")
    with website.database.read() as session:
        assert session.exec(select(IssueRow)).all() == []


def test_a_preset_fills_in_the_form_and_saves_nothing(website: Website) -> None:
    ed = colleague(website, "ed", Role.EDITOR)
    page = ed.words("/admin/schedules/1?preset=Every+weekday+at+08%3A00")
    assert 'value="0 8 * * 1-5"' in page
    assert "0 8 * * 1-5" not in ed.words("/admin/schedules/1")


def reviewed(website: Website, minutes: str) -> httpx.Response:
    """Save the only schedule with this many minutes for a review."""
    with website.database.read() as session:
        now = session.exec(select(ScheduleRow)).one()
    form = {"cron": now.cron, "zone": now.zone, "version": str(now.version), "enabled": "true", "review": minutes}
    return colleague(website, "ed", Role.EDITOR).post(f"/admin/schedules/{now.id}", **form)


def test_a_review_before_each_issue_is_set_on_its_schedule(website: Website) -> None:
    assert reviewed(website, "90").status_code == 303
    with website.database.read() as session:
        assert session.exec(select(ScheduleRow.review_s)).one() == 90 * 60
    ed = colleague(website, "ed", Role.EDITOR)
    assert 'name="review" type="text" value="90"' in ed.words("/admin/schedules/1")
    assert ed.log("schedule.change")[0].after == {"review": "90"}


@pytest.mark.parametrize("minutes", ["10081", "-1", "an hour", "1.5"])
def test_a_review_of_no_length_or_over_a_week_is_refused(website: Website, minutes: str) -> None:
    answer = reviewed(website, minutes)
    assert (answer.status_code, f'value="{minutes}"' in answer.text) == (422, True)
    assert "at most 10080 (a week)" in answer.text


def test_a_review_begins_after_the_issue_before_it_has_gone(website: Website) -> None:
    early = reviewed(website, str(7 * 24 * 60))
    assert (early.status_code, "fewer minutes than lie between two issues" in early.text) == (422, True)
    assert reviewed(website, str(7 * 24 * 60 - 61)).status_code == 303  # clocks may change within the week


def test_how_many_stories_a_mail_lists_is_chosen_and_a_number_of_a_file_stays(website: Website) -> None:
    ed = colleague(website, "ed", Role.EDITOR)
    path = f"/admin/newsletters/{stored(website, 'weekly').id}"
    assert ed.post(path, **form(mark=mark(ed, path), most_stories="20")).status_code == 303
    assert stored(website, "weekly").value.most_stories == 20
    with website.database.write() as session:
        session.exec(select(NewsletterRow)).one().most_stories = 8
    assert '<option value="8" selected>8</option>' in ed.get(path).text
    assert ed.post(path, **form(mark=mark(ed, path), most_stories="51")).status_code == 422
    assert stored(website, "weekly").value.most_stories == 8


def test_hours_of_readers_own_and_a_review_exclude_each_other(website: Website) -> None:
    ed = colleague(website, "ed", Role.EDITOR)
    path = f"/admin/newsletters/{stored(website, 'weekly').id}"
    reviewed(website, "90")
    answer = ed.post(path, **form(mark=mark(ed, path), own_hours="true"))
    assert (answer.status_code, "nobody can review one" in answer.text) == (422, True)
    reviewed(website, "0")
    assert ed.post(path, **form(mark=mark(ed, path), own_hours="true")).status_code == 303
    answer = reviewed(website, "90")
    assert (answer.status_code, "may choose their own hour" in answer.text) == (422, True)
