"""The same text and the same event share a story; stock phrases do not."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from syndication.classify.grouping import Told, stories_of_new

NOW = datetime(2026, 11, 23, tzinfo=UTC)
FIRST = (
    "Mistral releases Devstral 3 for local machines. The French company Mistral has published Devstral 3, a model with 24 "
    "billion parameters that runs on a single RTX 4090 card and scores 68 percent on SWE-bench, under the Apache licence."
)
RETOLD = (
    "Devstral 3, the newest model of the French company Mistral, runs on one RTX 4090 card. People in Paris showed it to "
    "the press: 24 billion parameters, an Apache licence and 68 percent on SWE-bench, which pleased those who came to see."
)
OTHER = (
    "The council of the city has decided to renew the old bridge over the river next spring, the mayor said on Monday."
)
NOISE = [
    f"Word{n} number{n} tells of matter{n} and of people{n} in town{n} who think about thing{n} today."
    for n in range(20)
]


def told(number: int, text: str, hours: int = 0, story: int | None = None) -> Told:
    return Told(number, text, NOW + timedelta(hours=hours), story)


def group(*articles: Told) -> dict[int, int]:
    return stories_of_new([*(told(1000 - 50 + n, text, story=1) for n, text in enumerate(NOISE)), *articles])


def test_the_same_text_elsewhere_is_one_story() -> None:
    assert group(told(1001, FIRST), told(1002, OTHER), told(1003, FIRST + " Read more.")) == {
        1001: 1001,
        1002: 1002,
        1003: 1001,
    }


def test_the_same_event_told_differently_is_one_story_within_three_days() -> None:
    assert group(told(1001, FIRST), told(1002, RETOLD, hours=70))[1002] == 1001
    assert group(told(1001, FIRST), told(1002, RETOLD, hours=80))[1002] == 1002


def test_an_article_joins_a_story_that_is_known() -> None:
    assert group(told(1001, FIRST, story=7), told(1002, FIRST)) == {1002: 7}


def test_stock_phrases_without_shared_names_are_no_story() -> None:
    alpha = "Alpha by Bravo is number one of the charts this week and has been loved by its fans since summer began."
    delta = (
        "Delta by Echo is number one of the charts this week and surprises critics with a quiet chorus and no drums."
    )
    assert group(told(1001, alpha), told(1002, delta)) == {1001: 1001, 1002: 1002}


def test_a_few_words_are_no_ground_for_anything() -> None:
    assert group(told(1001, "Daily links"), told(1002, "Daily links"))[1002] == 1002


@given(st.lists(st.text(max_size=60), max_size=8))
def test_every_article_gets_a_story_and_no_later_one(texts: list[str]) -> None:
    found = stories_of_new([told(number, text) for number, text in enumerate(texts)])
    assert set(found) == set(range(len(texts)))
    assert all(story <= number for number, story in found.items())
