"""Processes that publish feeds beside this one: `python -m syndication.jobs.feed_helpers`.

What makes a feed holds Python's lock, so threads do not make two at the same time. Source: ADR 48. A helper reads pickled
groups of plans from standard input and answers what came of each. It ends with its input, and so with whoever started it.
"""

import gc
import os
import pickle
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from queue import Empty, SimpleQueue
from typing import BinaryIO, Final, Self, cast

import structlog

from syndication.domain.site import Site
from syndication.jobs.feed_builder import FeedBuilder, Outcome
from syndication.store.database import DatabaseError, open_database
from syndication.store.feed_plans import FeedPlan

_log = structlog.get_logger()

_MOST: Final = 3
"""Helpers at once; each has 100 MB."""


@dataclass(frozen=True, slots=True)
class _Start:
    """What a helper must know. url: of the database, with its password, hence not an argument that everybody can read."""

    url: str
    site: Site
    now: datetime


def taken(groups: deque[list[FeedPlan]]) -> Iterator[list[FeedPlan]]:
    """The groups, each taken away by whoever comes first."""
    while True:
        try:
            yield groups.popleft()
        except IndexError:
            return


class Helpers:
    """As many as there are other processors; none before `prepare` or `start`."""

    def __init__(self, builder: FeedBuilder) -> None:
        url = builder.database.engine.url.render_as_string(hide_password=False)
        self._beginning = _Start(url, builder.site, builder.now)
        self._count = min(len(os.sched_getaffinity(0)) - 1, _MOST)
        self._done = SimpleQueue[Outcome]()
        self._threads: ThreadPoolExecutor | None = None
        self._groups = deque[list[FeedPlan]]()
        self._ready: list[_Helper] = []

    def __enter__(self) -> Self:
        """Nothing runs yet."""
        return self

    def __exit__(self, *_: object) -> None:
        """Wait for what is under way, and leave the rest: whoever ends early has failed."""
        self._groups.clear()
        self.join()
        for helper in self._ready:
            with helper:  # nothing was asked of it
                pass

    def prepare(self) -> None:
        """Begin their start, which takes a second and more: they will have something to do soon."""
        self._ready = [_Helper(self._beginning) for _ in range(self._count)]

    def start(self, groups: deque[list[FeedPlan]]) -> None:
        """Let helpers take groups too, until none is left; when they did already, nothing happens."""
        if self._threads is None and self._count:
            self._threads, self._groups = ThreadPoolExecutor(self._count, "feed-helper"), groups
            for _ in range(self._count):
                helper = self._ready.pop() if self._ready else _Helper(self._beginning)
                self._threads.submit(self._work, helper, groups)

    def done(self) -> Iterator[Outcome]:
        """What came of the groups that are finished by now. Those of a helper that ended are contended."""
        while True:
            try:
                yield self._done.get_nowait()
            except Empty:
                return

    def join(self) -> None:
        """Wait until no helper has a group."""
        if self._threads is not None:
            self._threads.shutdown()

    def _work(self, helper: "_Helper", groups: deque[list[FeedPlan]]) -> None:
        with helper:
            for group in taken(groups):
                outcome = helper.publish(group)
                self._done.put(outcome or Outcome(contended=tuple(group)))
                if outcome is None:
                    _log.warning("feed_helper_ended", feeds=len(group), remedy="none needed: its feeds are made again")
                    return


class _Helper:
    """One process."""

    def __init__(self, start: _Start) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "syndication.jobs.feed_helpers"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._unsaid: list[object] = [start]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        with suppress(OSError):  # what is still to be written has nobody to read it
            self._process.communicate()

    def publish(self, plans: list[FeedPlan]) -> Outcome | None:
        """What came of it; None when the process has ended."""
        try:
            self._say(plans)
            answer: Outcome = pickle.load(cast("BinaryIO", self._process.stdout))  # noqa: S301 - our own process wrote it
        except (OSError, EOFError, pickle.UnpicklingError):
            return None
        return answer

    def _say(self, plans: list[FeedPlan]) -> None:
        questions = cast("BinaryIO", self._process.stdin)
        for one in (*self._unsaid, plans):
            pickle.dump(one, questions)
        questions.flush()
        self._unsaid.clear()


def main() -> None:
    """Publish what is asked for, until nobody asks any more."""
    gc.freeze()  # nothing that is imported is garbage
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for whoever started us
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # nothing else may come between the answers
    questions = sys.stdin.buffer
    with suppress(EOFError, DatabaseError):  # whoever started us meets a database that fails, too, and says so
        start: _Start = pickle.load(questions)  # noqa: S301 - our own process wrote it
        builder = FeedBuilder(open_database(start.url), start.site, start.now)
        while True:
            plans: list[FeedPlan] = pickle.load(questions)  # noqa: S301 - as above
            pickle.dump(builder.publish(plans), answers)
            answers.flush()


if __name__ == "__main__":
    main()
