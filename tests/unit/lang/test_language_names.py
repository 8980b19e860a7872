"""Languages are called by their own names."""

import pytest

from syndication.lang.names import language_name


@pytest.mark.parametrize(
    ("code", "name"), [("it", "Italiano"), ("en", "English"), ("de", "Deutsch"), ("xx", "xx"), ("!!", "!!")]
)
def test_a_language_has_its_own_name_and_an_unknown_one_its_code(code: str, name: str) -> None:
    assert language_name(code) == name
