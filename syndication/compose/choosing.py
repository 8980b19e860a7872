"""Stories of an issue + what readers chose → selections, each made once.

Readers differ by their start, their language and their topics. What they get depends on less: on the topics that have
news since their start. That is their effective choice, and one selection serves all who share one.
"""

import hashlib
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from syndication.compose.ranking import Ranking
from syndication.domain.articles import Story
from syndication.domain.digests import Selection
from syndication.domain.states import Cadence
from syndication.domain.topics import Topic
from syndication.domain.windows import Window, is_catch_up


@dataclass(frozen=True, slots=True)
class IssueFacts:
    """What all digests of an issue share.

    topics: of the newsletter, in the order of its sections. end: of every window. at: aware UTC; ages count from it.
    template: the hash of the template's version. most_stories: as of the newsletter.
    """

    topics: tuple[Topic, ...]
    end: int
    cadence: Cadence
    at: datetime
    source_count: int
    template: str
    most_stories: int = 0


@dataclass(frozen=True, slots=True)
class Chosen:
    """A selection. content_hash: of all that shapes its body: items in order, sections, language, template version."""

    selection: Selection
    language: str
    content_hash: str


class Chooser:
    """Answers what readers get. Ask in order of start and language: only the latest pair's ranking is kept."""

    def __init__(self, facts: IssueFacts, stories: Mapping[str, Sequence[Story]]) -> None:
        """Take the stories by language, each in order of seq and from the earliest start on."""
        self._facts = facts
        self._stories = stories
        self._made: dict[frozenset[str], Chosen] = {}
        self._window: _Ranked | None = None

    def choose(self, start: int, language: str, topics: frozenset[str]) -> Chosen | None:
        """What a reader gets who was served up to `start`; None when there is nothing new in their topics (slugs)."""
        if self._window is None or (self._window.start, self._window.language) != (start, language):
            self._window = _Ranked(self._facts, self._stories[language], start, language)
            self._made = {}
        effective = topics.intersection(self._window.oldest)
        if not effective:
            return None
        if effective not in self._made:
            self._made[effective] = self._window.choose(effective)
        return self._made[effective]

    def articles(self, starts: Mapping[str, int]) -> list[int]:
        """The ids of all articles that somebody may get. starts: the earliest start of any reader, by topic (slug)."""
        stories = next(iter(self._stories.values()), ())
        return [story.article_id for story in stories if self._is_wanted(story, starts)]

    def _is_wanted(self, story: Story, starts: Mapping[str, int]) -> bool:
        return any(
            reason.topic in starts and Window(starts[reason.topic], self._facts.end).holds(story.seq)
            for reason in story.reasons
        )


class _Ranked:
    """The stories after one start, ranked. oldest: when the oldest story of each topic with news was first seen."""

    def __init__(self, facts: IssueFacts, stories: Sequence[Story], start: int, language: str) -> None:
        self.start = start
        self.language = language
        self._facts = facts
        window = Window(start, facts.end)
        first = bisect_right(stories, start, key=lambda story: story.seq or 0)
        inside = [story for story in stories[first:] if window.holds(story.seq)]
        self._ranking = Ranking(
            inside, facts.topics, window=window, cadence=facts.cadence, now=facts.at, most=facts.most_stories
        )
        found: dict[str, datetime] = {}
        for story in inside:
            for reason in story.reasons:
                found[reason.topic] = min(found.get(reason.topic, story.first_seen_at), story.first_seen_at)
        self.oldest = {topic.slug: found[topic.slug] for topic in facts.topics if topic.slug in found}

    def choose(self, effective: frozenset[str]) -> Chosen:
        facts = self._facts
        oldest = min(self.oldest[slug] for slug in effective)
        selection = self._ranking.select(
            effective, source_count=facts.source_count, catch_up=is_catch_up(facts.cadence, oldest, facts.at)
        )
        return Chosen(selection, self.language, _content_hash(selection, self.language, facts.template))


def _content_hash(selection: Selection, language: str, template: str) -> str:
    parts = [f"{section.topic}\0{section.title}\0{section.key}" for section in selection.sections]
    shape = "\0".join((*parts, repr(selection.ranked), f"{selection.more} {selection.catch_up}", language, template))
    return hashlib.sha256(shape.encode()).hexdigest()
