"""When to come back, and how a source does."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndication.collect.pace import (
    FIRST_RETRY,
    LONGEST,
    SHORTEST,
    Pace,
    Rhythm,
    Wishes,
    after_failure,
    after_success,
    in_words,
    is_whole_due,
    learn,
)
from syndication.domain.sources import FetchFailed
from syndication.domain.states import Health, SourceKind
from tests.support.items import NOW

HOUR = timedelta(hours=1)


def feed(*hours_ago: float, min_wait_s: int = 0) -> Pace:
    dates = [NOW - hours * HOUR for hours in hours_ago]
    return after_success(Rhythm("slug", SourceKind.FEED, learn(dates)), Wishes(min_wait_s), NOW)


def test_a_feed_is_asked_twice_as_often_as_it_speaks() -> None:
    assert feed(1, 5, 9, 13).interval == 2 * HOUR


def test_an_unknown_feed_is_asked_every_hour() -> None:
    assert feed().interval == feed(3).interval == HOUR


def test_a_busy_feed_is_not_asked_all_the_time_and_a_sleeping_one_daily() -> None:
    assert feed(0, 0.1, 0.2, 0.3).interval == SHORTEST
    assert feed(24 * 31, 24 * 31 + 1).interval == LONGEST


def test_a_feed_may_ask_for_more_time_up_to_a_day() -> None:
    assert feed(1, 2, 3, min_wait_s=7200).interval == 2 * HOUR
    assert feed(1, 2, 3, min_wait_s=10**9).interval == LONGEST


def test_visits_are_spread_always_in_the_same_way() -> None:
    rhythms = [Rhythm(f"source{number}", SourceKind.FEED) for number in range(50)]
    instants = [after_success(rhythm, Wishes(), NOW).next_poll_at for rhythm in rhythms]
    assert len(set(instants)) > 25
    assert all(NOW + HOUR <= instant < NOW + 1.1 * HOUR for instant in instants)
    assert instants == [after_success(rhythm, Wishes(), NOW).next_poll_at for rhythm in rhythms]


def test_a_folder_is_looked_at_every_minute() -> None:
    assert after_success(Rhythm("slug", SourceKind.FOLDER), Wishes(), NOW).next_poll_at == NOW + timedelta(minutes=1)


def test_a_feed_silent_for_three_gaps_is_late_and_says_so() -> None:
    assert feed(71, 95, 119, 143, 167).health is Health.OK
    late = feed(73, 97, 121, 145, 169)
    assert late.health is Health.LATE
    assert late.words == "It usually brings an article every day and has been silent for 3 days."


def test_a_rhythm_is_learned_from_five_articles() -> None:
    assert feed(73, 97, 121, 145).health is Health.OK


def test_failures_wait_twice_as_long_each_time_up_to_a_day_and_never_stop() -> None:
    waits = [after_failure(number, FetchFailed("why"), NOW).next_poll_at - NOW for number in range(1, 2000)]
    assert waits[:4] == [FIRST_RETRY, 2 * FIRST_RETRY, 4 * FIRST_RETRY, 8 * FIRST_RETRY]
    assert max(waits) == waits[-1] == LONGEST


def test_a_failing_source_says_why() -> None:
    pace = after_failure(1, FetchFailed("why"), NOW)
    assert (pace.health, pace.words) == (Health.FAILING, "why")


def test_the_instant_a_source_names_is_kept() -> None:
    assert after_failure(1, FetchFailed("slow", 429, retry_at=NOW + 3 * HOUR), NOW).next_poll_at == NOW + 3 * HOUR
    assert after_failure(1, FetchFailed("slow", 429, retry_at=NOW), NOW).next_poll_at == NOW + FIRST_RETRY


def test_a_feed_that_is_gone_is_asked_four_more_weeks_and_then_paused() -> None:
    gone = FetchFailed("gone", 410, gone=True)
    paces = [after_failure(number, gone, NOW) for number in range(1, 6)]
    assert [(pace.next_poll_at - NOW).days for pace in paces] == [7] * 5
    assert [pace.stops for pace in paces] == [False] * 4 + [True]
    assert {pace.health for pace in paces} == {Health.GONE}
    assert "paused" in paces[-1].words


@pytest.mark.parametrize("status", [401, 403])
def test_a_feed_that_refuses_us_is_asked_slowly(status: int) -> None:
    assert after_failure(1, FetchFailed("no", status), NOW).next_poll_at == NOW + 6 * HOUR
    assert after_failure(99, FetchFailed("no", status), NOW).next_poll_at == NOW + LONGEST


def test_a_feed_that_a_hub_pushes_is_visited_a_twelfth_as_often_but_daily() -> None:
    rhythm = Rhythm("slug", SourceKind.FEED, learn([NOW, NOW - HOUR]), is_pushed=True)
    assert after_success(rhythm, Wishes(), NOW).interval == 6 * HOUR
    assert after_success(Rhythm("slug", SourceKind.FEED, is_pushed=True), Wishes(), NOW).interval == 12 * HOUR


def test_hours_and_days_a_feed_asks_to_skip_are_skipped() -> None:
    rhythm = Rhythm("slug", SourceKind.FEED)
    assert NOW.hour == 22
    assert after_success(rhythm, Wishes(skip_hours=(22, 23, 0)), NOW).next_poll_at.hour == 1
    assert NOW.weekday() == 0
    assert after_success(rhythm, Wishes(skip_days=(0, 1)), NOW).next_poll_at.weekday() == 2
    always = after_success(rhythm, Wishes(), NOW)
    assert after_success(rhythm, Wishes(skip_hours=tuple(range(24))), NOW) == always
    assert after_success(rhythm, Wishes(skip_days=tuple(range(7))), NOW) == always


def test_a_request_without_validators_is_due_within_two_weeks() -> None:
    assert not is_whole_due(None, "slug", NOW)
    assert not is_whole_due(NOW - timedelta(days=6.9), "slug", NOW)
    due = [is_whole_due(NOW - timedelta(days=10), f"s{number}", NOW) for number in range(100)]
    assert 20 < sum(due) < 80
    assert all(is_whole_due(NOW - timedelta(days=14), f"s{number}", NOW) for number in range(100))


@given(st.integers(1, 10**6))
def test_every_failure_is_followed_by_a_visit(failures: int) -> None:
    assert NOW < after_failure(failures, FetchFailed("why"), NOW).next_poll_at <= NOW + LONGEST


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (0, "1 minute"),
        (1, "1 minute"),
        (45, "45 minutes"),
        (60, "1 hour"),
        (150, "2 hours"),
        (1440, "1 day"),
        (4000, "3 days"),
    ],
)
def test_spans_are_said_as_people_say_them(minutes: int, words: str) -> None:
    assert in_words(timedelta(minutes=minutes)) == words


def test_a_source_whose_articles_name_only_the_day_is_visited_by_their_average() -> None:
    days = [NOW - timedelta(days=day) for day in range(4) for _ in range(5)]
    assert after_success(Rhythm("slug", SourceKind.FEED, learn(days)), Wishes(), NOW).interval > HOUR
    assert learn([NOW] * 9).gap is None
