"""Feed: what we publish, in a form that knows no format."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from syndication.domain.articles import Enclosure

MOST_TOPICS: Final = 10
"""How many topics can be asked for at once, so that nobody makes us build endless different feeds."""


class FeedFormat(StrEnum):
    """The formats, named as the addresses end."""

    RSS = "rss"
    ATOM = "atom"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class FeedTopic:
    """A topic as a feed item carries it. terms: why the article is in it."""

    slug: str
    title: str
    terms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Origin:
    """Credit: the source an article was read from. url: its feed or site, "" for a folder without a base URL.

    is_feed: whether the url is a feed.
    """

    feed_id: str
    title: str
    url: str
    updated_at: datetime
    is_feed: bool = True


@dataclass(frozen=True, slots=True)
class FeedItem:
    """One article in a feed.

    id: permanent tag URI. url: the original article, else our own page; absolute. title, summary: plain text.
    content: sanitised HTML. authors: never empty (falls back to the source's title). Instants: aware UTC.
    """

    id: str
    url: str
    title: str
    summary: str
    content: str
    authors: tuple[str, ...]
    topics: tuple[FeedTopic, ...]
    origin: Origin
    published_at: datetime
    updated_at: datetime
    language: str = ""
    enclosures: tuple[Enclosure, ...] = ()
    image_url: str = ""
    ai_generated: bool | None = None


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed with its items, newest first. id: permanent tag URI. home_url: its page. path: address without the format's ending.

    updated_at: the newest change in its data, never the clock. query: what follows the ending in the address of each of
    its documents, e.g. '?content=summary'. hubs: WebSub hubs that are told of changes. older: path of the archive page
    before this document, "" when there is none. current: for an archive page the path of the document with the newest
    articles, else "". logo: absolute address of a picture, "" for none.
    """

    id: str
    path: str
    title: str
    description: str
    home_url: str
    public_url: str
    language: str
    updated_at: datetime
    items: tuple[FeedItem, ...]
    query: str = ""
    hubs: tuple[str, ...] = ()
    older: str = ""
    current: str = ""
    logo: str = ""

    def self_url(self, form: FeedFormat) -> str:
        """The absolute address of this feed in one format."""
        return self.address(self.path, form)

    def address(self, path: str, form: FeedFormat) -> str:
        """The absolute address of another document of this feed in one format."""
        return f"{self.public_url}{path}.{form}{self.query}"


@dataclass(frozen=True, slots=True)
class FeedDocument:
    """A feed's bytes in one format, with what HTTP needs. etag: quoted, of the identity bytes.

    gzip, brotli: the same bytes in these codings.
    """

    path: str
    form: FeedFormat
    body: bytes
    gzip: bytes
    brotli: bytes
    etag: str
    last_modified: datetime


def page_of_topics(slugs: Iterable[str]) -> str:
    """The path of the page that shows what is new in these topics together; that of all articles where they are too many."""
    chosen = sorted(set(slugs))
    return f"/feeds/topics/{'+'.join(chosen)}/" if 0 < len(chosen) <= MOST_TOPICS else "/feeds/all/"
