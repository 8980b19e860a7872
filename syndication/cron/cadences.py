"""Cadence and hour → cron words: the last day of a month for days that not every month has, an hour of a reader's own."""

from typing import Final

from syndication.cron.words import normal
from syndication.domain.errors import CronError
from syndication.domain.states import Cadence

INSTANT_CRON: Final = "*/10 * * * *"
"""How often an instant schedule looks for news, and so how far apart its issues are, unless its words say otherwise."""

_NOT_IN_EVERY_MONTH: Final = frozenset({"29", "30", "31"})


def words_of(cadence: Cadence, cron: str) -> str:
    """The cron words a schedule is saved with. Raises CronError.

    A monthly issue of the 29th to the 31st goes out on the last day of every month: none is skipped.
    """
    if cadence is Cadence.INSTANT and not cron.strip():
        return INSTANT_CRON
    if cadence is not Cadence.MONTHLY:
        return cron
    fields = normal(cron).split()
    if fields[2] in _NOT_IN_EVERY_MONTH:
        fields[2] = "L"
        return " ".join(fields)
    return cron


def at_hour(cron: str, hour: int, minute: int) -> str:
    """The same days at another time of day. Raises CronError when there is no such time."""
    if not (0 <= hour < 24 and 0 <= minute < 60):  # noqa: PLR2004 - of a clock
        message = f"{hour}:{minute:02} is no time of day."
        raise CronError(message)
    return " ".join([str(minute), str(hour), *normal(cron).split()[2:]])


def hour_of(cron: str) -> str:
    """The time of day of words that `at_hour` made, such as '07:30'."""
    minute, hour, *_ = cron.split()
    return f"{hour:0>2}:{minute:0>2}"
