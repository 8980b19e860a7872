"""Stories → selection: which of them a reader's digest lists, under which topic, in which order.

What the caps leave out is counted, so that nothing disappears. How stories rank: `ranking`.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from syndication.compose.ranking import CATCH_UP_CAP, SOURCE_CAP, SOURCES_FOR_CAP, TOPIC_CAP, Ranking
from syndication.domain.articles import Story
from syndication.domain.digests import Section, Selection
from syndication.domain.states import Cadence
from syndication.domain.topics import Topic
from syndication.domain.windows import Window

__all__ = ["CATCH_UP_CAP", "SOURCES_FOR_CAP", "SOURCE_CAP", "TOPIC_CAP", "select", "select_welcome"]

WELCOME_CAP: Final = 7
WELCOME_AGE: Final = timedelta(days=30)


def select(  # noqa: PLR0913 - everything that decides is an argument
    stories: Iterable[Story],
    topics: Sequence[Topic],
    *,
    window: Window | None,
    cadence: Cadence,
    now: datetime,
    source_count: int,
    catch_up: bool = False,
    most: int = 0,
) -> Selection:
    """What a digest lists for a reader of these topics, which are in the newsletter's order of sections.

    window: stories outside are not counted either; None lets all in, history too. now: aware UTC; ranking ages stories
    from when we first saw them. source_count: how many sources the newsletter has. most: how
    many are listed, 0 for the cadence's own number. Source: architecture, section 2, rules 7
    and 9.
    """
    ranking = Ranking(stories, topics, window=window, cadence=cadence, now=now, most=most)
    return ranking.select({topic.slug for topic in topics}, source_count=source_count, catch_up=catch_up)


def select_welcome(stories: Iterable[Story], topics: Sequence[Topic], now: datetime) -> Selection:
    """What a welcome digest lists: the newest 7 stories of these topics, at most 30 days old, history included.

    A story's date is when it came out, or when we first saw it if that was earlier. Source: architecture, section 2, rule 8.
    """
    recent = [
        story
        for story in sorted(stories, key=lambda story: (-_came_out(story).timestamp(), story.article_id))
        if now - _came_out(story) <= WELCOME_AGE and any(story.reason_for(topic.slug) for topic in topics)
    ]
    listed = recent[:WELCOME_CAP]
    sections: list[list[Story]] = [[] for _ in topics]
    for story in listed:
        sections[_best_topic(story, topics)].append(story)
    return Selection(
        sections=tuple(
            Section(topic.slug, topic.title, tuple(found))
            for topic, found in zip(topics, sections, strict=True)
            if found
        ),
        more=len(recent) - len(listed),
        ranked=tuple(story.article_id for story in listed),
    )


def _came_out(story: Story) -> datetime:
    return min(story.published_at, story.first_seen_at)


def _best_topic(story: Story, topics: Sequence[Topic]) -> int:
    """The position of the chosen topic that a story fits best; the first of equals."""
    scores = (reason.score if (reason := story.reason_for(topic.slug)) else -1.0 for topic in topics)
    return max(enumerate(scores), key=lambda scored: (scored[1], -scored[0]))[0]
