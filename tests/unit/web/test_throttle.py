"""Token buckets: as many as allowed, refilled evenly, one network apart from another."""

from datetime import UTC, datetime, timedelta

import pytest

from syndication.web import throttle
from syndication.web.throttle import Throttle, network_of

NOW = datetime(2026, 11, 6, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_no_more_than_the_limit_passes_at_once() -> None:
    bucket = Throttle(3, HOUR)
    assert [bucket.allows("a", NOW) for _ in range(4)] == [True, True, True, False]
    assert bucket.allows("b", NOW)


def test_a_bucket_refills_evenly() -> None:
    bucket = Throttle(3, HOUR)
    for _ in range(4):
        bucket.allows("a", NOW)
    assert not bucket.allows("a", NOW + timedelta(minutes=19))
    assert bucket.allows("a", NOW + timedelta(minutes=20))
    assert not bucket.allows("a", NOW + timedelta(minutes=21))


def test_a_long_rest_fills_no_more_than_the_limit() -> None:
    bucket = Throttle(2, HOUR)
    bucket.allows("a", NOW)
    later = NOW + 10 * HOUR
    assert [bucket.allows("a", later) for _ in range(3)] == [True, True, False]


def test_a_clock_that_goes_back_takes_nothing_away() -> None:
    bucket = Throttle(2, HOUR)
    assert bucket.allows("a", NOW)
    assert bucket.allows("a", NOW - HOUR)


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "_MOST_BUCKETS", 2)
    bucket = Throttle(1, HOUR)
    for key in "abc":
        assert bucket.allows(key, NOW)
    assert bucket.allows("a", NOW)  # forgotten, as the oldest
    assert not bucket.allows("c", NOW)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.0/24"),
        ("testclient", "testclient"),
        ("", ""),
    ],
)
def test_a_visitor_is_counted_by_network(address: str, network: str) -> None:
    assert network_of(address) == network
