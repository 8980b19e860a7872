"""The stories of a window, ranked once for any number of choices.

A story ranks by `topic_fit * 0.5 ** (age / half-life) * (1 + log2(sources that tell it) / 2)`, and lower for being like one
that is listed already. It is listed once, under the chosen topic that it fits best, with the others that tell the same
beside it. An entry is a story under one topic; its number is its rank, so a choice costs a merge of whole numbers.
Sets of stories are the bits of a number.
"""

from bisect import bisect_left
from collections import Counter
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
    """A digest that is being filled. due: the stories of the choice; met: those looked at; told: listed or beside one."""

    due: int
    total: int
    source_cap: int
    sections: dict[int, list[_Listed]] = field(default_factory=dict)
    ranked: list[int] = field(default_factory=list)
    sources: Counter[str] = field(default_factory=Counter)
    met: int = 0
    told: int = 0

    def offer(self, entry: _Entry, source: str, same: int) -> None:
        """List a story where the caps let it; `same`: the stories that tell the same, this one included."""
        bit = 1 << entry.story
        self.met |= bit
        section = self.sections.setdefault(entry.topic, [])
        if len(section) < TOPIC_CAP and self.sources[source] < self.source_cap:
            section.append(_Listed(entry.story, same & self.due & ~bit))
            self.sources[source] += 1
            self.ranked.append(entry.story)
            self.told |= same & self.due


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
    ) -> None:
        """topics: all that can be chosen, in the order of sections. The rest is as in `select.select`."""
        self._topics = topics
        self._pace = _PACES[cadence]
        self._stories = [story for story in stories if window is None or window.holds(story.seq)]
        self._same = _same(self._stories)
        self._like = likenesses([story.title for story in self._stories])
        self._entries = sorted(self._all_entries(now))
        self._bits = [1 << entry.story for entry in self._entries]
        self._sources = len({story.source for story in self._stories})
        self._weakness = [entry.weakness for entry in self._entries]
        self._by_topic: dict[str, list[int]] = {topic.slug: [] for topic in topics}
        self._due = dict.fromkeys(self._by_topic, 0)
        for number, entry in enumerate(self._entries):
            slug = topics[entry.topic].slug
            self._by_topic[slug].append(number)
            self._due[slug] |= 1 << entry.story
        self._sections: dict[tuple[int, tuple[_Listed, ...]], Section] = {}

    def select(self, wanted: Collection[str], *, source_count: int, catch_up: bool = False) -> Selection:
        """What a digest lists for a reader of these topics (slugs); see `select.select`."""
        total = CATCH_UP_CAP if catch_up else self._pace.cap
        source_cap = SOURCE_CAP if source_count >= SOURCES_FOR_CAP else total
        due, numbers = 0, []
        for slug, entries in self._by_topic.items():
            if slug in wanted:
                due |= self._due[slug]
                numbers += entries
        digest = _Digest(due, min(total, source_cap * self._sources), source_cap)
        self._fill(digest, numbers)
        return Selection(
            sections=tuple(self._section(topic, listed) for topic, listed in sorted(digest.sections.items()) if listed),
            more=(due & ~digest.told).bit_count(),
            catch_up=catch_up,
            ranked=tuple(self._stories[story].article_id for story in digest.ranked),
        )

    def _fill(self, digest: _Digest, numbers: list[int]) -> None:
        """List entries from the strongest on, until the digest is full or nothing is left."""
        numbers.sort(reverse=True)
        later: list[tuple[int, int]] = []
        bits = self._bits
        while (numbers or later) and len(digest.ranked) < digest.total:
            if numbers and (digest.met | digest.told) & bits[numbers[-1]]:
                numbers.pop()
                continue
            if not numbers or (later and later[0][0] <= numbers[-1]):
                rank, number = heappop(later)
            else:
                rank = number = numbers.pop()
            entry = self._entries[number]
            beside = self._rank_beside(entry, digest) if self._like[entry.story] else rank
            if beside > rank:
                heappush(later, (beside, number))
            elif not (digest.met | digest.told) & bits[number]:
                digest.offer(entry, self._stories[entry.story].source, self._same[entry.story])

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


def _bits(number: int) -> Iterator[int]:
    """The positions of the bits that are set."""
    while number:
        yield (number & -number).bit_length() - 1
        number &= number - 1
