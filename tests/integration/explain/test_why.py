"""Why a reader got an issue or did not, in one sentence."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from syndication.domain.delivery import Fault
from syndication.domain.states import DeliveryState, SubscriptionStatus
from syndication.domain.tokens import suppression_mark
from syndication.store.consent import Visit
from syndication.store.database import Database
from syndication.store.explaining import Explained, explain, in_words
from syndication.store.issues import all_delivery_rows
from syndication.store.leaving import pause, unsubscribe
from syndication.store.suppressing import suppress_mark
from syndication.store.tables import (
    DeliveryRow,
    IssueRow,
    NewsletterRow,
    ScheduleRow,
    SubscriberRow,
    SubscriptionRow,
)
from tests.support import rows
from tests.support.mailing import NOW, POST, Mailing, add_mailing

KEY = POST.suppression_key
BEFORE, AFTER = NOW - timedelta(days=9), NOW + timedelta(days=9)


@pytest.fixture
def mailing(database: Database) -> Mailing:
    return add_mailing(database, NOW, 1)


def why(database: Database, mailing: Mailing, address: str) -> Explained:
    with database.read() as session:
        return explain(session, mailing.issue_id, address, suppression_mark(KEY, address))


def newcomer(database: Database, mailing: Mailing, **subscription: object) -> str:
    """A reader without a delivery."""
    with database.write() as session:
        schedule = session.exec(select(ScheduleRow)).one()
        subscriber = SubscriberRow(address="new@example.com", address_key="new@example.com", created_at=BEFORE)
        session.add(subscriber)
        session.flush()
        segment = session.exec(select(SubscriptionRow.segment_id)).first()
        values: dict[str, Any] = {
            "newsletter_id": mailing.newsletter_id,
            "subscriber_id": subscriber.id,
            "segment_id": segment,
            "created_at": BEFORE,
            "status": SubscriptionStatus.CONFIRMED,
            "confirmed_at": BEFORE,
            "schedule_id": schedule.id,
        }
        session.add(SubscriptionRow(**(values | subscription)))
    return "new@example.com"


def subscription_id(database: Database) -> int:
    with database.read() as session:
        return session.exec(select(SubscriptionRow.id).order_by(SubscriptionRow.id.desc())).first() or 0  # type: ignore[union-attr] # a column


def test_a_delivery_is_told_with_the_servers_reply(database: Database, mailing: Mailing) -> None:
    with database.write() as session:
        row = session.get_one(DeliveryRow, (mailing.issue_id, mailing.subscribers[0]))
        row.state, row.fault, row.attempt = DeliveryState.FAILED, Fault.RECIPIENT, 1
        row.code, row.enhanced, row.reply, row.settled_at = 550, "5.1.1", "No such user", NOW
    told = why(database, mailing, "reader0@example.com")
    assert told == Explained(
        mailing.subscribers[0],
        DeliveryState.FAILED,
        "The mail server refused it: the address does not take mail.",
        NOW,
        1,
        "550 5.1.1 No such user",
    )


def test_every_state_has_its_words() -> None:
    words = {in_words(state, fault) for state in DeliveryState for fault in (None, *Fault)}
    assert len(words) == len(DeliveryState) - 1 + len(Fault)


def test_who_had_no_part_is_told_why(database: Database, mailing: Mailing) -> None:
    assert why(database, mailing, "nobody@example.com").why == "Nobody with this address is known here."
    newcomer(database, mailing)
    assert why(database, mailing, "new@example.com").why == "There was nothing new in this reader's topics."


@pytest.mark.parametrize(
    ("subscription", "words"),
    [
        ({"status": SubscriptionStatus.UNCONFIRMED, "confirmed_at": None}, "had not confirmed"),
        ({"confirmed_at": AFTER}, "confirmed afterwards, on 2026-11-29"),
    ],
)
def test_who_came_too_late_is_told_so(
    database: Database, mailing: Mailing, subscription: dict[str, object], words: str
) -> None:
    assert words in why(database, mailing, newcomer(database, mailing, **subscription)).why


def test_who_had_left_paused_or_moved_is_told_so(database: Database, mailing: Mailing) -> None:
    address = newcomer(database, mailing)
    own = subscription_id(database)
    with database.write() as session:
        pause(session, own, AFTER, Visit(), BEFORE)
    assert "had paused" in why(database, mailing, address).why
    with database.write() as session:
        row = session.get_one(SubscriptionRow, own)
        row.schedule_id = rows.add_schedule(session, mailing.newsletter_id)
        session.get_one(IssueRow, mailing.issue_id).planned_at = AFTER + timedelta(days=1)
    assert "another schedule" in why(database, mailing, address).why
    with database.write() as session:
        unsubscribe(session, own, Visit(), NOW)
    assert "had left, on 2026-11-20" in why(database, mailing, address).why


def test_who_reads_another_newsletter_or_is_too_early_is_told_so(database: Database, mailing: Mailing) -> None:
    address = newcomer(database, mailing)
    with database.write() as session:
        issue = session.get_one(IssueRow, mailing.issue_id)
        issue.planned_at = issue.frozen_at = None
    assert why(database, mailing, address).why == "The issue is not planned yet."
    with database.write() as session:
        letter = session.get_one(NewsletterRow, mailing.newsletter_id)
        other = NewsletterRow(**{**letter.model_dump(exclude={"id"}), "slug": "other"})
        session.add(other)
        session.flush()
        session.get_one(SubscriptionRow, subscription_id(database)).newsletter_id = other.id or 0
    assert "does not subscribe" in why(database, mailing, address).why


def test_who_is_suppressed_is_told_since_when(database: Database, mailing: Mailing) -> None:
    with database.write() as session:
        suppress_mark(session, suppression_mark(KEY, "gone@example.com"), "complaint", NOW)
    assert why(database, mailing, "gone@example.com").why == "The address is suppressed since 2026-11-20 (complaint)."


def test_all_deliveries_are_read_in_parts(database: Database) -> None:
    mailing = add_mailing(database, NOW, 2_100, batch=500)
    with database.read() as session:
        found = [line.subscriber_id for line in all_delivery_rows(session, mailing.issue_id)]
    assert found == list(mailing.subscribers)
