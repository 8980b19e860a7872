"""Feed → JSON Feed 1.1. Source: https://www.jsonfeed.org/version/1.1/."""

import json
from typing import Any, Final

from syndication.domain.articles import Enclosure
from syndication.domain.feeds import Feed, FeedFormat, FeedItem

VERSION: Final = "https://jsonfeed.org/version/1.1"
_ABOUT: Final = "Why an article is in this feed: its topics with the words that matched, and where it was read."


def json_feed(feed: Feed) -> bytes:
    """The bytes of a fitted feed in JSON Feed 1.1, UTF-8 with all characters as they are. A pure function of the feed."""
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
        "items": [_item(item, feed) for item in feed.items],
    }
    return json.dumps(_filled(document), ensure_ascii=False, separators=(",", ":")).encode()


def _item(item: FeedItem, feed: Feed) -> dict[str, Any]:
    authors = [{"name": name} for name in item.authors]
    entry = {
        "id": item.id,
        "url": item.url,
        "external_url": "" if item.url.startswith(f"{feed.public_url}/articles/") else item.url,
        "title": item.title,
        "summary": item.summary,
        "content_html": item.content,
        # One of the two contents is required.
        "content_text": "" if item.content else item.summary or item.title,
        "image": item.image_url,
        "date_published": item.published_at.isoformat(),
        "date_modified": item.updated_at.isoformat(),
        "authors": authors,
        "author": authors[0],  # for readers of version 1.0
        "language": item.language if item.language != feed.language else "",
        "tags": [topic.title for topic in item.topics],
        "attachments": [_attachment(file) for file in item.enclosures],
        "_syndication": _extension(item),
    }
    return _filled(entry)


def _attachment(file: Enclosure) -> dict[str, Any]:
    return _filled({"url": file.url, "mime_type": file.media_type, "size_in_bytes": file.length})


def _extension(item: FeedItem) -> dict[str, Any]:
    topics = [{"slug": topic.slug, "title": topic.title, "terms": list(topic.terms)} for topic in item.topics]
    origin = _filled({"id": item.origin.feed_id, "title": item.origin.title, "url": item.origin.url})
    known = {"about": _ABOUT, "topics": topics, "source": origin}
    return known if item.ai_generated is None else {**known, "ai_generated": item.ai_generated}


def _filled(members: dict[str, Any]) -> dict[str, Any]:
    """The members that say something; `items` is required even when it is empty."""
    return {name: value for name, value in members.items() if value or name == "items"}
