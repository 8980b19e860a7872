"""Dates as sources write them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndication.collect.dates import Written, parse_date, published
from syndication.domain.articles import DateOrigin, Precision

NOW = datetime(2026, 11, 23, 22, 0, tzinfo=UTC)

TABLE = """
Mon, 23 Nov 2026 21:52:28 GMT                | 2026-11-23T21:52:28 second
Mon, 23 Nov 2026 21:52:28 +0200              | 2026-11-23T19:52:28 second
Mon, 23 Nov 2026 21:52:28 -0500 (EST)        | 2026-11-24T02:52:28 second
Mon, 23 Nov 2026 21:52:28                    | 2026-11-23T21:52:28 second
Mon, 23 Nov 2026 21:52 EST                   | 2026-11-24T02:52:00 minute
23 Nov 26 21:52 PDT                          | 2026-11-24T04:52:00 minute
23 Nov 98 21:52 GMT                          | 1998-11-23T21:52:00 minute
Mon, 23 Nov 2026 21:52:28 CEST               | 2026-11-23T19:52:28 second
Mon, 23 Nov 2026 21:52:28 CET                | 2026-11-23T20:52:28 second
Mon, 23 Nov 2026 21:52:28 BST                | 2026-11-23T20:52:28 second
Mon, 23 Nov 2026 21:52:28 JST                | 2026-11-23T12:52:28 second
Mon, 23 Nov 2026 21:52:28 IST                | 2026-11-23T16:22:28 second
Mon, 23 Nov 2026 21:52:28 AEST               | 2026-11-23T11:52:28 second
Mon, 23 Nov 2026 21:52:28 Z                  | 2026-11-23T21:52:28 second
Mon, 23 Nov 2026 21:52:28 A                  | 2026-11-23T21:52:28 second
Mon, 23 Nov 2026 21:52:28 GMT+2              | 2026-11-23T19:52:28 second
Mon, 23 Nov 2026 21:52:28 Europe/Rome        | 2026-11-23T20:52:28 second
Mon, 23 Nov 2026 21:52:28 +9900              | 2026-11-23T21:52:28 second
Mon, 23 Nov 2026 00:00:00 +0000              | 2026-11-23T00:00:00 day
Mon, 23 Nov 2026 24:00:00 GMT                | 2026-11-24T00:00:00 day
Thu, 31 Dec 1998 23:59:60 GMT                | 1998-12-31T23:59:59 second
2026-11-23T21:52:28Z                         | 2026-11-23T21:52:28 second
2026-11-23T21:52:28.123456+01:00             | 2026-11-23T20:52:28 second
2026-11-23T21:52:28+0530                     | 2026-11-23T16:22:28 second
2026-11-23T21:52:28-03                       | 2026-11-24T00:52:28 second
2026-11-23T21:52:28+01:00[Europe/Rome]       | 2026-11-23T20:52:28 second
2026-11-23 21:52                             | 2026-11-23T21:52:00 minute
2026-11-23                                   | 2026-11-23T00:00:00 day
20261123                                     | 2026-11-23T00:00:00 day
20261123T215228Z                             | 2026-11-23T21:52:28 second
20261123215228                               | 2026-11-23T21:52:28 second
1795470748                                   | 2026-11-23T21:52:28 second
1795470748000                                | 2026-11-23T21:52:28 second
Montag, 23. November 2026 21:52              | 2026-11-23T21:52:00 minute
1. März 2026                                 | 2026-03-01T00:00:00 day
Di, 15 Dez 2026 08:00:00 +0100               | 2026-12-15T07:00:00 second
23 novembre 2026 à 21h52                     | 2026-11-23T21:52:00 minute
15 août 2026 10:00                           | 2026-08-15T10:00:00 minute
lunedì 23 novembre 2026, 21:52               | 2026-11-23T21:52:00 minute
Gio, 1 Gen 2026 10:00:00 +0100               | 2026-01-01T09:00:00 second
23 de noviembre de 2026 21:52                | 2026-11-23T21:52:00 minute
Nov 23, 2026 9:52 PM                         | 2026-11-23T21:52:00 minute
12 May 2026 3.30pm                           | 2026-05-12T15:30:00 minute
12 May 2026 12:05 am                         | 2026-05-12T00:05:00 minute
November 23rd, 2026                          | 2026-11-23T00:00:00 day
Mon Nov 23 21:52:28 2026                     | 2026-11-23T21:52:28 second
Sun Jan 04 16:29:06 PST 2026                 | 2026-01-05T00:29:06 second
23-Nov-2026 21:52:28 PST                     | 2026-11-24T05:52:28 second
1 Jan 126 10:00:00 GMT                       | 2026-01-01T10:00:00 second
2026, 23 November                            | 2026-11-23T00:00:00 day
23.11.2026 21:52:28 Uhr                      | 2026-11-23T21:52:28 second
05.06.2026                                   | 2026-06-05T00:00:00 day
23/11/2026 21:52                             | 2026-11-23T21:52:00 minute
11/23/2026                                   | 2026-11-23T00:00:00 day
2026/11/23 21:52                             | 2026-11-23T21:52:00 minute
"""


@pytest.mark.parametrize("line", TABLE.strip().splitlines())
def test_a_date_means_its_instant(line: str) -> None:
    raw, _, meant = line.partition(" | ")
    instant, precision = meant.split()
    assert parse_date(raw.strip()) == (datetime.fromisoformat(f"{instant}+00:00"), Precision(precision))


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "yesterday",
        "2026",
        "0000-00-00",
        "0000-00-00 00:00:00",
        "0000-00-00T00:00:00Z",
        "Mon, 31 Feb 2026 21:52:28 GMT",
        "05/06/2026",
        "2026-13-01",
        "2026-W05",
        "23-Foo-2026",
        "9999-12-31T23:59:59-12:00",
        "0001-01-01T00:00:00+14:00",
        "²³",
        "1" * 40,
        "x" * 100_000,
    ],
)
def test_what_names_no_instant_is_no_date(raw: str) -> None:
    assert parse_date(raw) is None


def test_a_date_without_a_zone_is_in_the_zone_of_its_source() -> None:
    assert parse_date("2026-07-01 12:00", ZoneInfo("Europe/Rome")) == (
        datetime(2026, 7, 1, 10, tzinfo=UTC),
        Precision.MINUTE,
    )


def test_two_digit_years_turn_at_fifty() -> None:
    assert parse_date("1 Jan 49 10:00:00 GMT") == (datetime(2049, 1, 1, 10, tzinfo=UTC), Precision.SECOND)
    assert parse_date("1 Jan 50 10:00:00 GMT") == (datetime(1950, 1, 1, 10, tzinfo=UTC), Precision.SECOND)


@given(st.text(max_size=60))
def test_any_text_is_an_instant_or_none(raw: str) -> None:
    found = parse_date(raw)
    assert found is None or found[0].tzinfo is UTC


@given(st.text(alphabet="0123456789:-/., +TZNovMaiGMTpam", max_size=40))
def test_anything_like_a_date_is_an_instant_or_none(raw: str) -> None:
    found = parse_date(raw)
    assert found is None or found[0].tzinfo is UTC


@given(st.datetimes(datetime(1990, 1, 1), datetime(2049, 1, 1)), st.integers(-14 * 60, 14 * 60))
def test_an_iso_date_comes_back_as_it_was(local: datetime, offset: int) -> None:
    sign = "-" if offset < 0 else "+"
    raw = f"{local:%Y-%m-%dT%H:%M:%S}{sign}{abs(offset) // 60:02}:{abs(offset) % 60:02}"
    found = parse_date(raw)
    assert found is not None
    assert found[0] == (local.replace(microsecond=0) - timedelta(minutes=offset)).replace(tzinfo=UTC)


def dated(*raws: str) -> tuple[datetime, DateOrigin, tuple[str, ...]]:
    found, repairs = published([Written(raw) for raw in raws], NOW)
    return found.at, found.origin, repairs


def test_the_first_credible_date_counts() -> None:
    at, origin, repairs = dated("never", "2026-11-20", "2026-11-01")
    assert (at, origin) == (datetime(2026, 11, 20, tzinfo=UTC), DateOrigin.FEED)
    assert repairs == ("the date 'never' cannot be read",)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("2026-11-24T06:00:00Z", "a slip of the time zone"),
        ("2027-11-24T06:00:00Z", "probably wrong"),
        ("Thu, 01 Jan 1970 00:00:00 GMT", "too old"),
        ("0000-00-00", "cannot be read"),
    ],
)
def test_an_incredible_date_gives_way_to_first_seen_and_is_kept_as_it_was(raw: str, said: str) -> None:
    found, repairs = published([Written(raw)], NOW)
    assert (found.at, found.origin, found.raw) == (NOW, DateOrigin.FIRST_SEEN, raw)
    assert said in repairs[0]


def test_a_clock_ten_minutes_fast_is_forgiven_but_nothing_lies_in_the_future() -> None:
    at, origin, repairs = dated("2026-11-23T22:09:00Z")
    assert (at, origin, repairs) == (NOW, DateOrigin.FEED, ())


def test_a_date_that_is_not_there_is_no_fault_of_the_next() -> None:
    assert dated("", "2026-11-20") == (datetime(2026, 11, 20, tzinfo=UTC), DateOrigin.FEED, ())


def test_no_date_at_all_is_first_seen() -> None:
    at, origin, _ = dated()
    assert (at, origin) == (NOW, DateOrigin.FIRST_SEEN)
