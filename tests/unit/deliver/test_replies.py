"""Replies: who is at fault, and that a reader never pays for the sender's faults."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syndication.deliver.replies import Stage, outcome_of
from syndication.domain.delivery import Accepted, Deferred, Failed, Fault, Reply, Unknown


def reply(line: str) -> Reply:
    code, enhanced, text = line.split(" ", 2)
    return Reply(int(code), "" if enhanced == "-" else enhanced, text)


@pytest.mark.parametrize(
    "line",
    [
        "550 5.1.1 No such user",
        "550 5.1.2 Bad host",
        "553 5.1.3 Bad syntax",
        "551 5.1.6 Moved",
        "556 5.1.10 Null MX",
        "550 5.2.1 The email account that you tried to reach is disabled",
        "550 5.2.1 The email account that you tried to reach is inactive",
    ],
)
def test_only_these_mean_that_the_recipient_is_gone(line: str) -> None:
    assert outcome_of(reply(line), Stage.RCPT) == Failed(reply(line), Fault.RECIPIENT, gone=True)


@pytest.mark.parametrize("line", ["552 5.2.2 Mailbox full", "550 5.2.1 Not now", "550 5.2.3 Too long for this mailbox"])
def test_a_mailbox_in_trouble_is_not_gone(line: str) -> None:
    assert outcome_of(reply(line), Stage.RCPT) == Failed(reply(line), Fault.RECIPIENT)


def test_a_mailbox_that_gets_mail_at_too_high_a_rate_is_tried_again() -> None:
    line = reply("550 5.2.1 The user you are trying to contact is receiving mail at a rate that prevents more")
    assert outcome_of(line, Stage.RCPT) == Deferred(line)


@pytest.mark.parametrize("stage", Stage)
@pytest.mark.parametrize(
    "line",
    [
        "550 5.7.1 Relay access denied",
        "550 5.7.26 Unauthenticated mail",
        "550 5.7.515 Access denied",
        "501 5.5.4 Invalid argument",
        "550 5.4.5 Daily quota exceeded",
        "553 5.1.7 Bad sender address",
        "553 5.1.8 Domain of sender does not resolve",
        "554 - Your message was blocked as spam",
        "550 - DMARC check failed",
        "503 - Bad sequence",
        "530 - Log in first",
    ],
)
def test_these_are_the_senders_fault_at_every_stage(line: str, stage: Stage) -> None:
    assert outcome_of(reply(line), stage) == Failed(reply(line), Fault.SENDER)


@pytest.mark.parametrize("line", ["552 5.3.4 Too big", "554 5.6.0 Bad content", "550 - User unknown", "554 - Failed"])
def test_these_fail_the_message_and_blame_nobody(line: str) -> None:
    assert outcome_of(reply(line), Stage.RCPT) == Failed(reply(line), Fault.MESSAGE, of_recipient=True)
    assert outcome_of(reply(line), Stage.CONTENT) == Failed(reply(line), Fault.MESSAGE)


@pytest.mark.parametrize("line", ["550 - No", "550 5.4.4 Cannot route"])
def test_a_refusal_of_our_own_address_is_our_fault(line: str) -> None:
    assert outcome_of(reply(line), Stage.MAIL) == Failed(reply(line), Fault.SENDER)


@pytest.mark.parametrize(
    "line", ["421 - Bye", "421 4.7.28 Rate", "451 4.7.1 Greylisted", "451 4.3.0 Disk", "450 4.4.2 x"]
)
def test_these_hold_the_lane(line: str) -> None:
    assert outcome_of(reply(line), Stage.RCPT) == Deferred(reply(line), lane=True)


@pytest.mark.parametrize("line", ["450 - Later", "452 4.2.2 Mailbox full", "450 4.2.0 Greylisted", "452 4.5.3 x"])
def test_these_only_wait(line: str) -> None:
    assert outcome_of(reply(line), Stage.RCPT) == Deferred(reply(line))


def test_a_2yz_is_accepted_and_nonsense_is_unknown() -> None:
    assert outcome_of(reply("250 2.0.0 Ok"), Stage.CONTENT) == Accepted(reply("250 2.0.0 Ok"))
    assert isinstance(outcome_of(reply("354 - Go on"), Stage.CONTENT), Unknown)


@settings(deadline=None)
@given(st.integers(0, 999), st.integers(0, 999), st.text(), st.sampled_from(Stage))
def test_no_code_of_policy_or_protocol_blames_a_reader(detail: int, code: int, text: str, stage: Stage) -> None:
    for subject in (5, 7):
        outcome = outcome_of(Reply(500 + code % 100, f"5.{subject}.{detail}", text), stage)
        assert isinstance(outcome, Failed)
        assert outcome.fault is Fault.SENDER
        assert not outcome.gone
