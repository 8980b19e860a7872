"""Pure decisions of collecting: how far a limit reaches, when a move is believed, whose fault silence is."""

from datetime import timedelta

import pytest

from syndication.collect.manners import Limited, closed_until
from syndication.collect.moving import Move, heard_again, is_proved, is_same_feed
from syndication.collect.outage import Outage
from syndication.domain.sources import FetchFailed
from syndication.net.hosts import host_of, is_inside, is_same_site
from tests.support.items import NOW

HERE = "https://e.org/feed"
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


def closed(status: int, earlier: Limited | None = None, *, inside: bool = False, named: bool = True) -> bool:
    retry_at = NOW + DAY if named else None
    until = closed_until(
        FetchFailed("no", status, retry_at=retry_at), HERE, earlier or Limited(), NOW, is_inside=inside
    )
    assert until in {None, NOW + DAY, NOW + 5 * MINUTE}
    return until is not None


def test_too_many_requests_speaks_for_the_whole_host() -> None:
    assert closed(429)
    assert closed(429, named=False)


def test_one_page_out_of_service_does_not_close_its_host() -> None:
    assert not closed(503)
    assert not closed(503, Limited(HERE, NOW - MINUTE))


def test_two_pages_limited_within_ten_minutes_close_their_host() -> None:
    assert closed(503, Limited("https://e.org/other", NOW - 10 * MINUTE))
    assert not closed(503, Limited("https://e.org/other", NOW - 11 * MINUTE))


def test_a_host_inside_is_never_closed_by_one_of_its_programs() -> None:
    assert not closed(429, inside=True)
    assert not closed(503, Limited("https://e.org/other", NOW), inside=True)


def test_other_failures_close_nothing() -> None:
    assert not closed(500, Limited("https://e.org/other", NOW))


def test_a_move_is_believed_after_three_visits_over_two_days() -> None:
    move = heard_again(None, "https://e.org/new", NOW, is_same_feed=True)
    assert move == Move("https://e.org/new", NOW, 1)
    for day in (1, 2):
        assert move is not None
        assert not is_proved(move, NOW + day * DAY, is_same_site=True)
        move = heard_again(move, "https://e.org/new", NOW + day * DAY, is_same_feed=True)
    assert move is not None
    assert move.successes == 3
    assert not is_proved(move, NOW + DAY, is_same_site=True)
    assert is_proved(move, NOW + 2 * DAY, is_same_site=True)
    assert not is_proved(move, NOW + 2 * DAY, is_same_site=False)


def test_a_move_that_changes_or_leads_to_other_articles_begins_anew() -> None:
    move = Move("https://e.org/new", NOW, 2)
    assert heard_again(move, "https://e.org/newer", NOW + DAY, is_same_feed=True) == Move(
        "https://e.org/newer", NOW + DAY, 1
    )
    assert heard_again(move, move.target, NOW + DAY, is_same_feed=False) == Move(move.target, NOW + DAY, 0)
    assert heard_again(move, "", NOW + DAY, is_same_feed=True) is None


@pytest.mark.parametrize(("known", "items", "same"), [(0, 0, False), (1, 2, True), (1, 3, False), (3, 3, True)])
def test_half_of_known_items_make_it_the_same_feed(known: int, items: int, *, same: bool) -> None:
    assert is_same_feed(known, items) is same


def test_one_silent_host_is_its_own_fault() -> None:
    outage = Outage()
    for number in range(10):
        outage.note(f"{number}.org", NOW, answered=number > 1)
    assert not outage.is_ours(NOW)


def test_most_hosts_silent_at_once_is_ours_until_they_answer_or_time_passes() -> None:
    outage = Outage()
    for number in range(5):
        outage.note(f"{number}.org", NOW, answered=number > 2)
    assert outage.is_ours(NOW)
    outage.note("1.org", NOW + MINUTE, answered=True)
    assert not outage.is_ours(NOW + MINUTE)
    assert not outage.is_ours(NOW + 6 * MINUTE)


def test_two_silent_hosts_are_too_few_to_tell() -> None:
    outage = Outage()
    for _ in range(9):
        outage.note("a.org", NOW, answered=False)
        outage.note("b.org", NOW, answered=False)
    assert not outage.is_ours(NOW)


def test_those_blamed_in_the_last_minutes_are_forgiven_once() -> None:
    outage = Outage()
    outage.blame("old", NOW - 6 * MINUTE)
    outage.blame("new", NOW)
    assert outage.forgive() == ["new"]
    assert outage.forgive() == []


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://news.Example.co.uk/feed", "example.co.uk"),
        ("http://a.b.example.org:8080/", "example.org"),
        ("http://192.0.2.7/feed", "192.0.2.7"),
        ("http://[2001:db8::1]/feed", "2001:db8::1"),
        ("http://rssbridge/feed", "rssbridge"),
        ("https://someone.github.io/feed", "someone.github.io"),
        ("https://com/feed", "com"),
        ("/folder", ""),
        ("http://[broken", ""),
        ("ftp://e.org/", ""),
    ],
)
def test_a_host_is_whom_a_publisher_runs(url: str, host: str) -> None:
    assert host_of(url) == host


def test_one_site_is_one_registrable_domain() -> None:
    assert is_same_site("https://www.e.org/a", "http://feeds.e.org/b")
    assert not is_same_site("https://e.org", "https://e.net")
    assert not is_same_site("", "")


@pytest.mark.parametrize(
    "url", ["http://10.0.0.1/", "http://[fd00::1]/", "http://bridge/x", "http://a.internal/", "http://x.local/"]
)
def test_what_lies_inside_is_recognised(url: str) -> None:
    assert is_inside(url)
    assert not is_inside("https://e.org/")
    assert not is_inside("https://9.9.9.9/")
