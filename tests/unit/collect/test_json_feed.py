"""JSON Feed, as the standard has it and as people write it."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syndication.collect.drafts import Context, finish
from syndication.collect.json_feed import read_json_feed
from syndication.domain.articles import Enclosure
from tests.support.items import NOW


def feed(*items: dict[str, Any], **head: Any) -> str:  # noqa: ANN401 - any JSON
    return json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "S", "items": items, **head})


def test_an_item_is_read_whole() -> None:
    text = feed(
        {
            "id": "1",
            "url": "/a",
            "title": "T",
            "content_html": "<p>Hi <a href='b'>x</a></p>",
            "summary": "Short.",
            "date_published": "2026-11-20T10:00:00Z",
            "date_modified": "2026-11-21T10:00:00Z",
            "authors": [{"name": "Ann"}],
            "tags": ["a"],
            "language": "it",
            "image": "/i.png",
            "attachments": [{"url": "/a.mp3", "mime_type": "audio/mpeg", "size_in_bytes": 12}],
        },
        home_page_url="https://e.org/",
        language="en",
    )
    found = read_json_feed(text)
    assert found is not None
    assert (found.title, found.link, found.language) == ("S", "https://e.org/", "en")
    (item,) = finish(found.drafts, Context(NOW, "https://e.org/", found.language))
    assert (item.native_key, item.url, item.title, item.summary) == ("1", "https://e.org/a", "T", "Short.")
    assert item.content == '<p>Hi <a href="https://e.org/b" rel="noopener nofollow">x</a></p>'
    assert item.published.at == datetime(2026, 11, 20, 10, tzinfo=UTC)
    assert (item.language, item.authors, item.tags) == ("it", ("Ann",), ("a",))
    assert item.enclosures == (Enclosure("https://e.org/a.mp3", "audio/mpeg", 12),)


def test_plain_text_keeps_its_paragraphs_and_its_brackets() -> None:
    found = read_json_feed(feed({"id": 7, "content_text": "a < b\n\nc"}))
    assert found is not None
    (item,) = finish(found.drafts, Context(NOW))
    assert (item.native_key, item.content) == ("7", "<p>a &lt; b</p><p>c</p>")


def test_the_author_of_version_1_and_of_the_feed_count() -> None:
    found = read_json_feed(
        feed({"id": "1", "title": "T", "author": {"name": "Ann"}}, {"id": "2", "title": "U"}, authors=[{"name": "Bo"}])
    )
    assert found is not None
    assert [item.authors for item in finish(found.drafts, Context(NOW))] == [("Ann",), ("Bo",)]


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"a": 1}', '"x"', "{" * 100_000, '{"a":' * 100_000])
def test_other_json_is_no_feed(text: str) -> None:
    assert read_json_feed(text) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "url", "name", "title"]), inner),
    max_leaves=8,
)
NAMES = ["id", "url", "title", "summary", "content_html", "content_text", "date_published", "authors", "author", "tags"]


@settings(max_examples=50)
@given(st.lists(st.dictionaries(st.sampled_from([*NAMES, "attachments", "language", "image"]), JSON), max_size=3))
def test_any_values_are_read_or_passed_over(items: list[dict[str, Any]]) -> None:
    found = read_json_feed(json.dumps({"items": items, "version": "https://jsonfeed.org/version/1"}))
    assert found is not None
    finish(found.drafts, Context(NOW, "https://e.org/"))
