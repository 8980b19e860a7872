"""Instants, numbers and lists as readers see them."""

from datetime import UTC, datetime

import pytest

from syndication.web.words import clock_words, day_in, listed, plural, slot_words

SLOT = datetime(2026, 11, 27, 6, 30, tzinfo=UTC)


def test_a_slot_is_told_with_its_weekday_time_and_zone() -> None:
    assert slot_words(SLOT, "Europe/Rome") == "Friday 27 November, 07:30 Europe/Rome"


def test_the_day_is_the_day_in_the_zone() -> None:
    assert day_in(datetime(2026, 12, 31, 23, 30, tzinfo=UTC), "Europe/Rome") == "1 January 2027"


def test_a_past_instant_is_told_to_the_second() -> None:
    assert clock_words(SLOT, "Asia/Tokyo") == "27 November 2026, 15:30:00 Asia/Tokyo"


@pytest.mark.parametrize(("number", "words"), [(0, "0 articles"), (1, "1 article"), (7, "7 articles")])
def test_numbers_agree_with_their_nouns(number: int, words: str) -> None:
    assert plural(number, "article") == words


@pytest.mark.parametrize(
    ("names", "words"), [([], ""), (["A"], "A"), (["A", "B"], "A and B"), (["A", "B", "C"], "A, B and C")]
)
def test_lists_read_as_sentences(names: list[str], words: str) -> None:
    assert listed(names) == words
