"""How many rows fit into one transaction, so that no write lock is held longer than 250 ms on any machine."""

import time
from dataclasses import dataclass, field
from typing import Final

_LONG_S: Final = 0.15
_SHORT_S: Final = 0.06


@dataclass(slots=True)
class Stride:
    """A chunk's size that follows the time the last chunk took: doubles while it is short, halves when it is long."""

    size: int
    least: int
    most: int
    _begun_s: float = field(default=0.0, init=False)

    def begin(self) -> None:
        """The transaction has its lock."""
        self._begun_s = time.monotonic()

    def end(self) -> None:
        """The transaction is committed."""
        seconds = time.monotonic() - self._begun_s
        if seconds > _LONG_S:
            self.size = max(self.least, self.size // 2)
        elif seconds < _SHORT_S:
            self.size = min(self.most, self.size * 2)
