"""Who gets the same: effective choices, and selections made once for all who share one."""

from datetime import timedelta

import pytest

from syndication.compose.choosing import Chooser, Chosen, IssueFacts
from syndication.domain.states import Cadence
from tests.support.stories import AGENTS, LLMS, NOW, a_story

BOTH = frozenset({AGENTS.slug, LLMS.slug})
FACTS = IssueFacts((AGENTS, LLMS), end=9, cadence=Cadence.WEEKLY, at=NOW, source_count=1, template="hash")
AGENT_STORY = a_story(3)
LLM_STORY = a_story(5, {LLMS.slug: 0.7})


def chooser(*stories: int) -> Chooser:
    found = [AGENT_STORY, LLM_STORY]
    return Chooser(FACTS, {"en": [found[number] for number in stories], "it": [found[number] for number in stories]})


def listed(chosen: Chosen | None) -> list[int]:
    return [story.article_id for story in chosen.selection.stories] if chosen else []


def test_readers_whose_further_topics_have_no_news_share_one_selection() -> None:
    ask = chooser(0)
    first = ask.choose(0, "en", frozenset({AGENTS.slug}))
    assert first
    assert ask.choose(0, "en", BOTH) is first
    assert ask.choose(0, "en", BOTH | {"unknown"}) is first


def test_nothing_in_the_topics_is_nothing() -> None:
    assert chooser(0).choose(0, "en", frozenset({LLMS.slug})) is None
    assert chooser().choose(0, "en", BOTH) is None


@pytest.mark.parametrize(("start", "articles"), [(0, [3, 5]), (2, [3, 5]), (3, [5]), (4, [5]), (5, [])])
def test_only_stories_after_the_start_are_chosen(start: int, articles: list[int]) -> None:
    assert listed(chooser(0, 1).choose(start, "en", BOTH)) == articles


def test_stories_past_the_end_are_left_for_the_next_issue() -> None:
    late = Chooser(FACTS, {"en": [AGENT_STORY, a_story(10)]})
    assert listed(late.choose(0, "en", BOTH)) == [3]


def test_another_start_or_language_is_another_question() -> None:
    ask = chooser(0, 1)
    hashes = {
        ask.choose(start, language, BOTH).content_hash  # type: ignore[union-attr] # there is news
        for start, language in ((0, "en"), (0, "it"), (4, "en"), (0, "en"))
    }
    assert len(hashes) == 3


def test_the_hash_follows_what_is_shown_and_the_template() -> None:
    first = chooser(0).choose(0, "en", BOTH)
    again = chooser(0).choose(1, "en", BOTH)
    other_facts = IssueFacts((AGENTS, LLMS), 9, Cadence.WEEKLY, NOW, 1, template="other")
    other = Chooser(other_facts, {"en": [AGENT_STORY]}).choose(0, "en", BOTH)
    assert first
    assert again
    assert other
    assert first.content_hash == again.content_hash != other.content_hash


@pytest.mark.parametrize(("days", "is_catch_up"), [(13, False), (15, True)])
def test_an_old_story_of_the_choice_makes_a_catch_up(days: int, *, is_catch_up: bool) -> None:
    old = a_story(3, first_seen_at=NOW - timedelta(days=days))
    ask = Chooser(FACTS, {"en": [old, LLM_STORY]})
    both, llms = ask.choose(0, "en", BOTH), ask.choose(0, "en", frozenset({LLMS.slug}))
    assert both
    assert llms
    assert both.selection.catch_up is is_catch_up
    assert not llms.selection.catch_up


def test_articles_that_somebody_may_get_are_those_after_the_earliest_start_of_a_topic() -> None:
    ask = chooser(0, 1)
    assert ask.articles({AGENTS.slug: 0, LLMS.slug: 0}) == [3, 5]
    assert ask.articles({AGENTS.slug: 3, LLMS.slug: 4}) == [5]
    assert ask.articles({LLMS.slug: 0}) == [5]
    assert ask.articles({}) == []
    assert Chooser(FACTS, {}).articles({AGENTS.slug: 0}) == []
