"""The clock: wakes us every second to fire what is due, and every few seconds to find what was lost.

Schedules are rows (`store.scheduling`); APScheduler only wakes us and remembers nothing.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

_log = structlog.get_logger()

TICK: Final = timedelta(seconds=1)
SWEEP: Final = timedelta(seconds=5)


class Clock:
    """Calls `tick` and `sweep` at their pace, each never twice at once, until stopped."""

    def __init__(self, tick: Callable[[], None], sweep: Callable[[], None]) -> None:
        """Take what to do; both must be quick and may be called again after any failure."""
        self._scheduler = BackgroundScheduler(
            timezone="UTC",
            executors={"default": ThreadPoolExecutor(2)},
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )
        for name, act, pace in (("tick", tick, TICK), ("sweep", sweep, SWEEP)):
            self._scheduler.add_job(_guarded(name, act), "interval", seconds=pace.total_seconds(), id=name)

    def start(self) -> None:
        """Begin; the first tick comes one pace later."""
        self._scheduler.start()

    def stop(self) -> None:
        """Stop waking; waits for a tick that runs."""
        self._scheduler.shutdown(wait=True)


def _guarded(name: str, act: Callable[[], None]) -> Callable[[], None]:
    def run() -> None:
        try:
            act()
        except Exception:  # noqa: BLE001 - a database that is away for a moment must not stop the clock
            _log.exception("clock_failed", part=name)

    return run
