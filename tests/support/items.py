"""Items and sources for tests of the collector."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from syndication.domain.articles import DateOrigin, Item, Precision, Published
from syndication.domain.sources import Source
from syndication.domain.states import FirstFetch, SourceKind

NOW = datetime(2026, 11, 23, 22, 0, tzinfo=UTC)

_ITEM = Item(
    native_key="key",
    native_id="key",
    url="https://e.org/a",
    canonical_url="https://e.org/a",
    title="Title",
    summary="Summary.",
    content="<p>Content.</p>",
    published=Published(datetime(2026, 11, 20, tzinfo=UTC), Precision.SECOND, DateOrigin.FEED),
    content_hash="hash",
    language="en",
)
_SOURCE = Source("feed", "Feed", SourceKind.FEED, "https://e.org/feed", first_fetch=FirstFetch.NEW)


def item(**changes: Any) -> Item:  # noqa: ANN401 - any field of Item
    """An item with some fields changed."""
    return replace(_ITEM, **changes)


def source(**changes: Any) -> Source:  # noqa: ANN401 - any field of Source
    """A feed whose articles are news, with some fields changed."""
    return replace(_SOURCE, **changes)
