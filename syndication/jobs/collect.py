"""Sources due → visited, many at once. A visit may be repeated or killed at any point: what is known is left alone."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from threading import Event
from typing import Final, TypeAlias

import structlog

from syndication.collect.outage import Outage
from syndication.collect.pace import is_whole_due
from syndication.domain.errors import ConfigError
from syndication.domain.seams import Box, Enqueue, Fetcher, Task
from syndication.domain.sources import FetchFailed
from syndication.jobs.visitors import Visitors
from syndication.jobs.visits import CollectReport, Ended, settle
from syndication.store.access import access_from
from syndication.store.database import Database
from syndication.store.visiting import Due, Turn, claim_due, is_any_due, load_due

__all__ = ["CollectReport", "Collecting", "collect_due", "collect_source", "look_for_due"]

_LEASE: Final = timedelta(minutes=10)
_LOOK_S: Final = 0.05
_LOOKS: Final = 4
_QUEUED: Final = 3
# Longer than a visit's own limit of a minute for each that waits before it: until then nobody else asks the host.
_BUSY: Final = timedelta(seconds=60 * _QUEUED + 30)
_URGENT_THREADS: Final = 4
_FIRST_THREADS: Final = 4
_FEWEST_THREADS: Final = 1  # a second one has nothing to add where answers come at once (measured)

_Visitors: TypeAlias = Visitors[tuple[Due, datetime], Ended]

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Collecting:
    """What collecting needs. box: opens the log-ins of sources. gap: between two requests to one host.

    threads: how many visits wait for the network at once, at most.
    """

    database: Database
    fetcher: Fetcher
    enqueue: Enqueue
    box: Box | None = None
    gap: timedelta = timedelta(seconds=1)
    threads: int = 32
    outage: Outage = field(default_factory=Outage)


def look_for_due(database: Database, enqueue: Enqueue, now: datetime) -> None:
    """Ask for the visits when any source is due. now: aware UTC."""
    with database.read() as session:
        is_due = is_any_due(session, now)
    if is_due:
        enqueue(Task.COLLECT, "collect")


def collect_due(kit: Collecting, clock: Callable[[], datetime], stop: Callable[[], bool] = lambda: False) -> int:
    """Visit sources until none is due or `stop` says so; answers how many were visited. clock: this instant, aware UTC.

    Threads wait for the network, few at first and more while those that work wait; this one claims, stores and records,
    in groups of what ended within 200 ms. A slow host holds one thread, and a source that somebody waits for has threads
    of its own.
    """
    pump = _Pump(kit, clock)
    try:
        while True:
            if stop():
                pump.drop_queued()
            else:
                pump.fill(pump.few, _URGENT_THREADS, urgent=True)
                pump.fill(pump.many, kit.threads * _QUEUED, urgent=False)
            if not pump.is_under_way:
                return pump.visited
            pump.settle_some()
    finally:
        pump.close()


def collect_source(
    database: Database, fetcher: Fetcher, enqueue: Enqueue, source_id: int, now: datetime, box: Box | None = None
) -> CollectReport:
    """Visit one source now, whoever's turn it is; asks for `classify` when anything is new. now: aware UTC.

    Raises StoreError for an unknown source; everything a source can do wrong is recorded on it instead.
    """
    kit = Collecting(database, fetcher, enqueue, box)
    with database.read() as session:
        due = load_due(session, source_id)
    ended = _visit(kit, due, now)
    (report,) = settle(database, [ended], now, kit.outage, kit.gap)
    _ask_to_classify(kit, [report])
    return report


class _Pump:
    """Visits under way. few: of sources that somebody waits for."""

    def __init__(self, kit: Collecting, clock: Callable[[], datetime]) -> None:
        self._kit = kit
        self._clock = clock
        self._all_done = Event()
        self._looked_s, self._busy_s = time.monotonic(), time.thread_time()
        self.many = self._visitors(_FEWEST_THREADS, kit.threads)
        self.few = self._visitors(_URGENT_THREADS, _URGENT_THREADS)
        self.visited = 0

    def close(self) -> None:
        """Wait for the visits that have begun."""
        self.drop_queued()
        self.many.close()
        self.few.close()

    @property
    def is_under_way(self) -> bool:
        """Whether any visit has not been recorded yet."""
        return bool(self.many.under_way or self.few.under_way)

    def fill(self, visitors: _Visitors, room: int, *, urgent: bool) -> None:
        """Claim what there is room for and send it on its way."""
        room -= visitors.under_way
        if room <= 0 or (not urgent and room < visitors.most and self.is_under_way):
            return  # small claims cost as much as large ones
        now = self._clock()
        turn = Turn(room, _LEASE, _BUSY, self._kit.gap, urgent=urgent)
        with self._kit.database.read() as session:
            if not is_any_due(session, now, urgent=urgent):
                return
        with self._kit.database.write() as session:
            dues = claim_due(session, now, turn)
        visitors.give([(due, now) for due in dues])

    def settle_some(self) -> None:
        """Store and record what ended in a moment; before it is over when all did, as where answers come at once.

        Then nobody waits for the interpreter's lock while this thread works.
        """
        for _ in range(_LOOKS):
            is_over = self._all_done.wait(_LOOK_S)
            self._adapt()
            if is_over:
                break
        self._all_done.clear()
        ended = [*self.few.take(), *self.many.take()]
        if not ended:
            return
        reports = settle(self._kit.database, ended, self._clock(), self._kit.outage, self._kit.gap)
        self.visited += len(ended)
        _ask_to_classify(self._kit, reports)

    def drop_queued(self) -> None:
        """Forget visits that have not begun: their leases run out."""
        self.many.drop()
        self.few.drop()

    def _visitors(self, least: int, most: int) -> _Visitors:
        return Visitors(lambda task: _visit(self._kit, *task), self._all_done, least, _FIRST_THREADS, most)

    def _adapt(self) -> None:
        """Let as many visits go on as the time since the last look shows to be right."""
        now_s, busy_s = time.monotonic(), time.thread_time() + self.many.worked_s
        self.many.adapt((busy_s - self._busy_s) / (now_s - self._looked_s))
        self._looked_s, self._busy_s = now_s, busy_s


def _visit(kit: Collecting, due: Due, now: datetime) -> Ended:
    """One visit. Never raises."""
    source = due.source
    whole = is_whole_due(due.whole_at, source.slug, now)
    try:
        source = replace(source, access=access_from(kit.box, due.source_id, due.sealed))
        if whole:
            source = replace(source, etag="", last_modified="")
        result = kit.fetcher.fetch(source, now)
    except ConfigError as error:
        result = FetchFailed(str(error))
    except Exception:  # noqa: BLE001 - the boundary of one source: our fault with it stops no other
        _log.exception("source_crashed", source=source.slug)
        result = FetchFailed("reading it failed by a fault of this program; the log has the details")
    return Ended(due, result, whole=whole or not (source.etag or source.last_modified))


def _ask_to_classify(kit: Collecting, reports: Sequence[CollectReport]) -> None:
    if any(report.added or report.updated for report in reports):
        kit.enqueue(Task.CLASSIFY, "classify")
