"""Options of a source: words of config/ and the database ↔ values."""

from typing import Any

import pytest

from syndication.domain.errors import ConfigError
from syndication.domain.source_options import (
    ApiRules,
    Identity,
    PageRules,
    Paging,
    Preset,
    SourceOptions,
    options_from,
    options_to,
)

ALL = SourceOptions(
    full_text=True,
    identity=Identity.URL_PATH,
    zone="Europe/Rome",
    max_items=20,
    page=PageRules(item="li.post", title="h2"),
    api=ApiRules(preset=Preset.AI_RADAR, languages=("en",), paging=Paging.OFFSET, size=10),
)


@pytest.mark.parametrize("options", [SourceOptions(), ALL])
def test_options_come_back_from_their_words(options: SourceOptions) -> None:
    assert options_from(options_to(options)) == options


def test_only_what_differs_is_written() -> None:
    assert options_to(SourceOptions()) == {}
    assert options_to(SourceOptions(page=PageRules(item="li"))) == {"page": {"item": "li"}}


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"fulltext": True}, "unknown key 'options.fulltext'; there are: full_text"),
        ({"api": {"path": "x"}}, "unknown key 'options.api.path'; there are: preset"),
        ({"page": "li"}, "options.page must be a table"),
        ({"full_text": 1}, "options.full_text must be true or false"),
        ({"max_items": True}, "options.max_items must be a whole number"),
        ({"max_items": -1}, "options.max_items must be between 0 and 2000"),
        ({"zone": 5}, "options.zone must be a text"),
        ({"zone": "Mars"}, "there is no time zone 'Mars'"),
        ({"zone": "/etc/x"}, "there is no time zone"),
        ({"identity": "guid"}, "options.identity must be one of: auto, id, url, url-path, title-date"),
        ({"api": {"languages": "en"}}, "options.api.languages must be a list of words"),
        ({"api": {"languages": [1]}}, "options.api.languages must be a list of words"),
    ],
)
def test_a_wrong_option_is_named(values: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError) as raised:
        options_from(values)
    assert words in str(raised.value)
