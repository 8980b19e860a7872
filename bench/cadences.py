"""A year of daily, weekly, monthly and instant digests in ten zones, composed slot after slot, each at its hour and once.

Both changes of the clocks lie in it. Raises when a reader missed an article, got one twice, or got a digest at another hour
than they chose. Digests a second; there is no yardstick. BENCH_DAYS: how many days instead of 365, from the first of January.
"""

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from bench import Case
from bench._databases import fresh_database
from syndication.domain.states import Cadence
from tests.support.calendar import ZONES
from tests.support.year import Chosen, Year

BEGIN: Final = datetime(2026, 1, 1, tzinfo=UTC)
DAYS: Final = int(os.environ.get("BENCH_DAYS", "365"))


def run() -> Iterator[Case]:
    """Each database."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    for kind in ("sqlite", "postgresql"):
        with fresh_database(kind) as database:
            year = Year(database, BEGIN, BEGIN + timedelta(days=DAYS))
            for number, zone in enumerate(ZONES):
                hour = number * 7 % 24
                year.add(Chosen(Cadence.DAILY, datetime(2026, 1, 1, hour, 30, tzinfo=UTC).time(), zone))
                year.add(Chosen(Cadence.DAILY, datetime(2026, 1, 1, 2, 30, tzinfo=UTC).time(), zone))
                year.add(Chosen(Cadence.WEEKLY, datetime(2026, 1, 1, hour, 0, tzinfo=UTC).time(), zone))
                year.add(Chosen(Cadence.MONTHLY, datetime(2026, 1, 1, 1, 15, tzinfo=UTC).time(), zone))
            year.add(Chosen(Cadence.INSTANT))
            begun = time.perf_counter()
            digests = year.live()
            seconds = time.perf_counter() - begun
            year.judge()
        yield Case(kind, digests / seconds, "digests/s")
