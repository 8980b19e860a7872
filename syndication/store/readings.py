"""How feeds are read: counts a feed, day and program. No address of anybody is ever among them."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col

from syndication.store.tables import FeedReadingRow


class Reading(NamedTuple):
    """What one kind of program asked of one feed on one day; see `FeedReadingRow`."""

    path: str
    day: date
    agent: str
    requests: int
    unmodified: int
    readers: int
    subscribers: int


def add_readings(session: Session, readings: Iterable[Reading]) -> None:
    """Add to what is counted already; the number of subscribers is the largest that was told."""
    rows = [reading._asdict() for reading in readings]
    if not rows:
        return
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    insert: Any = (sqlite.insert if is_sqlite else postgresql.insert)(FeedReadingRow)
    new, old = insert.excluded, FeedReadingRow
    most = func.max if is_sqlite else func.greatest
    added = {name: getattr(old, name) + new[name] for name in ("requests", "unmodified", "readers")}
    added["subscribers"] = most(col(old.subscribers), new.subscribers)
    session.execute(insert.on_conflict_do_update(index_elements=["path", "day", "agent"], set_=added), rows)


def readings_since(session: Session, day: date, path: str = "") -> list[Reading]:
    """All readings from a day on, newest day first, then the feed most asked for. path: only this feed."""
    columns = [col(getattr(FeedReadingRow, name)) for name in Reading._fields]
    wanted = select(*columns).where(col(FeedReadingRow.day) >= day)
    if path:
        wanted = wanted.where(col(FeedReadingRow.path) == path)
    ordered = wanted.order_by(col(FeedReadingRow.day).desc(), col(FeedReadingRow.requests).desc(), *columns[::2])
    return [Reading(*row) for row in session.execute(ordered)]


class FeedDay(NamedTuple):
    """One feed on one day. subscribers: readers seen themselves, and those that aggregators read for."""

    path: str
    day: date
    requests: int
    unmodified_share: float
    readers: int
    subscribers: int
    agents: tuple[str, ...]


def by_feed(readings: Sequence[Reading]) -> list[FeedDay]:
    """Readings summed over programs, in the order they come. agents: those that asked most often first."""
    groups: dict[tuple[date, str], list[Reading]] = {}
    for reading in readings:
        groups.setdefault((reading.day, reading.path), []).append(reading)
    return [_summed(day, path, group) for (day, path), group in groups.items()]


def _summed(day: date, path: str, group: Sequence[Reading]) -> FeedDay:
    requests = sum(reading.requests for reading in group)
    subscribers = sum(reading.subscribers or reading.readers for reading in group)
    unmodified = sum(reading.unmodified for reading in group)
    agents = tuple(reading.agent for reading in sorted(group, key=lambda reading: (-reading.requests, reading.agent)))
    readers = sum(reading.readers for reading in group)
    return FeedDay(path, day, requests, round(unmodified / requests, 3), readers, subscribers, agents)
