"""How feeds are read: counts a feed, day and program. No address of anybody is ever among them."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Select, Subquery, case, func, literal, select
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


class Asked(NamedTuple):
    """How often something was asked for. what: a feed's path, a day, or a program, as the caller wanted it.

    people: the most on one day: readers seen themselves, and those that aggregators say they read for.
    """

    what: Any
    requests: int
    unmodified: int
    people: int

    @property
    def unmodified_share(self) -> float:
        """Of the requests, 0 to 1."""
        return self.unmodified / self.requests if self.requests else 0.0


def asked_feeds(session: Session, day: date, limit: int) -> list[Asked]:
    """The feeds (paths) that were asked for since a day, the most asked for first."""
    days = _by_day(col(FeedReadingRow.path), day).subquery()
    return _summed_over(session, days, limit)


def asked_days(session: Session, day: date, path: str = "") -> list[Asked]:
    """The days since a day on which anything was asked for, oldest first. path: only this feed."""
    rows = session.execute(_by_day(literal(""), day, path).order_by(col(FeedReadingRow.day)))
    return [Asked(at, requests, unmodified, people) for _, at, requests, unmodified, people in rows]


def asked_programs(session: Session, day: date, limit: int, path: str = "") -> list[Asked]:
    """The programs that asked since a day, those that asked most often first. path: for this feed only."""
    days = _by_day(col(FeedReadingRow.agent), day, path).subquery()
    return _summed_over(session, days, limit)


def _by_day(what: Any, day: date, path: str = "") -> Select[Any]:  # noqa: ANN401 - a column of text, or a text
    row = FeedReadingRow
    people = case((col(row.subscribers) > 0, col(row.subscribers)), else_=col(row.readers))
    sums = (func.sum(col(row.requests)), func.sum(col(row.unmodified)), func.sum(people))
    named = (total.label(name) for total, name in zip(sums, Asked._fields[1:], strict=True))
    wanted = select(what.label("what"), col(row.day), *named).where(col(row.day) >= day).group_by(what, col(row.day))
    return wanted.where(col(row.path) == path) if path else wanted


def _summed_over(session: Session, days: Subquery, limit: int) -> list[Asked]:
    sums = func.sum(days.c.requests).label("requests"), func.sum(days.c.unmodified), func.max(days.c.people)
    wanted = select(days.c.what, *sums).group_by(days.c.what).order_by(sums[0].desc(), days.c.what).limit(limit)
    return [
        Asked(what, int(requests), int(unmodified), int(people))
        for what, requests, unmodified, people in session.execute(wanted)
    ]
