"""Cron words in a time zone → slots. Preview, check and firing are these same functions.

Cron has cron's meaning: 0 and 7 are Sunday; a day and a weekday together mean either, unless one begins with `*`
(Debian cron). A wall-clock time fires once a local day: the first of two when clocks go back, as soon as the gap is
over when they go forward. What begins with `*` in the minute or hour keeps elapsed time instead.
"""

import difflib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice, pairwise
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError

from syndication.cron.words import normal
from syndication.domain.errors import CronError

_ANY_INSTANT: Final = datetime(2024, 1, 1, tzinfo=UTC)
_IN_A_ROW: Final = 8
_NEVER: Final = "This schedule never fires: no such day exists."
_FIRST_LOOK_BACK: Final = timedelta(minutes=1)
_LAST_LOOK_BACK: Final = timedelta(days=60 * 366)


def next_slot(cron: str, zone: str, after: datetime) -> datetime:
    """The first slot strictly after an instant; aware UTC in and out. Raises CronError.

    Called again with its own answer it walks through all slots, wherever it was started (measured over 3 years in 10
    zones): the one started inside a repeated hour would go back in time without the comparison below.
    """
    return next(_slots(cron, zone, after))


def next_slots(cron: str, zone: str, after: datetime, count: int) -> list[datetime]:
    """The next `count` slots after an instant; aware UTC in and out. Raises CronError."""
    return list(islice(_slots(cron, zone, after), count))


def latest_slot(cron: str, zone: str, until: datetime) -> datetime:
    """The last slot at or before an instant: what is due when the service was down. Aware UTC. Raises CronError."""
    span = _FIRST_LOOK_BACK
    while (slot := next_slot(cron, zone, until - span)) > until:
        span *= 2
        if span > _LAST_LOOK_BACK:
            raise CronError(_NEVER)
    while (following := next_slot(cron, zone, slot)) <= until:
        slot = following
    return slot


def shortest_gap(cron: str, zone: str) -> timedelta:
    """The least time between a slot and the next, of some in a row. Raises CronError."""
    slots = next_slots(cron, zone, _ANY_INSTANT, _IN_A_ROW)
    return min(after - before for before, after in pairwise(slots))


def check(cron: str, zone: str) -> None:
    """Raises CronError when the words cannot be read, never fire, or the zone is unknown; says what and where."""
    next_slot(cron, zone, _ANY_INSTANT)


def explain(cron: str, zone: str) -> str:
    """The schedule in English, such as 'At 07:30 on Friday (Europe/Rome)'. Raises CronError."""
    check(cron, zone)
    meaning: str = CronSim(normal(cron), _ANY_INSTANT).explain()
    return f"{meaning} ({zone})"


def _slots(cron: str, zone: str, after: datetime) -> Iterator[datetime]:
    last = after.astimezone(UTC)
    try:
        for local in CronSim(_normal(cron), after.astimezone(_zone(zone))):
            slot = local.astimezone(UTC)
            if slot > last:
                last = slot
                yield slot
    except CronSimError as error:  # its only complaint about words that passed our check: such a day never comes
        raise CronError(_NEVER) from error
    raise CronError(_NEVER)


@lru_cache(maxsize=1024)
def _normal(cron: str) -> str:
    return normal(cron)


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _zone(name: str) -> ZoneInfo:
    if name in _zones():
        return ZoneInfo(name)
    message = f"'{name}' is no time zone of the IANA list.{_suggestion(name)}"
    raise CronError(message)


def _suggestion(name: str) -> str:
    """The zones with the nearest names; a city alone ('Rome') is enough."""
    known = {zone.lower(): zone for zone in sorted(_zones())}
    cities = {zone.rpartition("/")[2]: zone for zone in known}
    asked = name.strip().lower().replace(" ", "_")
    near = [cities[city] for city in difflib.get_close_matches(asked, cities, n=2)]
    near += difflib.get_close_matches(asked, known, n=2)
    names = dict.fromkeys(known[zone] for zone in near)
    return f" Do you mean {' or '.join(names)}?" if names else ""
