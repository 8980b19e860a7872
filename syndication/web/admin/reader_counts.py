"""How many readers there are, for pages that say so each time they are opened."""

from datetime import datetime, timedelta
from typing import Final

from sqlmodel import Session

from syndication.store.finding import Counted, count_readers

MANY: Final = 100_000
KEPT: Final = timedelta(seconds=10)


class ReaderCounts:
    """Remembers the counts of a large list for ten seconds (ADR 46); a smaller one is counted each time, exactly."""

    def __init__(self, many: int = MANY) -> None:
        """many: subscriptions from which on counts are remembered."""
        self._many = many
        self._kept: tuple[datetime, list[Counted]] | None = None

    def of(self, session: Session, now: datetime) -> list[Counted]:
        """What `count_readers` answers, or answered at most ten seconds ago. now: aware UTC."""
        kept = self._kept
        if kept and timedelta(0) <= now - kept[0] < KEPT:
            return kept[1]
        counted = count_readers(session, now)
        is_large = sum(one.number for one in counted) >= self._many
        self._kept = (now, counted) if is_large else None
        return counted
