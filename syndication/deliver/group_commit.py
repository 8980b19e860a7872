"""Outcomes and take-offs of many connections → few transactions.

While one transaction is being written, what the connections want next gathers; then it is written as one. The outcome
of a connection's last mail and the take-off of its next one travel together, so no connection ever has more than one
mail whose fate is not on the disk.
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, Self

import structlog

from syndication.domain.delivery import DeliveryName, Settled
from syndication.domain.errors import StoreError
from syndication.domain.seams import Ledger

_log = structlog.get_logger()
# About half a minute: longer than a database restarts, shorter than a lease.
_PAUSES_S: Final = (0.1, 0.3, 1.0, 3.0, 8.0, 15.0)


@dataclass(frozen=True, slots=True)
class _Request:
    settled: Settled | None
    wanted: DeliveryName | None
    answer: asyncio.Future[bool]


class GroupCommit:
    """The one writer beside an event loop. Use it as a context manager."""

    def __init__(self, ledger: Ledger, pauses_s: Sequence[float] = _PAUSES_S) -> None:
        self._ledger = ledger
        self._pauses_s = pauses_s
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ledger")
        self._requests: list[_Request] = []
        self._writer: asyncio.Task[None] | None = None

    def __enter__(self) -> Self:
        """Ready at once."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let the writer's thread go."""
        self._thread.shutdown()

    async def commit(self, settled: Settled | None, wanted: DeliveryName | None) -> bool:
        """Record an outcome and ask for a take-off, either may be None; whether the wanted mail may leave.

        Raises StoreError when the database stays away; then nothing may leave, and what is in flight is found later.
        """
        loop = asyncio.get_running_loop()
        request = _Request(settled, wanted, loop.create_future())
        self._requests.append(request)
        if self._writer is None:
            self._writer = loop.create_task(self._write())
        return await request.answer

    async def _write(self) -> None:
        while self._requests:
            requests, self._requests = self._requests, []
            try:
                granted = await self._kept(requests)
            except Exception as error:  # noqa: BLE001 - handed to everybody who waits for it
                for request in requests:
                    request.answer.set_exception(error)
            else:
                for request in requests:
                    request.answer.set_result(request.wanted in granted)
        self._writer = None

    async def _kept(self, requests: list[_Request]) -> frozenset[DeliveryName]:
        """Outcomes are kept in memory and written again while the database is away: losing one costs a duplicate."""
        loop = asyncio.get_running_loop()
        settled = [request.settled for request in requests if request.settled]
        wanted = [request.wanted for request in requests if request.wanted]
        for pause_s in self._pauses_s:
            try:
                return await loop.run_in_executor(self._thread, self._ledger.commit, settled, wanted)
            except StoreError as error:
                _log.warning("ledger_write_failed", outcomes=len(settled), error=str(error), again_in_s=pause_s)
                await asyncio.sleep(pause_s)
        return await loop.run_in_executor(self._thread, self._ledger.commit, settled, wanted)
