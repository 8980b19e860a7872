"""Plain words from HTML, first sentences, cleaned characters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndication.html.text import clean_line, clean_text, lead, plain_text, reading_minutes, shorten


@pytest.mark.parametrize(
    "forbidden",
    [
        *(
            "\x00",
            "\x02",
            "\x03",
            "\x1b",
            "\x7f",
            "\x9b",
            "\ud800",
            "\udfff",
            "\ufffe",
            "\uffff",
            "\U0001fffe",
            "\ufeff",
        ),
        *("\u202e", "\u2066", "\u2069", "\u200f", "\u061c", "\ufff9"),
    ],
)
def test_characters_that_no_text_may_hold_are_taken_out(forbidden: str) -> None:
    assert clean_text(f"a{forbidden}b") == "ab"
    assert clean_line(f"a{forbidden}b") == "ab"


@given(st.text(alphabet=st.characters(codec=None)))
def test_cleaning_twice_changes_nothing_and_leaves_one_line(text: str) -> None:
    once = clean_line(text)
    assert clean_line(once) == once
    assert len(once.splitlines()) <= 1
    once.encode()


def test_line_ends_of_all_systems_become_line_feeds() -> None:
    assert clean_text("a\r\nb\rc\u2028d") == "a\nb\nc\nd"


def test_a_line_has_single_spaces_only() -> None:
    assert clean_line("  a\t b\n\nc\u00a0d ") == "a b c d"


def test_joined_emoji_stay_joined() -> None:
    assert clean_line("\U0001f469\u200d\U0001f4bb") == "\U0001f469\u200d\U0001f4bb"


def test_blocks_become_lines_and_scripts_disappear() -> None:
    html = "<h1>A</h1><p>x <b>y</b>z<br>w<script>evil()</script>t<style>p{}</style></p><ul><li>1<li>2</ul>tail"
    assert plain_text(html) == "A\nx yz\nwt\n1\n2\ntail"


def test_references_are_read_and_angle_brackets_in_text_survive() -> None:
    assert plain_text("AT&amp;T &lt; 5 &euro;&nbsp;x") == "AT&T < 5 € x"


def test_no_html_gives_no_words() -> None:
    assert plain_text("") == plain_text(" \n ") == ""


@given(st.text())
def test_any_text_at_all_has_plain_words(text: str) -> None:
    assert "\x00" not in plain_text(text)


def test_the_lead_is_two_sentences_of_the_first_real_paragraph() -> None:
    text = "The Heading\nOne is short. Two is longer! Three is not asked for.\nAnother paragraph here."
    assert lead(text) == "One is short. Two is longer!"
    assert lead(text, 1) == "One is short."


@pytest.mark.parametrize(
    ("text", "first"),
    [
        (
            "Dr. Smith of the U.S. army came at 3.5 p.m. today. Then he left.",
            "Dr. Smith of the U.S. army came at 3.5 p.m. today.",
        ),
        ('He said it was "over." Nobody laughed at it.', 'He said it was "over."'),
        ("Il sig. Rossi è arrivato ieri. Poi è partito.", "Il sig. Rossi è arrivato ieri."),
        ("Version 2.0 is out now. It is fast.", "Version 2.0 is out now."),
        ("Is this really it? Yes, this is it.", "Is this really it?"),
        ("The answer was no. Nobody came.", "The answer was no."),
    ],
)
def test_a_dot_is_not_always_the_end(text: str, first: str) -> None:
    assert lead(text, 1) == first


def test_text_without_a_sentence_is_its_own_lead() -> None:
    assert lead("just some words") == "just some words"
    assert lead("") == ""


def test_the_lead_is_at_most_five_hundred_characters() -> None:
    found = lead("word " * 400)
    assert len(found) <= 500
    assert found.endswith("word…")


def test_shortening_cuts_between_words() -> None:
    assert shorten("one two, three", 10) == "one two…"
    assert shorten("one two", 7) == "one two"


@pytest.mark.parametrize(("words", "minutes"), [(0, 1), (100, 1), (440, 2), (1100, 5)])
def test_reading_takes_a_minute_for_220_words(words: int, minutes: int) -> None:
    assert reading_minutes("word " * words) == minutes
