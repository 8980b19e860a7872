"""What a message that came in means, and that nobody is believed without proof."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndication.deliver.incoming import classify, severity_of
from syndication.deliver.reports import reply_of
from syndication.domain.delivery import DeliveryKind, DeliveryName, Reply
from syndication.domain.incoming import Envelope, IncomingKind, Severity
from tests.support.bounces import (
    DOMAIN,
    LOCK,
    complaint,
    headers,
    mail_id,
    plain,
    status,
    unsubscribe_address,
    verp,
)

NAME = DeliveryName(DeliveryKind.ISSUE, 12, 345)
OTHER = DeliveryName(DeliveryKind.ISSUE, 12, 346)


def test_a_bounce_names_its_delivery_by_the_address_it_comes_to() -> None:
    said = classify(status(returned=headers(OTHER)), verp(NAME), LOCK)
    assert (said.kind, said.delivery, said.severity) == (IncomingKind.BOUNCE, NAME, Severity.GONE)
    assert said.reply == Reply(550, "5.1.1", "<reader0@example.com>: Recipient address rejected: User unknown")
    assert said.address == "reader0@example.com"


def test_without_verp_the_envelope_id_names_it() -> None:
    token = verp(NAME).recipients[0].partition("+")[2].partition("@")[0]
    assert classify(status(envelope_id=token, returned=headers(OTHER)), plain(), LOCK).delivery == NAME


def test_without_either_the_returned_message_id_names_it() -> None:
    assert classify(status(returned=headers(NAME)), plain(), LOCK).delivery == NAME


def test_an_envelope_id_without_signature_is_a_hint_only() -> None:
    said = classify(status(envelope_id="i12-345"), plain(), LOCK)
    assert (said.delivery, said.hint) == (None, NAME)


def test_an_address_alone_proves_nothing() -> None:
    said = classify(status(), plain(), LOCK)
    assert (said.kind, said.delivery, said.hint, said.subscription) == (IncomingKind.BOUNCE, None, None, None)


@pytest.mark.parametrize(
    ("raw", "envelope"),
    [
        (status(), Envelope("", (f"bounces+{NAME.text}-aaaaaaaaaaaaaaaa@{DOMAIN}",))),
        (status(envelope_id=f"{NAME.text}-aaaaaaaaaaaaaaaa"), plain()),
        (status(returned=f"Message-ID: <{NAME.text}.0123456789abcdef@{DOMAIN}>\r\n"), plain()),
    ],
)
def test_a_wrong_signature_is_forged(raw: bytes, envelope: Envelope) -> None:
    said = classify(raw, envelope, LOCK)
    assert (said.kind, said.delivery, said.address) == (IncomingKind.FORGED, None, "")


def test_a_bounce_that_a_person_sends_is_not_believed() -> None:
    said = classify(status(), verp(NAME)._replace(sender="eve@example.com"), LOCK)
    assert (said.kind, said.severity) == (IncomingKind.OTHER, None)


def test_a_delay_is_no_failure() -> None:
    said = classify(status(action="delayed", code="4.4.1"), verp(NAME), LOCK)
    assert (said.kind, said.severity) == (IncomingKind.DELAYED, None)


def test_a_success_report_is_nothing_to_act_on() -> None:
    assert classify(status(action="delivered", code="2.0.0"), verp(NAME), LOCK).kind is IncomingKind.OTHER


@pytest.mark.parametrize(
    ("diagnostic", "code", "severity"),
    [
        ("smtp; 550 5.1.1 No such user", "5.1.1", Severity.GONE),
        ("smtp; 550 5.1.10 null MX", "5.1.10", Severity.GONE),
        ("smtp; 550 5.2.1 The account is disabled", "5.2.1", Severity.GONE),
        ("smtp; 550 5.2.1 receiving mail at a rate that", "5.2.1", Severity.SOFT),
        ("smtp; 552 5.2.2 Mailbox full", "5.2.2", Severity.SOFT),
        ("smtp; 550 5.7.1 Message refused by policy", "5.7.1", Severity.OURS),
        ("smtp; 550 5.7.26 not authenticated", "5.0.0", Severity.OURS),
        ("smtp; 552 5.3.4 Message too big", "5.3.4", Severity.OURS),
        ("smtp; 554 5.6.0 bad content", "5.6.0", Severity.OURS),
        ("smtp; 550 5.4.4 Unable to route", "5.4.4", Severity.HARD),
        ("smtp; 550 Administrative prohibition", "5.0.0", Severity.SOFT),
        ("smtp; 550 blocked for spam", "5.0.0", Severity.OURS),
        ("X-Postfix; Host or domain name not found", "5.4.4", Severity.HARD),
        ("smtp; 451 4.4.7 expired", "4.4.7", Severity.SOFT),
        ("", "5.1.1", Severity.GONE),
        ("", "", Severity.SOFT),
    ],
)
def test_how_bad_a_bounce_is_follows_the_sorting_of_replies(diagnostic: str, code: str, severity: Severity) -> None:
    assert classify(status(diagnostic=diagnostic, code=code), verp(NAME), LOCK).severity is severity


def test_a_reply_that_is_none_blames_nobody() -> None:
    assert severity_of(Reply(250, "2.0.0", "Ok")) is Severity.OURS


def test_the_far_servers_own_word_beats_the_reporters() -> None:
    assert reply_of("5.0.0", "smtp; 550-5.7.1 [192.0.2.7] no") == Reply(550, "5.7.1", "- [192.0.2.7] no")
    assert reply_of("4.2.2", "") == Reply(450, "4.2.2", "")


def test_a_complaint_is_recognised_by_what_it_returns() -> None:
    said = classify(complaint(headers(NAME)), Envelope("fbl@provider.example", ()), LOCK)
    assert (said.kind, said.delivery) == (IncomingKind.COMPLAINT, NAME)


def test_a_redacted_complaint_is_recognised_by_its_unsubscribe_link() -> None:
    link = headers(NAME, 77).partition("List-Unsubscribe")[2]
    said = classify(complaint(f"To: redacted\r\nList-Unsubscribe{link}"), Envelope(None, ()), LOCK)
    assert (said.kind, said.delivery, said.subscription) == (IncomingKind.COMPLAINT, None, 77)


def test_a_complaint_is_recognised_by_its_original_sender_and_recipient() -> None:
    sender = verp(NAME).recipients[0]
    raw = complaint("To: x\r\n", extra=f"Original-Mail-From: <{sender}>\r\nOriginal-Rcpt-To: <Anna@Example.org>\r\n")
    said = classify(raw, Envelope("fbl@provider.example", ()), LOCK)
    assert (said.delivery, said.address) == (NAME, "anna@example.org")


def test_who_says_that_it_is_no_spam_does_not_complain() -> None:
    said = classify(complaint(headers(NAME), feedback="not-spam"), Envelope("", ()), LOCK)
    assert said.kind is IncomingKind.OTHER


@pytest.mark.parametrize("raw", [b"", b"Subject: \r\n\r\n", b"Subject: unsubscribe\r\n\r\nplease", status()])
def test_a_mail_to_the_unsubscribe_address_leaves_whatever_it_says(raw: bytes) -> None:
    address = unsubscribe_address(77).upper()
    said = classify(raw, Envelope("anna@example.org", (address,)), LOCK)
    assert (said.kind, said.subscription) == (IncomingKind.UNSUBSCRIBE, 77)


def test_a_vacation_reply_is_ignored_wherever_it_comes_to() -> None:
    raw = b"Auto-Submitted: auto-replied (vacation)\r\nSubject: Re: News\r\n\r\n550 5.1.1 I am away\r\n"
    assert classify(raw, verp(NAME), LOCK).kind is IncomingKind.AUTO_REPLY
    assert classify(b"X-Autoreply: yes\r\n\r\nAway", plain(), LOCK).kind is IncomingKind.AUTO_REPLY
    assert classify(b"Subject: Out of office\r\n\r\nAway", plain(), LOCK).kind is IncomingKind.AUTO_REPLY


def test_a_letter_from_a_person_is_kept_for_people() -> None:
    assert classify(b"Subject: Hello\r\n\r\nNice!", Envelope("anna@example.org", ()), LOCK).kind is IncomingKind.OTHER


QMAIL = (
    b"From: MAILER-DAEMON@mail.example.com\r\nSubject: failure notice\r\n\r\n"
    b"Hi. This is the qmail-send program at mail.example.com.\r\n"
    b"I'm afraid I wasn't able to deliver your message to the following addresses.\r\n"
    b"This is a permanent error; I've given up. Sorry it didn't work out.\r\n\r\n"
    b"<reader0@example.com>:\r\n192.0.2.1 does not like recipient.\r\n"
    b"Remote host said: 550 5.1.1 No such user\r\nGiving up on 192.0.2.1.\r\n\r\n"
    b"--- Below this line is a copy of the message.\r\n\r\nMessage-ID: %s\r\n"
)


def test_a_bounce_in_a_servers_own_words_is_understood() -> None:
    said = classify(QMAIL % mail_id(NAME).encode(), plain(), LOCK)
    assert (said.kind, said.delivery, said.address) == (IncomingKind.BOUNCE, NAME, "reader0@example.com")
    assert said.severity is Severity.GONE
    assert classify(QMAIL % b"<foreign@example.com>", plain(), LOCK).delivery is None


def test_the_same_words_from_a_person_are_a_letter() -> None:
    said = classify(QMAIL % mail_id(NAME).encode(), Envelope("eve@example.com", ()), LOCK)
    assert said.kind is IncomingKind.OTHER


@given(st.binary(max_size=400))
def test_no_bytes_make_it_fail(raw: bytes) -> None:
    assert classify(raw, Envelope(None, ("x",)), LOCK).kind in IncomingKind


@given(st.data())
def test_no_damage_to_a_report_makes_it_fail_or_prove_anything_else(data: st.DataObject) -> None:
    raw = bytearray(data.draw(st.sampled_from([status(returned=headers(NAME)), complaint(headers(NAME))])))
    for _ in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.integers(0, len(raw) - 1))
        raw[place : place + data.draw(st.integers(0, 30))] = data.draw(st.binary(max_size=6))
    said = classify(bytes(raw), plain(), LOCK)
    assert said.delivery in {None, NAME}
    assert said.subscription in {None, 1}
