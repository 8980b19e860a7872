"""Outcomes and take-offs of many connections → few transactions.

While one transaction is being written, what the connections want next gathers; then it is written as one. A transaction
costs as much as 40 rows (measured), so one waits a moment for a third of the connections to join it, while the others
send: a server that has only few mails at hand runs out of them before the next are taken off. The outcome of a connection's last mail and the take-off of its next one travel together, so no connection ever
has more than one mail whose fate is not on the disk.
"""

import asyncio
import time
from collections.abc import Sequence
from queue import SimpleQueue
from threading import Thread
from typing import Final, NamedTuple, Self

import structlog

from syndication.domain.delivery import DeliveryName, Settled
from syndication.domain.errors import StoreError
from syndication.domain.seams import Ledger

_log = structlog.get_logger()
# About half a minute: longer than a database restarts, shorter than a lease.
PAUSES_S: Final = (0.1, 0.3, 1.0, 3.0, 8.0, 15.0)
_LONGEST_GATHERING_S: Final = 0.004


class _Request(NamedTuple):
    settled: Settled | None
    wanted: DeliveryName | None
    answer: asyncio.Future[bool]


class GroupCommit:
    """The one writer beside an event loop, a thread of its own. Use it as a context manager inside the loop.

    connections: how many may ask at the same time.
    """

    def __init__(self, ledger: Ledger, connections: int = 1, pauses_s: Sequence[float] = PAUSES_S) -> None:
        self._ledger = ledger
        self._enough = max(1, connections // 3)
        self._pauses_s = pauses_s
        self._loop = asyncio.get_running_loop()
        self._gathering: list[_Request] = []
        self._timer: asyncio.TimerHandle | None = None
        self._is_writing = False
        self._groups: SimpleQueue[list[_Request] | None] = SimpleQueue()
        self._thread = Thread(target=self._write, name="ledger")

    def __enter__(self) -> Self:
        """Start the writer."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Let the writer go."""
        self._groups.put(None)
        self._thread.join()

    def commit(self, settled: Settled | None, wanted: DeliveryName | None) -> asyncio.Future[bool]:
        """Record an outcome and ask for a take-off, either may be None; whether the wanted mail may leave.

        Raises StoreError when the database stays away; then nothing may leave, and what is in flight is found later.
        """
        answer: asyncio.Future[bool] = self._loop.create_future()
        self._gathering.append(_Request(settled, wanted, answer))
        self._consider()
        return answer

    def _consider(self) -> None:
        """Hand over what has gathered once it is enough, or has waited long enough."""
        if self._is_writing or not self._gathering:
            return
        if len(self._gathering) >= self._enough:
            self._hand_over()
        elif self._timer is None:
            self._timer = self._loop.call_later(_LONGEST_GATHERING_S, self._hand_over)

    def _hand_over(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        self._is_writing = True
        self._groups.put(self._gathering)
        self._gathering = []

    def _write(self) -> None:
        """The thread's life."""
        while requests := self._groups.get():
            try:
                granted = self._kept(requests)
            except Exception as error:  # noqa: BLE001 - handed to everybody who waits for it
                self._loop.call_soon_threadsafe(self._answer, requests, error)
            else:
                self._loop.call_soon_threadsafe(self._answer, requests, granted)

    def _answer(self, requests: list[_Request], result: frozenset[DeliveryName] | Exception) -> None:
        self._is_writing = False
        self._consider()
        for request in requests:
            if isinstance(result, Exception):
                request.answer.set_exception(result)
            else:
                request.answer.set_result(request.wanted in result)

    def _kept(self, requests: list[_Request]) -> frozenset[DeliveryName]:
        """Outcomes are kept in memory and written again while the database is away: losing one costs a duplicate."""
        settled = [request.settled for request in requests if request.settled]
        wanted = [request.wanted for request in requests if request.wanted]
        for pause_s in self._pauses_s:
            try:
                return self._ledger.commit(settled, wanted)
            except StoreError as error:
                _log.warning("ledger_write_failed", outcomes=len(settled), error=str(error), again_in_s=pause_s)
                time.sleep(pause_s)
        return self._ledger.commit(settled, wanted)
