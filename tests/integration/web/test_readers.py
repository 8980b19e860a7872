"""A reader's own pages: preferences, pause, leaving by button and by one-click, a mail as a page."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import col, select

from syndication.deliver.message import view_value
from syndication.domain.delivery import DeliveryKind, DeliveryName
from syndication.domain.states import SubscriptionStatus
from syndication.domain.tokens import KeyRing, Purpose
from syndication.jobs.notices import send_link
from syndication.store.tables import ConsentEventRow, NoticeRow, SegmentRow, SubscriptionRow, metadata
from tests.support.website import KEYS, SITE, Website

ONE_CLICK = "List-Unsubscribe=One-Click"


def events(website: Website) -> list[str]:
    with website.database.read() as session:
        return list(session.exec(select(ConsentEventRow.event).order_by(col(ConsentEventRow.id))))


def segment(website: Website) -> str:
    with website.database.read() as session:
        wanted = select(SegmentRow.key).join(SubscriptionRow, col(SubscriptionRow.segment_id) == col(SegmentRow.id))
        return session.exec(wanted).one()


def test_preferences_show_the_choice_and_the_next_issue(website: Website) -> None:
    link = website.link(Purpose.PREFERENCES, website.reader("agents"))
    page = website.visitor().get(link)
    assert 'value="agents" checked' in page.text
    assert 'value="local" checked' not in page.text
    assert "Friday 13 November, 08:30 Europe/Rome" in page.text
    assert page.headers["referrer-policy"] == "no-referrer"


def test_topics_and_language_can_be_changed(website: Website) -> None:
    link = website.link(Purpose.PREFERENCES, website.reader("agents"))
    client = website.visitor()
    saved = client.post(link, data={"topics": ["agents", "local"], "language": "it"})
    assert saved.status_code == 303
    assert "Salvato. Vale dal prossimo numero." in client.get(saved.headers["location"]).text
    assert segment(website) == "it:agents+local"
    assert events(website) == ["choice_changed"]


def test_an_unknown_language_keeps_the_old_one(website: Website) -> None:
    link = website.link(Purpose.PREFERENCES, website.reader("agents"))
    website.visitor().post(link, data={"topics": ["local"], "language": "xx"})
    assert segment(website) == "en:local"


def test_no_topic_at_all_is_refused_in_words(website: Website) -> None:
    link = website.link(Purpose.PREFERENCES, website.reader("agents"))
    answer = website.visitor().post(link, data={"language": "en"})
    assert answer.status_code == 422
    assert "Choose at least one topic" in answer.text
    assert segment(website) == "en:agents"


def test_a_pause_ends_at_midnight_in_the_zone_of_the_schedule(website: Website) -> None:
    link = website.link(Purpose.PREFERENCES, website.reader("agents"))
    client = website.visitor()
    assert client.post(f"{link}/pause", data={"until": "2026-12-24"}).status_code == 303
    assert website.subscription().paused_until == datetime(2026, 12, 23, 23, 0, tzinfo=UTC)
    assert "On pause until" in client.get(link).text
    assert client.post(f"{link}/resume").status_code == 303
    assert website.subscription().paused_until is None
    assert events(website) == ["paused", "resumed"]


@pytest.mark.parametrize("until", ["", "soon", "2026-11-06", "2020-01-01", "2028-01-01"])
def test_a_pause_needs_a_day_that_can_be_used(website: Website, until: str) -> None:
    link = website.link(Purpose.PREFERENCES, website.reader("agents"))
    answer = website.visitor().post(f"{link}/pause", data={"until": until})
    assert answer.status_code == 422
    assert "Choose a day" in answer.text
    assert website.subscription().paused_until is None


def test_who_left_finds_no_preferences(website: Website) -> None:
    link = website.link(Purpose.PREFERENCES, website.reader("agents", status=SubscriptionStatus.UNSUBSCRIBED))
    client = website.visitor()
    for answer in (client.get(link), client.post(link, data={"topics": ["local"]})):
        assert "You are unsubscribed" in answer.text
    assert client.post(f"{link}/pause", data={"until": "2026-12-24"}).status_code == 200
    assert events(website) == []


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_a_scanner_that_opens_the_link_unsubscribes_nobody(website: Website, method: str) -> None:
    link = website.link(Purpose.UNSUBSCRIBE, website.reader("agents"))
    website.visitor().request(method, link)
    assert website.subscription().status is SubscriptionStatus.CONFIRMED
    assert events(website) == []


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize(
    "request_",
    [
        {"content": ONE_CLICK, "headers": {"content-type": "application/x-www-form-urlencoded"}},
        {"files": {"List-Unsubscribe": (None, "One-Click")}},
        {"content": b"\xff\x00 broken", "headers": {"content-type": "multipart/form-data; boundary=x"}},
        {"content": ONE_CLICK, "headers": {"origin": "https://mail.example", "cookie": "a=b"}},
        {},
    ],
)
def test_one_click_works_from_any_mail_provider_and_twice(
    website: Website, request_: dict[str, object], slash: str
) -> None:
    link = website.link(Purpose.UNSUBSCRIBE, website.reader("agents")) + slash
    for _ in range(2):
        answer = website.visitor("203.0.113.5").post(link, **request_)
        assert (answer.status_code, answer.text) == (200, "You are unsubscribed.\n")
        assert "set-cookie" not in answer.headers
    assert website.subscription().status is SubscriptionStatus.UNSUBSCRIBED
    assert events(website) == ["unsubscribed"]


def test_the_button_unsubscribes_and_says_so(website: Website) -> None:
    link = website.link(Purpose.UNSUBSCRIBE, website.reader("agents"))
    client = website.visitor()
    page = client.get(link)
    assert f'action="{link}?page=1"' in page.text
    answer = client.post(f"{link}?page=1", headers={"origin": "null"})
    assert "<h1>You are unsubscribed</h1>" in answer.text
    assert website.subscription().status is SubscriptionStatus.UNSUBSCRIBED


def test_leaving_can_be_undone_for_an_hour(website: Website) -> None:
    link = website.link(Purpose.UNSUBSCRIBE, website.reader("agents"))
    client = website.visitor()
    assert f"{link}/return" in client.post(f"{link}?page=1").text
    assert "You are back" in client.post(f"{link}/return").text
    assert website.subscription().status is SubscriptionStatus.CONFIRMED
    client.post(link, content=ONE_CLICK)
    website.now += timedelta(minutes=61)
    assert f"{link}/return" not in client.get(link).text
    assert "You are unsubscribed" in client.post(f"{link}/return").text
    assert website.subscription().status is SubscriptionStatus.UNSUBSCRIBED


def test_a_pause_of_30_days_stands_beside_leaving(website: Website) -> None:
    link = website.link(Purpose.UNSUBSCRIBE, website.reader("agents"))
    answer = website.visitor().post(f"{link}/pause")
    assert "On pause until" in answer.text
    assert website.subscription().paused_until == datetime(2026, 12, 5, 23, 0, tzinfo=UTC)


def test_an_erased_reader_is_told_the_same_as_one_who_left(website: Website) -> None:
    link = website.link(Purpose.UNSUBSCRIBE, 4711)
    client = website.visitor()
    assert client.post(link, content=ONE_CLICK).text == "You are unsubscribed.\n"
    assert client.get(link).status_code == 200


OWN_ROUTES = (
    *(("GET", f"/{purpose}/{{}}") for purpose in ("confirm", "preferences", "unsubscribe", "view", "yours")),
    ("GET", "/yours/{}/export.json"),
    *(("POST", f"/yours/{{}}/{act}") for act in ("address", "erase")),
    *(("POST", f"/{purpose}/{{}}") for purpose in ("confirm", "preferences", "unsubscribe")),
    *(("POST", f"/unsubscribe/{{}}/{act}") for act in ("pause", "fewer", "return")),
    *(("POST", f"/preferences/{{}}/{act}") for act in ("schedule", "pause", "resume", "fresh", "feed", "feed/revoke")),
)


def wrong_tokens(purpose: Purpose, number: int) -> list[str]:
    """Truncated, with an end of its own, of another purpose, of a foreign key, of another reader's seal, made up."""
    good = KEYS.sign(purpose, number)
    another = KEYS.sign(purpose, number + 1)
    others = [KEYS.sign(one, number) for one in Purpose if one is not purpose]
    foreign = KeyRing({"a": b"x" * 32}, "a").sign(purpose, number)
    middle = len(good) // 2
    return [
        good[:-1],
        good[:-1] + "7a",
        good[:middle] + another[middle:],
        *others,
        foreign,
        "x",
        "A" * 50,
        good.upper(),
    ]


@pytest.mark.parametrize(("method", "route"), OWN_ROUTES, ids=lambda value: value.replace("{}", "…"))
def test_wrong_links_are_not_found_in_the_same_words(website: Website, method: str, route: str) -> None:
    number = website.reader("agents")
    website.visitor().post(website.link(Purpose.PREFERENCES, number) + "/feed")
    known = whole_database(website)
    client, purpose = website.visitor(), Purpose(route.split("/")[1])

    answers = [client.request(method, route.format(token)) for token in wrong_tokens(purpose, number)]

    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1
    assert len({str(sorted(answer.headers.items())) for answer in answers}) == 1
    assert whole_database(website) == known


def whole_database(website: Website) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    with website.database.read() as session:
        return {
            table.name: sorted((tuple(row) for row in session.execute(table.select())), key=str)
            for table in metadata.sorted_tables
        }


def test_a_mail_can_be_read_as_a_page_with_its_own_links(website: Website) -> None:
    subscription_id = website.reader("agents")
    assert send_link(website.database, SITE, subscription_id, website.now)
    with website.database.read() as session:
        notice = session.exec(select(NoticeRow)).one()
    name = DeliveryName(DeliveryKind.NOTICE, notice.id or 0, notice.subscriber_id)
    page = website.visitor().get(f"/view/{view_value(name, KEYS)}")
    assert page.status_code == 200
    assert website.link(Purpose.PREFERENCES, subscription_id) in page.text
    assert "\x02" not in page.text
    assert "sandbox" in page.headers["content-security-policy"]
    assert "script" not in page.headers["content-security-policy"]
    assert page.headers["referrer-policy"] == "no-referrer"


def test_a_reader_cannot_see_the_mail_of_another(website: Website) -> None:
    subscription_id = website.reader("agents")
    send_link(website.database, SITE, subscription_id, website.now)
    with website.database.read() as session:
        notice = session.exec(select(NoticeRow)).one()
    client = website.visitor()
    foreign = KEYS.sign(Purpose.VIEW, notice.subscriber_id + 1)
    assert client.get(f"/view/n{notice.id}-{notice.subscriber_id}-{foreign}").status_code == 404
    assert client.get(f"/view/n{notice.id}-{notice.subscriber_id + 1}-{foreign}").status_code == 404


def test_a_link_mail_is_not_made_for_who_left(website: Website) -> None:
    subscription_id = website.reader("agents", status=SubscriptionStatus.UNSUBSCRIBED)
    assert not send_link(website.database, SITE, subscription_id, website.now)
    assert not send_link(website.database, SITE, 4711, website.now)
    assert website.notices() == []
