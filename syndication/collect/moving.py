"""A source whose server says that it moved for good: believed after proof, and only within its own site. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

_SUCCESSES: Final = 3
_LASTING: Final = timedelta(hours=48)


@dataclass(frozen=True, slots=True)
class Move:
    """What has been heard of a move. since_at: aware UTC, when the target was first named. successes: visits there."""

    target: str
    since_at: datetime
    successes: int = 0


def heard_again(earlier: Move | None, target: str, now: datetime, *, is_same_feed: bool) -> Move | None:
    """What is known of the move after a visit that went well; None when nothing moved.

    A target that changes, or that holds other articles than the source did, begins anew.
    """
    if not target:
        return None
    if earlier is None or earlier.target != target or not is_same_feed:
        return Move(target, now, 1 if is_same_feed else 0)
    return replace(earlier, successes=earlier.successes + 1)


def is_proved(move: Move, now: datetime, *, is_same_site: bool) -> bool:
    """Whether the new address may be used without asking: three visits over two days, within the registrable domain."""
    return is_same_site and move.successes >= _SUCCESSES and now - move.since_at >= _LASTING


def is_same_feed(known: int, items: int) -> bool:
    """Whether at least half of what was read there is known."""
    return items > 0 and known * 2 >= items
