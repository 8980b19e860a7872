"""Processes that parse, so that no document can hang or kill the service."""

import os
import pickle
import queue
import select
import subprocess
import sys
import time
import weakref
from typing import Any, Final

from syndication.collect.worker import LENGTH
from syndication.domain.sources import Fetched, FetchFailed, RawDocument

_WALL_S: Final = 30.0
"""The kernel ends a worker that takes too much processor time; this is for one that sleeps."""

_PIECE: Final = 1 << 20
_TOO_MUCH: Final = FetchFailed(
    "the document took more than 2 seconds to read, or more memory than one may have, and was given up: "
    "ask the publisher for a smaller one"
)


class ParserPool:
    """Long-lived worker processes; `domain.sources.Parse`. May be used by many threads at once.

    A worker that a document killed is replaced; the next document has a fresh one. size: how many work at once.
    """

    def __init__(self, size: int = 0) -> None:
        self._idle: queue.SimpleQueue[_Worker | None] = queue.SimpleQueue()
        self._all: list[_Worker] = []
        for _ in range(size or min(os.cpu_count() or 1, 4)):
            self._idle.put(None)  # started when somebody needs it
        self._end = weakref.finalize(self, _end, self._all)

    def __call__(self, document: RawDocument) -> Fetched | FetchFailed:
        """What the document holds; FetchFailed when it took too much time or memory."""
        worker = self._idle.get()
        try:
            if worker is None or not worker.is_alive:
                worker = self._replace(worker)
            found = worker.ask(pickle.dumps(document, pickle.HIGHEST_PROTOCOL))
            if found is None:
                worker = self._replace(worker)
                return _TOO_MUCH
            return found
        finally:
            self._idle.put(worker)

    def close(self) -> None:
        """End all workers."""
        self._end()

    def _replace(self, worker: "_Worker | None") -> "_Worker":
        if worker is not None:
            worker.end()
            self._all.remove(worker)
        fresh = _Worker()
        self._all.append(fresh)
        return fresh


class _Worker:
    """One process."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "syndication.collect.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, body: bytes) -> Fetched | FetchFailed | None:
        """Its answer, None when it died or took too long."""
        stdin = self._process.stdin
        try:
            if stdin is not None:
                stdin.write(LENGTH.pack(len(body)) + body)
                stdin.flush()
        except OSError:
            return None
        deadline = time.monotonic() + _WALL_S
        answer = self._read(deadline)
        if answer is None:
            return None
        found: Any = pickle.loads(answer)  # noqa: S301 - our own process wrote it
        return found if isinstance(found, Fetched | FetchFailed) else None

    def end(self) -> None:
        """Kill it and let go of its pipes."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                try:
                    stream.close()
                except OSError:  # what was still to be written has nobody to read it
                    continue

    def _read(self, deadline: float) -> memoryview | None:
        """One answer. In as few steps as it comes in: after each, this thread waits for the interpreter's lock."""
        stream = self._process.stdout
        if stream is None:
            return None
        waiter = select.poll()  # not select: it knows no descriptor above 1,023
        waiter.register(stream, select.POLLIN)
        found, whole = bytearray(), LENGTH.size
        while len(found) < whole:
            ready = waiter.poll(max(0.0, deadline - time.monotonic()) * 1000)
            part = os.read(stream.fileno(), _PIECE) if ready else b""
            if not part:
                return None
            found += part
            if whole == LENGTH.size <= len(found):
                whole += LENGTH.unpack_from(found)[0]
        return memoryview(found)[LENGTH.size :]


def _end(workers: list[_Worker]) -> None:
    for worker in workers:
        worker.end()
    workers.clear()
