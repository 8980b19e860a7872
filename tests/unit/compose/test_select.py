"""Selection: ranking, caps, one mention a story, nothing lost."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syndication.compose.ranking import Ranking
from syndication.compose.select import select, select_welcome
from syndication.domain.articles import Story
from syndication.domain.digests import Selection
from syndication.domain.states import Cadence
from syndication.domain.topics import Topic
from syndication.domain.windows import Window
from tests.support.stories import AGENTS, LLMS, NOW, a_story

ALL = Window(0, 1_000_000)
TOPICS = (AGENTS, LLMS)
weekly = partial(select, window=ALL, cadence=Cadence.WEEKLY, now=NOW, source_count=1)


def listed(selection: Selection) -> list[int]:
    return [story.article_id for story in selection.stories]


def test_a_story_outside_the_window_is_neither_listed_nor_counted() -> None:
    stories = [a_story(seq) for seq in (1, 2, 3)]

    selection = weekly(stories, TOPICS, window=Window(1, 2))

    assert listed(selection) == [2]
    assert selection.more == 0


def test_history_is_in_no_window() -> None:
    assert weekly([a_story(1, seq=None)], TOPICS).sections == ()


def test_without_a_window_history_is_listed() -> None:
    assert listed(weekly([a_story(1, seq=None)], TOPICS, window=None)) == [1]


def test_a_story_in_none_of_the_chosen_topics_is_neither_listed_nor_counted() -> None:
    selection = weekly([a_story(1, {LLMS.slug: 1.0})], [AGENTS])

    assert selection == Selection(sections=(), more=0)


def test_a_story_is_listed_once_under_the_topic_that_it_fits_best() -> None:
    selection = weekly([a_story(1, {AGENTS.slug: 0.4, LLMS.slug: 0.6})], TOPICS)

    assert [(section.topic, section.title) for section in selection.sections] == [(LLMS.slug, LLMS.title)]
    assert selection.more == 0


@pytest.mark.parametrize("order", [(AGENTS, LLMS), (LLMS, AGENTS)])
def test_of_equal_topics_the_first_section_gets_the_story(order: tuple[Topic, ...]) -> None:
    story = a_story(1, {AGENTS.slug: 0.5, LLMS.slug: 0.5})

    assert weekly([story], order).sections[0].topic == order[0].slug
    assert select_welcome([story], order, NOW).sections[0].topic == order[0].slug


def test_sections_stand_in_the_order_of_topics_and_empty_ones_are_left_out() -> None:
    stories = [a_story(1, {LLMS.slug: 1.0}), a_story(2, {AGENTS.slug: 0.1})]
    nothing = Topic("robots", "Robots", "", "robot*")

    selection = weekly(stories, (nothing, *TOPICS))

    assert [section.topic for section in selection.sections] == [AGENTS.slug, LLMS.slug]
    assert selection.ranked == (1, 2)


@pytest.mark.parametrize(
    ("cadence", "hours"), [(Cadence.DAILY, 12), (Cadence.INSTANT, 12), (Cadence.WEEKLY, 72), (Cadence.MONTHLY, 72)]
)
def test_a_score_halves_with_every_half_life(cadence: Cadence, hours: int) -> None:
    old = a_story(1, {AGENTS.slug: 0.8}, first_seen_at=NOW - timedelta(hours=hours))
    weaker, stronger = (
        a_story(2, {AGENTS.slug: 0.39}, first_seen_at=NOW),
        a_story(3, {AGENTS.slug: 0.41}, first_seen_at=NOW),
    )

    assert listed(weekly([old, weaker, stronger], TOPICS, cadence=cadence)) == [3, 1, 2]


def test_age_counts_from_when_we_first_saw_it_whatever_its_date_says() -> None:
    late = a_story(1, {AGENTS.slug: 0.5}, published_at=NOW - timedelta(days=900), first_seen_at=NOW)

    assert listed(weekly([a_story(2, {AGENTS.slug: 0.5}), late], TOPICS)) == [1, 2]


def test_equal_stories_stand_in_the_order_of_their_ids() -> None:
    assert listed(weekly([a_story(seq) for seq in (3, 1, 2)], TOPICS)) == [1, 2, 3]


@pytest.mark.parametrize(
    ("cadence", "catch_up", "total"),
    [
        (Cadence.INSTANT, False, 9),
        (Cadence.DAILY, False, 9),
        (Cadence.WEEKLY, False, 12),
        (Cadence.MONTHLY, False, 12),
        (Cadence.DAILY, True, 12),
    ],
)
def test_a_digest_has_a_cap_by_cadence(cadence: Cadence, total: int, catch_up: bool) -> None:  # noqa: FBT001 - a parameter of the case
    topics = [Topic(f"t{number}", f"T{number}", "", "x") for number in range(4)]
    stories = [a_story(seq, {f"t{seq % 4}": 0.5}) for seq in range(1, 31)]

    selection = weekly(stories, topics, cadence=cadence, catch_up=catch_up)

    assert (len(selection.stories), selection.more) == (total, 30 - total)
    assert selection.catch_up is catch_up


def test_a_topic_lists_at_most_five_stories() -> None:
    selection = weekly([a_story(seq) for seq in range(1, 9)], TOPICS)

    assert (listed(selection), selection.more) == ([1, 2, 3, 4, 5], 3)


@pytest.mark.parametrize(("sources", "expected"), [(2, [1, 2, 3, 4]), (3, [1, 2, 4])])
def test_a_source_lists_at_most_two_where_there_are_three_sources(sources: int, expected: list[int]) -> None:
    stories = [a_story(seq, source="lab" if seq <= 3 else "other") for seq in range(1, 5)]

    selection = weekly(stories, TOPICS, source_count=sources)

    assert listed(selection) == expected
    assert selection.more == 4 - len(expected)


def test_a_full_section_lends_no_room_to_another_topic() -> None:
    both = {AGENTS.slug: 0.6, LLMS.slug: 0.5}

    selection = weekly([a_story(seq, both) for seq in range(1, 8)], TOPICS)

    assert [(section.topic, len(section.stories)) for section in selection.sections] == [(AGENTS.slug, 5)]
    assert selection.more == 2


def test_a_welcome_lists_the_newest_seven_of_thirty_days_history_included() -> None:
    stories = [a_story(day, seq=None, published_at=NOW - timedelta(days=day)) for day in range(1, 40)]

    selection = select_welcome(reversed(stories), TOPICS, NOW)

    assert selection.ranked == (1, 2, 3, 4, 5, 6, 7)
    assert selection.more == 23


def test_a_welcome_dates_a_story_by_the_earlier_of_its_two_dates() -> None:
    seen = NOW - timedelta(days=40)
    story = a_story(1, published_at=NOW, first_seen_at=seen)

    assert select_welcome([story], TOPICS, NOW).sections == ()


def test_a_welcome_leaves_out_topics_that_were_not_chosen() -> None:
    assert select_welcome([a_story(1)], [LLMS], NOW) == Selection(sections=(), more=0)


scores = st.dictionaries(st.sampled_from(["a", "b", "c", "d"]), st.sampled_from([0.1, 0.5, 0.9]), min_size=1)


@st.composite
def histories(draw: st.DrawFn) -> list[Story]:
    count = draw(st.integers(0, 40))
    return [
        a_story(
            number + 1,
            draw(scores),
            seq=draw(st.sampled_from([None, number + 1])),
            source=draw(st.sampled_from(["x", "y", "z"])),
            first_seen_at=NOW - timedelta(hours=draw(st.integers(-1, 200))),
        )
        for number in range(count)
    ]


@settings(deadline=None)
@given(
    stories=histories(),
    slugs=st.lists(st.sampled_from(["a", "b", "c", "d"]), unique=True),
    ends=st.tuples(st.integers(0, 40), st.integers(0, 40)),
    cadence=st.sampled_from(Cadence),
    source_count=st.integers(1, 4),
    catch_up=st.booleans(),
    data=st.data(),
)
def test_every_article_of_the_window_in_a_chosen_topic_is_listed_once_or_counted(
    stories: list[Story],
    slugs: Sequence[str],
    ends: tuple[int, int],
    cadence: Cadence,
    source_count: int,
    catch_up: bool,  # noqa: FBT001 - drawn
    data: st.DataObject,
) -> None:
    window = Window(*ends)
    topics = [Topic(slug, slug.upper(), "", "x") for slug in slugs]
    chosen = partial(
        select, topics=topics, window=window, cadence=cadence, now=NOW, source_count=source_count, catch_up=catch_up
    )

    selection = chosen(stories)

    due = {s.article_id for s in stories if window.holds(s.seq) and any(r.topic in slugs for r in s.reasons)}
    shown = listed(selection)
    assert set(shown) <= due
    assert len(shown) == len(set(shown))
    assert len(shown) + selection.more == len(due)
    assert sorted(selection.ranked) == sorted(shown)
    assert all(story.reason_for(section.topic) for section in selection.sections for story in section.stories)
    assert len(shown) <= (12 if catch_up or cadence in {Cadence.WEEKLY, Cadence.MONTHLY} else 9)
    assert all(0 < len(section.stories) <= 5 for section in selection.sections)
    assert source_count < 3 or all(n <= 2 for n in Counter(s.source for s in selection.stories).values())
    assert chosen(data.draw(st.permutations(stories))) == selection
    ranking = Ranking(stories, topics, window=window, cadence=cadence, now=NOW)
    assert ranking.select(slugs, source_count=source_count, catch_up=catch_up) == selection


@pytest.mark.parametrize("most", [2, 15])
def test_a_chosen_number_of_stories_is_reached_with_one_topic_and_three_sources(most: int) -> None:
    stories = [a_story(number, source=f"s{number % 3}") for number in range(1, 40)]
    selection = weekly(stories, [AGENTS], source_count=3, most=most)
    assert len(listed(selection)) == most
    assert selection.more == 39 - most
