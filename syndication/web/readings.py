"""Who reads the feeds: counted in memory while they are served, written down in batches, without any address."""

import re
import secrets
from collections import Counter
from datetime import date, datetime
from typing import Final

from syndication.store.database import Database
from syndication.store.readings import Reading, add_readings

_MOST_WAITING: Final = 20_000
_MOST_KNOWN: Final = 200_000
_MOST_AGENTS: Final = 200
_SUBSCRIBERS: Final = re.compile(r"(\d{1,9}) (?:subscriber|reader)", re.IGNORECASE)
_PROGRAM: Final = re.compile(r"[A-Za-z][\w .!-]{0,40}?(?=/|\s+[\w-]+:|\s*\(|\s+-|\s+\d|;|,|$)")
_BROWSER: Final = re.compile(r"\b(Firefox|Edg|OPR|Chrome|Safari)/")
_PRIVATE: Final = "/feeds/me/"
OTHER: Final = "other"

Seen = tuple[str, bytes, bytes, int]
"""A request: path, who asked (their address, until it is counted), user agent, status."""


class Readings:
    """Counts requests. `note` is all that a request costs; `flush` is called every few seconds from another thread."""

    def __init__(self) -> None:
        self._waiting: Counter[Seen] = Counter()
        self._known: set[int] = set()
        self._day: date | None = None
        self._salt = b""

    def note(self, path: str, client: bytes, agent: bytes, status: int) -> None:
        """Count a request that was answered with 200 or 304. Threads may overtake each other: one in a million is lost."""
        key = path, client, agent, status
        if len(self._waiting) < _MOST_WAITING or key in self._waiting:
            self._waiting[key] += 1
        else:
            self._waiting[path, b"", b"", status] += 1

    def flush(self, database: Database, now: datetime) -> None:
        """Write down what was counted since the last call. Raises DatabaseError, and keeps the counts for the next."""
        if not self._waiting:
            return
        taken, self._waiting = self._waiting, Counter()
        try:
            with database.write() as session:
                add_readings(session, self._summed(taken, now.date()))
        except BaseException:
            self._waiting.update(taken)
            raise

    def _summed(self, taken: Counter[Seen], day: date) -> list[Reading]:
        if day != self._day:
            # A new salt each day: what is kept in memory of one day says nothing about the next.
            self._day, self._salt, self._known = day, secrets.token_bytes(16), set()
        sums: dict[tuple[str, str], list[int]] = {}
        for (path, client, agent, status), number in taken.items():
            name = program_of(agent)
            feed = _PRIVATE.rstrip("/") if path.startswith(_PRIVATE) else path
            if (feed, name) not in sums and len(sums) >= _MOST_AGENTS * 10:
                name = OTHER
            row = sums.setdefault((feed, name), [0, 0, 0, 0])
            row[0] += number
            row[1] += number if status == 304 else 0  # noqa: PLR2004 - not modified
            row[2] += self._is_new(feed, client, name)
            row[3] = max(row[3], subscribers_of(agent))
        return [Reading(feed, day, name, *row) for (feed, name), row in sorted(sums.items())]

    def _is_new(self, feed: str, client: bytes, agent: str) -> bool:
        mark = hash((self._salt, feed, client, agent))
        if mark in self._known or len(self._known) >= _MOST_KNOWN:
            return False
        self._known.add(mark)
        return True


def program_of(user_agent: bytes) -> str:
    """The program's name without its version: 'Feedly', 'newsboat', 'Firefox'; 'other' when it does not say."""
    words = user_agent.decode("latin-1").strip()
    if words.startswith("Mozilla/"):
        compatible = re.search(r"compatible;\s*([A-Za-z][\w.-]{0,40})", words)
        browser = _BROWSER.search(words)
        return compatible[1] if compatible else browser[1] if browser else OTHER
    found = _PROGRAM.match(words)
    return found[0].strip() if found else OTHER


def subscribers_of(user_agent: bytes) -> int:
    """For how many people an aggregator says that it reads, 0 when it does not say."""
    found = _SUBSCRIBERS.search(user_agent.decode("latin-1"))
    return int(found[1]) if found else 0
