"""When to come back, and how a source does. Pure."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import Final

from syndication.domain.sources import FetchFailed
from syndication.domain.states import Health, SourceKind

FOLDER_INTERVAL: Final = timedelta(minutes=1)
FIRST_INTERVAL: Final = timedelta(hours=1)
SHORTEST: Final = timedelta(minutes=15)
LONGEST: Final = timedelta(hours=24)
FIRST_RETRY: Final = timedelta(minutes=5)
_SLEEPS_AFTER: Final = timedelta(days=30)
_WEEK: Final = timedelta(days=7)
_MONTH: Final = timedelta(days=30)
_WEEKLY_CHECKS: Final = 4
_LATE_GAPS: Final = 3
_LATE_FROM: Final = timedelta(days=1)
_LEARNED_FROM: Final = 5
_SPREAD: Final = 10


@dataclass(frozen=True, slots=True)
class Rhythm:
    """What is known of a source's pace. dates: when its newest articles came out, at most 20, any order (aware UTC)."""

    slug: str
    kind: SourceKind
    dates: Sequence[datetime]


@dataclass(frozen=True, slots=True)
class Pace:
    """When to come back (aware UTC), and how the source does. words: for the admin, "" when there is nothing to say."""

    next_poll_at: datetime
    interval: timedelta
    health: Health
    words: str = ""


def after_success(rhythm: Rhythm, min_wait_s: int, now: datetime) -> Pace:
    """Half the usual gap between articles, 15 minutes to 24 hours, and never sooner than the source asks.

    A folder is looked at every minute. A feed silent for three times its usual gap is late.
    """
    if rhythm.kind is SourceKind.FOLDER:
        return Pace(now + FOLDER_INTERVAL, FOLDER_INTERVAL, Health.OK)
    gap = _usual_gap(rhythm.dates)
    silent = now - max(rhythm.dates, default=now)
    interval = FIRST_INTERVAL if gap is None else gap / 2
    if silent >= _SLEEPS_AFTER:
        interval = LONGEST
    interval = min(max(interval, SHORTEST, timedelta(seconds=min_wait_s)), LONGEST)
    next_poll_at = now + interval + _slot(rhythm.slug, interval)
    if gap is None or len(rhythm.dates) < _LEARNED_FROM or silent <= max(_LATE_GAPS * gap, _LATE_FROM):
        return Pace(next_poll_at, interval, Health.OK)
    usual = in_words(gap).removeprefix("1 ")
    words = f"It usually brings an article every {usual} and has been silent for {in_words(silent)}."
    return Pace(next_poll_at, interval, Health.LATE, words)


def after_failure(failures: int, failure: FetchFailed, now: datetime) -> Pace:
    """Five minutes, doubled with each failure in a row up to a day, for ever; what the source asks for counts first.

    failures: in a row, this one included. A feed that says it is gone is asked every week, after four weeks every month.
    """
    if failure.gone:
        interval = _WEEK if failures <= _WEEKLY_CHECKS else _MONTH
        return Pace(now + interval, interval, Health.GONE, failure.reason)
    interval = min(FIRST_RETRY * 2 ** min(failures - 1, 20), LONGEST)
    next_poll_at = max(failure.retry_at or now, now + interval)
    return Pace(next_poll_at, interval, Health.FAILING, failure.reason)


def in_words(span: timedelta) -> str:
    """A span as people say it: '3 days', '1 hour', '20 minutes'."""
    for unit, length in (("day", timedelta(days=1)), ("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1))):
        number = round(span / length)
        if number >= 2 or (number == 1 and span >= length):  # noqa: PLR2004 - 'two days' says more than '48 hours'
            return f"{number} {unit}{'s' if number > 1 else ''}"
    return "1 minute"


def _usual_gap(dates: Sequence[datetime]) -> timedelta | None:
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(sorted(dates))]
    return timedelta(seconds=median(gaps)) if gaps else None


def _slot(slug: str, interval: timedelta) -> timedelta:
    """A share of the interval that is always the same for a source, so that visits spread."""
    return interval * (zlib.crc32(slug.encode()) % 1000) / 1000 / _SPREAD
