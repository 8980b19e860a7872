"""Suppressed addresses in the console, and readers who come back by their own confirmation."""

from datetime import timedelta

import pytest
from sqlmodel import select

from syndication.domain.roles import Role
from syndication.domain.states import NoticeKind, SubscriptionStatus
from syndication.domain.suppression import ADDED, COMPLAINT, ERASED, OPTED_OUT
from syndication.domain.tokens import Purpose, suppression_mark
from syndication.jobs.notices import send_missing
from syndication.store.suppressing import suppress, suppress_mark, suppression
from syndication.store.tables import AuditEntryRow, BounceScoreRow, SubscriberRow, SubscriptionRow, SuppressionRow
from tests.support.console import colleague
from tests.support.website import SITE, Website

KEY = b"s" * 32
ANN = "ann@example.com"
DAY = timedelta(days=1)


def reason(website: Website, address: str = ANN) -> str:
    with website.database.read() as session:
        found = suppression(session, suppression_mark(KEY, address))
    return found.reason if found else ""


def suppressed(website: Website, why: str, address: str = ANN) -> None:
    with website.database.write() as session:
        suppress_mark(session, suppression_mark(KEY, address), why, website.now)


def sign_up(website: Website, address: str = ANN) -> None:
    form = {"email": address, "newsletter": "weekly", "topics": ["agents"]}
    assert website.visitor().post("/subscribe", data=form).status_code == 303


@pytest.mark.parametrize("why", ["550 5.1.1", "bounce 552 5.2.2", ERASED, OPTED_OUT])
def test_who_signs_up_again_and_confirms_is_mailed_again(website: Website, why: str) -> None:
    suppressed(website, why)
    sign_up(website)
    assert website.notices() == [NoticeKind.CONFIRM]
    assert reason(website) == why
    website.visitor().post(website.link(Purpose.CONFIRM, website.subscription().id or 0))
    assert website.subscription().status is SubscriptionStatus.CONFIRMED
    assert reason(website) == ""
    with website.database.read() as session:
        entry = session.exec(select(AuditEntryRow)).one()
    assert (entry.actor, entry.action, entry.before) == ("reader", "suppression.lift", {"reason": why})
    assert ANN not in f"{entry.target}{entry.before}{entry.after}"


@pytest.mark.parametrize(("why", "address"), [(COMPLAINT, ANN), (ADDED, ANN), ("550 5.1.1", "ann@icloud.com")])
def test_what_only_an_admin_may_lift_sends_nothing_to_who_signs_up(website: Website, why: str, address: str) -> None:
    suppressed(website, why, address)
    sign_up(website, address)
    assert website.notices() == []
    with website.database.read() as session:
        assert session.exec(select(SubscriberRow)).all() == []


def test_a_suppressed_address_is_asked_once_in_thirty_days(website: Website) -> None:
    suppressed(website, "550 5.1.1")
    for _ in range(3):
        sign_up(website)
        website.now += 2 * DAY
    send_missing(website.database, SITE, website.now)
    assert website.notices() == [NoticeKind.CONFIRM]
    website.now += 30 * DAY
    sign_up(website)
    assert website.notices() == [NoticeKind.CONFIRM, NoticeKind.CONFIRM]


def test_a_complaint_between_request_and_confirmation_wins(website: Website) -> None:
    suppressed(website, "550 5.1.1")
    sign_up(website)
    with website.database.write() as session:
        suppress(session, KEY, [session.exec(select(SubscriberRow.id)).one() or 0], COMPLAINT, website.now)
    website.visitor().post(website.link(Purpose.CONFIRM, website.subscription().id or 0))
    assert website.subscription().status is SubscriptionStatus.UNSUBSCRIBED
    assert reason(website) == COMPLAINT


def test_old_refusals_are_forgotten_when_a_reader_comes_back(website: Website) -> None:
    suppressed(website, "550 5.1.1")
    sign_up(website)
    with website.database.write() as session:
        subscriber_id = session.exec(select(SubscriberRow.id)).one() or 0
        session.add(BounceScoreRow(subscriber_id=subscriber_id, points=5.0, counted_at=website.now))
    website.visitor().post(website.link(Purpose.CONFIRM, website.subscription().id or 0))
    with website.database.read() as session:
        assert session.exec(select(BounceScoreRow)).all() == []


def test_a_declared_consent_brings_nobody_back(website: Website) -> None:
    suppressed(website, "550 5.1.1")
    ed = colleague(website, "ed", Role.EDITOR)
    form = {"email": ANN, "newsletter": "weekly", "topics": ["agents"], "how": "declared", "consent": "a paper list"}
    answer = ed.post("/admin/subscribers/new", **form)
    assert answer.status_code == 422
    assert "only its reader can bring it back" in answer.text
    assert reason(website)


def test_the_page_tells_causes_the_latest_and_one_address(website: Website) -> None:
    vera = colleague(website, "vera", Role.VIEWER)
    assert "No address is on the list." in vera.words("/admin/suppressions/")
    for number in range(52):
        suppressed(website, "550 5.1.1", f"gone{number}@example.com")
    suppressed(website, COMPLAINT)
    page = vera.words("/admin/suppressions/")
    assert '<th scope="row">bounce</th><td>52</td>' in page
    assert '<th scope="row">complaint</th><td>1</td>' in page
    assert "Older ones" in page
    older = page.partition("/admin/suppressions/?after=")[2].partition('"')[0]
    assert "There are no older ones" not in vera.words(f"/admin/suppressions/?after={older}")
    found = vera.words(f"/admin/suppressions/?address={ANN}")
    assert "called our mail spam" in found
    assert "Only an owner may lift this" in found
    assert "Let it sign up again" not in found
    assert "their confirmation lifts this" in vera.words("/admin/suppressions/?address=gone1@example.com")
    assert "It is not on the list." in vera.words("/admin/suppressions/?address=bob@example.com")
    assert vera.get("/admin/suppressions/?address=nobody").status_code == 422


def test_an_address_is_added_with_its_reason_in_the_log(website: Website) -> None:
    website.reader("agents")
    ed = colleague(website, "ed", Role.EDITOR)
    assert ed.post("/admin/suppressions/add", address="nobody", why="letter").status_code == 422
    assert ed.post("/admin/suppressions/add", address=ANN, why=" ").status_code == 422
    assert reason(website) == ""
    assert ed.post("/admin/suppressions/add", address="Ann@Example.com", why="asked by letter").status_code == 303
    assert reason(website) == ADDED
    assert website.subscription().status is SubscriptionStatus.UNSUBSCRIBED
    assert ed.log("suppression.add")[0].after == {"why": "asked by letter"}
    assert "asked by letter" in ed.words("/admin/suppressions/")
    with website.database.read() as session:
        subscriber_id = session.exec(select(SubscriptionRow.subscriber_id)).one()
    assert "Never mailed again" in ed.words(f"/admin/subscribers/{subscriber_id}")


def test_an_address_is_lifted_with_a_reason_and_a_complaint_by_an_owner_alone(website: Website) -> None:
    ed, olga = colleague(website, "ed", Role.EDITOR), colleague(website)
    suppressed(website, "550 5.1.1")
    assert ed.post("/admin/suppressions/lift", address=ANN).status_code == 422
    assert ed.post("/admin/suppressions/lift", address=ANN, why="a new mailbox").status_code == 303
    assert reason(website) == ""
    assert ed.log("suppression.lift")[0].after == {"why": "a new mailbox"}
    assert ed.post("/admin/suppressions/lift", address=ANN, why="again").status_code == 422
    suppressed(website, COMPLAINT)
    assert ed.post("/admin/suppressions/lift", address=ANN, why="x", asked="1").status_code == 403
    assert olga.post("/admin/suppressions/lift", address=ANN, why="x").status_code == 422
    assert reason(website) == COMPLAINT
    assert olga.post("/admin/suppressions/lift", address=ANN, why="wrote a letter", asked="1").status_code == 303
    assert reason(website) == ""


def test_a_viewer_changes_nothing_and_no_other_site_can(website: Website) -> None:
    vera, olga = colleague(website, "vera", Role.VIEWER), colleague(website)
    suppressed(website, "550 5.1.1")
    for act in ("add", "lift"):
        assert vera.post(f"/admin/suppressions/{act}", address=ANN, why="x").status_code == 403
        headers = {"cookie": olga.cookie, "origin": "https://evil.example"}
        form = {"address": ANN, "why": "x"}
        assert website.visitor().post(f"/admin/suppressions/{act}", data=form, headers=headers).status_code == 403
    with website.database.read() as session:
        assert session.exec(select(SuppressionRow.reason)).all() == ["550 5.1.1"]
