"""Dates, counted words and lists in each language, and the language that a browser asks for."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndication.lang.words import LANGUAGES, accepted_language, own_names, words_in

FRIDAY = datetime(2026, 11, 27, 7, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("language", "day", "at"),
    [
        ("en", "Friday 27 November 2026", "Friday 27 November, 07:30 Europe/Rome"),
        ("it-CH", "venerdì 27 novembre 2026", "venerdì 27 novembre, 07:30 Europe/Rome"),
        ("tlh", "Friday 27 November 2026", "Friday 27 November, 07:30 Europe/Rome"),
    ],
)
def test_an_instant_is_told_in_the_language(language: str, day: str, at: str) -> None:
    words = words_in(language)

    assert words.day(FRIDAY) == day
    assert words.at(FRIDAY, "Europe/Rome") == at
    assert words.plain_day(date(2027, 1, 1)).split()[0] == "1"


@pytest.mark.parametrize(
    ("language", "number", "said"),
    [("en", 1, "1 story"), ("en", 0, "0 stories"), ("it", 1, "1 articolo"), ("it", 7, "7 articoli")],
)
def test_numbers_agree_with_their_nouns(language: str, number: int, said: str) -> None:
    assert words_in(language).stories(number) == said


def test_articles_and_minutes_are_counted_too() -> None:
    assert [words_in("en").articles(number) for number in (1, 7)] == ["1 article", "7 articles"]
    assert words_in("it").minutes(7) == "7 min"


def test_the_reason_of_a_story_names_topic_and_words() -> None:
    assert words_in("en").why("AI {agents}", ["tool"]) == "because you follow AI {agents} — matched “tool”"
    assert words_in("it").why("Agenti", []) == "perché segui Agenti"


def test_what_is_written_in_another_language_is_marked_in_ours() -> None:
    words = words_in("it")
    assert [words.mark(code) for code in ("en-GB", "it", "", "fi", "tlx")] == [
        "in inglese",
        "",
        "",
        "in finlandese",
        "TLX",
    ]
    assert words_in("en").mark("ar") == "in Arabic"


def test_lists_end_with_the_word_of_the_language() -> None:
    assert words_in("it").listed(["A", "B", "C"]) == "A, B e C"


def test_languages_are_named_in_themselves() -> None:
    assert own_names(["it", "en"]) == {"it": "Italiano", "en": "English"}


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("it", "it"),
        ("it-IT,it;q=0.9,en;q=0.8", "it"),
        ("fr, en;q=0.5, it;q=0.7", "it"),
        ("en;q=0.8,it;q=0.8", "en"),
        ("it;q=0, en;q=0.1", "en"),
        ("it;q=0.0000001", ""),
        ("de, fr", ""),
        ("", ""),
        ("*", ""),
        ("it;q=x", ""),
    ],
)
def test_a_browser_gets_what_it_likes_most_of_what_there_is(header: str, language: str) -> None:
    assert accepted_language(header, ("en", "it")) == language


def test_a_language_that_is_not_offered_is_not_given() -> None:
    assert accepted_language("it, en;q=0.1", ("en",)) == "en"


@given(st.text(max_size=900))
def test_no_header_does_harm(header: str) -> None:
    assert accepted_language(header, LANGUAGES) in {"", *LANGUAGES}
