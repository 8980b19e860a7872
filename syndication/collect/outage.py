"""Many hosts silent at once: our own network is down, and no source is to blame. Pure but for what it remembers."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

_WINDOW: Final = timedelta(minutes=5)
_HOSTS: Final = 3
_REMEMBERED: Final = 200


@dataclass(slots=True)
class Outage:
    """Remembers which hosts answered in the last five minutes, at most 200 visits."""

    _blamed: list[tuple[datetime, Any]] = field(default_factory=list)
    _heard: deque[tuple[datetime, str, bool]] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))

    def note(self, host: str, now: datetime, *, answered: bool) -> None:
        """Remember how a visit to a host ended. An answer of any status is an answer."""
        self._heard.append((now, host, answered))

    def is_ours(self, now: datetime) -> bool:
        """Whether more than half of the hosts visited, and at least three, said nothing: then nobody is blamed."""
        while self._heard and now - self._heard[0][0] > _WINDOW:
            self._heard.popleft()
        last = {host: answered for _, host, answered in self._heard}
        silent = sum(not answered for answered in last.values())
        return silent >= _HOSTS and silent * 2 > len(last)

    def blame(self, whom: Any, now: datetime) -> None:  # noqa: ANN401 - the caller's own, handed back as it is
        """Remember who was blamed for silence, until it shows whose fault it was."""
        self._blamed = [(at, one) for at, one in self._blamed if now - at <= _WINDOW][-_REMEMBERED:]
        self._blamed.append((now, whom))

    def forgive(self) -> list[Any]:
        """Those that were blamed in the last five minutes; each once."""
        forgiven = [whom for _, whom in self._blamed]
        self._blamed.clear()
        return forgiven
