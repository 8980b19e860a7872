"""Feed → JSON Feed 1.1. Source: https://www.jsonfeed.org/version/1.1/."""

import json
from collections.abc import Sequence
from typing import Final

from syndication.domain.feeds import Feed, FeedFormat
from syndication.publish.entries import Entry

VERSION: Final = "https://jsonfeed.org/version/1.1"


def json_feed(feed: Feed, entries: Sequence[Entry]) -> bytes:
    """The bytes of a fitted feed in JSON Feed 1.1, UTF-8 with all characters as they are. entries: its items.

    A pure function of the feed.
    """
    document = {
        "version": VERSION,
        "title": feed.title,
        "home_page_url": feed.home_url,
        "feed_url": feed.self_url(FeedFormat.JSON),
        "next_url": feed.address(feed.older, FeedFormat.JSON) if feed.older else "",
        "description": feed.description,
        "icon": feed.logo,
        "language": feed.language,
        "hubs": [{"type": "WebSub", "url": hub} for hub in feed.hubs],
    }
    said = {name: value for name, value in document.items() if value}
    head = json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
    return b"".join([head.removesuffix(b"}"), b',"items":[', b",".join([entry.json for entry in entries]), b"]}"])
