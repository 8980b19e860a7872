"""What `syndication init` says of the entries it found."""

import pytest

from syndication.jobs.insert_entries import Inserted


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (Inserted(0, 0, 0), "nothing new"),
        (Inserted(2, 1, 1), "2 topics, 1 source, 1 newsletter inserted"),
        (Inserted(0, 3, 0), "0 topics, 3 sources, 0 newsletters inserted"),
    ],
)
def test_each_number_agrees_with_its_noun(found: Inserted, words: str) -> None:
    assert found.words == words
