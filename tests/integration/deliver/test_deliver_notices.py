"""Notices on their way: to whom they go, before whom, and what becomes of those that do not arrive."""

from datetime import timedelta

import pytest

from syndication.domain.states import DeliveryState, NoticeKind, SubscriptionStatus
from syndication.jobs.deliver import recover_deliveries
from syndication.store.database import Database
from syndication.store.tables import NoticeRow
from tests.support.mailing import NOW, add_mailing, add_notice_for, address, fault_for, run
from tests.support.smtp import DROP, SmtpServer

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("kind", "status", "is_sent"),
    [
        (NoticeKind.CONFIRM, SubscriptionStatus.UNCONFIRMED, True),
        (NoticeKind.CONFIRM, SubscriptionStatus.CONFIRMED, False),
        (NoticeKind.CONFIRM, SubscriptionStatus.UNSUBSCRIBED, False),
        (NoticeKind.WELCOME, SubscriptionStatus.CONFIRMED, True),
        (NoticeKind.WELCOME, SubscriptionStatus.UNCONFIRMED, False),
        (NoticeKind.LINK, SubscriptionStatus.CONFIRMED, True),
        (NoticeKind.LINK, SubscriptionStatus.UNSUBSCRIBED, False),
    ],
)
def test_a_notice_goes_only_to_whom_its_kind_is_for(
    database: Database, kind: NoticeKind, status: SubscriptionStatus, *, is_sent: bool
) -> None:
    mailing = add_mailing(database, NOW, 1)
    notice_id = add_notice_for(database, mailing, kind, NOW, status=status)
    with SmtpServer() as server:
        run(database, server.url)
    sent = [one for one in server.messages if one.recipient == address(1)]
    assert len(sent) == is_sent
    with database.read() as session:
        state = session.get_one(NoticeRow, notice_id).state
    assert state is (DeliveryState.ACCEPTED if is_sent else DeliveryState.CANCELLED)
    if sent:
        assert (b"List-Unsubscribe-Post" in sent[0].message) == (kind is NoticeKind.WELCOME)


def test_notices_leave_before_the_issue(database: Database) -> None:
    mailing = add_mailing(database, NOW, 30)
    add_notice_for(database, mailing, NoticeKind.CONFIRM, NOW, status=SubscriptionStatus.UNCONFIRMED)
    with SmtpServer() as server:
        run(database, server.url)
    assert address(30) in server.recipients[:4]


def test_a_notice_is_tried_again_and_expires_in_the_end(database: Database) -> None:
    mailing = add_mailing(database, NOW, 1)
    notice_id = add_notice_for(database, mailing, NoticeKind.CONFIRM, NOW, status=SubscriptionStatus.UNCONFIRMED)
    with SmtpServer(fault=fault_for(address(1), "rcpt", "450 4.2.0 Greylisted")) as server:
        assert run(database, server.url).deferred == 1
        assert run(database, server.url, NOW + timedelta(minutes=1)).deferred == 0
        assert run(database, server.url, NOW + HOUR).deferred == 1
        run(database, server.url, NOW + timedelta(hours=49))
    with database.read() as session:
        row = session.get_one(NoticeRow, notice_id)
    assert (row.state, row.attempt) == (DeliveryState.EXPIRED, 2)


def test_a_notice_whose_reply_was_lost_is_sent_once_more(database: Database) -> None:
    mailing = add_mailing(database, NOW, 1)
    add_notice_for(database, mailing, NoticeKind.CONFIRM, NOW, status=SubscriptionStatus.UNCONFIRMED)
    with SmtpServer(fault=fault_for(address(1), "stored", DROP)) as server:
        for minutes in (0, 1, 6, 60):
            run(database, server.url, NOW + timedelta(minutes=minutes))
        copies = [message.message for message in server.messages if message.recipient == address(1)]
    assert len(copies) == 2
    assert copies[0] == copies[1]


def test_a_notice_in_flight_when_its_process_vanished_is_sent_again(database: Database) -> None:
    mailing = add_mailing(database, NOW, 1)
    notice_id = add_notice_for(database, mailing, NoticeKind.CONFIRM, NOW, status=SubscriptionStatus.UNCONFIRMED)
    with database.write() as session:
        row = session.get_one(NoticeRow, notice_id)
        row.state, row.attempt, row.taken_off_at = DeliveryState.IN_FLIGHT, 1, NOW
        session.add(row)
    recover_deliveries(database, NOW, is_alone=True)
    with SmtpServer() as server:
        run(database, server.url)
    assert address(1) in server.recipients
