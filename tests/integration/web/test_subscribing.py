"""What readers do, and what it does to their subscription, their waiting mail and the proof of consent."""

import threading
from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, col, select, update

from syndication.domain.newsletters import Choice
from syndication.domain.states import DeliveryState, IssueState, NoticeKind, SubscriptionStatus
from syndication.store.answering import Answer, ask_for_links
from syndication.store.consent import Visit
from syndication.store.database import Database
from syndication.store.leaving import come_back, pause, resume, unsubscribe
from syndication.store.subscribing import SignUp, change_choice, confirm, sign_up
from syndication.store.suppressing import suppress
from syndication.store.tables import (
    ConsentEventRow,
    CounterRow,
    DeliveryRow,
    DigestBodyRow,
    DigestRow,
    IssueRow,
    NoticeRow,
    SegmentRow,
    SegmentTopicRow,
    SubscriberRow,
    SubscriptionRow,
    SubscriptionTopicRow,
    SuppressionRow,
)
from tests.support import rows
from tests.support.rows import NOW

VISIT = Visit(ip="192.0.2.7", user_agent="Browser/1", page="/", language="en", text_version="v1")
DAY = timedelta(days=1)


@pytest.fixture
def newsletter(database: Database) -> int:
    with database.write() as session:
        rows.add_counters(session)
        rows.add_topic(session, "agents")
        rows.add_topic(session, "local")
        rows.add_topic(session, "elsewhere")
        newsletter_id = rows.add_newsletter(session, "weekly", ["agents", "local"])
        rows.add_schedule(session, newsletter_id, last_cut=40)
    return newsletter_id


def wanted(newsletter_id: int, *topics: str, address: str = "ann@example.com") -> SignUp:
    return SignUp(newsletter_id, address, address, f"mark of {address}", Choice(frozenset(topics), "en"))


def ask(database: Database, newsletter_id: int, *topics: str, now: datetime = NOW) -> Answer | None:
    with database.write() as session:
        return sign_up(session, wanted(newsletter_id, *topics), VISIT, now)


def only(session: Session) -> SubscriptionRow:
    return session.exec(select(SubscriptionRow)).one()


def events(session: Session) -> list[str]:
    return list(session.exec(select(ConsentEventRow.event).order_by(col(ConsentEventRow.id))))


def topics_of(session: Session, subscription: SubscriptionRow) -> set[int]:
    return set(
        session.exec(
            select(SubscriptionTopicRow.topic_id).where(SubscriptionTopicRow.subscription_id == subscription.id)
        )
    )


def mailed(session: Session, subscriber_id: int, newsletter_id: int, kind: NoticeKind, at: datetime) -> None:
    if session.get(DigestBodyRow, "body") is None:
        session.add(DigestBodyRow(hash="body", subject="s", text="t", html="h"))
        session.flush()
    session.add(
        NoticeRow(kind=kind, newsletter_id=newsletter_id, subscriber_id=subscriber_id, body_hash="body", created_at=at)
    )


def reader(database: Database, newsletter_id: int, *topics: str) -> int:
    """A confirmed reader; answers the subscription's id."""
    answer = ask(database, newsletter_id, *topics)
    assert answer
    with database.write() as session:
        assert confirm(session, answer.subscription_id, VISIT, NOW)
    return answer.subscription_id


def waiting_issue(
    session: Session, newsletter_id: int, subscription_id: int, state: DeliveryState, start: int = 30
) -> None:
    subscription = session.get(SubscriptionRow, subscription_id)
    assert subscription
    session.add(DigestBodyRow(hash="issue", subject="s", text="t", html="h"))
    issue = IssueRow(
        newsletter_id=newsletter_id,
        schedule_id=subscription.schedule_id,
        slot=NOW,
        state=IssueState.SENDING,
        from_seq=30,
        cut_seq=40,
        created_at=NOW,
        planned_at=NOW,
    )
    session.add(issue)
    template = rows.add_template(session)
    session.flush()
    assert issue.id
    digest = DigestRow(
        issue_id=issue.id, start=start, content_hash="c", body_hash="issue", language="en", template_version_id=template
    )
    session.add(digest)
    session.flush()
    assert digest.id
    session.add(
        DeliveryRow(issue_id=issue.id, subscriber_id=subscription.subscriber_id, digest_id=digest.id, state=state)
    )


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


def test_a_pause_cancels_what_waits_and_keeps_its_window(database: Database, newsletter: int) -> None:
    subscription_id = reader(database, newsletter, "agents")
    with database.write() as session:
        only(session).from_seq = None
        waiting_issue(session, newsletter, subscription_id, DeliveryState.DEFERRED, start=31)
    with database.write() as session:
        assert pause(session, subscription_id, NOW + 30 * DAY, VISIT, NOW)
    with database.read() as session:
        delivery = session.exec(select(DeliveryRow)).one()
        assert (delivery.state, delivery.settled_at) == (DeliveryState.CANCELLED, NOW)
        assert only(session).from_seq == 31
        assert only(session).paused_until == NOW + 30 * DAY


def test_a_pause_with_nothing_waiting_starts_where_the_schedule_stands(database: Database, newsletter: int) -> None:
    subscription_id = reader(database, newsletter, "agents")
    with database.write() as session:
        only(session).from_seq = None
    with database.write() as session:
        pause(session, subscription_id, NOW + DAY, VISIT, NOW)
        resume(session, subscription_id, VISIT, NOW)
        assert (only(session).from_seq, only(session).paused_until) == (40, None)
        assert events(session)[-2:] == ["paused", "resumed"]
        assert not resume(session, subscription_id, VISIT, NOW)


def test_unsubscribing_cancels_waiting_issues_and_notices_once(database: Database, newsletter: int) -> None:
    subscription_id = reader(database, newsletter, "agents")
    with database.write() as session:
        waiting_issue(session, newsletter, subscription_id, DeliveryState.READY)
        mailed(session, only(session).subscriber_id, newsletter, NoticeKind.WELCOME, NOW)
    for first in (True, False):
        with database.write() as session:
            assert unsubscribe(session, subscription_id, VISIT, NOW) is first
    with database.read() as session:
        assert session.exec(select(DeliveryRow.state)).one() is DeliveryState.CANCELLED
        assert session.exec(select(NoticeRow.state)).one() is DeliveryState.CANCELLED
        assert only(session).status is SubscriptionStatus.UNSUBSCRIBED
        assert events(session).count("unsubscribed") == 1


def test_what_is_in_flight_is_left_to_settle(database: Database, newsletter: int) -> None:
    subscription_id = reader(database, newsletter, "agents")
    with database.write() as session:
        waiting_issue(session, newsletter, subscription_id, DeliveryState.IN_FLIGHT)
        unsubscribe(session, subscription_id, VISIT, NOW)
    with database.read() as session:
        assert session.exec(select(DeliveryRow.state)).one() is DeliveryState.IN_FLIGHT


def take_off(session: Session) -> int:
    """The ledger's conditional UPDATE, reduced to its core."""
    return session.exec(
        update(DeliveryRow)
        .where(col(DeliveryRow.state) == DeliveryState.READY)
        .values(state=DeliveryState.IN_FLIGHT, taken_off_at=NOW)
    ).rowcount


def test_no_take_off_commits_after_an_unsubscribe_that_came_first(database: Database, newsletter: int) -> None:
    subscription_id = reader(database, newsletter, "agents")
    with database.write() as session:
        waiting_issue(session, newsletter, subscription_id, DeliveryState.READY)
    taken: list[int] = []

    def try_to_take_off() -> None:
        with database.write() as other:
            taken.append(take_off(other))

    racer = threading.Thread(target=try_to_take_off)
    with database.write() as session:
        unsubscribe(session, subscription_id, VISIT, NOW)
        session.flush()
        racer.start()
        racer.join(0.3)
        assert racer.is_alive()  # the take-off waits for this transaction
    racer.join(10)
    assert taken == [0]


def test_an_unsubscribe_waits_for_a_take_off_that_came_first(database: Database, newsletter: int) -> None:
    subscription_id = reader(database, newsletter, "agents")
    with database.write() as session:
        waiting_issue(session, newsletter, subscription_id, DeliveryState.READY)

    def leave() -> None:
        with database.write() as other:
            unsubscribe(other, subscription_id, VISIT, NOW)

    racer = threading.Thread(target=leave)
    with database.write() as session:
        assert take_off(session) == 1
        racer.start()
        racer.join(0.3)
        assert racer.is_alive()  # the one mail that was taken off before may still leave
    racer.join(10)
    with database.read() as session:
        assert session.exec(select(DeliveryRow.state)).one() is DeliveryState.IN_FLIGHT
        assert only(session).status is SubscriptionStatus.UNSUBSCRIBED


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


def test_who_left_by_mistake_comes_back_and_misses_nothing(database: Database, newsletter: int) -> None:
    subscription_id = reader(database, newsletter, "agents")
    with database.write() as session:
        only(session).from_seq = None
        waiting_issue(session, newsletter, subscription_id, DeliveryState.READY, start=31)
    with database.write() as session:
        unsubscribe(session, subscription_id, VISIT, NOW)
    with database.write() as session:
        assert come_back(session, subscription_id, VISIT, NOW + timedelta(minutes=59))
    with database.read() as session:
        assert (only(session).status, only(session).from_seq) == (SubscriptionStatus.CONFIRMED, 31)
        assert events(session)[-2:] == ["unsubscribed", "returned"]


def test_coming_back_by_one_button_ends_after_an_hour(database: Database, newsletter: int) -> None:
    subscription_id = reader(database, newsletter, "agents")
    with database.write() as session:
        assert not come_back(session, subscription_id, VISIT, NOW)
        unsubscribe(session, subscription_id, VISIT, NOW)
    with database.write() as session:
        assert not come_back(session, subscription_id, VISIT, NOW + timedelta(minutes=61))
        assert only(session).status is SubscriptionStatus.UNSUBSCRIBED


def test_who_never_confirmed_cannot_come_back(database: Database, newsletter: int) -> None:
    answer = ask(database, newsletter, "agents")
    assert answer
    with database.write() as session:
        unsubscribe(session, answer.subscription_id, VISIT, NOW)
        assert not come_back(session, answer.subscription_id, VISIT, NOW)


def test_a_suppressed_reader_cannot_come_back(database: Database, newsletter: int) -> None:
    subscription_id = reader(database, newsletter, "agents")
    with database.write() as session:
        suppress(session, b"key", [only(session).subscriber_id], "complaint", NOW)
    with database.write() as session:
        assert only(session).status is SubscriptionStatus.UNSUBSCRIBED
        assert not come_back(session, subscription_id, VISIT, NOW)
