"""What a summary says that the title did not: an item without a title is called by its first words."""

import pytest

from syndication.domain.articles import beyond
from tests.support.stories import a_story


@pytest.mark.parametrize(
    ("title", "summary", "left"),
    [
        ("It has no title.", "It has no title. And it goes on.", "And it goes on."),
        ("A note that was cut and…", "A note that was cut and never ends.", "…never ends."),
        ("All of a short note", "All of a short note", ""),
        ("He said “no.”", "He said “no.” Then he left.", "Then he left."),
        ("The “best”", "The “best” of them.", "The “best” of them."),
        ("Is it so?", "Is it so?", ""),
        ("vLLM", "vLLM serves many at once.", "vLLM serves many at once."),
        ("A title.", "Another opening.", "Another opening."),
        ("", "A summary alone.", "A summary alone."),
        ("…", "", ""),
    ],
)
def test_words_are_said_once_where_the_title_is_their_opening(title: str, summary: str, left: str) -> None:
    assert beyond(title, summary) == left


def test_a_story_knows_its_summary_without_its_title() -> None:
    assert a_story(1, title="First.", summary="First. Second.").beyond_title == "Second."
