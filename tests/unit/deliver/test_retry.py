"""When to try again: soon at first, less often later, never past the lifetime."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from syndication.deliver.retry import LIFETIME, next_attempt

NOW = datetime(2026, 11, 20, 7, 30, tzinfo=UTC)


def wait(attempt: int, jitter: float = 0) -> timedelta:
    at = next_attempt(attempt, NOW, jitter)
    assert at is not None
    return at - NOW


def test_the_waits_grow_to_four_hours() -> None:
    waits = [wait(attempt) / timedelta(minutes=1) for attempt in range(1, 9)]
    assert waits == [5, 15, 30, 60, 120, 240, 240, 240]


def test_the_waits_fill_the_lifetime_and_then_end() -> None:
    waits = []
    attempt = 1
    while next_attempt(attempt, NOW, 0) is not None:
        waits.append(wait(attempt))
        attempt += 1
    assert LIFETIME - timedelta(hours=4) < sum(waits, timedelta()) <= LIFETIME


def test_a_try_that_did_not_count_waits_like_the_first() -> None:
    assert wait(0) == wait(1)


@settings(deadline=None)
@given(st.integers(0, 16), st.floats(-1, 1))
def test_jitter_moves_by_a_fifth_at_most(attempt: int, jitter: float) -> None:
    assert abs(wait(attempt, jitter) - wait(attempt)) <= wait(attempt) * 0.2 + timedelta(microseconds=1)
