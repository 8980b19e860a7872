"""Bytes of a source → what one visit brought. The one entrance for every kind that is read over HTTP. Pure."""

from urllib.parse import urlsplit

from syndication.collect.decoding import decode
from syndication.collect.drafts import Context, finish
from syndication.collect.feed_document import FeedDocument
from syndication.collect.feed_tree import read_feed
from syndication.collect.json_feed import read_json_feed
from syndication.collect.xml import Form, form_of
from syndication.domain.sources import Fetched, FetchFailed, RawDocument
from syndication.html.links import absolute
from syndication.html.tree import parse

_FEED_TYPES = ("application/rss+xml", "application/atom+xml", "application/feed+json")


def parse_document(document: RawDocument) -> Fetched | FetchFailed:
    """What a document holds, read as its source's kind says; see domain.sources.Parse. Never raises for any bytes."""
    text = decode(document.body, document.content_type)
    return _read_feed(text, document)


def _read_feed(text: str, document: RawDocument) -> Fetched | FetchFailed:
    source = document.source
    found = _feed(text, document.url)
    if isinstance(found, FetchFailed):
        return found
    base_url = source.base_url or absolute(found.link, document.url) or document.url
    context = Context(document.now, base_url, source.language or found.language)
    return Fetched(
        items=finish(found.drafts, context),
        title=found.title,
        final_url=document.url,
        min_wait_s=found.minutes * 60,
    )


def _feed(text: str, url: str) -> FeedDocument | FetchFailed:
    host = urlsplit(url).hostname
    form = form_of(text)
    document: FeedDocument | None = None
    if form is Form.XML_FEED:
        document = read_feed(text)
    elif form is Form.JSON:
        document = read_json_feed(text)
    if document is not None:
        return document
    if form is Form.EMPTY:
        return FetchFailed(f"{host} sent an empty answer: try again later")
    if form is Form.PAGE:
        return FetchFailed(_page_words(text, url))
    if form is Form.SITEMAP:
        return FetchFailed("this is a sitemap, not a feed: give the address of the site's feed")
    return FetchFailed(f"{host} sent neither RSS, Atom nor JSON Feed: check the address")


def _page_words(text: str, url: str) -> str:
    named = next(
        (
            absolute(link.get("href", ""), url)
            for link in parse(text).iter("link")
            if "alternate" in link.get("rel", "").lower() and link.get("type", "").lower().startswith(_FEED_TYPES)
        ),
        "",
    )
    remedy = f"it names {named}: use that" if named else "look on it for a link called RSS, Atom or feed and use that"
    return f"this is a web page, not a feed: {remedy}"
