"""Which languages the pages and mails of a newsletter can be had in."""

from dataclasses import replace

import pytest

from syndication.lang.words import LANGUAGES
from syndication.web.language import offered_by, offered_by_all
from tests.support.stories import WEEKLY


@pytest.mark.parametrize(
    ("own", "others", "offered"),
    [
        ("en", (), LANGUAGES),
        ("it", (), ("it", *(code for code in LANGUAGES if code != "it"))),
        ("it-CH", ("it",), ("it",)),
        ("it", ("en",), ("it", "en")),
        ("en", ("it", "xx"), ("en", "it")),
        ("tlh", ("it",), ("en", "it")),
        ("", ("it",), ("en", "it")),
    ],
)
def test_its_own_language_comes_first_and_only_what_there_are_words_for(
    own: str, others: tuple[str, ...], offered: tuple[str, ...]
) -> None:
    assert offered_by(replace(WEEKLY, language=own, languages=others)) == offered


def test_several_newsletters_offer_what_any_of_them_does() -> None:
    english, italian = (replace(WEEKLY, language=code, languages=(code,)) for code in ("en", "it"))

    assert offered_by_all([italian, english]) == ("it", "en")
    assert offered_by_all([]) == ()
