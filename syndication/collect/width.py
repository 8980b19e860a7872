"""How many visits go on at once: as few as keep this program busy, more while they wait for the network. Pure."""

from typing import Final

_IDLE: Final = 0.5
_RESTED: Final = 0.7
_BUSY: Final = 0.85


def next_width(width: int, least: int, most: int, share: float) -> int:
    """How many visits shall go on at once, while more of them wait for their turn.

    share: of the time since the last look in which this program had something to do for its visits. While it mostly
    waited, slow hosts or documents hold the threads: twice as many go on, one more while it had some rest. While it had
    none, further threads would only take the interpreter's lock from each other: a quarter less go on.
    """
    if share < _RESTED:
        return min(width * 2 if share < _IDLE else width + 1, most)
    return max(width - max(width // 4, 1), least) if share > _BUSY else width
