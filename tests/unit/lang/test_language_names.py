"""Languages are called by their own names."""

import pytest

from syndication.lang.names import language_name, name_in


@pytest.mark.parametrize(
    ("code", "name"), [("it", "Italiano"), ("en", "English"), ("de", "Deutsch"), ("xx", "xx"), ("!!", "!!")]
)
def test_a_language_has_its_own_name_and_an_unknown_one_its_code(code: str, name: str) -> None:
    assert language_name(code) == name


def test_a_language_has_a_name_in_another_one() -> None:
    assert [name_in("ar", "it"), name_in("ar", "en"), name_in("xx", "en")] == ["arabo", "Arabic", ""]
