"""The gate before an issue is sent: green lets it go, red holds it with the reason, and no delivery is lost by it."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from syndication.deliver.dkim import Dkim, DkimKey
from syndication.deliver.spamassassin import SpamOpinion
from syndication.domain.preflight import Finding, Gate
from syndication.domain.site import Profile
from syndication.domain.states import DeliveryState, IssueState
from syndication.domain.tokens import suppression_mark
from syndication.jobs.preflight import Preflight
from syndication.net.client import SafeClient
from syndication.net.names import Names
from syndication.store.database import Database
from syndication.store.gating import findings_of, send_anyway
from syndication.store.issues import resume_issue
from syndication.store.suppressing import suppress_mark
from syndication.store.tables import DigestBodyRow, IssueRow, NewsletterRow
from tests.support.mailing import NOW, POST, Mailing, add_mailing, run, states
from tests.support.name_server import NameServer
from tests.support.smtp import SmtpServer
from tests.support.web_server import Reply, WebServer, web_server

LINK = "https://news.example.org/{0}/\x02{0}\x03"
SIGNED = Dkim("news.example.org", (DkimKey("s1", generate_private_key(65537, 2048)),))
BODY = f"{LINK.format('unsubscribe')} {LINK.format('preferences')} 1 Main Street"


@dataclass
class Office:
    """An installation whose own address a test answers."""

    database: Database
    site: WebServer
    mailing: Mailing
    profile: Profile = Profile.INTRANET
    leaves: bool = True
    spam: SpamOpinion | None = None
    dkim: Dkim | None = None
    names: Names = field(default_factory=Names)

    def preflight(self, url: str = "") -> Preflight:
        post = replace(POST, site=replace(POST.site, public_url=url or self.site.url("")), dkim=self.dkim)
        return Preflight(
            self.database,
            post,
            SafeClient("Test/1"),
            self.profile,
            self.leaves,
            "Example Street",
            pauses_s=(),
            names=self.names,
            spam=lambda _: self.spam,
        )

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
        "1 reader was subscribed though their address is suppressed.",
        "They were left out.",
        holds=False,
    )
    with office.database.write() as session:
        issue = session.get_one(IssueRow, office.mailing.issue_id)
        issue.planned, issue.gate = 4, Gate.WAITING
    assert office.preflight().open_gates(NOW) == [office.mailing.issue_id]


@pytest.mark.parametrize(("points", "is_held"), [(1.0, False), (1.1, True)])
def test_more_spam_points_than_are_fine_hold_it(office: Office, points: float, *, is_held: bool) -> None:
    office.spam = SpamOpinion(points, "MPART_ALT_DIFF")
    assert office.preflight().open_gates(NOW) == ([office.mailing.issue_id] if is_held else [])
    assert ("1.1 points (MPART_ALT_DIFF); 1 are fine" in office.row().note) is is_held


def test_a_spamassassin_that_fails_is_a_warning(office: Office) -> None:
    office.spam = SpamOpinion(0.0, "", "its daemon does not answer")
    assert office.preflight().open_gates(NOW) == []
    with office.database.read() as session:
        (finding,) = findings_of(session, office.mailing.issue_id)[1]
    assert (finding.problem, finding.holds) == ("SpamAssassin is installed, but its daemon does not answer.", False)


PUBLISHED = {f"s1._domainkey.{SIGNED.domain}": [SIGNED.keys[0].record]}
OTHER = {f"s1._domainkey.{SIGNED.domain}": ["v=DKIM1; p=QUJD"]}


@pytest.mark.parametrize(
    ("profile", "published", "held"),
    [
        (Profile.INTERNET, PUBLISHED, None),
        (Profile.INTERNET, OTHER, True),
        (Profile.INTERNET, {}, True),
        (Profile.INTRANET, PUBLISHED, None),
        (Profile.INTRANET, OTHER, False),
    ],
)
def test_a_key_that_is_not_published_holds_mail_to_the_internet_alone(
    office: Office, profile: Profile, published: dict[str, list[str]], *, held: bool | None
) -> None:
    office.profile, office.dkim = profile, SIGNED
    with NameServer(published) as server:
        office.names = server.names
        found = office.preflight().check(office.mailing.issue_id, NOW)
    holds = [one.holds for one in found if one.check == "dkim"]
    assert holds == ([] if held is None else [held])


def test_where_no_name_server_answers_no_issue_is_held(office: Office) -> None:
    office.dkim, office.names = SIGNED, Names(("127.0.0.1:9",), patience_s=0.1)
    assert office.preflight().open_gates(NOW) == []
    assert office.checks() == {"dkim"}
    assert office.sent() == 3
