"""The gate before an issue is sent: green lets it go, red holds it with the reason, and no delivery is lost by it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

import pytest

from syndication.deliver.spamassassin import spam_points
from syndication.domain.preflight import Finding, Gate
from syndication.domain.site import Profile
from syndication.domain.states import DeliveryState, IssueState
from syndication.domain.tokens import suppression_mark
from syndication.jobs.preflight import Preflight
from syndication.net.client import SafeClient
from syndication.store.database import Database
from syndication.store.gating import findings_of, send_anyway
from syndication.store.issues import resume_issue
from syndication.store.suppressing import suppress_mark
from syndication.store.tables import DigestBodyRow, IssueRow, NewsletterRow
from tests.support.mailing import NOW, POST, Mailing, add_mailing, run, states
from tests.support.smtp import SmtpServer
from tests.support.web_server import Reply, WebServer, web_server

LINK = "https://news.example.org/{0}/\x02{0}\x03"
BODY = f"{LINK.format('unsubscribe')} {LINK.format('preferences')} 1 Main Street"


@dataclass
class Office:
    """An installation whose own address a test answers."""

    database: Database
    site: WebServer
    mailing: Mailing
    profile: Profile = Profile.INTRANET
    leaves: bool = True

    def preflight(self, url: str = "") -> Preflight:
        post = replace(POST, site=replace(POST.site, public_url=url or self.site.url("")))
        client = SafeClient("Test/1")
        return Preflight(self.database, post, client, self.profile, self.leaves, "Example Street", pauses_s=())

    def row(self) -> IssueRow:
        with self.database.read() as session:
            return session.get_one(IssueRow, self.mailing.issue_id)

    def checks(self) -> set[str]:
        with self.database.read() as session:
            return {one.check for one in findings_of(session, self.mailing.issue_id)[1]}

    def sent(self, at: datetime = NOW) -> int:
        with SmtpServer() as server:
            run(self.database, server.url, at)
            return len(server.messages)


@pytest.fixture
def office(database: Database) -> Iterator[Office]:
    """An issue of three readers before the gate, in an intranet whose address answers as it should."""
    mailing = add_mailing(database, NOW)
    with database.write() as session:
        issue = session.get_one(IssueRow, mailing.issue_id)
        issue.planned, issue.gate = 3, Gate.WAITING
        for key in ("body0", "body1"):
            row = session.get_one(DigestBodyRow, key)
            row.text, row.html = f"News {key} {BODY}", f"<p>News {key}</p> {BODY}"
    with web_server(lambda _: Reply(body=b"Done")) as site:
        yield Office(database, site, mailing)


def test_nothing_leaves_before_the_gate_and_a_sound_issue_passes_it(office: Office) -> None:
    assert office.sent() == 0
    assert states(office.database, office.mailing.issue_id) == {DeliveryState.READY: 3}
    assert office.preflight().open_gates(NOW) == []
    assert (office.row().gate, office.checks()) == (Gate.OPEN, set())
    assert office.site.seen[0].path.startswith("/unsubscribe/")
    assert office.sent() == 3


@pytest.mark.parametrize(
    ("status", "words"),
    [(302, "is redirected (302)"), (405, "is answered 405"), (500, "is answered 500")],
)
def test_an_unsubscribe_address_that_does_not_work_holds_the_issue(office: Office, status: int, words: str) -> None:
    office.site.script = lambda _: Reply(status, headers={"Location": "/elsewhere"})
    assert office.preflight().open_gates(NOW) == [office.mailing.issue_id]
    row = office.row()
    assert (row.state, row.gate) == (IssueState.PAUSED, Gate.WAITING)
    assert words in row.note
    assert office.sent() == 0
    assert states(office.database, office.mailing.issue_id) == {DeliveryState.READY: 3}


def test_once_mended_it_is_checked_again_and_goes(office: Office) -> None:
    office.site.script = lambda _: Reply(500)
    office.preflight().open_gates(NOW)
    with office.database.write() as session:
        assert resume_issue(session, office.mailing.issue_id)
    assert office.preflight().open_gates(NOW) == [office.mailing.issue_id]
    office.site.script = lambda _: Reply(200)
    assert office.preflight().check(office.mailing.issue_id, NOW) == []
    with office.database.write() as session:
        resume_issue(session, office.mailing.issue_id)
    assert office.preflight().open_gates(NOW) == []
    assert office.sent() == 3


def test_an_admin_may_send_it_anyway_but_only_what_the_gate_holds(office: Office) -> None:
    with office.database.write() as session:
        assert not send_anyway(session, office.mailing.issue_id)
    office.preflight(url="http://127.0.0.1:1").open_gates(NOW)
    assert "Nothing answers a POST" in office.row().note
    with office.database.write() as session:
        assert send_anyway(session, office.mailing.issue_id)
    assert office.preflight(url="http://127.0.0.1:1").open_gates(NOW) == []
    assert office.sent() == 3


def test_what_stays_in_the_outbox_is_never_held(office: Office) -> None:
    office.leaves, office.profile = False, Profile.TRIAL
    office.site.script = lambda _: Reply(500)
    assert office.preflight().open_gates(NOW) == []
    assert office.row().gate is Gate.OPEN


def test_the_internet_asks_for_https_and_a_real_postal_address(office: Office) -> None:
    office.profile = Profile.INTERNET
    with office.database.write() as session:
        session.get_one(NewsletterRow, office.mailing.newsletter_id).postal_address = "1 Example Street"
    office.preflight().open_gates(NOW)
    assert office.checks() == {"unsubscribe", "address"}


def test_a_template_that_left_a_brace_holds_it(office: Office) -> None:
    with office.database.write() as session:
        session.get_one(DigestBodyRow, "body0").html += "{{ name }}"
    assert office.preflight().open_gates(NOW) == [office.mailing.issue_id]
    assert office.checks() == {"template"}


def test_a_sender_that_cannot_be_written_holds_it(office: Office) -> None:
    with office.database.write() as session:
        session.get_one(NewsletterRow, office.mailing.newsletter_id).sender_address = "wöchentlich@news.example.org"
    office.preflight().open_gates(NOW)
    assert "header" in office.checks()


def test_suppressed_readers_are_left_out_and_missing_rows_hold_it(office: Office) -> None:
    with office.database.write() as session:
        suppress_mark(session, suppression_mark(POST.suppression_key, "reader1@example.com"), "complaint", NOW)
    assert office.preflight().open_gates(NOW) == []
    assert states(office.database, office.mailing.issue_id) == {DeliveryState.READY: 2, DeliveryState.SUPPRESSED: 1}
    with office.database.read() as session:
        (finding,) = findings_of(session, office.mailing.issue_id)[1]
    assert finding == Finding(
        "audience",
        "1 readers were subscribed though their address is suppressed.",
        "They were left out.",
        holds=False,
    )
    with office.database.write() as session:
        issue = session.get_one(IssueRow, office.mailing.issue_id)
        issue.planned, issue.gate = 4, Gate.WAITING
    assert office.preflight().open_gates(NOW) == [office.mailing.issue_id]


def test_without_spamassassin_nobody_is_asked() -> None:
    assert spam_points(b"", command="no-such-command") is None
