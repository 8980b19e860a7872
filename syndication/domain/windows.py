"""Windows: which articles a reader has not had yet. Source: architecture, section 2.

A window is (start, end] over `article.seq`. A subscription's own start is None for nearly everyone: their window is
the issue's. The laws below keep the windows of one subscription disjoint, so nothing is mailed twice, and gapless
where no digest was served, so nothing is lost.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from syndication.domain.states import SERVED, Cadence, DeliveryState

CADENCE_SPAN: Final = MappingProxyType(
    {
        Cadence.INSTANT: timedelta(hours=1),
        Cadence.DAILY: timedelta(days=1),
        Cadence.WEEKLY: timedelta(days=7),
        Cadence.MONTHLY: timedelta(days=31),
    }
)
CATCH_UP_AFTER: Final = 2
"""A window older than this many cadences is a catch-up. Source: architecture, section 2, rule 7."""


@dataclass(frozen=True, slots=True)
class Window:
    """The articles with start < seq <= end."""

    start: int
    end: int

    def holds(self, seq: int | None) -> bool:
        """Whether an article is in this window; history (no seq) never is."""
        return seq is not None and self.start < seq <= self.end


def window_of(own_start: int | None, issue: Window) -> Window:
    """A subscription's window in an issue: the issue's, unless it has a start of its own."""
    return issue if own_start is None else Window(own_start, issue.end)


def start_when_leaving_schedule(own_start: int | None, last_cut: int, waiting_start: int | None) -> int:
    """The own start of a reader who pauses or changes schedule.

    last_cut: what their schedule has served up to. waiting_start: start of a digest that was waiting and is now
    cancelled, None when none was.
    """
    if waiting_start is not None:
        return waiting_start
    return last_cut if own_start is None else own_start


def start_after(ended: DeliveryState, *, blameless: bool, digest: Window, own_start: int | None) -> int | None:
    """The own start of a reader once their delivery ended.

    blameless: the reader had no part in the failure (a fault of the message or the sender).
    digest: the window the digest covered.
    """
    lost = ended in {DeliveryState.EXPIRED, DeliveryState.CANCELLED} or (ended is DeliveryState.FAILED and blameless)
    if lost:
        return digest.start
    if ended in SERVED and own_start is not None:
        return digest.end
    return own_start


def is_catch_up(cadence: Cadence, oldest: datetime, now: datetime) -> bool:
    """Whether a window whose oldest article was first seen at `oldest` is served as 'while you were away'."""
    return now - oldest > CATCH_UP_AFTER * CADENCE_SPAN[cadence]
