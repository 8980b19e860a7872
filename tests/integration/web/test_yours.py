"""A reader's data: only a fresh link from their mailbox exports, moves or erases; a forwarded digest does not."""

from datetime import timedelta

import pytest
from sqlmodel import col, select

from syndication.domain.states import NoticeKind, SubscriptionStatus
from syndication.domain.tokens import Purpose, suppression_mark
from syndication.store.noticing import ready_notices
from syndication.store.tables import SubscriberRow, SubscriptionRow, SuppressionRow
from tests.support import rows
from tests.support.website import KEYS, NOW, Website


def fresh(subscription_id: int, ago: timedelta = timedelta()) -> str:
    return f"/yours/{KEYS.sign_for_an_hour(Purpose.YOURS, subscription_id, NOW - ago)}"


def statuses(website: Website) -> dict[str, str]:
    with website.database.read() as session:
        found = session.exec(
            select(SubscriberRow.address, SubscriptionRow.status).join(
                SubscriptionRow, col(SubscriptionRow.subscriber_id) == col(SubscriberRow.id)
            )
        )
        return {address: str(status) for address, status in found}


def test_the_preferences_page_mails_a_fresh_link_and_tells_nobody_else(website: Website) -> None:
    preferences = website.link(Purpose.PREFERENCES, website.reader("agents"))
    asked = website.visitor().post(f"{preferences}/fresh")
    assert asked.status_code == 303
    assert "/yours/" not in asked.text + website.visitor().get(asked.headers["location"]).text
    assert website.notices() == [NoticeKind.LINK]
    website.visitor().post(f"{preferences}/fresh")
    assert website.notices() == [NoticeKind.LINK]


def test_a_link_of_a_digest_opens_nobody_s_data(website: Website) -> None:
    number = website.reader("agents")
    for purpose in Purpose:
        token = KEYS.sign(purpose, number)
        assert website.visitor().get(f"/yours/{token}").status_code == 404
        assert website.visitor().post(f"/yours/{token}/erase", data={"sure": "yes"}).status_code == 404
    assert statuses(website) == {"ann@example.com": "confirmed"}


@pytest.mark.parametrize(("age", "status"), [(timedelta(minutes=59), 200), (timedelta(hours=2), 404)])
def test_a_fresh_link_works_for_an_hour(website: Website, age: timedelta, status: int) -> None:
    assert website.visitor().get(fresh(website.reader("agents"), age)).status_code == status


def test_the_export_holds_what_is_known(website: Website) -> None:
    answer = website.visitor().get(f"{fresh(website.reader('agents'))}/export.json")
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["cache-control"] == "no-store"
    facts = answer.json()
    assert facts["address"] == "ann@example.com"
    assert facts["subscriptions"][0]["topics"] == "agents"


def test_erasing_asks_once_more_and_then_leaves_nothing(website: Website) -> None:
    link = fresh(website.reader("agents"))
    assert website.visitor().post(f"{link}/erase").status_code == 422
    assert statuses(website) == {"ann@example.com": "confirmed"}
    assert "You are forgotten" in website.visitor().post(f"{link}/erase", data={"sure": "yes"}).text
    assert statuses(website) == {"": "unsubscribed"}
    with website.database.read() as session:
        assert session.exec(select(SuppressionRow.hmac)).one() == suppression_mark(b"s" * 32, "ann@example.com")


def moved(website: Website, address: str) -> int | None:
    """The subscription that waits for confirmation at a new address."""
    website.visitor().post(f"{fresh(website.reader('agents'))}/address", data={"email": address})
    with website.database.read() as session:
        waiting = SubscriptionRow.status == SubscriptionStatus.UNCONFIRMED
        return session.exec(select(SubscriptionRow.id).where(waiting)).first()


def test_a_move_changes_nothing_until_the_new_address_confirms(website: Website) -> None:
    number = moved(website, "Ann@New.example")
    assert statuses(website) == {"ann@example.com": "confirmed", "Ann@new.example": "unconfirmed"}
    assert website.notices() == [NoticeKind.CONFIRM]
    website.visitor().post(website.link(Purpose.CONFIRM, number or 0))
    assert statuses(website) == {"ann@example.com": "unsubscribed", "Ann@new.example": "confirmed"}


def test_who_moved_reads_on_where_they_were(website: Website) -> None:
    website.articles("agents", titles=("Old", "Older"))
    number = moved(website, "ann@new.example")
    with website.database.write() as session:
        old = session.exec(select(SubscriptionRow).where(SubscriptionRow.id != number)).one()
        old.from_seq = 1
    website.visitor().post(website.link(Purpose.CONFIRM, number or 0))
    with website.database.read() as session:
        new = session.get_one(SubscriptionRow, number)
        assert new.from_seq == 1
        assert new.segment_id == rows.segment_of(session, ["agents"])
    assert NoticeKind.WELCOME not in website.notices()


def test_a_move_to_a_reader_s_own_address_or_to_another_reader_changes_nobody(website: Website) -> None:
    number = website.reader("agents")
    with website.database.write() as session:
        rows.add_reader(session, website_schedule(website), ["local"], address="bob@example.com")
    for address in ("ann@example.com", "bob@example.com"):
        answer = website.visitor().post(f"{fresh(number)}/address", data={"email": address})
        assert answer.status_code == 303
    assert website.notices() == []
    assert statuses(website) == {"ann@example.com": "confirmed", "bob@example.com": "confirmed"}


def website_schedule(website: Website) -> int:
    return website.subscription().schedule_id


def test_a_wrong_address_is_refused_with_what_was_typed(website: Website) -> None:
    answer = website.visitor().post(f"{fresh(website.reader('agents'))}/address", data={"email": "ann@"})
    assert answer.status_code == 422
    assert 'value="ann@"' in answer.text


def test_the_mail_with_the_link_holds_a_fresh_one_too(website: Website) -> None:
    preferences = website.link(Purpose.PREFERENCES, website.reader("agents"))
    website.visitor().post(f"{preferences}/fresh")
    with website.database.write() as session:
        body = ready_notices(session, NOW, timedelta(days=1), 1)[0].body
    assert "/yours/\x02yours\x03" in body.html
    assert "/yours/\x02yours\x03" in body.text
