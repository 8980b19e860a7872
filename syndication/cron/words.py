"""Cron words → the five fields, checked and in the one spelling that cronsim reads as cron does.

cronsim reads six fields as seconds, a step wider than its range as one value, and no weekday range over the week's
end; here the first two are errors and the last is written out (all measured).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from syndication.domain.errors import CronError

_NICKNAMES: Final = MappingProxyType(
    {
        "@hourly": "0 * * * *",
        "@daily": "0 0 * * *",
        "@midnight": "0 0 * * *",
        "@weekly": "0 0 * * 0",
        "@monthly": "0 0 1 * *",
        "@yearly": "0 0 1 1 *",
        "@annually": "0 0 1 1 *",
    }
)
_TERM: Final = re.compile(r"(?:(\*)|(\w+)(?:-(\w+))?)(?:/(\d+))?", re.ASCII)
_NTH: Final = re.compile(r"(\w+)#([1-5])|([0-7])l", re.ASCII)
_WEEK: Final = 7
_LONGEST: Final = 200


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    low: int
    high: int
    names: Sequence[str] = ()
    extra: frozenset[str] = frozenset()
    wraps: bool = False

    def value(self, word: str) -> int:
        """The number a word stands for."""
        if word in self.names:
            return self.names.index(word) + self.low
        if word.isdigit() and self.low <= int(word) <= self.high:
            return int(word)
        names = f" or one of {', '.join(self.names)}" if self.names else ""
        fault = f"'{word}' is not a number from {self.low} to {self.high}{names}"
        raise self.error(fault)

    def error(self, fault: str) -> CronError:
        """What to raise; names the field."""
        return CronError(f"The {self.name} field is wrong: {fault}.")


_FIELDS: Final = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day", 1, 31, extra=frozenset({"l", "lw"})),
    _Field("month", 1, 12, ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")),
    _Field("weekday", 0, 7, ("sun", "mon", "tue", "wed", "thu", "fri", "sat"), wraps=True),
)


def normal(words: str) -> str:
    """The five fields in lower case, nicknames translated, weekday ranges over the week's end written out.

    Raises CronError that says which field is wrong, and why.
    """
    plain = words.strip().lower()
    if len(plain) > _LONGEST:
        message = f"A schedule's words have at most {_LONGEST} characters."
        raise CronError(message)
    if plain.startswith("@"):
        if plain not in _NICKNAMES:
            message = f"'{plain}' is not known. Known are {', '.join(_NICKNAMES)}."
            raise CronError(message)
        plain = _NICKNAMES[plain]
    parts = plain.split()
    if len(parts) != len(_FIELDS):
        hint = " Seconds cannot be given." if len(parts) == len(_FIELDS) + 1 else ""
        message = f"A schedule has five fields (minute hour day month weekday); '{plain}' has {len(parts)}.{hint}"
        raise CronError(message)
    return " ".join(_field(field, part) for field, part in zip(_FIELDS, parts, strict=True))


def _field(field: _Field, part: str) -> str:
    return ",".join(_term(field, term) for term in part.split(","))


def _term(field: _Field, term: str) -> str:
    if term in field.extra or (field.wraps and _is_nth(field, term)):
        return term
    found = _TERM.fullmatch(term)
    if not found:
        fault = f"'{term}' cannot be read"
        raise field.error(fault)
    star, first, last, step = found.groups()
    low = field.low if star else field.value(first)
    high = field.value(last) if last else low
    if star or (step and not last):
        high = field.high - field.wraps
    if low > high and not field.wraps:
        fault = f"'{term}' runs backwards"
        raise field.error(fault)
    if low <= high:
        _check_step(field, term, step, high - low)
        return term
    days = _over_the_week_end(low, high)
    _check_step(field, term, step, len(days) - 1)
    return ",".join(str(day) for day in days[:: int(step or 1)])


def _is_nth(field: _Field, term: str) -> bool:
    """Whether it is the n-th ('mon#1') or last ('5l') such weekday of the month."""
    found = _NTH.fullmatch(term)
    return bool(found and field.value(found[1] or found[3]) >= 0)


def _over_the_week_end(low: int, high: int) -> list[int]:
    """The weekdays of a range that passes Saturday, such as 5, 6, 0, 1 for Friday to Monday."""
    first = low % _WEEK
    last = high if first <= high else high + _WEEK
    return [day % _WEEK for day in range(first, last + 1)]


def _check_step(field: _Field, term: str, step: str | None, width: int) -> None:
    if step is not None and not 1 <= int(step) <= max(width, 1):
        fault = f"the step of '{term}' must be from 1 to {max(width, 1)}"
        raise field.error(fault)
