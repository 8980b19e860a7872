"""Signing up, confirming, choosing: what it does to the subscription and the proof of consent."""

import threading
from datetime import timedelta

import pytest
from sqlmodel import col, select, update

from syndication.domain.newsletters import Choice
from syndication.domain.states import DeliveryState, NoticeKind, SubscriptionStatus
from syndication.store.answering import Answer, ask_for_links
from syndication.store.database import Database
from syndication.store.leaving import unsubscribe
from syndication.store.subscribing import change_choice, confirm, sign_up
from syndication.store.tables import (
    ConsentEventRow,
    CounterRow,
    DeliveryRow,
    SegmentRow,
    SegmentTopicRow,
    SubscriberRow,
    SubscriptionRow,
    SuppressionRow,
)
from tests.support import rows
from tests.support.rows import NOW
from tests.support.subscribing import DAY, VISIT, ask, events, mailed, only, reader, topics_of, waiting_issue, wanted


def test_signing_up_waits_for_confirmation_and_leaves_a_proof(database: Database, newsletter: int) -> None:
    answer = ask(database, newsletter, "agents", "elsewhere")
    with database.read() as session:
        subscription = only(session)
        assert answer == Answer(subscription.id or 0, NoticeKind.CONFIRM)
        assert subscription.status is SubscriptionStatus.UNCONFIRMED
        assert topics_of(session, subscription) == {rows.topic_id_of(session, "agents")}
        segment = session.get(SegmentRow, subscription.segment_id)
        assert segment
        assert segment.key == "en:agents"
        assert session.exec(select(SegmentTopicRow.topic_id)).all() == [rows.topic_id_of(session, "agents")]
        event = session.exec(select(ConsentEventRow)).one()
        assert (event.event, event.ip, event.user_agent, event.page) == ("requested", "192.0.2.7", "Browser/1", "/")
        assert (event.text_version, event.language, event.at) == ("v1", "en", NOW)
        assert event.detail == {"topics": ["agents"]}


def test_a_newsletter_without_the_topic_cannot_be_signed_up_for(database: Database, newsletter: int) -> None:
    with pytest.raises(ValueError, match="does not offer"):
        ask(database, newsletter, "elsewhere")


def test_a_second_request_takes_the_newer_choice_without_a_second_row(database: Database, newsletter: int) -> None:
    ask(database, newsletter, "agents")
    ask(database, newsletter, "local")
    with database.read() as session:
        assert topics_of(session, only(session)) == {rows.topic_id_of(session, "local")}
        assert len(session.exec(select(SubscriberRow)).all()) == 1


def test_a_stranger_cannot_change_the_choice_of_a_confirmed_reader(database: Database, newsletter: int) -> None:
    reader(database, newsletter, "agents")
    answer = ask(database, newsletter, "local")
    with database.read() as session:
        subscription = only(session)
        assert answer == Answer(subscription.id or 0, NoticeKind.LINK)
        assert subscription.status is SubscriptionStatus.CONFIRMED
        assert topics_of(session, subscription) == {rows.topic_id_of(session, "agents")}


def test_a_suppressed_address_gets_nothing_and_leaves_no_row(database: Database, newsletter: int) -> None:
    with database.write() as session:
        session.add(SuppressionRow(hmac="mark of ann@example.com", reason="complaint", created_at=NOW))
    assert ask(database, newsletter, "agents") is None
    with database.read() as session:
        assert session.exec(select(SubscriberRow)).all() == []


@pytest.mark.parametrize(
    ("sent_before", "answered"),
    [((DAY - timedelta(minutes=1),), False), ((DAY,), True), ((DAY, 2 * DAY, 3 * DAY), False), ((30 * DAY,), True)],
)
def test_one_confirmation_a_day_and_three_a_month(
    database: Database, newsletter: int, sent_before: tuple[timedelta, ...], *, answered: bool
) -> None:
    ask(database, newsletter, "agents")
    with database.write() as session:
        for span in sent_before:
            mailed(session, only(session).subscriber_id, newsletter, NoticeKind.CONFIRM, NOW - span)
    assert (ask(database, newsletter, "agents") is not None) is answered


def test_confirming_starts_the_window_at_the_newest_article(database: Database, newsletter: int) -> None:
    answer = ask(database, newsletter, "agents")
    assert answer
    with database.write() as session:
        session.exec(update(CounterRow).where(col(CounterRow.name) == "seq").values(n=57))
        assert confirm(session, answer.subscription_id, VISIT, NOW)
    with database.read() as session:
        subscription = only(session)
        assert (subscription.status, subscription.from_seq) == (SubscriptionStatus.CONFIRMED, 57)
        assert subscription.confirmed_at == NOW
        assert events(session) == ["requested", "confirmed"]


def test_a_second_confirmation_changes_nothing(database: Database, newsletter: int) -> None:
    subscription_id = reader(database, newsletter, "agents")
    with database.write() as session:
        session.exec(update(CounterRow).where(col(CounterRow.name) == "seq").values(n=99))
        assert not confirm(session, subscription_id, VISIT, NOW + DAY)
    with database.read() as session:
        assert only(session).from_seq == 0
        assert only(session).confirmed_at == NOW


def test_an_old_confirmation_link_does_not_bring_back_who_left(database: Database, newsletter: int) -> None:
    subscription_id = reader(database, newsletter, "agents")
    with database.write() as session:
        unsubscribe(session, subscription_id, VISIT, NOW)
    with database.write() as session:
        assert not confirm(session, subscription_id, VISIT, NOW)
        assert only(session).status is SubscriptionStatus.UNSUBSCRIBED


def test_who_left_can_ask_again_and_must_confirm_again(database: Database, newsletter: int) -> None:
    subscription_id = reader(database, newsletter, "agents")
    with database.write() as session:
        unsubscribe(session, subscription_id, VISIT, NOW)
    assert ask(database, newsletter, "agents") == Answer(subscription_id, NoticeKind.CONFIRM)
    with database.write() as session:
        assert only(session).status is SubscriptionStatus.UNCONFIRMED
        assert only(session).unsubscribed_at == NOW
        assert confirm(session, subscription_id, VISIT, NOW + DAY)
        assert only(session).unsubscribed_at is None


def test_changing_topics_changes_the_segment_and_keeps_waiting_mail(database: Database, newsletter: int) -> None:
    subscription_id = reader(database, newsletter, "agents")
    with database.write() as session:
        waiting_issue(session, newsletter, subscription_id, DeliveryState.READY)
        assert change_choice(session, subscription_id, Choice(frozenset({"local", "agents"}), "en"), VISIT, NOW)
    with database.read() as session:
        subscription = only(session)
        segment = session.get(SegmentRow, subscription.segment_id)
        assert segment
        assert segment.key == "en:agents+local"
        assert len(topics_of(session, subscription)) == 2
        assert session.exec(select(DeliveryRow.state)).one() is DeliveryState.READY
        event = session.exec(select(ConsentEventRow).order_by(col(ConsentEventRow.id).desc())).first()
        assert event
        assert event.detail == {"before": ["agents"], "topics": ["agents", "local"]}


def test_a_reader_keeps_at_least_one_topic(database: Database, newsletter: int) -> None:
    subscription_id = reader(database, newsletter, "agents")
    with database.write() as session, pytest.raises(ValueError, match="at least one"):
        change_choice(session, subscription_id, Choice(frozenset(), "en"), VISIT, NOW)


def test_the_same_choice_again_leaves_no_event(database: Database, newsletter: int) -> None:
    subscription_id = reader(database, newsletter, "agents")
    with database.write() as session:
        assert not change_choice(session, subscription_id, Choice(frozenset({"agents"}), "en"), VISIT, NOW)
        assert events(session) == ["requested", "confirmed"]


def test_links_are_mailed_to_known_addresses_only_and_not_too_often(database: Database, newsletter: int) -> None:
    subscription_id = reader(database, newsletter, "agents")
    with database.write() as session:
        assert ask_for_links(session, "nobody@example.com", NOW) == []
        assert ask_for_links(session, "ann@example.com", NOW) == [Answer(subscription_id, NoticeKind.LINK)]
        mailed(session, only(session).subscriber_id, newsletter, NoticeKind.LINK, NOW)
    with database.write() as session:
        assert ask_for_links(session, "ann@example.com", NOW + timedelta(minutes=9)) == []
        assert ask_for_links(session, "ann@example.com", NOW + timedelta(minutes=10)) != []


def test_many_people_signing_up_at_once_share_one_segment(database: Database, newsletter: int) -> None:
    def one(number: int) -> None:
        with database.write() as session:
            sign_up(session, wanted(newsletter, "agents", address=f"r{number}@example.com"), VISIT, NOW)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as session:
        assert len(session.exec(select(SubscriptionRow)).all()) == 8
        assert session.exec(select(SegmentRow.key)).all() == ["en:agents"]
        assert len(session.exec(select(SegmentTopicRow)).all()) == 1
