"""The console's pages of issues: counts, one reader, a file, and buttons that ask before they act."""

import csv
import re
from pathlib import Path

import pytest
from sqlmodel import select

from syndication.domain.delivery import Fault
from syndication.domain.seams import Task
from syndication.domain.states import DeliveryState, IssueState
from syndication.store.admins import create_admin, hash_of, open_session
from syndication.store.counting import recount
from syndication.store.database import Database
from syndication.store.tables import AuditEntryRow, DeliveryRow, IssueRow
from tests.support.mailing import Mailing, add_mailing
from tests.support.rows import add_counters
from tests.support.website import NOW, Website

COOKIE = {"cookie": "syndication_admin=secret"}


@pytest.fixture
def website(database: Database, tmp_path: Path) -> Website:
    """A site without a newsletter of its own."""
    made = Website(database, tmp_path / "outbox")
    with database.write() as session:
        add_counters(session)
    return made


@pytest.fixture
def mailing(website: Website) -> Mailing:
    """An issue of 60 readers that is being sent: one was refused, in words that look like a formula."""
    with website.database.write() as session:
        admin = create_admin(session, "anna", "hash", NOW)
        open_session(session, hash_of("secret"), admin.admin_id, NOW, NOW.replace(year=2030))
        session.flush()
    made = add_mailing(website.database, NOW, 60)
    with website.database.write() as session:
        recount(session, made.issue_id)
        session.get_one(IssueRow, made.issue_id).planned = 60
        for place, subscriber in enumerate(made.subscribers):
            row = session.get_one(DeliveryRow, (made.issue_id, subscriber))
            row.state, row.code, row.attempt = DeliveryState.ACCEPTED, 250, 1
            row.enhanced, row.reply = "2.0.0", f"queued as {place}"
            if place == 7:
                row.state, row.code, row.enhanced = DeliveryState.FAILED, 550, "5.1.1"
                row.fault, row.reply = Fault.RECIPIENT, "=No such <b>user</b>"
    return made


def page(website: Website, path: str) -> str:
    answer = website.visitor().get(path, headers=COOKIE)
    assert answer.status_code == 200, answer.text
    return re.sub(r"\s+", " ", answer.text)


def state(website: Website, mailing: Mailing) -> IssueState:
    with website.database.read() as session:
        return session.get_one(IssueRow, mailing.issue_id).state


def test_an_issue_shows_counts_with_the_servers_replies(website: Website, mailing: Mailing) -> None:
    shown = page(website, f"/admin/issues/{mailing.issue_id}")
    assert "60 of 60 deliveries settled" in shown
    assert "The mail server refused it: the address does not take mail." in shown
    assert "=No such &lt;b&gt;user&lt;/b&gt;" in shown
    assert f'href="/admin/issues/{mailing.issue_id}"' in page(website, "/admin/issues/")
    assert f'href="/admin/issues/{mailing.issue_id}"' in page(website, "/admin/")


def test_the_readers_of_one_kind_and_the_next_page(website: Website, mailing: Mailing) -> None:
    base = f"/admin/issues/{mailing.issue_id}"
    failed = page(website, f"{base}?state=failed&code=550&enhanced=5.1.1")
    assert "reader7@example.com" in failed
    assert "reader8@example.com" not in failed
    first = page(website, base)
    following = re.search(r'href="(\?after=\d+)#who"', first)
    assert following
    second = page(website, base + following[1])
    assert "reader49@example.com" in first
    assert "reader49@example.com" not in second
    assert "reader59@example.com" in second


def test_one_reader_is_looked_up(website: Website, mailing: Mailing) -> None:
    base = f"/admin/issues/{mailing.issue_id}"
    assert "The server said: 550 5.1.1" in page(website, f"{base}?reader=Reader7@example.com")
    assert "Nobody with this address" in page(website, f"{base}?reader=nobody@example.com")
    assert 'role="alert"' in page(website, f"{base}?reader=nonsense")
    mails = page(website, f"/admin/issues/readers/{mailing.subscribers[7]}")
    assert "reader7@example.com" in mails
    assert f"issue {mailing.issue_id}" in mails


def test_the_file_has_everybody_and_runs_no_formula(website: Website, mailing: Mailing) -> None:
    answer = website.visitor().get(f"/admin/issues/{mailing.issue_id}/deliveries.csv", headers=COOKIE)
    lines = list(csv.DictReader(answer.text.splitlines()))
    assert len(lines) == 60
    assert lines[7]["address"] == "reader7@example.com"
    assert lines[7]["reply"] == "'=No such <b>user</b>"
    only = website.visitor().get(f"/admin/issues/{mailing.issue_id}/deliveries.csv?state=failed", headers=COOKIE)
    assert len(only.text.splitlines()) == 2


def test_a_button_asks_first_and_then_acts_and_is_remembered(website: Website, mailing: Mailing) -> None:
    address = f"/admin/issues/{mailing.issue_id}/pause"
    assert "Nobody more gets it" in page(website, address)
    website.visitor().post(address, headers=COOKIE)
    assert state(website, mailing) is IssueState.SENDING
    done = website.visitor().post(address, headers=COOKIE, data={"sure": "yes"})
    assert (done.status_code, state(website, mailing)) == (303, IssueState.PAUSED)
    assert website.asked == [(Task.SWEEP, "sweep")]
    with website.database.read() as session:
        entry = session.exec(select(AuditEntryRow).where(AuditEntryRow.action == "issue.pause")).one()
    assert (entry.actor, entry.target) == ("anna", f"issue {mailing.issue_id}")
    late = website.visitor().post(address, headers=COOKIE, data={"sure": "yes"})
    assert late.status_code == 409


def test_cancel_and_send_to_the_rest(website: Website, mailing: Mailing) -> None:
    base = f"/admin/issues/{mailing.issue_id}"
    assert website.visitor().post(f"{base}/resume", headers=COOKIE, data={"sure": "yes"}).status_code == 409
    assert website.visitor().post(f"{base}/rest", headers=COOKIE, data={"sure": "yes"}).status_code == 409
    assert website.visitor().post(f"{base}/cancel", headers=COOKIE, data={"sure": "yes"}).status_code == 303
    assert state(website, mailing) is IssueState.CANCELLED


def test_what_is_not_there_is_not_found(website: Website, mailing: Mailing) -> None:
    base = f"/admin/issues/{mailing.issue_id}"
    for path in ("/admin/issues/99", "/admin/issues/99/deliveries.csv", f"{base}/dance", "/admin/issues/99/pause"):
        assert website.visitor().get(path, headers=COOKIE).status_code == 404, path
    assert website.visitor().get("/admin/issues/readers/999", headers=COOKIE).status_code == 404
    assert website.visitor().post(f"{base}/dance", headers=COOKIE).status_code == 404


def test_without_a_log_in_nothing_is_shown_or_done(website: Website, mailing: Mailing) -> None:
    base = f"/admin/issues/{mailing.issue_id}"
    for path in ("/admin/issues/", base, f"{base}/deliveries.csv", "/admin/issues/readers/1", f"{base}/pause"):
        assert website.visitor().get(path).headers["location"] == "/admin/login", path
    website.visitor().post(f"{base}/pause", data={"sure": "yes"})
    assert state(website, mailing) is IssueState.SENDING
