"""Instants and numbers → words on pages. Every time of day stands beside its zone."""

from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

CONSENT: Final = "You agree to get this newsletter by e-mail. You can leave at any time with one click."
"""The words under the sign-up button; a proof of consent names their version."""

_SOON: Final = timedelta(days=6)
_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def day_words(day: date) -> str:
    """E.g. '27 November 2026'."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def local_day(at: datetime, zone: str) -> date:
    """The calendar day of an instant (aware) in a zone."""
    return at.astimezone(ZoneInfo(zone)).date()


def day_in(at: datetime, zone: str) -> str:
    """The day of an instant in a zone, e.g. '27 November 2026'."""
    return day_words(local_day(at, zone))


def slot_words(at: datetime, zone: str) -> str:
    """A planned instant as a reader plans by it, e.g. 'Friday 27 November, 07:30 Europe/Rome'."""
    local = at.astimezone(ZoneInfo(zone))
    return f"{_DAYS[local.weekday()]} {local.day} {_MONTHS[local.month - 1]}, {local:%H:%M} {zone}"


def clock_words(at: datetime, zone: str) -> str:
    """A past instant, e.g. '27 November 2026, 07:30:05 Europe/Rome'."""
    return f"{day_in(at, zone)}, {at.astimezone(ZoneInfo(zone)):%H:%M:%S} {zone}"


def soon_words(at: datetime, zone: str, now: datetime) -> str:
    """A planned instant in few words where the zone stands beside it: 'Friday 07:30', with the date if it is far off."""
    local = at.astimezone(ZoneInfo(zone))
    date_words = "" if at - now < _SOON else f" {local.day} {_MONTHS[local.month - 1]}"
    return f"{_DAYS[local.weekday()]}{date_words} {local:%H:%M}"


def plural(number: int, one: str, many: str = "") -> str:
    """E.g. '1 article', '7 articles'."""
    return f"{number} {one if number == 1 else many or f'{one}s'}"


def listed(names: list[str]) -> str:
    """E.g. 'AI agents, robots and on-prem LLMs'."""
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))
