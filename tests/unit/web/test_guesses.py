"""How often passwords may be tried, and that nobody can use this against the admin."""

from datetime import UTC, datetime, timedelta

from syndication.web.admin.access import Guesses

NOW = datetime(2026, 11, 25, tzinfo=UTC)


def test_one_network_gets_ten_tries_in_ten_minutes() -> None:
    guesses = Guesses()
    assert [guesses.allow("192.0.2.0/24", str(n), None, NOW) for n in range(11)] == [True] * 10 + [False]
    assert guesses.allow("192.0.2.0/24", "x", None, NOW + timedelta(minutes=1))


def test_many_networks_together_get_fifty_tries_an_hour_for_one_account() -> None:
    guesses = Guesses()
    assert [guesses.allow(f"network {n}", "anna", None, NOW) for n in range(51)] == [True] * 50 + [False]
    assert guesses.allow("another", "bert", None, NOW)
    assert guesses.allow("another", "anna", None, NOW + timedelta(minutes=2))


def test_a_browser_that_was_logged_in_is_counted_apart_and_is_limited_too() -> None:
    guesses = Guesses()
    for n in range(60):
        guesses.allow(f"network {n}", "anna", None, NOW)
    assert [guesses.allow("network 1", "anna", 7, NOW) for _ in range(11)] == [True] * 10 + [False]
