"""Feed → the same feed with every field in a form that all three formats allow.

All formats are written from the fitted feed, so they cannot disagree about a title, an author or an instant.
"""

import hashlib
import html
import re
from dataclasses import replace
from datetime import datetime
from typing import Final
from urllib.parse import quote, urlsplit, urlunsplit

from syndication.domain.articles import Enclosure, beyond
from syndication.domain.feeds import Feed, FeedItem, FeedTopic, Origin
from syndication.html import characters
from syndication.html.links import absolute
from syndication.html.text import shorten

_CLOSING_TAG: Final = re.compile(r"</[a-zA-Z][\w-]*\s*>")
_TAG: Final = re.compile(r"</?[a-zA-Z][^<>]*>")
_ENTITY: Final = re.compile(r"&(?:[a-zA-Z]\w*|#\w+);")
_LANGUAGE: Final = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")
_MEDIA_TYPE: Final = re.compile(r"[a-z0-9][\w.+-]*/[a-z0-9][\w.+-]*")
_URL_CHARACTERS: Final = "%/:=&?~#+!$,;'@()*[]-._"
_PLAIN_URL: Final = re.compile(r"https?://[a-z0-9.-]+/[\w%/:=&?~#+!$,;'@()*\[\].-]*", re.ASCII)
_TITLE_CHARACTERS: Final = 80
_ROUNDS: Final = 3


def fitted(feed: Feed) -> Feed:
    """The feed with plain titles, legal characters, absolute addresses, an author everywhere and distinct instants.

    Pure and stable: what is done to an item does not depend on the other items, so the same article is the same in
    every feed.
    """
    title = plain_line(feed.title) or feed.id
    return replace(
        feed,
        title=title,
        description=clean_text(feed.description) or title,
        language=_language(feed.language),
        items=tuple(fitted_item(item, feed) for item in feed.items),
    )


def fitted_item(item: FeedItem, feed: Feed) -> FeedItem:
    """One item of a feed as `fitted` makes it. Of the feed only its title and its page count, where the item lacks its own."""
    origin = _fitted_origin(item.origin, feed)
    summary = clean_text(item.summary)
    title = plain_line(item.title) or shorten(clean_line(summary), _TITLE_CHARACTERS)
    authors = tuple(name for name in map(clean_line, item.authors) if name)
    published_at = item.published_at.replace(microsecond=0)
    url = absolute_url(item.url) or feed.home_url
    return FeedItem(
        id=item.id,
        url=url,
        title=title or clean_line(item.url) or url,
        summary=beyond(title, summary),
        content=clean_text(item.content),
        authors=authors or (origin.title,),
        topics=tuple([_fitted_topic(topic) for topic in item.topics]),
        origin=origin,
        published_at=published_at,
        updated_at=distinct(max(item.updated_at, published_at), item.id),
        language=_language(item.language),
        enclosures=tuple([file for file in map(_fitted_enclosure, item.enclosures) if file.url]),
        image_url=absolute_url(item.image_url) if item.image_url else "",
        ai_generated=item.ai_generated,
    )


def _fitted_origin(origin: Origin, feed: Feed) -> Origin:
    title = plain_line(origin.title) or feed.title
    return Origin(origin.feed_id, title, absolute_url(origin.url), origin.updated_at, origin.is_feed)


def _fitted_topic(topic: FeedTopic) -> FeedTopic:
    return FeedTopic(topic.slug, clean_line(topic.title) or topic.slug, tuple(map(clean_line, topic.terms)))


def _fitted_enclosure(file: Enclosure) -> Enclosure:
    media_type = file.media_type.strip().lower()
    return Enclosure(
        url=absolute_url(file.url),
        media_type=media_type if _MEDIA_TYPE.fullmatch(media_type) else "application/octet-stream",
        length=file.length,
    )


def plain_line(text: str) -> str:
    """A title that no reader takes for markup: what is clearly HTML becomes its text, a lone '<' stays.

    Source: RSS Advisory Board, RSS profile, 'plain text in title'.
    """
    for _ in range(_ROUNDS):
        if _CLOSING_TAG.search(text):
            text = _TAG.sub("", text)
        if not _ENTITY.search(text):
            break
        text = html.unescape(text)
    return clean_line(text)


def absolute_url(url: str) -> str:
    """The address as a URI of ASCII characters, "" when it is not an absolute http(s) address. Source: RFC 3987, 3.1."""
    if _PLAIN_URL.fullmatch(url):
        return url
    parts = urlsplit(absolute(url, ""))
    try:
        host = parts.netloc.encode("idna").decode("ascii")
    except UnicodeError:
        return ""
    return quote(urlunsplit(parts._replace(netloc=host)), safe=_URL_CHARACTERS)


def clean_text(text: str) -> str:
    """As `html.characters.clean_text`, and fast for the text that needs no cleaning, which is nearly all."""
    return text if text.replace("\n", "").isprintable() else characters.clean_text(text)


def clean_line(text: str) -> str:
    """As `html.characters.clean_line`, and fast for the line that needs no cleaning, which is nearly all."""
    is_clean = text.isprintable() and "  " not in text and text.strip(" ") == text
    return text if is_clean else characters.clean_line(text)


def distinct(at: datetime, item_id: str) -> datetime:
    """The instant with a fraction of a second of the item's own.

    A bulk import gives many articles the same instant, which strict validators count as a fault of Atom. The fraction
    comes from the id alone, so it never changes.
    """
    fraction = int.from_bytes(hashlib.sha256(item_id.encode()).digest()[:4], "big") % 1_000_000
    return at.replace(microsecond=fraction)


def _language(tag: str) -> str:
    return tag if _LANGUAGE.fullmatch(tag) else ""
