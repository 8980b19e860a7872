"""A whole run: ledger, sender, SMTP, on a real server and both databases."""

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path
from threading import Event

import pytest
from sqlmodel import select

from syndication.deliver.outbox import OutboxTransport
from syndication.domain.delivery import DeliveryName, Fault
from syndication.domain.states import (
    BatchState,
    DeliveryState,
    IssueState,
    SubscriptionStatus,
    UnknownPolicy,
)
from syndication.domain.tokens import Purpose, suppression_mark
from syndication.jobs.deliver import recover_deliveries
from syndication.store.consent import Visit
from syndication.store.database import Database
from syndication.store.issues import pause_issue, resume_issue
from syndication.store.leaving import unsubscribe
from syndication.store.tables import (
    DeliveryBatchRow,
    IssueRow,
    SubscriptionRow,
    SuppressionRow,
)
from tests.support.mailing import (
    KEYS,
    NOW,
    POST,
    Mailing,
    add_mailing,
    address,
    delivery,
    fault_for,
    run,
    states,
)
from tests.support.smtp import DROP, SmtpServer, Stage, Stall

HOUR = timedelta(hours=1)


def issue(database: Database, mailing: Mailing) -> IssueRow:
    with database.read() as session:
        return session.get_one(IssueRow, mailing.issue_id)


def test_every_reader_gets_their_digest_once_and_the_issue_is_sent(database: Database) -> None:
    mailing = add_mailing(database, NOW, 25, batch=10)
    with SmtpServer() as server:
        first = run(database, server.url)
        again = run(database, server.url)
    assert (first.accepted, first.closed) == (25, (mailing.issue_id,))
    assert again.accepted == 0
    assert sorted(server.recipients) == sorted(address(number) for number in range(25))
    assert states(database, mailing.issue_id) == {DeliveryState.ACCEPTED: 25}
    assert issue(database, mailing).state is IssueState.SENT
    assert issue(database, mailing).closed_at == NOW
    kept = delivery(database, mailing, 0)
    assert (kept.attempt, kept.code, kept.enhanced) == (1, 250, "2.0.0")
    assert kept.reply.startswith("Queued as")
    assert (kept.taken_off_at, kept.settled_at) == (NOW, NOW)


def test_a_mail_is_its_readers_own(database: Database) -> None:
    mailing = add_mailing(database, NOW, 2)
    with SmtpServer() as server:
        run(database, server.url)
    with database.read() as session:
        subscriptions = {row.subscriber_id: row.id for row in session.exec(select(SubscriptionRow)).all()}
    for message in server.messages:
        number = int(message.recipient.partition("@")[0].removeprefix("reader"))
        token = KEYS.sign(Purpose.UNSUBSCRIBE, subscriptions[mailing.subscribers[number]] or 0)
        parsed = message_from_bytes(message.message, policy=policy.default)
        assert parsed["To"] == address(number)
        assert parsed["List-Unsubscribe"] == f"<https://news.example.org/unsubscribe/{token}>"
        assert parsed["Date"].datetime == NOW
        name = DeliveryName.parse(parsed["Message-ID"].strip("<>").partition(".")[0])
        assert name
        assert (name.parent, name.subscriber) == (mailing.issue_id, mailing.subscribers[number])
        body = parsed.get_body(("html",))
        assert body
        assert ["One", "Two"][number] in body.get_content()


def test_threads_take_their_usual_turns_again_after_a_run(database: Database, tmp_path: Path) -> None:
    before = sys.getswitchinterval()
    during = []

    def stop() -> bool:
        during.append(sys.getswitchinterval())
        return False

    add_mailing(database, NOW, 1)
    run(database, OutboxTransport(tmp_path), stop=stop)
    assert sys.getswitchinterval() == before
    assert max(during) < before


def test_the_outbox_keeps_every_mail_as_a_file(database: Database, tmp_path: Path) -> None:
    mailing = add_mailing(database, NOW, 3)
    assert run(database, OutboxTransport(tmp_path / "outbox")).accepted == 3
    names = {f"i{mailing.issue_id}-{subscriber}.eml" for subscriber in mailing.subscribers}
    assert {path.name for path in (tmp_path / "outbox").iterdir()} == names


def test_a_deferred_mail_is_tried_again_later(database: Database) -> None:
    mailing = add_mailing(database, NOW, 3)
    refusals = ["450 4.2.2 Mailbox full"]

    def fault(stage: Stage, argument: str) -> object:
        if stage == "dot" and argument == address(1) and refusals:
            return refusals.pop()
        return None

    with SmtpServer(fault=fault) as server:
        report = run(database, server.url)
        waiting = delivery(database, mailing, 1)
        assert (report.accepted, report.deferred, report.closed) == (2, 1, ())
        assert waiting.state is DeliveryState.DEFERRED
        assert waiting.next_at is not None
        assert NOW + timedelta(minutes=4) <= waiting.next_at <= NOW + timedelta(minutes=6)
        assert run(database, server.url, NOW + timedelta(minutes=3)).accepted == 0
        assert run(database, server.url, NOW + timedelta(minutes=7)).accepted == 1
    assert delivery(database, mailing, 1).attempt == 2
    assert issue(database, mailing).state is IssueState.SENT
    assert server.recipients.count(address(1)) == 1


def test_a_gone_recipient_is_suppressed_everywhere(database: Database) -> None:
    mailing = add_mailing(database, NOW, 3)
    with SmtpServer(fault=fault_for(address(1), "rcpt", "550 5.1.1 No such user")) as server:
        report = run(database, server.url)
    assert (report.accepted, report.failed) == (2, 1)
    assert delivery(database, mailing, 1).fault is Fault.RECIPIENT
    with database.read() as session:
        assert session.get(SuppressionRow, suppression_mark(POST.suppression_key, address(1)))
        statuses = dict(session.exec(select(SubscriptionRow.subscriber_id, SubscriptionRow.status)).all())
    assert [statuses[one] for one in mailing.subscribers] == [
        SubscriptionStatus.CONFIRMED,
        SubscriptionStatus.UNSUBSCRIBED,
        SubscriptionStatus.CONFIRMED,
    ]


def test_a_failure_without_the_readers_fault_gives_the_articles_to_the_next_issue(database: Database) -> None:
    mailing = add_mailing(database, NOW, 2)
    with SmtpServer(fault=fault_for(address(1), "dot", "554 5.6.0 Bad content")) as server:
        run(database, server.url)
    assert delivery(database, mailing, 1).fault is Fault.MESSAGE
    with database.read() as session:
        starts = dict(session.exec(select(SubscriptionRow.subscriber_id, SubscriptionRow.from_seq)).all())
    assert [starts[one] for one in mailing.subscribers] == [None, 0]


def test_five_refusals_of_the_sender_in_a_row_pause_the_issue_and_blame_nobody(database: Database) -> None:
    mailing = add_mailing(database, NOW, 50)
    with SmtpServer(fault=lambda stage, _: "550 5.7.26 Not authenticated" if stage == "dot" else None) as server:
        report = run(database, server.url)
        assert report.paused == (mailing.issue_id,)
        assert 5 <= report.failed <= 9
        assert run(database, server.url).failed == 0
    paused = issue(database, mailing)
    assert paused.state is IssueState.PAUSED
    assert "5.7.26" in paused.note
    assert "resume" in paused.note
    with database.read() as session:
        assert session.exec(select(SuppressionRow)).all() == []
        assert {row.status for row in session.exec(select(SubscriptionRow)).all()} == {SubscriptionStatus.CONFIRMED}
        resume_issue(session, mailing.issue_id)
        session.commit()
    with SmtpServer() as server:
        assert run(database, server.url).accepted == 50 - report.failed
    assert issue(database, mailing).state is IssueState.SENT


def test_a_server_that_is_away_takes_nothing_off_and_the_issue_says_so(database: Database) -> None:
    mailing = add_mailing(database, NOW, 3)
    with SmtpServer() as server:
        url = server.url
    report = run(database, url, stop=stop_after(0.3))
    assert report.deferred == 0
    assert states(database, mailing.issue_id) == {DeliveryState.READY: 3}
    assert delivery(database, mailing, 0).attempt == 0
    with SmtpServer() as server:
        assert run(database, server.url).accepted == 3


def test_a_lane_that_is_shut_is_held_and_the_issue_says_why(database: Database) -> None:
    mailing = add_mailing(database, NOW, 50)
    with SmtpServer(fault=lambda stage, _: "451 4.3.2 Shutting down" if stage == "mail" else None) as server:
        report = run(database, server.url)
        assert "4.3.2" in report.held
        assert 10 <= report.deferred <= 14
        assert "4.3.2" in issue(database, mailing).note
        assert run(database, server.url, NOW + timedelta(seconds=30)).deferred == 0
    kept = next(row for row in (delivery(database, mailing, n) for n in range(50)) if row.attempt == 0 and row.next_at)
    assert kept.state is DeliveryState.DEFERRED
    with SmtpServer() as server:
        assert run(database, server.url, NOW + HOUR).accepted == 50
    assert issue(database, mailing).note == ""


def stop_after(seconds: float) -> Callable[[], bool]:
    end = time.monotonic() + seconds
    return lambda: time.monotonic() > end


def test_a_lost_reply_is_unknown_and_sent_once_more_with_the_same_bytes(database: Database) -> None:
    mailing = add_mailing(database, NOW, 3)
    with SmtpServer(fault=fault_for(address(1), "stored", DROP)) as server:
        report = run(database, server.url)
        assert (report.accepted, report.unknown, report.closed) == (2, 1, ())
        assert delivery(database, mailing, 1).state is DeliveryState.UNKNOWN
        assert run(database, server.url, NOW + timedelta(minutes=6)).unknown == 1
        assert run(database, server.url, NOW + HOUR).unknown == 0
        copies = {message.message for message in server.messages if message.recipient == address(1)}
    assert server.recipients.count(address(1)) == 2
    assert len(copies) == 1
    assert delivery(database, mailing, 1).resends == 1
    assert states(database, mailing.issue_id) == {DeliveryState.ACCEPTED: 2, DeliveryState.UNKNOWN: 1}
    assert issue(database, mailing).state is IssueState.SENT


@pytest.mark.parametrize("unknown_policy", [UnknownPolicy.ASSUME_SENT, UnknownPolicy.HOLD])
def test_a_newsletter_can_forbid_the_resend(database: Database, unknown_policy: UnknownPolicy) -> None:
    mailing = add_mailing(database, NOW, 2, policy=unknown_policy)
    with SmtpServer(fault=fault_for(address(1), "stored", DROP)) as server:
        run(database, server.url)
        run(database, server.url, NOW + HOUR)
    assert server.recipients.count(address(1)) == 1
    assert delivery(database, mailing, 1).state is DeliveryState.UNKNOWN
    assert issue(database, mailing).state is IssueState.SENT


def test_what_is_too_old_expires_and_rolls_over(database: Database) -> None:
    mailing = add_mailing(database, NOW, 2)
    with SmtpServer() as server:
        run(database, server.url, NOW + timedelta(hours=49))
    assert server.messages == []
    assert states(database, mailing.issue_id) == {DeliveryState.EXPIRED: 2}
    with database.read() as session:
        assert set(session.exec(select(SubscriptionRow.from_seq)).all()) == {0}


def test_who_has_left_is_not_mailed_even_when_nobody_settled_their_row(database: Database) -> None:
    mailing = add_mailing(database, NOW, 3)
    with database.write() as session:
        left, paused, _ = session.exec(select(SubscriptionRow).order_by(SubscriptionRow.subscriber_id)).all()  # type: ignore[arg-type]
        left.status = SubscriptionStatus.UNSUBSCRIBED
        paused.paused_until = NOW + HOUR
        session.add_all([left, paused])
    with SmtpServer() as server:
        run(database, server.url)
    assert server.recipients == [address(2)]
    assert states(database, mailing.issue_id) == {DeliveryState.CANCELLED: 2, DeliveryState.ACCEPTED: 1}


def test_nothing_leaves_after_an_unsubscribe_has_committed(database: Database) -> None:
    mailing = add_mailing(database, NOW, 60)
    left: set[str] = set()

    def fault(stage: Stage, _: str) -> object:
        if stage == "dot" and not left:
            with database.write() as session:
                rows = session.exec(select(SubscriptionRow).order_by(SubscriptionRow.subscriber_id)).all()  # type: ignore[arg-type]
                for row in rows[40:]:
                    unsubscribe(session, row.id or 0, Visit(), NOW)
            left.update(address(number) for number in range(40, 60))
        return None

    with SmtpServer(fault=fault) as server:
        run(database, server.url)
    assert not left & set(server.recipients)
    assert states(database, mailing.issue_id) == {DeliveryState.ACCEPTED: 40, DeliveryState.CANCELLED: 20}


def test_a_pause_takes_effect_at_once_and_resume_goes_on(database: Database) -> None:
    mailing = add_mailing(database, NOW, 100, batch=50)

    def fault(stage: Stage, _: str) -> object:
        if stage == "dot" and len(server.messages) == 10:
            with database.write() as session:
                pause_issue(session, mailing.issue_id)
        return None

    with SmtpServer(fault=fault) as server:
        run(database, server.url)
        assert 10 <= len(server.messages) <= 18
        assert run(database, server.url).accepted == 0
        with database.write() as session:
            resume_issue(session, mailing.issue_id)
        run(database, server.url)
    assert sorted(server.recipients) == sorted(address(number) for number in range(100))


def test_a_stop_finishes_what_is_in_flight_and_gives_the_batch_back(database: Database) -> None:
    mailing = add_mailing(database, NOW, 100)
    with SmtpServer() as server:
        run(database, server.url, stop=lambda: len(server.messages) >= 5)
        sent = len(server.messages)
        assert 5 <= sent <= 13
        assert states(database, mailing.issue_id)[DeliveryState.ACCEPTED] == sent
        assert run(database, server.url).accepted == 100 - sent


@pytest.mark.parametrize(
    ("stage", "state"),
    [("rcpt", DeliveryState.DEFERRED), ("dot", DeliveryState.UNKNOWN), ("stored", DeliveryState.UNKNOWN)],
)
def test_a_stop_does_not_wait_for_a_server_that_never_answers(
    database: Database, stage: Stage, state: DeliveryState
) -> None:
    reached = Event()

    def fault(at: Stage, _: str) -> object:
        if at != stage:
            return None
        reached.set()
        return Stall(60)

    mailing = add_mailing(database, NOW, 1)
    begun = time.monotonic()
    with SmtpServer(fault=fault) as server:
        run(database, server.url, stop=reached.is_set, post=replace(POST, patience_s=0.1))
    assert time.monotonic() - begun < 30
    assert delivery(database, mailing, 0).state is state


def test_rows_of_a_vanished_process_are_recovered_when_its_lease_ends(database: Database) -> None:
    mailing = add_mailing(database, NOW, 3)
    vanish(database, mailing)
    with SmtpServer() as server:
        assert run(database, server.url).accepted == 0
        assert run(database, server.url, NOW + timedelta(seconds=61)).accepted == 3
    assert delivery(database, mailing, 0).resends == 1


def test_a_runner_that_is_alone_need_not_wait_for_leases(database: Database) -> None:
    mailing = add_mailing(database, NOW, 3)
    vanish(database, mailing)
    recover_deliveries(database, NOW, is_alone=True)
    with SmtpServer() as server:
        assert run(database, server.url).accepted == 3


def vanish(database: Database, mailing: Mailing) -> None:
    """Leave the first reader's mail in flight under a lease of one minute."""
    with database.write() as session:
        batch = session.exec(select(DeliveryBatchRow)).one()
        batch.state, batch.attempt, batch.lease_until = BatchState.CLAIMED, 1, NOW + timedelta(minutes=1)
        row = session.merge(delivery(database, mailing, 0))
        row.state, row.attempt, row.taken_off_at = DeliveryState.IN_FLIGHT, 1, NOW
        session.add_all([batch, row])


def test_a_sender_that_cannot_be_written_pauses_the_issue_with_the_reason(database: Database) -> None:
    mailing = add_mailing(database, NOW, 2)
    with database.write() as session:
        session.connection().exec_driver_sql("UPDATE newsletter SET sender_address = 'me@bücher.example'")
    with SmtpServer() as server:
        run(database, server.url)
    assert server.messages == []
    assert issue(database, mailing).state is IssueState.PAUSED
    assert "xn--" in issue(database, mailing).note
