"""Time zones as dates of the world write them → offset from UTC."""

import re
from datetime import UTC, timedelta, timezone, tzinfo
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

# Abbreviations with one meaning in news dates; hours east of UTC. IST is India's and CST America's in nearly all feeds.
_HOURS: Final = {
    "ut": 0,
    "utc": 0,
    "gmt": 0,
    "wet": 0,
    "est": -5,
    "edt": -4,
    "cst": -6,
    "cdt": -5,
    "mst": -7,
    "mdt": -6,
    "pst": -8,
    "pdt": -7,
    "akst": -9,
    "akdt": -8,
    "hst": -10,
    "brt": -3,
    "art": -3,
    "west": 1,
    "bst": 1,
    "cet": 1,
    "met": 1,
    "mez": 1,
    "cest": 2,
    "mest": 2,
    "mesz": 2,
    "eet": 2,
    "sast": 2,
    "eest": 3,
    "msk": 3,
    "gst": 4,
    "pkt": 5,
    "ist": 5.5,
    "wib": 7,
    "hkt": 8,
    "sgt": 8,
    "awst": 8,
    "jst": 9,
    "kst": 9,
    "acst": 9.5,
    "aest": 10,
    "acdt": 10.5,
    "aedt": 11,
    "nzst": 12,
    "nzdt": 13,
}
_OFFSET: Final = re.compile(r"(?:gmt|utc|z)?([+-])(\d{1,2}):?(\d{2})?")
_LARGEST_OFFSET: Final = timedelta(hours=14)
_MINUTES_AN_HOUR: Final = 60


def zone_of(words: str) -> tzinfo | None:
    """The zone of '+0200', '-5', 'CEST', 'GMT+2', 'Europe/Rome' in any case; None for anything else.

    A single letter is UTC: the military zones were written wrong from the start. Source: RFC 5322 section 4.3.
    """
    word = words.strip().casefold()
    if len(word) == 1 and word.isalpha():
        return UTC
    if word in _HOURS:
        return timezone(timedelta(hours=_HOURS[word]))
    found = _OFFSET.fullmatch(word)
    if found:
        return _from_offset(found[1], int(found[2]), int(found[3] or 0))
    name = _names().get(word)
    return ZoneInfo(name) if name else None


def _from_offset(sign: str, hours: int, minutes: int) -> tzinfo | None:
    offset = timedelta(hours=hours, minutes=minutes)
    if offset > _LARGEST_OFFSET or minutes >= _MINUTES_AN_HOUR:
        return None
    return timezone(-offset if sign == "-" else offset)


@cache
def _names() -> dict[str, str]:
    return {name.casefold(): name for name in available_timezones() if "/" in name}
