"""Stories → selection: which of them a reader's digest lists, under which topic, in which order.

Ranking is `topic_fit * 0.5 ** (age / half-life)`. Each story is listed once, under the chosen topic that it fits best.
What the caps leave out is counted, so that nothing disappears.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from operator import itemgetter
from types import MappingProxyType
from typing import Final, NamedTuple

from syndication.domain.articles import Story
from syndication.domain.digests import Section, Selection
from syndication.domain.states import Cadence
from syndication.domain.topics import Topic
from syndication.domain.windows import Window

TOPIC_CAP: Final = 5
SOURCE_CAP: Final = 2
SOURCES_FOR_CAP: Final = 3
"""Fewer sources than this, and a cap for each of them would only make the digest shorter."""

CATCH_UP_CAP: Final = 12
WELCOME_CAP: Final = 7
WELCOME_AGE: Final = timedelta(days=30)


class _Pace(NamedTuple):
    cap: int
    half_life: timedelta


_BRISK: Final = _Pace(9, timedelta(hours=12))
_CALM: Final = _Pace(12, timedelta(hours=72))
_PACES: Final = MappingProxyType(
    {Cadence.INSTANT: _BRISK, Cadence.DAILY: _BRISK, Cadence.WEEKLY: _CALM, Cadence.MONTHLY: _CALM}
)


class _Candidate(NamedTuple):
    """A story under one topic; the first three sort it: strongest first, ties by article id, then by order of sections."""

    weakness: float
    article_id: int
    position: int
    story: Story


class _Caps(NamedTuple):
    total: int
    topic: int
    source: int


def select(  # noqa: PLR0913 - everything that decides is an argument
    stories: Iterable[Story],
    topics: Sequence[Topic],
    *,
    window: Window | None,
    cadence: Cadence,
    now: datetime,
    source_count: int,
    catch_up: bool = False,
) -> Selection:
    """What a digest lists for a reader of these topics, which are in the newsletter's order of sections.

    window: stories outside are not counted either; None lets all in, history too. now: aware UTC; ranking ages stories
    from when we first saw them. source_count: how many sources the newsletter has. Source: architecture, section 2, rules 7
    and 9.
    """
    return Ranking(stories, window=window, cadence=cadence, now=now).select(
        topics, source_count=source_count, catch_up=catch_up
    )


def select_welcome(stories: Iterable[Story], topics: Sequence[Topic], now: datetime) -> Selection:
    """What a welcome digest lists: the newest 7 stories of these topics, at most 30 days old, history included.

    A story's date is when it came out, or when we first saw it if that was earlier. Source: architecture, section 2, rule 8.
    """
    candidates = (
        _Candidate(-_came_out(story).timestamp(), story.article_id, _best_topic(story, topics), story)
        for story in stories
        if now - _came_out(story) <= WELCOME_AGE and any(story.reason_for(topic.slug) for topic in topics)
    )
    return _listed(_in_order(candidates), topics, _Caps(WELCOME_CAP, WELCOME_CAP, WELCOME_CAP))


class Ranking:
    """Stories ranked once for any number of choices; `select` is for a single one."""

    def __init__(self, stories: Iterable[Story], *, window: Window | None, cadence: Cadence, now: datetime) -> None:
        self._pace = _PACES[cadence]
        self._by_topic: dict[str, list[tuple[float, int, Story]]] = {}
        for story in stories:
            if window is None or window.holds(story.seq):
                self._rank(story, now)

    def select(self, topics: Sequence[Topic], *, source_count: int, catch_up: bool = False) -> Selection:
        """What a digest lists for a reader of these topics; see the function `select`."""
        candidates = _in_order(
            _Candidate(weakness, article_id, position, story)
            for position, topic in enumerate(topics)
            for weakness, article_id, story in self._by_topic.get(topic.slug, ())
        )
        total = CATCH_UP_CAP if catch_up else self._pace.cap
        source_cap = SOURCE_CAP if source_count >= SOURCES_FOR_CAP else total
        return _listed(candidates, topics, _Caps(total, TOPIC_CAP, source_cap), catch_up=catch_up)

    def _rank(self, story: Story, now: datetime) -> None:
        age = max(now - story.first_seen_at, timedelta(0))
        freshness = 0.5 ** (age / self._pace.half_life)
        for reason in story.reasons:
            ranked = self._by_topic.setdefault(reason.topic, [])
            ranked.append((-reason.score * freshness, story.article_id, story))


def _in_order(candidates: Iterable[_Candidate]) -> list[_Candidate]:
    return sorted(candidates, key=itemgetter(0, 1, 2))


def _listed(
    candidates: Iterable[_Candidate], topics: Sequence[Topic], caps: _Caps, *, catch_up: bool = False
) -> Selection:
    """Candidates in order → sections. Only the first mention of a story counts: that is the topic it fits best."""
    sections: list[list[Story]] = [[] for _ in topics]
    sources: Counter[str] = Counter()
    ranked: list[int] = []
    seen: set[int] = set()
    for candidate in candidates:
        if candidate.article_id in seen:
            continue
        seen.add(candidate.article_id)
        section, source = sections[candidate.position], candidate.story.source
        if len(ranked) < caps.total and len(section) < caps.topic and sources[source] < caps.source:
            section.append(candidate.story)
            sources[source] += 1
            ranked.append(candidate.article_id)
    filled = zip(topics, sections, strict=True)
    return Selection(
        sections=tuple(Section(topic.slug, topic.title, tuple(stories)) for topic, stories in filled if stories),
        more=len(seen) - len(ranked),
        catch_up=catch_up,
        ranked=tuple(ranked),
    )


def _came_out(story: Story) -> datetime:
    return min(story.published_at, story.first_seen_at)


def _best_topic(story: Story, topics: Sequence[Topic]) -> int:
    """The position of the chosen topic that a story fits best; the first of equals."""
    scores = (reason.score if (reason := story.reason_for(topic.slug)) else -1.0 for topic in topics)
    return max(enumerate(scores), key=lambda scored: (scored[1], -scored[0]))[0]
