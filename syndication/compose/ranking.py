"""The stories of a window, ranked once for any number of choices.

A story ranks by `topic_fit * 0.5 ** (age / half-life) * (1 + log2(sources that tell it) / 2)`, and lower for being like one
that is listed already. It is listed once, under the chosen topic that it fits best, with the others that tell the same
beside it. An entry is a story under one topic; its number is its rank. Sets of stories and of entries are the bits of a
number, so what a choice holds, and which of it comes next, costs a few operations on whole numbers.
"""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from heapq import heappop, heappush
from math import log2
from types import MappingProxyType
from typing import Final, NamedTuple

from syndication.compose.likeness import likenesses
from syndication.domain.articles import Mention, Story
from syndication.domain.digests import Section, Selection
from syndication.domain.states import Cadence
from syndication.domain.topics import Topic
from syndication.domain.windows import Window

TOPIC_CAP: Final = 5
SOURCE_CAP: Final = 2
SOURCES_FOR_CAP: Final = 3
"""Fewer sources than this, and a cap for each of them would only make the digest shorter."""

CATCH_UP_CAP: Final = 12

_LIKENESS_COST: Final = 0.3 / 0.7
"""What being like a listed story costs, in shares of the strongest score: greedy MMR with lambda 0.7."""


class _Pace(NamedTuple):
    cap: int
    half_life: timedelta


_BRISK: Final = _Pace(9, timedelta(hours=12))
_CALM: Final = _Pace(12, timedelta(hours=72))
_PACES: Final = MappingProxyType(
    {Cadence.INSTANT: _BRISK, Cadence.DAILY: _BRISK, Cadence.WEEKLY: _CALM, Cadence.MONTHLY: _CALM}
)


class _Entry(NamedTuple):
    """Sorted, strongest first, ties by article id, then by order of sections. story, topic: positions."""

    weakness: float
    article_id: int
    topic: int
    story: int


class _Listed(NamedTuple):
    """A story of a section. also: the others that tell the same, as bits."""

    story: int
    also: int


@dataclass(slots=True)
class _Digest:
    """A digest that is being filled. due: the stories of the choice; told: listed or beside one that is.

    open: the entries that may still be listed. room: how many more stories each source may have.
    """

    due: int
    open: int
    total: int
    section_cap: int
    room: list[int]
    sections: dict[int, list[_Listed]] = field(default_factory=dict)
    ranked: list[int] = field(default_factory=list)
    told: int = 0


class Ranking:
    """Answers what readers of any topics get."""

    def __init__(
        self,
        stories: Iterable[Story],
        topics: Sequence[Topic],
        *,
        window: Window | None,
        cadence: Cadence,
        now: datetime,
        most: int = 0,
    ) -> None:
        """topics: all that can be chosen, in the order of sections. most: stories a digest lists, 0 for the cadence's own. The rest is as in `select.select`."""
        self._topics = topics
        self._pace = _PACES[cadence]
        self._most = most
        self._stories = [story for story in stories if window is None or window.holds(story.seq)]
        self._same = _same(self._stories)
        self._like = likenesses([story.title for story in self._stories])
        self._entries = sorted(self._all_entries(now))
        self._weakness = [entry.weakness for entry in self._entries]
        sources = {source: number for number, source in enumerate({story.source: None for story in self._stories})}
        self._source = [sources[story.source] for story in self._stories]
        self._due = dict.fromkeys((topic.slug for topic in topics), 0)
        self._under = dict(self._due)
        self._of_story = [0] * len(self._stories)
        self._of_source = [0] * len(sources)
        for number, entry in enumerate(self._entries):
            slug = topics[entry.topic].slug
            self._due[slug] |= 1 << entry.story
            self._under[slug] |= 1 << number
            self._of_story[entry.story] |= 1 << number
            self._of_source[self._source[entry.story]] |= 1 << number
        self._telling = [_union(self._of_story, same) for same in self._same]
        self._sections: dict[tuple[int, tuple[_Listed, ...]], Section] = {}

    def select(self, wanted: Collection[str], *, source_count: int, catch_up: bool = False) -> Selection:
        """What a digest lists for a reader of these topics (slugs); see `select.select`."""
        total = self._most or (CATCH_UP_CAP if catch_up else self._pace.cap)
        # A number that somebody chose can be reached with one topic, and with three sources.
        section_cap = self._most or TOPIC_CAP
        source_cap = max(SOURCE_CAP, -(-self._most // SOURCES_FOR_CAP)) if source_count >= SOURCES_FOR_CAP else total
        due = opened = 0
        for slug in wanted:
            due |= self._due.get(slug, 0)
            opened |= self._under.get(slug, 0)
        digest = _Digest(due, opened, total, section_cap, [source_cap] * len(self._of_source))
        self._fill(digest)
        return Selection(
            sections=tuple(self._section(topic, listed) for topic, listed in sorted(digest.sections.items())),
            more=(due & ~digest.told).bit_count(),
            catch_up=catch_up,
            ranked=tuple(self._stories[story].article_id for story in digest.ranked),
        )

    def _fill(self, digest: _Digest) -> None:
        """List entries from the strongest on, until the digest is full or nothing is left."""
        later: list[tuple[int, int]] = []
        postponed = 0
        while len(digest.ranked) < digest.total:
            fresh = digest.open & ~postponed
            if later and (not fresh or later[0][0] <= _lowest(fresh)):
                rank, number = heappop(later)
                postponed ^= 1 << number
            elif fresh:
                rank = number = _lowest(fresh)
            else:
                return
            entry = self._entries[number]
            beside = self._rank_beside(entry, digest) if self._like[entry.story] else rank
            if beside > rank:
                heappush(later, (beside, number))
                postponed |= 1 << number
            elif digest.open >> number & 1:
                self._offer(entry, digest)

    def _offer(self, entry: _Entry, digest: _Digest) -> None:
        """List a story, unless its section is full; then it is not listed elsewhere either."""
        section = digest.sections.setdefault(entry.topic, [])
        if len(section) == digest.section_cap:
            digest.open &= ~self._of_story[entry.story]
            return
        told = self._same[entry.story] & digest.due
        section.append(_Listed(entry.story, told & ~(1 << entry.story)))
        digest.ranked.append(entry.story)
        digest.told |= told
        digest.open &= ~self._telling[entry.story]
        source = self._source[entry.story]
        digest.room[source] -= 1
        if not digest.room[source]:
            digest.open &= ~self._of_source[source]

    def _rank_beside(self, entry: _Entry, digest: _Digest) -> int:
        """The rank of an entry beside what is listed: the lower, the more it is like one of them."""
        alike = max((share for story, share in self._like[entry.story].items() if story in digest.ranked), default=0.0)
        return bisect_left(self._weakness, entry.weakness - _LIKENESS_COST * alike * self._weakness[0]) if alike else 0

    def _all_entries(self, now: datetime) -> Iterator[_Entry]:
        positions = {topic.slug: position for position, topic in enumerate(self._topics)}
        tellers = [len({self._stories[other].source for other in _bits(same)}) for same in self._same]
        for number, story in enumerate(self._stories):
            age = max(now - story.first_seen_at, timedelta(0))
            strength = 0.5 ** (age / self._pace.half_life) * (1 + log2(tellers[number]) / 2)
            for reason in story.reasons:
                if reason.topic in positions:
                    yield _Entry(-reason.score * strength, story.article_id, positions[reason.topic], number)

    def _section(self, position: int, listed: Sequence[_Listed]) -> Section:
        key = (position, tuple(listed))
        if key not in self._sections:
            topic = self._topics[position]
            self._sections[key] = Section(topic.slug, topic.title, tuple(self._shown(*each) for each in listed))
        return self._sections[key]

    def _shown(self, number: int, also: int) -> Story:
        others = sorted((self._stories[other] for other in _bits(also)), key=lambda story: story.seq or 0)
        mentions = (Mention(other.article_id, other.uid, other.url, other.source_title) for other in others)
        return replace(self._stories[number], also=tuple(mentions)) if also else self._stories[number]


def _same(stories: Sequence[Story]) -> list[int]:
    """For each story the ones that tell the same event, itself included, as bits."""
    groups: dict[int, int] = {}
    for number, story in enumerate(stories):
        if story.story_id is not None:
            groups[story.story_id] = groups.get(story.story_id, 0) | 1 << number
    return [1 << number if story.story_id is None else groups[story.story_id] for number, story in enumerate(stories)]


def _union(sets: Sequence[int], chosen: int) -> int:
    """What any of the chosen sets holds."""
    found = 0
    for number in _bits(chosen):
        found |= sets[number]
    return found


def _bits(number: int) -> Iterator[int]:
    """The positions of the bits that are set."""
    while number:
        yield _lowest(number)
        number &= number - 1


def _lowest(number: int) -> int:
    """The position of the lowest bit that is set."""
    return (number & -number).bit_length() - 1
