"""When to try a deferred delivery again."""

from datetime import datetime, timedelta
from typing import Final

_WAITS: Final = tuple(timedelta(minutes=minutes) for minutes in (5, 15, 30, 60, 120))
_LONGEST_WAIT: Final = timedelta(hours=4)
_SPREAD: Final = 0.2
LIFETIME: Final = timedelta(hours=48)
"""How long a delivery is tried, from its issue's freeze or its notice's making; then it expires."""


def next_attempt(attempt: int, now: datetime, jitter: float) -> datetime | None:
    """When to try again after `attempt` tries (0 or more: a try that was the lane's fault does not count).

    Waits 5, 15, 30, 60 minutes, 2 hours, then 4 hours each, so that the waits fill `LIFETIME`; then None. now: aware UTC.
    jitter: -1 to 1, moves the instant by up to 20 % of the wait, so that a provider which deferred thousands at once is
    not met by all of them again. Source: RFC 5321 section 4.5.4.1.
    """
    waited = sum((_wait(earlier) for earlier in range(1, attempt + 1)), timedelta())
    if waited > LIFETIME:
        return None
    return now + _wait(max(attempt, 1)) * (1 + _SPREAD * jitter)


def _wait(attempt: int) -> timedelta:
    return _WAITS[attempt - 1] if attempt <= len(_WAITS) else _LONGEST_WAIT
