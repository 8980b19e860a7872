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
_REFUSED: Final = timedelta(hours=6)
_REFUSALS: Final = frozenset({401, 403})
_PUSHED: Final = 12
_WEEKLY_CHECKS: Final = 4
_LATE_GAPS: Final = 3
_LATE_FROM: Final = timedelta(days=1)
_LEARNED_FROM: Final = 5
_SPREAD: Final = 10
_HOURS: Final = 24
_DAYS: Final = 7


@dataclass(frozen=True, slots=True)
class Learned:
    """What the dates of a source's newest articles say. gap: usual, None for fewer than two. newest: aware UTC."""

    gap: timedelta | None = None
    newest: datetime | None = None
    dated: int = 0


@dataclass(frozen=True, slots=True)
class Wishes:
    """When a source asks to be left alone: seconds between visits, hours (UTC) and days (0 is Monday)."""

    min_wait_s: int = 0
    skip_hours: tuple[int, ...] = ()
    skip_days: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Rhythm:
    """What is known of a source's pace. is_pushed: a hub tells us of news, so that visits are a safety net."""

    slug: str
    kind: SourceKind
    learned: Learned = Learned()
    is_pushed: bool = False


@dataclass(frozen=True, slots=True)
class Pace:
    """When to come back (aware UTC), and how the source does. words: for the admin, "" when there is nothing to say.

    stops: only the admin begins again.
    """

    next_poll_at: datetime
    interval: timedelta
    health: Health
    words: str = ""
    stops: bool = False


def learn(dates: Sequence[datetime]) -> Learned:
    """What a source's newest articles, at most 20 in any order (aware UTC), say of its pace."""
    return Learned(_usual_gap(dates), max(dates, default=None), len(dates))


def after_success(rhythm: Rhythm, wishes: Wishes, now: datetime) -> Pace:
    """Half the usual gap between articles, 15 minutes to 24 hours, and never sooner than the source asks.

    A folder is looked at every minute. A source that a hub pushes is visited a twelfth as often, one that is handed
    articles once a day, to see whether it has gone silent: for three times its usual gap is late.
    """
    if rhythm.kind is SourceKind.FOLDER:
        return Pace(now + FOLDER_INTERVAL, FOLDER_INTERVAL, Health.OK)
    learned = rhythm.learned
    silent = now - (learned.newest or now)
    interval = FIRST_INTERVAL if learned.gap is None else learned.gap / 2
    if silent >= _SLEEPS_AFTER or rhythm.kind is SourceKind.PUSH:
        interval = LONGEST
    interval = min(max(interval, SHORTEST, timedelta(seconds=wishes.min_wait_s)), LONGEST)
    if rhythm.is_pushed:
        interval = min(interval * _PUSHED, LONGEST)
    next_poll_at = _outside(now + interval + _slot(rhythm.slug, interval), wishes)
    is_silent = learned.gap is not None and silent > max(_LATE_GAPS * learned.gap, _LATE_FROM)
    if learned.gap is None or learned.dated < _LEARNED_FROM or not is_silent:
        return Pace(next_poll_at, interval, Health.OK)
    usual = in_words(learned.gap).removeprefix("1 ")
    words = f"It usually brings an article every {usual} and has been silent for {in_words(silent)}."
    return Pace(next_poll_at, interval, Health.LATE, words)


def after_failure(failures: int, failure: FetchFailed, now: datetime) -> Pace:
    """Five minutes, doubled with each failure in a row up to a day, for ever; what the source asks for counts first.

    failures: in a row, this one included. A source that refuses us is asked four times a day at most. One that says
    it is gone is asked again every week, four times, and then no more: the one case in which we stop.
    """
    if failure.gone:
        stops = failures > _WEEKLY_CHECKS
        words = (
            f"{failure.reason}. It was asked {_WEEKLY_CHECKS} more times and is paused now."
            if stops
            else failure.reason
        )
        return Pace(now + _WEEK, _WEEK, Health.GONE, words, stops=stops)
    interval = min(FIRST_RETRY * 2 ** min(failures - 1, 20), LONGEST)
    if failure.status in _REFUSALS:
        interval = max(interval, _REFUSED)
    next_poll_at = max(failure.retry_at or now, now + interval)
    return Pace(next_poll_at, interval, Health.FAILING, failure.reason)


def is_whole_due(whole_at: datetime | None, slug: str, now: datetime) -> bool:
    """Whether it is time for a request without validators: every 7 to 14 days, always the same for a source.

    Some servers answer 'not modified' for ever.
    """
    return whole_at is not None and now - whole_at >= _WEEK * (1 + zlib.crc32(slug.encode()) % 1000 / 1000)


def in_words(span: timedelta) -> str:
    """A span as people say it: '3 days', '1 hour', '20 minutes'."""
    for unit, length in (("day", timedelta(days=1)), ("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1))):
        number = round(span / length)
        if number >= 2 or (number == 1 and span >= length):  # noqa: PLR2004 - 'two days' says more than '48 hours'
            return f"{number} {unit}{'s' if number > 1 else ''}"
    return "1 minute"


def _usual_gap(dates: Sequence[datetime]) -> timedelta | None:
    """The median gap; the average where most bear the date of another, as those do that name only the day."""
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(sorted(dates))]
    usual = median(gaps or [0]) or sum(gaps) / max(len(gaps), 1)
    return timedelta(seconds=usual) if usual else None


def _slot(slug: str, interval: timedelta) -> timedelta:
    """A share of the interval that is always the same for a source, so that visits spread."""
    return interval * (zlib.crc32(slug.encode()) % 1000) / 1000 / _SPREAD


def _outside(at: datetime, wishes: Wishes) -> datetime:
    """The first instant from `at` on that is in no hour and on no day the source asks us to skip; at most a week later."""
    if len(set(wishes.skip_hours)) >= _HOURS or len(set(wishes.skip_days)) >= _DAYS:
        return at  # whoever never wants a visit made a mistake
    hours = (at + timedelta(hours=number) for number in range(_HOURS * _DAYS))
    return next(one for one in hours if one.hour not in wishes.skip_hours and one.weekday() not in wishes.skip_days)
