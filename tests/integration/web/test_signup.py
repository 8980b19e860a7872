"""Becoming a reader, through the pages: the request, the confirmation, the welcome, the limits."""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from sqlmodel import col, select

from syndication.domain.newsletters import Choice
from syndication.domain.seams import Task
from syndication.domain.states import NoticeKind, SubscriptionStatus
from syndication.domain.tokens import Purpose
from syndication.jobs.notices import send_confirmation, send_missing
from syndication.store.consent import Visit
from syndication.store.subscribing import SignUp, confirm, sign_up
from syndication.store.tables import ConsentEventRow, DigestBodyRow, NewsletterRow, SubscriberRow, SubscriptionRow
from tests.support import rows
from tests.support.full_disk import Disk
from tests.support.website import SITE, Visitor, Website

ADDRESS = "ann@example.com"


def ask(client: Visitor, address: str = ADDRESS, topics: tuple[str, ...] = ("agents", "local")) -> httpx.Response:
    form = {"newsletter": "weekly", "email": address, "topics": list(topics)}
    return client.post(
        "/subscribe", data=form, headers={"user-agent": "Browser/1", "referer": "http://127.0.0.1:8000/"}
    )


def test_a_sign_up_asks_for_confirmation(website: Website) -> None:
    answer = ask(website.visitor("192.0.2.7"))
    assert (answer.status_code, answer.headers["location"]) == (303, "/subscribe/sent?newsletter=weekly")
    assert website.subscription().status is SubscriptionStatus.UNCONFIRMED
    assert website.notices() == [NoticeKind.CONFIRM]
    assert website.asked == [(Task.DELIVER, "deliver")]
    with website.database.read() as session:
        event = session.exec(select(ConsentEventRow)).one()
        assert (event.ip, event.user_agent, event.page) == ("192.0.2.7", "Browser/1", "http://127.0.0.1:8000/")
        assert re.fullmatch("[0-9a-f]{12}", event.text_version)


def test_a_full_disk_is_no_fault_of_the_visitor_and_told_apart_from_ours(
    website: Website, capsys: pytest.CaptureFixture[str]
) -> None:
    with Disk(website.database, "subscriber") as disk:
        disk.fill()
        refused = ask(website.visitor())
        disk.make_room()
        assert ask(website.visitor()).status_code == 303
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "60")
    assert "Nothing can be saved at this moment" in refused.text
    told = capsys.readouterr().out
    assert "The disk that holds the database is full. Free some space" in told
    assert "Traceback" not in told


def test_the_confirmation_names_the_topics_and_nothing_that_a_stranger_wrote(website: Website) -> None:
    ask(website.visitor(), address="Buy-cheap-pills@example.com", topics=("local",))
    with website.database.read() as session:
        body = session.exec(select(DigestBodyRow)).one()
    assert "The local" in body.text
    assert "The agents" not in body.text
    assert "pills" not in body.text + body.html


def test_known_and_unknown_addresses_get_the_same_answer(website: Website) -> None:
    client = website.visitor()
    first, again = ask(client), ask(client)
    with website.database.write() as session:
        subscription = session.exec(select(SubscriptionRow)).one()
        subscription.status = SubscriptionStatus.CONFIRMED
    known = ask(client)
    parts = [(answer.status_code, answer.text, dict(answer.headers)) for answer in (first, again, known)]
    assert parts[0] == parts[1] == parts[2]
    assert website.notices() == [NoticeKind.CONFIRM, NoticeKind.LINK]


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"email": "ann", "topics": ["agents"]}, "@-sign"),
        ({"email": "", "topics": ["agents"]}, "Please type an e-mail address"),
        ({"email": ADDRESS}, "Choose at least one topic"),
        ({"email": ADDRESS, "topics": ["unknown"]}, "Choose at least one topic"),
    ],
)
def test_a_form_that_must_be_mended_keeps_what_was_typed(website: Website, form: dict[str, object], words: str) -> None:
    answer = website.visitor().post("/subscribe", data={"newsletter": "weekly", **form})
    assert answer.status_code == 422
    assert words in answer.text
    assert f'value="{form["email"]}"' in answer.text
    assert website.notices() == []


def test_a_form_that_a_program_filled_in_is_answered_and_forgotten(website: Website) -> None:
    form = {"newsletter": "weekly", "email": ADDRESS, "topics": ["agents"], "website": "http://spam.example"}
    answer = website.visitor().post("/subscribe", data=form)
    assert answer.headers["location"] == "/subscribe/sent?newsletter=weekly"
    with website.database.read() as session:
        assert session.exec(select(SubscriberRow)).all() == []


def test_an_unknown_newsletter_is_not_found(website: Website) -> None:
    assert website.visitor().post("/subscribe", data={"newsletter": "x", "email": ADDRESS}).status_code == 404


def test_a_newsletter_without_a_schedule_takes_nobody(website: Website) -> None:
    with website.database.write() as session:
        rows.add_newsletter(session, "closed", ["agents"])
    form = {"newsletter": "closed", "email": ADDRESS, "topics": ["agents"]}
    answer = website.visitor().post("/subscribe", data=form)
    assert answer.status_code == 422
    assert "not open" in answer.text


def test_one_network_cannot_cause_mail_without_end(website: Website) -> None:
    client = website.visitor("192.0.2.7")
    for number in range(30):
        assert ask(client, f"r{number}@example.com").status_code == 303
    refused = ask(client, "one-more@example.com")
    assert refused.status_code == 429
    assert "try again later" in refused.text
    website.now += timedelta(minutes=2)
    assert ask(client, "one-more@example.com").status_code == 303


def test_a_proxy_on_this_machine_tells_who_asks(website: Website) -> None:
    form = {"newsletter": "weekly", "email": ADDRESS, "topics": ["agents"]}
    website.visitor().post("/subscribe", data=form, headers={"x-forwarded-for": "203.0.113.9, 198.51.100.4, 127.0.0.1"})
    with website.database.read() as session:
        assert session.exec(select(ConsentEventRow.ip)).one() == "198.51.100.4"


def test_a_stranger_cannot_pretend_to_be_a_proxy(website: Website) -> None:
    form = {"newsletter": "weekly", "email": ADDRESS, "topics": ["agents"]}
    website.visitor("192.0.2.7").post("/subscribe", data=form, headers={"x-forwarded-for": "203.0.113.9"})
    with website.database.read() as session:
        assert session.exec(select(ConsentEventRow.ip)).one() == "192.0.2.7"


def test_opening_the_confirmation_link_changes_nothing(website: Website) -> None:
    subscription_id = website.reader("agents", status=SubscriptionStatus.UNCONFIRMED)
    link = website.link(Purpose.CONFIRM, subscription_id)
    for method in ("GET", "HEAD", "OPTIONS"):
        website.visitor().request(method, link)
    assert website.subscription().status is SubscriptionStatus.UNCONFIRMED
    page = website.visitor().get(link)
    assert '<form method="post">' in page.text
    assert "The agents" in page.text
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["cache-control"] == "no-store"
    assert "noindex" in page.headers["x-robots-tag"]


def test_confirming_mails_a_welcome_once_and_names_the_next_issue(website: Website) -> None:
    website.articles("agents", titles=("News",))
    website.articles("local", titles=("Elsewhere",))
    website.articles("agents", titles=("History",), news=False)
    subscription_id = website.reader("agents", status=SubscriptionStatus.UNCONFIRMED)
    link = website.link(Purpose.CONFIRM, subscription_id)
    for _ in range(2):
        page = website.visitor().post(link)
        assert page.status_code == 200
        assert "Friday 13 November, 08:30 Europe/Rome" in page.text
        assert "newest articles" in page.text
    assert website.notices() == [NoticeKind.WELCOME]
    assert website.subscription().from_seq == 2
    with website.database.read() as session:
        body = session.exec(select(DigestBodyRow)).one()
        assert "News" in body.text
        assert "History" in body.text
        assert "Elsewhere" not in body.text


def test_a_welcome_lists_nothing_that_the_first_issue_can_list(website: Website) -> None:
    website.articles("agents", titles=("Before",))
    subscription_id = website.reader("agents", status=SubscriptionStatus.UNCONFIRMED)
    link = website.link(Purpose.CONFIRM, subscription_id)
    with website.database.write() as session:
        subscription = session.exec(select(SubscriptionRow)).one()
        subscription.status = SubscriptionStatus.CONFIRMED
        subscription.confirmed_at = website.now
        subscription.from_seq = 1
    website.articles("agents", titles=("After",))
    website.visitor().post(link)  # the second press, after a crash between confirmation and welcome
    with website.database.read() as session:
        body = session.exec(select(DigestBodyRow)).one()
        assert "Before" in body.text
        assert "After" not in body.text


def test_without_articles_there_is_no_welcome_mail(website: Website) -> None:
    subscription_id = website.reader("agents", status=SubscriptionStatus.UNCONFIRMED)
    page = website.visitor().post(website.link(Purpose.CONFIRM, subscription_id))
    assert "Friday 13 November" in page.text
    assert website.notices() == []


def test_who_left_is_told_to_sign_up_again_by_an_old_confirmation_link(website: Website) -> None:
    subscription_id = website.reader("agents", status=SubscriptionStatus.UNSUBSCRIBED)
    page = website.visitor().post(website.link(Purpose.CONFIRM, subscription_id))
    assert "Sign up again" in page.text
    assert website.subscription().status is SubscriptionStatus.UNSUBSCRIBED


def test_a_request_that_was_tidied_away_is_said_to_have_expired(website: Website) -> None:
    assert website.visitor().get(website.link(Purpose.CONFIRM, 4711)).status_code == 410


def test_a_link_is_mailed_to_readers_only_with_one_answer_for_all(website: Website) -> None:
    website.reader("agents")
    client = website.visitor()
    known = client.post("/link", data={"email": ADDRESS})
    unknown = client.post("/link", data={"email": "nobody@example.com"})
    assert (known.status_code, known.headers["location"]) == (303, "/link/sent")
    assert dict(known.headers) == dict(unknown.headers)
    assert website.notices() == [NoticeKind.LINK]
    assert client.post("/link", data={"email": "nobody"}).status_code == 422
    assert client.get("/link/sent").status_code == 200


def test_a_second_request_is_mailed_after_a_day_only(website: Website) -> None:
    client = website.visitor()
    ask(client)
    website.now += timedelta(hours=23)
    ask(client)
    website.now += timedelta(hours=1)
    ask(client)
    assert website.notices() == [NoticeKind.CONFIRM, NoticeKind.CONFIRM]


def test_a_trial_leads_to_its_mailbox_and_a_stranger_is_not_told(website: Website) -> None:
    assert "/mailbox/" in website.visitor().get("/subscribe/sent").text
    assert "/mailbox/" not in website.visitor("192.0.2.7").get("/subscribe/sent").text


def test_consent_events_never_hold_a_token(website: Website) -> None:
    subscription_id = website.reader("agents", status=SubscriptionStatus.UNCONFIRMED)
    website.visitor().post(website.link(Purpose.CONFIRM, subscription_id))
    with website.database.read() as session:
        pages = session.exec(select(ConsentEventRow.page).order_by(col(ConsentEventRow.id))).all()
    assert pages == ["/confirm/{token}"]


def test_two_requests_at_once_make_one_confirmation_mail(website: Website) -> None:
    subscription_id = website.reader("agents", status=SubscriptionStatus.UNCONFIRMED)

    def send(_: int) -> bool:
        return send_confirmation(website.database, SITE, subscription_id, website.now)

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(send, range(4))) == [False, False, False, True]
    assert website.notices() == [NoticeKind.CONFIRM]


def test_notices_that_a_killed_process_owes_are_made_up_for(website: Website) -> None:
    website.articles("agents")
    wanted = SignUp(1, ADDRESS, ADDRESS, "mark", Choice(frozenset({"agents"}), "en"))
    with website.database.write() as session:
        wanted = replace(wanted, newsletter_id=session.exec(select(NewsletterRow.id)).one() or 0)
        answer = sign_up(session, wanted, Visit(), website.now)
    assert answer
    assert missing_after(website, timedelta(seconds=59)) == 0
    assert missing_after(website, timedelta(seconds=2)) == 1
    assert missing_after(website, timedelta(seconds=1)) == 0
    with website.database.write() as session:
        confirm(session, answer.subscription_id, Visit(), website.now)
    assert missing_after(website, timedelta(seconds=61)) == 1
    assert missing_after(website, timedelta(seconds=61)) == 0
    assert website.notices() == [NoticeKind.CONFIRM, NoticeKind.WELCOME]


def test_what_was_owed_for_over_an_hour_is_let_go(website: Website) -> None:
    website.articles("agents")
    subscription_id = website.reader("agents", status=SubscriptionStatus.UNCONFIRMED)
    with website.database.write() as session:
        confirm(session, subscription_id, Visit(), website.now)
    assert missing_after(website, timedelta(minutes=61)) == 0


def missing_after(website: Website, span: timedelta) -> int:
    website.now += span
    return send_missing(website.database, SITE, website.now)
