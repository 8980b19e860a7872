"""When bounces end a subscription: not at once, not for a bad day, and not without asking."""

from datetime import UTC, datetime, timedelta

from syndication.domain.bouncing import THRESHOLD, Score, answers_probe, needs_probe, raised
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
    assert not needs_probe(after(Severity.HARD, 4), NOW)
    assert needs_probe(after(Severity.HARD, 5), NOW)
    assert not needs_probe(after(Severity.SOFT, 9), NOW)
    assert needs_probe(after(Severity.SOFT, 10), NOW)


def test_many_bounces_of_one_day_count_once() -> None:
    first = raised(None, Severity.HARD, NOW)
    assert raised(first, Severity.HARD, NOW + timedelta(hours=23)) == first


def test_a_week_of_quiet_begins_again() -> None:
    assert raised(after(Severity.HARD, 4), Severity.HARD, NOW + 11 * DAY).points == 1.0
    assert raised(after(Severity.HARD, 4), Severity.HARD, NOW + 5 * DAY).points == THRESHOLD


def test_what_is_our_fault_counts_nothing() -> None:
    assert raised(None, Severity.OURS, NOW).points == 0.0


def test_a_reader_is_asked_once_a_week() -> None:
    asked = Score(6.0, NOW, NOW)
    assert not needs_probe(asked, NOW + 6 * DAY)
    assert needs_probe(asked, NOW + 7 * DAY)


def test_only_a_bounce_of_what_was_sent_since_answers() -> None:
    asked = Score(6.0, NOW, NOW)
    assert answers_probe(asked, NOW, NOW + DAY)
    assert not answers_probe(asked, NOW - DAY, NOW + DAY)
    assert not answers_probe(asked, NOW, NOW + 8 * DAY)
    assert not answers_probe(Score(6.0, NOW), NOW, NOW + DAY)
    assert not answers_probe(None, NOW, NOW)
