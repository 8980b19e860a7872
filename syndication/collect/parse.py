"""Bytes of a source → what one visit brought. The one entrance for every kind that is read over HTTP. Pure."""

from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from syndication.collect.decoding import decode
from syndication.collect.drafts import Context, finish_new
from syndication.collect.feed_document import FeedDocument
from syndication.collect.feed_tree import read_feed
from syndication.collect.json_feed import read_json_feed
from syndication.collect.xml import Form, form_of
from syndication.domain.source_options import Identity
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
    done = finish_new(found.drafts, context_of(document, base_url, found.language))
    return Fetched(
        items=done.items,
        title=found.title,
        final_url=document.url,
        min_wait_s=found.minutes * 60,
        repairs=found.repairs,
        hubs=tuple(hub for link in found.hubs if (hub := absolute(link, document.url))),
        self_url=absolute(found.self_url, document.url),
        native_id=found.native_id,
        skip_hours=found.skip_hours,
        skip_days=found.skip_days,
        marks=done.marks,
        unchanged=done.unchanged,
        names=done.names,
    )


def context_of(document: RawDocument, base_url: str, language: str) -> Context:
    """What a document and its source say about all items."""
    source = document.source
    identity = source.options.identity
    if identity is Identity.AUTO and source.distrusted:
        identity = Identity.URL
    return Context(
        document.now, base_url, source.language or language, ZoneInfo(source.options.zone), identity, source.marks
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
