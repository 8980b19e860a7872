"""What a feed says of itself, and feedparser for what our own reader does not know. The only module that knows it."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import feedparser

from syndication.collect.dates import Written
from syndication.collect.drafts import Draft, Unread


@dataclass(frozen=True, slots=True)
class FeedDocument:
    """What one feed says. link: of the site, as written. minutes: its own wish for a pause (ttl), 0 when it has none.

    hubs, self_url: for WebSub, as written. native_id: of the feed itself. skip_hours, skip_days: as in Fetched.
    repairs: what was left out of the whole. next_url: of older items, as written.
    """

    title: str
    language: str
    link: str
    drafts: tuple[Draft | Unread, ...]
    minutes: int = 0
    hubs: tuple[str, ...] = ()
    self_url: str = ""
    native_id: str = ""
    skip_hours: tuple[int, ...] = ()
    skip_days: tuple[int, ...] = ()
    repairs: tuple[str, ...] = ()
    next_url: str = ""


def read_by_feedparser(data: bytes) -> FeedDocument | None:
    """Formats that hardly anybody writes any more, such as CDF; None when it is none of them. data: well-formed XML."""
    # A stream, never a string or bytes: those are opened as an address or a file's name.
    parsed = feedparser.parse(
        io.BytesIO(data),
        response_headers={"content-type": "application/xml; charset=utf-8"},
        sanitize_html=False,
        resolve_relative_uris=False,
    )
    if not parsed.get("version") or not parsed.get("entries"):
        return None
    feed: Mapping[str, Any] = parsed["feed"]
    drafts = tuple(
        Draft(
            native_id=_text(entry, "id"),
            link=_text(entry, "link"),
            title=_text(entry, "title"),
            summary=_text(entry, "summary"),
            dates=tuple(Written(_text(entry, name)) for name in ("published", "updated") if _text(entry, name)),
        )
        for entry in parsed["entries"]
    )
    return FeedDocument(_text(feed, "title"), _text(feed, "language"), _text(feed, "link"), drafts)


def _text(values: Mapping[str, Any], name: str) -> str:
    # `get` of feedparser's mapping invents values for some absent names; a plain look-up does not.
    found = dict.get(values, name) if isinstance(values, dict) else None
    return found.strip() if isinstance(found, str) else ""
