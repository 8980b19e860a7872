"""A JSON Feed's text → title, language and drafts. Source: JSON Feed versions 1 and 1.1."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from syndication.collect.dates import Written
from syndication.collect.drafts import ITEMS, Draft
from syndication.collect.elements import as_paragraphs
from syndication.collect.feed_document import FeedDocument
from syndication.domain.articles import DateOrigin, Enclosure

_VERSION: Final = "jsonfeed.org/version/"


def read_json_feed(text: str) -> FeedDocument | None:
    """JSON Feed 1 or 1.1; None for any other JSON. Never raises for any text. At most 300 items are read."""
    try:
        feed = json.loads(text.lstrip("\ufeff"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(feed, dict) or (_VERSION not in _text(feed, "version") and "items" not in feed):
        return None
    items = [item for item in _list(feed, "items") if isinstance(item, dict)]
    return FeedDocument(
        _text(feed, "title"),
        _text(feed, "language"),
        _text(feed, "home_page_url"),
        tuple(_draft(item, feed) for item in items[:ITEMS]),
    )


def _draft(item: Mapping[str, Any], feed: Mapping[str, Any]) -> Draft:
    link = _text(item, "url") or _text(item, "external_url")
    content = _text(item, "content_html") or as_paragraphs(_text(item, "content_text"))
    return Draft(
        native_id=_text(item, "id"),
        link=link,
        title=_text(item, "title"),
        summary=as_paragraphs(_text(item, "summary")),
        content=content,
        dates=tuple(
            Written(_text(item, name), DateOrigin.FEED)
            for name in ("date_published", "date_modified")
            if _text(item, name)
        ),
        updated=_text(item, "date_modified"),
        language=_text(item, "language"),
        authors=_authors(item) or _authors(feed),
        tags=tuple(tag for tag in _list(item, "tags") if isinstance(tag, str)),
        enclosures=tuple(_enclosures(item)),
        image=_text(item, "image") or _text(item, "banner_image"),
        repairs=() if link else ("no link",),
    )


def _text(values: Mapping[str, Any], name: str) -> str:
    """A text; ids are numbers at times, although the standard forbids it."""
    found = values.get(name)
    if isinstance(found, (int, float)) and not isinstance(found, bool):
        return str(found)
    return found.strip() if isinstance(found, str) else ""


def _list(values: Mapping[str, Any], name: str) -> Sequence[Any]:
    found = values.get(name)
    return found if isinstance(found, list) else ()


def _authors(values: Mapping[str, Any]) -> tuple[str, ...]:
    """Version 1.1 has `authors`, version 1 had `author`."""
    written = [*_list(values, "authors"), values.get("author")]
    return tuple(_text(author, "name") for author in written if isinstance(author, dict) and _text(author, "name"))


def _enclosures(item: Mapping[str, Any]) -> list[Enclosure]:
    return [
        Enclosure(_text(found, "url"), _text(found, "mime_type"), _length(found.get("size_in_bytes")))
        for found in _list(item, "attachments")
        if isinstance(found, dict) and _text(found, "url")
    ]


def _length(found: object) -> int | None:
    return found if isinstance(found, int) and not isinstance(found, bool) and 0 <= found < 10**15 else None
