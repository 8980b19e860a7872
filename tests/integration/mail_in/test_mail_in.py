"""What follows from mail that comes in: in the ledger, for the reader, and nothing the second time."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import select

from syndication.domain.delivery import DeliveryKind, DeliveryName, Fault
from syndication.domain.errors import StoreError
from syndication.domain.incoming import Envelope, IncomingKind
from syndication.domain.states import BatchState, DeliveryState, NoticeKind, SubscriptionStatus
from syndication.domain.suppression import ADDED, COMPLAINT, Cause
from syndication.domain.tokens import suppression_mark
from syndication.jobs.mail_in import MailIn
from syndication.store.bouncing import RAW_BYTES, Taken, incoming_counts, incoming_list
from syndication.store.counting import count_batches, tallies
from syndication.store.database import Database
from syndication.store.erasing import erase
from syndication.store.scoring import note_asked, to_be_asked
from syndication.store.suppressing import lift, suppress_mark, suppression, suppression_counts, suppressions
from syndication.store.tables import (
    BounceScoreRow,
    DeliveryBatchRow,
    DeliveryRow,
    IncomingMailRow,
    NoticeRow,
    SubscriptionRow,
)
from tests.support.bounces import LOCK, complaint, headers, plain, status, unsubscribe_address, verp
from tests.support.mailing import NOW, POST, Mailing, add_mailing, add_notice_for, delivery, states

KEY = POST.suppression_key
LATER = NOW + timedelta(hours=1)
DAY = timedelta(days=1)
FULL = "smtp; 552 5.2.2 Mailbox full"


@pytest.fixture
def mailing(database: Database) -> Mailing:
    """An issue that was sent to three readers."""
    made = add_mailing(database, NOW)
    with database.write() as session:
        for row in session.exec(select(DeliveryRow)):
            row.state, row.attempt, row.code, row.taken_off_at = DeliveryState.ACCEPTED, 1, 250, NOW
            session.add(row)
        for batch in session.exec(select(DeliveryBatchRow)):
            batch.state, batch.attempt = BatchState.DONE, 1
            session.add(batch)
    count_batches(database)
    return made


@pytest.fixture
def mail_in(database: Database) -> MailIn:
    return MailIn(database, LOCK, KEY)


def name(mailing: Mailing, number: int = 0) -> DeliveryName:
    return DeliveryName(DeliveryKind.ISSUE, mailing.issue_id, mailing.subscribers[number])


def subscription(database: Database, mailing: Mailing, number: int = 0) -> SubscriptionRow:
    with database.read() as session:
        own = select(SubscriptionRow).where(SubscriptionRow.subscriber_id == mailing.subscribers[number])
        return session.exec(own).one()


def reason(database: Database, number: int = 0) -> str | None:
    with database.read() as session:
        found = suppression(session, suppression_mark(KEY, f"reader{number}@example.com"))
    return found.reason if found else None


def points(database: Database, mailing: Mailing) -> float | None:
    with database.read() as session:
        row = session.get(BounceScoreRow, mailing.subscribers[0])
    return row.points if row else None


def test_a_reader_who_is_gone_bounces_and_is_never_mailed_again(mail_in: MailIn, mailing: Mailing) -> None:
    taken = mail_in.take(status(), verp(name(mailing)), LATER)
    assert taken == Taken(IncomingKind.BOUNCE, is_new=True, effect="Never mailed again.")
    row = delivery(mail_in.database, mailing, 0)
    assert (row.state, row.code, row.enhanced, row.fault) == (DeliveryState.BOUNCED, 550, "5.1.1", Fault.RECIPIENT)
    assert row.settled_at == LATER
    assert reason(mail_in.database) == "bounce 550 5.1.1"
    assert subscription(mail_in.database, mailing).status is SubscriptionStatus.UNSUBSCRIBED
    assert states(mail_in.database, mailing.issue_id) == {DeliveryState.ACCEPTED: 2, DeliveryState.BOUNCED: 1}
    with mail_in.database.read() as session:
        told = {tally.state: tally.deliveries for tally in tallies(session, mailing.issue_id)}
    assert told == states(mail_in.database, mailing.issue_id)


def test_the_same_message_twice_changes_nothing(mail_in: MailIn, mailing: Mailing) -> None:
    raw = status(diagnostic=FULL, code="5.2.2")
    assert mail_in.take(raw, verp(name(mailing)), LATER).is_new
    row, score = delivery(mail_in.database, mailing, 0), points(mail_in.database, mailing)
    assert not mail_in.take(raw, verp(name(mailing)), LATER + 2 * DAY).is_new
    assert delivery(mail_in.database, mailing, 0) == row
    assert points(mail_in.database, mailing) == score == 0.5
    with mail_in.database.read() as session:
        assert incoming_counts(session, NOW) == {IncomingKind.BOUNCE: 1}


def test_the_senders_fault_blames_no_reader(mail_in: MailIn, mailing: Mailing) -> None:
    mail_in.take(status(diagnostic="smtp; 550 5.7.1 Blocked", code="5.7.1"), verp(name(mailing)), LATER)
    row = delivery(mail_in.database, mailing, 0)
    assert (row.state, row.fault) == (DeliveryState.BOUNCED, Fault.SENDER)
    assert points(mail_in.database, mailing) is None
    assert reason(mail_in.database) is None


def test_a_delay_changes_nothing(mail_in: MailIn, mailing: Mailing) -> None:
    taken = mail_in.take(status(action="delayed", code="4.4.1"), verp(name(mailing)), LATER)
    assert taken.kind is IncomingKind.DELAYED
    assert states(mail_in.database, mailing.issue_id) == {DeliveryState.ACCEPTED: 3}
    with mail_in.database.read() as session:
        assert [row.about for row in incoming_list(session)] == [name(mailing).text]


def test_a_bounce_that_overtakes_the_acceptance_stands(mail_in: MailIn, database: Database) -> None:
    mailing = add_mailing(database, NOW, 1)
    with database.write() as session:
        row = session.get_one(DeliveryRow, (mailing.issue_id, mailing.subscribers[0]))
        row.state, row.attempt, row.taken_off_at = DeliveryState.IN_FLIGHT, 1, NOW
    mail_in.take(status(diagnostic=FULL, code="5.2.2"), verp(name(mailing)), LATER)
    assert delivery(database, mailing, 0).state is DeliveryState.BOUNCED


def test_a_complaint_is_never_mailed_again_and_stays_a_complaint(mail_in: MailIn, mailing: Mailing) -> None:
    mail_in.take(status(), verp(name(mailing)), LATER)
    mail_in.take(complaint(headers(name(mailing))), Envelope("fbl@provider.example", ()), LATER)
    assert delivery(mail_in.database, mailing, 0).state is DeliveryState.COMPLAINED
    assert reason(mail_in.database) == COMPLAINT
    mail_in.take(status(code="5.1.2"), verp(name(mailing)), LATER)
    assert delivery(mail_in.database, mailing, 0).state is DeliveryState.COMPLAINED
    assert reason(mail_in.database) == COMPLAINT


def test_a_redacted_complaint_is_recognised_by_the_link(mail_in: MailIn, mailing: Mailing) -> None:
    own = subscription(mail_in.database, mailing, 1).id or 0
    link = headers(name(mailing), own).partition("List-Unsubscribe")[2]
    mail_in.take(complaint(f"To: redacted\r\nList-Unsubscribe{link}"), Envelope(None, ()), LATER)
    assert delivery(mail_in.database, mailing, 1).state is DeliveryState.COMPLAINED
    assert reason(mail_in.database, 1) == COMPLAINT


def test_a_complaint_without_proof_silences_nobody(mail_in: MailIn, mailing: Mailing) -> None:
    raw = complaint("To: x\r\n", extra="Original-Rcpt-To: <reader0@example.com>\r\n")
    mail_in.take(raw, Envelope("eve@example.com", ()), LATER)
    assert reason(mail_in.database) is None
    assert delivery(mail_in.database, mailing, 0).state is DeliveryState.ACCEPTED


@pytest.mark.parametrize("hinted", [True, False])
def test_a_bounce_without_proof_counts_softly_and_never_suppresses(
    mail_in: MailIn, mailing: Mailing, *, hinted: bool
) -> None:
    raw = status(envelope_id=name(mailing).text if hinted else "")
    mail_in.take(raw, plain(), LATER)
    assert reason(mail_in.database) is None
    assert points(mail_in.database, mailing) == 0.5


def test_a_hint_at_somebody_else_is_not_believed(mail_in: MailIn, mailing: Mailing) -> None:
    raw = status(recipient="eve@example.com", envelope_id=name(mailing).text)
    assert "nothing was done" in mail_in.take(raw, plain(), LATER).effect
    assert points(mail_in.database, mailing) is None


def test_a_forged_bounce_is_counted_and_dropped(mail_in: MailIn, mailing: Mailing) -> None:
    forged = Envelope("", (f"bounces+{name(mailing).text}-aaaaaaaaaaaaaaaa@news.example.org",))
    assert mail_in.take(status(), forged, LATER).kind is IncomingKind.FORGED
    assert delivery(mail_in.database, mailing, 0).state is DeliveryState.ACCEPTED
    with mail_in.database.read() as session:
        (row,) = incoming_list(session)
    assert (row.raw, row.effect) == (None, "Dropped.")


def test_a_bounce_is_believed_for_thirty_days(mail_in: MailIn, mailing: Mailing) -> None:
    taken = mail_in.take(status(), verp(name(mailing)), NOW + 31 * DAY)
    assert "nothing was done" in taken.effect
    assert reason(mail_in.database) is None


def test_a_reader_leaves_by_an_empty_mail_and_nothing_waits_for_them(mail_in: MailIn, database: Database) -> None:
    mailing = add_mailing(database, NOW)
    address = unsubscribe_address(subscription(database, mailing).id or 0)
    envelope = Envelope("reader0@example.com", (address,))
    assert mail_in.take(b"Subject: \r\n\r\n", envelope, LATER).effect == "Unsubscribed."
    assert mail_in.take(b"Subject: again\r\n\r\n", envelope, LATER).effect == "Was not subscribed."
    assert subscription(database, mailing).status is SubscriptionStatus.UNSUBSCRIBED
    assert states(database, mailing.issue_id) == {DeliveryState.READY: 2, DeliveryState.CANCELLED: 1}
    assert reason(database) is None


def asked(database: Database, at: datetime) -> list[int]:
    """The subscriptions whose readers are asked at an instant; they are noted as asked."""
    with database.write() as session:
        found = to_be_asked(session, at)
        for subscriber_id, _ in found:
            note_asked(session, subscriber_id, at)
    return [subscription_id for _, subscription_id in found]


def bounce_daily(mail_in: MailIn, mailing: Mailing, days: int) -> Taken:
    """A full mailbox, day after day: each message is another one, about the same mail."""
    taken = Taken(IncomingKind.OTHER, is_new=False, effect="")
    for day in range(days):
        raw = status(diagnostic=f"{FULL} {day}", code="5.2.2")
        taken = mail_in.take(raw, verp(name(mailing)), LATER + day * DAY)
    return taken


def test_who_bounces_for_ten_days_is_asked_before_anything_ends(mail_in: MailIn, mailing: Mailing) -> None:
    bounce_daily(mail_in, mailing, 9)
    assert asked(mail_in.database, LATER + 8 * DAY) == []
    taken = mail_in.take(status(diagnostic=f"{FULL} 9", code="5.2.2"), verp(name(mailing)), LATER + 9 * DAY)
    assert taken.effect == "Bounced lately: 5 points of 5. A mail asks whether the address works."
    own = subscription(mail_in.database, mailing)
    assert own.status is SubscriptionStatus.CONFIRMED
    assert asked(mail_in.database, LATER + 9 * DAY) == [own.id]
    mail_in.take(status(diagnostic=f"{FULL} 10", code="5.2.2"), verp(name(mailing)), LATER + 10 * DAY)
    assert asked(mail_in.database, LATER + 10 * DAY) == []
    assert reason(mail_in.database) is None


def test_when_the_mail_that_asks_bounces_too_it_ends(mail_in: MailIn, mailing: Mailing) -> None:
    bounce_daily(mail_in, mailing, 10)
    asked_at = LATER + 9 * DAY
    database = mail_in.database
    assert asked(database, asked_at)
    notice = add_notice_for(database, mailing, NoticeKind.LINK, asked_at, status=SubscriptionStatus.CONFIRMED)
    with database.write() as session:
        row = session.get_one(NoticeRow, notice)
        row.subscriber_id, row.state = mailing.subscribers[0], DeliveryState.ACCEPTED
        row.taken_off_at = asked_at + timedelta(minutes=1)
    about = DeliveryName(DeliveryKind.NOTICE, notice, mailing.subscribers[0])
    mail_in.take(status(diagnostic=FULL, code="5.2.2"), verp(about), asked_at + timedelta(hours=1))
    assert reason(database) == "bounce 552 5.2.2"
    with database.read() as session:
        assert session.get_one(NoticeRow, notice).state is DeliveryState.BOUNCED


def test_the_bytes_of_messages_are_cut_and_kept_for_thirty_days(mail_in: MailIn) -> None:
    mail_in.take(b"Subject: long\r\n\r\n" + b"x" * 100_000, Envelope("a@example.org", ()), NOW)
    mail_in.take(b"Auto-Submitted: auto-replied\r\n\r\nAway", Envelope("", ()), NOW)
    with mail_in.database.read() as session:
        assert [row.raw and len(row.raw) for row in incoming_list(session)] == [None, RAW_BYTES]
    assert mail_in.tidy(NOW + 29 * DAY) == 0
    assert mail_in.tidy(NOW + 31 * DAY) == 1
    with mail_in.database.read() as session:
        assert [row.raw for row in incoming_list(session)] == [None, None]
    mail_in.tidy(NOW + 401 * DAY)
    with mail_in.database.read() as session:
        assert session.exec(select(IncomingMailRow)).all() == []


def test_erasing_a_reader_erases_what_came_in_about_them(mail_in: MailIn, mailing: Mailing) -> None:
    mail_in.take(status(diagnostic=f"{FULL} <reader0@example.com>", code="5.2.2"), verp(name(mailing)), LATER)
    with mail_in.database.write() as session:
        erase(session, KEY, mailing.subscribers[0], LATER)
    with mail_in.database.read() as session:
        (row,) = incoming_list(session)
    assert (row.raw, row.reply, row.note) == (None, "", "")
    assert points(mail_in.database, mailing) is None


def test_a_suppression_is_found_listed_and_lifted(mail_in: MailIn, mailing: Mailing) -> None:
    mail_in.take(status(), verp(name(mailing)), LATER)
    mark = suppression_mark(KEY, "reader0@example.com")
    with mail_in.database.write() as session:
        (found,) = suppressions(session)
        assert (found.mark, found.cause) == (mark, Cause.BOUNCE)
        assert suppressions(session, after=found) == []
        assert suppression_counts(session) == {Cause.BOUNCE: 1}
        assert lift(session, mark) == found
        with pytest.raises(StoreError, match="not suppressed"):
            lift(session, mark)
    assert reason(mail_in.database) is None


def test_the_latest_suppressions_come_page_by_page_each_once(database: Database) -> None:
    with database.write() as session:
        for number in range(7):
            suppress_mark(session, f"mark{number}", "550 5.1.1", NOW + number // 3 * DAY)
        marks, last = [], None
        while part := suppressions(session, 2, last):
            marks += [one.mark for one in part]
            last = part[-1]
    assert marks == ["mark6", "mark5", "mark4", "mark3", "mark2", "mark1", "mark0"]


def test_a_weightier_reason_takes_the_place_of_a_lighter_one(database: Database) -> None:
    def kept(*reasons: str) -> str:
        with database.write() as session:
            for given in reasons:
                suppress_mark(session, "".join(reasons), given, NOW)
            found = suppression(session, "".join(reasons))
        return found.reason if found else ""

    assert kept("550 5.1.1", ADDED) == ADDED
    assert kept(ADDED, "550 5.1.1", "erased") == ADDED
    assert kept(ADDED, COMPLAINT) == COMPLAINT
    assert kept(COMPLAINT, ADDED, "erased") == COMPLAINT
