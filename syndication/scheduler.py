"""The clock: wakes us at fixed paces, to fire what is due and to find what was lost.

Schedules are rows (`store.scheduling`); APScheduler only wakes us and remembers nothing.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

_log = structlog.get_logger()

TICK: Final = timedelta(seconds=1)
SWEEP: Final = timedelta(seconds=5)
REPUBLISH: Final = timedelta(minutes=1)
TIDY: Final = timedelta(hours=1)
UPKEEP: Final = timedelta(minutes=1)


class Clock:
    """Calls each function at its pace, never twice at once, until stopped."""

    def __init__(self, acts: Mapping[Callable[[], None], timedelta]) -> None:
        """Take what to do and how often; all must be quick and may be called again after any failure."""
        self._scheduler = BackgroundScheduler(
            timezone="UTC",
            executors={"default": ThreadPoolExecutor(len(acts))},
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )
        for act, pace in acts.items():
            self._scheduler.add_job(_guarded(act), "interval", seconds=pace.total_seconds())

    def start(self) -> None:
        """Begin; the first tick comes one pace later."""
        self._scheduler.start()

    def stop(self) -> None:
        """Stop waking; waits for a tick that runs."""
        self._scheduler.shutdown(wait=True)


def _guarded(act: Callable[[], None]) -> Callable[[], None]:
    def run() -> None:
        try:
            act()
        except Exception:  # noqa: BLE001 - a database that is away for a moment must not stop the clock
            _log.exception("clock_failed", part=act.__name__)

    return run
