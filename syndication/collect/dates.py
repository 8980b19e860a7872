"""Dates as sources write them → instants.

feedparser's own are wrong too often: it reads CEST as UTC, epoch seconds as the year 1795 and stops at '0000-00-00'
(measured with 6.0.14); dateutil drops PST and EST.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from syndication.collect.zones import zone_of
from syndication.domain.articles import DateOrigin, Precision, Published

_LONGEST: Final = 120
_EARLIEST: Final = datetime(1990, 1, 1, tzinfo=UTC)
_CLOCK_SKEW: Final = timedelta(minutes=10)
_ZONE_SLIP: Final = timedelta(hours=24)

_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            "january jan januar janner jaenner janvier janv gennaio gen enero ene janeiro januari",
            "february feb februar fevrier fevr fev febbraio febrero fevereiro februari",
            "march mar marz maerz mrz mars marzo marco maart",
            "april apr avril avr aprile abril abr",
            "may mai maggio mag mayo maio mei",
            "june jun juni juin giugno giu junio junho",
            "july jul juli juillet juil luglio lug julio julho",
            "august aug aout agosto ago augustus",
            "september sep sept septembre settembre set septiembre setembro",
            "october oct oktober okt octobre ottobre ott octubre outubro out",
            "november nov novembre noviembre novembro",
            "december dec dezember dez decembre dicembre dic diciembre dezembro",
        ),
        1,
    )
    for name in names.split()
}
_ISO: Final = re.compile(
    r"(\d{4})-?(\d{2})-?(\d{2})(?:(?:t|\s+|\s*,\s*)(\d{1,2}):?(\d{2})(?::?(\d{2}))?(?:[.,]\d+)?\s*(.*))?"
)
_NUMERIC: Final = re.compile(r"(\d{1,4})[./-](\d{1,2})[./-](\d{1,4})\.?(?:[\s,t]+(.*))?")
_TIME: Final = re.compile(
    r"(?<![\d:+-])(\d{1,2})(?::|h|\.(?=\d{2}(?!\d)))(\d{2})(?:[:.](\d{2})(?:[.,]\d+)?)?\s*([ap]\.?m\b\.?)?"
)
_BRACKETS: Final = re.compile(r"[(\[{][^)\]}]*[)\]}]")
_SECONDS_DIGITS: Final = range(9, 11)
_MILLISECONDS_DIGITS: Final = range(12, 14)
_COMPACT_DAY_DIGITS: Final = 8
_COMPACT_SECOND_DIGITS: Final = 14
_CENTURY_TURN: Final = 50  # two-digit years below are 20xx. Source: RFC 5322 section 4.3


@dataclass(frozen=True, slots=True)
class Written:
    """A date as it was written, and where."""

    raw: str
    origin: DateOrigin = DateOrigin.FEED


@dataclass(frozen=True, slots=True)
class _Clock:
    hour: int = 0
    minute: int = 0
    second: int = 0
    precision: Precision = Precision.DAY


def parse_date(raw: str, zone: tzinfo = UTC) -> tuple[datetime, Precision] | None:
    """The instant (aware UTC) that words name, and how exact it is; None when they name none. Never raises.

    Reads ISO 8601, RFC 5322 with obsolete and other zones, English, German, French, Italian, Spanish, Portuguese and
    Dutch month names, numeric dates that mean one day only, and epoch seconds or milliseconds. zone: of dates that
    name none. Midnight means that only the day is known.
    """
    text = _plain(raw)
    if not text:
        return None
    try:
        if text.isdigit():
            return _from_digits(text, zone)
        return _from_iso(text, zone) or _from_numbers(text, zone) or _from_words(text, zone)
    except (ValueError, OverflowError):
        return None


def published(written: Sequence[Written], now: datetime, zone: tzinfo = UTC) -> tuple[Published, tuple[str, ...]]:
    """The first credible date, else `now` as first seen; and what had to be mended, in words. now: aware UTC.

    Before 1990 or more than ten minutes ahead is not credible; a few minutes ahead is a clock that runs fast.
    """
    repairs: list[str] = []
    raw = next((date.raw for date in written if date.raw), "")
    for date in written:
        found = parse_date(date.raw, zone)
        if found is None:
            if date.raw:
                repairs.append(f"the date '{date.raw[:60]}' cannot be read")
            continue
        at, precision = found
        if at < _EARLIEST:
            repairs.append(f"the date '{date.raw[:60]}' is too old to be true")
        elif at <= now + _CLOCK_SKEW:
            return Published(min(at, now), precision, date.origin, date.raw), tuple(repairs)
        else:
            slip = "a slip of the time zone" if at <= now + _ZONE_SLIP else "wrong"
            repairs.append(f"the date '{date.raw[:60]}' lies in the future, probably {slip}")
    repairs.append("no usable date: the time of the first visit is used")
    return Published(now, Precision.SECOND, DateOrigin.FIRST_SEEN, raw), tuple(repairs)


def _plain(raw: str) -> str:
    if len(raw) > _LONGEST:
        return ""
    letters = unicodedata.normalize("NFKD", raw)
    return " ".join("".join(c for c in letters if not unicodedata.combining(c)).casefold().split())


def _from_digits(text: str, zone: tzinfo) -> tuple[datetime, Precision] | None:
    if len(text) in _MILLISECONDS_DIGITS:
        return datetime.fromtimestamp(int(text) / 1000, UTC), Precision.SECOND
    if len(text) in _SECONDS_DIGITS:
        return datetime.fromtimestamp(int(text), UTC), Precision.SECOND
    if len(text) in {_COMPACT_DAY_DIGITS, _COMPACT_SECOND_DIGITS}:
        time = text[_COMPACT_DAY_DIGITS:]
        return _from_iso(f"{text[:4]}-{text[4:6]}-{text[6:8]}" + (f"t{time}" if time else ""), zone)
    return None


def _from_iso(text: str, zone: tzinfo) -> tuple[datetime, Precision] | None:
    found = _ISO.fullmatch(text)
    if not found:
        return None
    clock = _clock(found[4], found[5], found[6], "") if found[4] else _Clock()
    return _instant((int(found[1]), int(found[2]), int(found[3])), clock, _zone_in(found[7] or "") or zone)


def _from_numbers(text: str, zone: tzinfo) -> tuple[datetime, Precision] | None:
    """2026/11/23, 23.11.2026, 11/23/2026; a day and a month that could change places mean nothing, but for dots."""
    found = _NUMERIC.fullmatch(text)
    if not found:
        return None
    first, second, third = int(found[1]), int(found[2]), int(found[3])
    if len(found[1]) == 4:  # noqa: PLR2004 - the digits of a year
        day = (first, second, third)
    elif first > 12 or "." in found[0].split(" ")[0] or first == second:  # noqa: PLR2004 - months of a year
        day = (_year(third, found[3]), second, first)
    elif second > 12:  # noqa: PLR2004 - months of a year
        day = (_year(third, found[3]), first, second)
    else:
        return None
    clock, rest = _time_in(found[4] or "")
    return _instant(day, clock, _zone_in(rest) or zone)


def _from_words(text: str, zone: tzinfo) -> tuple[datetime, Precision] | None:
    """Any order of a day, a month's name, a year, a time and a zone."""
    clock, rest = _time_in(text)
    named = _bracketed_zone(rest)
    words = _BRACKETS.sub(" ", rest).replace(",", " ").split()
    month = 0
    numbers: list[str] = []
    found_zone: tzinfo | None = None
    for word in words:
        bare = word.strip(".")
        digits = _ordinal(bare)
        if not month and bare in _MONTHS:
            month = _MONTHS[bare]
        elif digits and len(numbers) < 2:  # noqa: PLR2004 - a day and a year
            numbers.append(digits)
        elif numbers:
            found_zone = found_zone or zone_of(word)
        elif "-" in bare:
            return _from_dashes(bare, clock, rest, zone)
    if not month or len(numbers) != 2:  # noqa: PLR2004 - a day and a year
        return None
    day, year = _day_and_year(numbers)
    return _instant((year, month, day), clock, found_zone or named or zone)


def _from_dashes(word: str, clock: _Clock, rest: str, zone: tzinfo) -> tuple[datetime, Precision] | None:
    """23-Nov-2026, with a time and a zone around it."""
    parts = word.split("-")
    if len(parts) != 3 or parts[1] not in _MONTHS or not (parts[0] + parts[2]).isdigit():  # noqa: PLR2004 - a date's parts
        return None
    day, year = _day_and_year([parts[0], parts[2]])
    return _instant((year, _MONTHS[parts[1]], day), clock, _zone_in(rest.partition(word)[2]) or zone)


def _ordinal(word: str) -> str:
    digits = re.match(r"(\d{1,4})(?:st|nd|rd|th|er|º|°|o)?$", word)
    return digits[1] if digits else ""


def _day_and_year(numbers: list[str]) -> tuple[int, int]:
    first, second = numbers
    if len(first) > 2:  # noqa: PLR2004 - the digits of a day
        first, second = second, first
    return int(first), _year(int(second), second)


def _year(number: int, written: str) -> int:
    if len(written) == 4:  # noqa: PLR2004 - the digits of a year
        return number
    if len(written) == 3:  # noqa: PLR2004 - years since 1900. Source: RFC 5322 section 4.3
        return 1900 + number
    return 2000 + number if number < _CENTURY_TURN else 1900 + number


def _time_in(text: str) -> tuple[_Clock, str]:
    """The time of day in a text, and the text without it."""
    found = _TIME.search(text)
    if not found:
        return _Clock(), text
    clock = _clock(found[1], found[2], found[3], found[4] or "")
    return clock, f"{text[: found.start()]} {text[found.end() :]}"


def _clock(hour: str, minute: str, second: str | None, half: str) -> _Clock:
    hours = int(hour)
    if half:
        hours = hours % 12 + (12 if half.startswith("p") else 0)
    is_midnight = hours in {0, 24} and int(minute) == 0 and int(second or 0) == 0
    exact = Precision.SECOND if second else Precision.MINUTE
    return _Clock(hours, int(minute), int(second or 0), Precision.DAY if is_midnight else exact)


def _zone_in(text: str) -> tzinfo | None:
    """The first zone named in a text; a name in brackets after an offset repeats it."""
    words = _BRACKETS.sub(" ", text).split()
    return next(filter(None, map(zone_of, words)), None) or _bracketed_zone(text)


def _bracketed_zone(text: str) -> tzinfo | None:
    """The zone of '(CEST)' or '[Europe/Rome]', None when there is none."""
    return next(filter(None, (zone_of(found[1:-1]) for found in _BRACKETS.findall(text))), None)


def _instant(day: tuple[int, int, int], clock: _Clock, zone: tzinfo) -> tuple[datetime, Precision]:
    """Raises ValueError for a day or time that does not exist. A leap second is the one before; 24:00 is the next day."""
    next_day = clock.hour == 24 and clock.minute == 0  # noqa: PLR2004 - ISO 8601's end of the day
    local = datetime(*day, 0 if next_day else clock.hour, clock.minute, min(clock.second, 59), tzinfo=zone)
    return (local + timedelta(days=next_day)).astimezone(UTC), clock.precision
