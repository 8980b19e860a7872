"""Threads that wait for the network: as many of them work as it takes to keep this program busy."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Lock
from typing import Generic, TypeVar

from syndication.collect.width import next_width

_Task = TypeVar("_Task")
_Done = TypeVar("_Done")


class Visitors(Generic[_Task, _Done]):
    """Do `work` with what is given to them, first in, first out. work: never raises.

    least, most: how many work at once, first: at the beginning. all_done: is set whenever nothing is left to do.
    worked_s: seconds of processor time that was needed so far. Used by one thread.
    """

    def __init__(self, work: Callable[[_Task], _Done], all_done: Event, least: int, first: int, most: int) -> None:
        self.most = most
        self.worked_s = 0.0
        self._least, self._width = least, min(first, most)
        self._work = work
        self._all_done = all_done
        self._lock = Lock()
        self._working = 0
        self._waiting: deque[_Task] = deque()
        self._done: list[_Done] = []
        self._pool = ThreadPoolExecutor(most, "visit")

    def close(self) -> None:
        """Wait until all has been done."""
        self._pool.shutdown()

    @property
    def under_way(self) -> int:
        """How many tasks were given that `take` has not answered yet."""
        with self._lock:
            return len(self._waiting) + self._working + len(self._done)

    def give(self, tasks: Sequence[_Task]) -> None:
        """Let these be done after those given before."""
        with self._lock:
            self._waiting.extend(tasks)
            self._send()

    def drop(self) -> None:
        """Forget what nobody has begun with."""
        with self._lock:
            self._waiting.clear()

    def take(self) -> list[_Done]:
        """What has been done since the last call."""
        with self._lock:
            done, self._done = self._done, []
        return done

    def adapt(self, share: float) -> None:
        """See `next_width`."""
        with self._lock:
            if self._waiting:
                self._width = next_width(self._width, self._least, self.most, share)
                self._send()

    def _send(self) -> None:
        for _ in range(min(self._width - self._working, len(self._waiting))):
            self._working += 1
            self._pool.submit(self._go_on)

    def _go_on(self) -> None:
        began_s = time.thread_time()
        while (task := self._next()) is not None:
            done = self._work(task)
            ended_s = time.thread_time()
            with self._lock:
                self._done.append(done)
                self.worked_s += ended_s - began_s
            began_s = ended_s

    def _next(self) -> _Task | None:
        with self._lock:
            if self._waiting and self._working <= self._width:
                return self._waiting.popleft()
            self._working -= 1
            if not (self._waiting or self._working):
                self._all_done.set()
            return None
