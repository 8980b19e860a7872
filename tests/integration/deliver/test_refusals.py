"""What a server says of a mailbox while we talk to it counts as what comes back later does; the sender's faults never do."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, col, select

from syndication.domain.states import DeliveryState, NoticeKind
from syndication.domain.tokens import suppression_mark
from syndication.jobs.notices import send_probes
from syndication.store.consent import Visit
from syndication.store.database import Database
from syndication.store.issues import end_waiting_deliveries
from syndication.store.leaving import unsubscribe
from syndication.store.scoring import score_of
from syndication.store.suppressing import suppression
from syndication.store.tables import BounceScoreRow, NoticeRow, SubscriptionRow
from syndication.store.templates import save_template
from tests.support.mailing import NOW, POST, SITE, Mailing, add_mailing, address, delivery, fault_for, run, states
from tests.support.smtp import SmtpServer, Stage
from tests.support.website import compiled_templates

DAY = timedelta(days=1)
FULL = "452 4.2.2 Mailbox full"


def points(database: Database, mailing: Mailing, number: int = 0) -> float | None:
    with database.read() as session:
        score = score_of(session, mailing.subscribers[number])
    return score.points if score else None


def reason(database: Database, number: int = 0) -> str | None:
    with database.read() as session:
        found = suppression(session, suppression_mark(POST.suppression_key, address(number)))
    return found.reason if found else None


def refuse(database: Database, line: str, stage: Stage = "rcpt", at: datetime = NOW) -> Mailing:
    """An issue to three readers, the first of whom is refused with a line at a stage."""
    mailing = add_mailing(database, NOW)
    with SmtpServer(fault=fault_for(address(0), stage, line)) as server:
        run(database, server.url, at)
    return mailing


def score(session: Session, mailing: Mailing, value: float, at: datetime, probed_at: datetime | None = None) -> None:
    session.add(BounceScoreRow(subscriber_id=mailing.subscribers[0], points=value, counted_at=at, probed_at=probed_at))


@pytest.mark.parametrize(
    ("line", "counted"),
    [
        ("552 5.2.2 Mailbox full", 0.5),
        ("550 5.4.1 Recipient address rejected: access denied", 1.0),
        ("550 User unknown", 0.5),
    ],
)
def test_a_refused_mailbox_counts_and_suppresses_nobody(database: Database, line: str, counted: float) -> None:
    mailing = refuse(database, line)
    assert delivery(database, mailing, 0).state is DeliveryState.FAILED
    assert points(database, mailing) == counted
    assert points(database, mailing, 1) is None
    assert reason(database) is None


@pytest.mark.parametrize(
    ("stage", "line"),
    [
        ("rcpt", "550 5.7.1 Blocked by reputation"),
        ("rcpt", "554 Your address is on a blocklist"),
        ("dot", "554 5.6.0 Bad content"),
        ("dot", "554 5.0.0 Message rejected"),
        ("dot", "550 Message rejected"),
        ("mail", "550 5.4.4 Cannot route"),
    ],
)
def test_no_reader_pays_for_sender_policy_or_content(database: Database, stage: Stage, line: str) -> None:
    mailing = add_mailing(database, NOW)
    with SmtpServer(fault=lambda at, _: line if at == stage else None) as server:
        run(database, server.url)
    assert [points(database, mailing, number) for number in range(3)] == [None, None, None]
    assert reason(database) is None


@pytest.mark.parametrize("after", [timedelta(hours=47, minutes=58), timedelta(days=2)])
def test_a_mailbox_that_was_full_until_its_time_was_over_counts_once(database: Database, after: timedelta) -> None:
    mailing = refuse(database, FULL)
    assert delivery(database, mailing, 0).state is DeliveryState.DEFERRED
    assert points(database, mailing) is None
    with SmtpServer(fault=fault_for(address(0), "rcpt", FULL)) as server:
        run(database, server.url, NOW + after)
    assert delivery(database, mailing, 0).state is DeliveryState.EXPIRED
    assert points(database, mailing) == 0.5


@pytest.mark.parametrize(("line", "counted"), [(FULL, 0.5), ("450 4.7.1 Greylisted", None), ("450 Later", None)])
def test_a_mailbox_that_is_full_when_the_next_issue_takes_over_counts(
    database: Database, line: str, counted: float | None
) -> None:
    mailing = refuse(database, line)
    end_waiting_deliveries(database, mailing.issue_id, DeliveryState.EXPIRED, NOW + DAY)
    assert states(database, mailing.issue_id)[DeliveryState.EXPIRED] >= 1
    assert points(database, mailing) == counted


def test_a_cancelled_issue_counts_against_nobody(database: Database) -> None:
    mailing = refuse(database, FULL)
    end_waiting_deliveries(database, mailing.issue_id, DeliveryState.CANCELLED, NOW + DAY)
    assert points(database, mailing) is None


def test_a_relay_that_is_away_counts_against_nobody(database: Database) -> None:
    mailing = add_mailing(database, NOW)
    with SmtpServer(fault=lambda at, _: "451 4.3.0 Try later" if at == "rcpt" else None) as server:
        run(database, server.url)
        run(database, server.url, NOW + 3 * DAY)
    assert points(database, mailing) is None


def test_who_refuses_for_days_is_asked_by_one_mail_and_suppressed_when_it_is_refused_too(database: Database) -> None:
    mailing = refuse(database, "552 5.2.2 Mailbox full")
    with database.write() as session:
        for source, template in compiled_templates():
            save_template(session, template, source, None, NOW)
        row = session.get_one(BounceScoreRow, mailing.subscribers[0])
        row.points = 5.0
    assert send_probes(database, SITE, NOW) == 1
    assert send_probes(database, SITE, NOW + timedelta(minutes=1)) == 0
    with database.read() as session:
        notice = session.exec(select(NoticeRow)).one()
    assert (notice.kind, notice.subscriber_id) == (NoticeKind.LINK, mailing.subscribers[0])
    with SmtpServer(fault=fault_for(address(0), "rcpt", "552 5.2.2 Mailbox full")) as server:
        run(database, server.url, NOW + timedelta(hours=1))
    assert reason(database) == "552 5.2.2"


def test_who_takes_the_mail_that_asks_keeps_getting_mail(database: Database) -> None:
    mailing = add_mailing(database, NOW)
    with database.write() as session:
        for source, template in compiled_templates():
            save_template(session, template, source, None, NOW)
        score(session, mailing, 5.0, NOW)
    assert send_probes(database, SITE, NOW) == 1
    with SmtpServer() as server:
        run(database, server.url, NOW + timedelta(hours=1))
    assert reason(database) is None
    with database.read() as session:
        assert session.exec(select(NoticeRow.state)).one() is DeliveryState.ACCEPTED


def test_nobody_is_asked_who_has_left(database: Database) -> None:
    mailing = add_mailing(database, NOW)
    with database.write() as session:
        score(session, mailing, 5.0, NOW)
        own = select(SubscriptionRow.id).where(col(SubscriptionRow.subscriber_id) == mailing.subscribers[0])
        unsubscribe(session, session.exec(own).one() or 0, Visit(), NOW)
    assert send_probes(database, SITE, NOW) == 0
