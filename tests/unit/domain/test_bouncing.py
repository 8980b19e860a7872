"""When bounces end a subscription: not at once, not for a bad day, and not without asking."""

from datetime import UTC, datetime, timedelta

import pytest

from syndication.domain.bouncing import (
    THRESHOLD,
    Score,
    answers_probe,
    needs_probe,
    raised,
    severity_of_refusal,
)
from syndication.domain.delivery import Failed, Fault, Reply
from syndication.domain.incoming import Severity

NOW = datetime(2026, 11, 20, 7, 30, tzinfo=UTC)
DAY = timedelta(days=1)


def after(severity: Severity, days: int) -> Score:
    score = None
    for day in range(days):
        score = raised(score, severity, NOW + day * DAY)
    assert score
    return score


def test_five_days_of_hard_bounces_reach_the_threshold_and_ten_of_soft_ones() -> None:
    assert not needs_probe(after(Severity.HARD, 4), NOW + 3 * DAY)
    assert needs_probe(after(Severity.HARD, 5), NOW + 4 * DAY)
    assert not needs_probe(after(Severity.SOFT, 9), NOW + 8 * DAY)
    assert needs_probe(after(Severity.SOFT, 10), NOW + 9 * DAY)


def test_many_bounces_of_one_day_count_once() -> None:
    first = raised(None, Severity.HARD, NOW)
    assert raised(first, Severity.HARD, NOW + timedelta(hours=23)) == first


def test_a_week_of_quiet_begins_again() -> None:
    assert raised(after(Severity.HARD, 4), Severity.HARD, NOW + 11 * DAY).points == 1.0
    assert raised(after(Severity.HARD, 4), Severity.HARD, NOW + 5 * DAY).points == THRESHOLD


def test_what_is_our_fault_counts_nothing() -> None:
    assert raised(None, Severity.OURS, NOW).points == 0.0


def test_a_reader_is_asked_once_a_week() -> None:
    assert not needs_probe(Score(6.0, NOW + 6 * DAY, NOW), NOW + 6 * DAY)
    assert needs_probe(Score(6.0, NOW + 7 * DAY, NOW), NOW + 7 * DAY)


def test_a_reader_who_has_not_bounced_since_is_not_asked_again() -> None:
    assert not needs_probe(Score(6.0, NOW + 6 * DAY, NOW), NOW + 8 * DAY)
    assert not needs_probe(Score(6.0, NOW), NOW + 7 * DAY)


@pytest.mark.parametrize(
    ("line", "fault", "severity"),
    [
        ("552 5.2.2 Mailbox full", Fault.RECIPIENT, Severity.SOFT),
        ("550 5.4.1 Recipient address rejected", Fault.MESSAGE, Severity.HARD),
        ("550 - User unknown", Fault.MESSAGE, Severity.SOFT),
        ("552 5.3.4 Too big", Fault.MESSAGE, Severity.OURS),
        ("554 5.6.0 Bad content", Fault.MESSAGE, Severity.OURS),
        ("550 5.7.1 Blocked", Fault.SENDER, Severity.OURS),
    ],
)
def test_what_a_refusal_of_the_address_says(line: str, fault: Fault, severity: Severity) -> None:
    code, enhanced, text = line.split(" ", 2)
    reply = Reply(int(code), enhanced.strip("-"), text)
    assert severity_of_refusal(Failed(reply, fault, of_recipient=True)) is severity
    assert severity_of_refusal(Failed(reply, Fault.RECIPIENT, gone=True)) is Severity.GONE


def test_a_refusal_of_what_the_mail_says_is_nobodys_bounce() -> None:
    refused = Failed(Reply(554, "5.0.0", "Message rejected"), Fault.MESSAGE)
    assert severity_of_refusal(refused) is Severity.OURS


def test_only_a_bounce_of_what_was_sent_since_answers() -> None:
    asked = Score(6.0, NOW, NOW)
    assert answers_probe(asked, NOW, NOW + DAY)
    assert not answers_probe(asked, NOW - DAY, NOW + DAY)
    assert not answers_probe(asked, NOW, NOW + 8 * DAY)
    assert not answers_probe(Score(6.0, NOW), NOW, NOW + DAY)
    assert not answers_probe(None, NOW, NOW)
