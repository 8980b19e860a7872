"""Instants, numbers and lists as readers see them."""

from datetime import UTC, datetime

import pytest

from syndication.lang.words import words_in
from syndication.web.words import clock_words, day_in, page_words, slot_words

SLOT = datetime(2026, 11, 27, 6, 30, tzinfo=UTC)


def test_a_slot_is_told_with_its_weekday_time_and_zone() -> None:
    assert slot_words(SLOT, "Europe/Rome") == "Friday 27 November, 07:30 Europe/Rome"


def test_the_day_is_the_day_in_the_zone() -> None:
    assert day_in(datetime(2026, 12, 31, 23, 30, tzinfo=UTC), "Europe/Rome") == "1 January 2027"


def test_a_past_instant_is_told_to_the_second() -> None:
    assert clock_words(SLOT, "Asia/Tokyo") == "27 November 2026, 15:30:00 Asia/Tokyo"


@pytest.mark.parametrize(
    ("names", "words"), [([], ""), (["A"], "A"), (["A", "B"], "A and B"), (["A", "B", "C"], "A, B and C")]
)
def test_lists_read_as_sentences(names: list[str], words: str) -> None:
    assert words_in("en").listed(names) == words


def test_a_sentence_with_tags_makes_its_values_safe() -> None:
    say = page_words("it")["_h"]
    assert callable(say)

    said = say("<strong>{newsletter}</strong> with {topics}.", newsletter="<b>", topics="A & B")

    assert said == "<strong>&lt;b&gt;</strong> con A &amp; B."


def test_words_in_another_language_than_the_page_s_say_so() -> None:
    lang_of = page_words("it")["lang_of"]
    assert callable(lang_of)

    assert [lang_of(code) for code in ("it-CH", "en", 'e"><b>')] == ["", ' lang="en"', ' lang="e&#34;&gt;&lt;b&gt;"']


def test_a_reason_without_words_in_a_language_becomes_one_that_has_them() -> None:
    told = page_words("it")["told"]
    assert callable(told)

    assert told("Choose at least one topic.") == "Scegli almeno un argomento."
    assert told("The library says: {no}") == "Così non va. Controlla ciò che hai scritto."
    assert page_words("en")["told"]("The library says: {no}") == "The library says: {no}"  # type: ignore[operator]
