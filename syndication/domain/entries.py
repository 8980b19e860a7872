"""Entries: what config/ names, or the database holds, in the one form that can be written down."""

from dataclasses import dataclass

from syndication.domain.newsletters import Newsletter
from syndication.domain.pictures import Picture
from syndication.domain.sources import Source
from syndication.domain.states import Cadence
from syndication.domain.topics import Topic


@dataclass(frozen=True, slots=True)
class ScheduleEntry:
    """A schedule as it is written down; its slots are computed when it is saved.

    slug: its name among the newsletter's schedules; "" for that of its cadence, or of its place where several have one
    cadence and no name. review_minutes: how long before a slot its issue is composed, for an editor to look at; 0 for none.
    """

    cadence: Cadence
    cron: str
    zone: str
    review_minutes: int = 0
    enabled: bool = True
    slug: str = ""


@dataclass(frozen=True, slots=True)
class Entries:
    """Everything that is named. off: topics and sources that are switched off, as 'topic/SLUG' and 'source/SLUG'."""

    topics: tuple[Topic, ...] = ()
    sources: tuple[Source, ...] = ()
    newsletters: tuple[tuple[Newsletter, tuple[ScheduleEntry, ...]], ...] = ()
    pictures: tuple[Picture, ...] = ()
    off: frozenset[str] = frozenset()
