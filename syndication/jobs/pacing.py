"""The limits of a lane → when the next mail may leave. Over a limit, mails wait; none is dropped."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from syndication.domain.delivery import Reply
from syndication.store.database import Database
from syndication.store.lanes import Caps, Permit, give_back, reserve

_MOST_AT_ONCE: Final = 100
_STOP_CHECK_S: Final = 0.25


class Pace:
    """One run's share of a lane. Implements `domain.seams.Gate`. until: why and how long nothing leaves, None: it may."""

    def __init__(self, database: Database, lane: str, caps: Caps, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._lane = lane
        self._caps = caps
        self._clock = clock
        self._turn = asyncio.Lock()
        self._permit: Permit | None = None
        self._left = 0
        self._next_at = clock()
        self.until: datetime | None = None

    async def admit(self, stop: Callable[[], bool]) -> Reply | None:
        """Wait until a mail may leave; the reason when none may for now."""
        async with self._turn:
            while self._left == 0 and self.until is None:
                await self._reserve()
            if self.until is not None:
                return Reply(0, "", f"The limit of {self._permit.limit if self._permit else ''} is reached")
            await self._wait(stop)
            if stop():
                return None
            self._left -= 1
            if self._caps.per_second:
                self._next_at = max(self._next_at, self._clock()) + timedelta(seconds=1 / self._caps.per_second)
        return None

    def end(self) -> None:
        """Give back what was not used."""
        if self._permit and self._left:
            give_back(self._database, self._lane, self._permit, self._left)
        self._left = 0

    async def _reserve(self) -> None:
        wanted = max(1, min(_MOST_AT_ONCE, int(self._caps.per_second or _MOST_AT_ONCE)))
        self._permit = await asyncio.to_thread(reserve, self._database, self._lane, self._caps, wanted, self._clock())
        self._left = self._permit.mails
        if self._left:
            self._next_at = self._permit.begin
        else:
            self.until = self._permit.begin

    async def _wait(self, stop: Callable[[], bool]) -> None:
        """Until the next mail's turn; a stop is noticed soon."""
        wait_s = (self._next_at - self._clock()).total_seconds()
        while wait_s > 0 and not stop():
            await asyncio.sleep(min(wait_s, _STOP_CHECK_S))
            wait_s -= _STOP_CHECK_S
