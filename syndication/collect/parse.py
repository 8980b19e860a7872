"""Bytes of a source → what one visit brought. The one entrance for every kind that is read over HTTP. Pure."""

import zlib
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from syndication.collect.decoding import decode
from syndication.collect.drafts import Context, finish_new
from syndication.collect.feed_document import FeedDocument
from syndication.collect.feed_tree import read_feed
from syndication.collect.full_text import with_full_text
from syndication.collect.json_api import next_page, read_api, rules_of
from syndication.collect.json_feed import read_json_feed
from syndication.collect.list_page import read_list
from syndication.collect.sitemap import LEVELS, read_sitemap
from syndication.collect.xml import Form, form_of
from syndication.domain.source_options import Identity
from syndication.domain.sources import Fetched, FetchFailed, RawDocument
from syndication.domain.states import SourceKind
from syndication.html.links import absolute
from syndication.html.tree import parse

_FEED_TYPES: Final = ("application/rss+xml", "application/atom+xml", "application/feed+json")
_GZIP: Final = b"\x1f\x8b\x08"
_LARGEST: Final = 15 * 1024 * 1024


def parse_document(document: RawDocument) -> Fetched | FetchFailed:
    """What a document holds, read as its source's kind says; see domain.sources.Parse. Never raises for any bytes."""
    if document.item is not None:
        return Fetched((with_full_text(document.item, document),), final_url=document.url)
    body, whole = _unpacked(document.body)
    text = decode(body, document.content_type)
    if form_of(text) is Form.EMPTY:
        return FetchFailed(f"{urlsplit(document.url).hostname} sent an empty answer: try again later")
    match document.source.kind:
        case SourceKind.SITEMAP:
            found = _sitemap(text, document)
        case SourceKind.PAGE:
            found = _page(text, document)
        case SourceKind.API:
            found = _api(text, document)
        case _:
            found = _feed(text, document)
    if whole or isinstance(found, FetchFailed):
        return found
    return replace(found, repairs=(*found.repairs, "the packed document breaks off"))


def context_of(document: RawDocument, base_url: str, language: str) -> Context:
    """What a document and its source say about all items."""
    source = document.source
    identity = source.options.identity
    if identity is Identity.AUTO and source.distrusted:
        identity = Identity.URL
    zone = ZoneInfo(source.options.zone)
    return Context(
        now=document.now,
        base_url=base_url,
        language=source.language or language,
        is_language_sure=bool(source.language),
        zone=zone,
        identity=identity,
        marks=source.marks,
    )


def _fetched(found: FeedDocument, document: RawDocument, more: tuple[str, ...] = ()) -> Fetched:
    base_url = document.source.base_url or absolute(found.link, document.url) or document.url
    done = finish_new(found.drafts, context_of(document, base_url, found.language))
    return Fetched(
        items=done.items,
        title=found.title,
        final_url=document.url,
        min_wait_s=found.minutes * 60,
        repairs=found.repairs,
        more=tuple(address for link in more if (address := absolute(link, document.url))),
        hubs=tuple(hub for link in found.hubs if (hub := absolute(link, document.url))),
        self_url=absolute(found.self_url, document.url),
        native_id=found.native_id,
        skip_hours=found.skip_hours,
        skip_days=found.skip_days,
        marks=done.marks,
        unchanged=done.unchanged,
        names=done.names,
    )


def _feed(text: str, document: RawDocument) -> Fetched | FetchFailed:
    form = form_of(text)
    found: FeedDocument | None = None
    if form is Form.XML_FEED:
        found = read_feed(text, document.source.options.max_items)
    elif form is Form.JSON:
        found = read_json_feed(text)
    if found is not None:
        return _fetched(found, document)
    if form is Form.PAGE:
        return FetchFailed(_page_words(text, document.url))
    if form is Form.SITEMAP:
        return FetchFailed("this is a sitemap, not a feed: choose the kind 'sitemap', or give the feed's address")
    if form is Form.JSON:
        return FetchFailed("this is JSON, but no JSON Feed: choose the kind 'api' and say where its articles are")
    host = urlsplit(document.url).hostname
    return FetchFailed(f"{host} sent neither RSS, Atom nor JSON Feed: check the address")


def _sitemap(text: str, document: RawDocument) -> Fetched | FetchFailed:
    found = read_sitemap(text, document.source.options.max_items)
    if found is not None:
        return _fetched(found[0], document, found[1] if document.depth < LEVELS else ())
    if form_of(text) is Form.PAGE:
        return FetchFailed("this is a web page, not a sitemap: robots.txt of most sites names it")
    return FetchFailed(f"{urlsplit(document.url).hostname} sent no sitemap: check the address")


def _page(text: str, document: RawDocument) -> Fetched | FetchFailed:
    options = document.source.options
    found = read_list(text, options.page, options.max_items)
    return FetchFailed(found) if isinstance(found, str) else _fetched(found, document)


def _api(text: str, document: RawDocument) -> Fetched | FetchFailed:
    options = document.source.options
    rules = rules_of(options.api)
    found = read_api(text, rules, options.max_items)
    if isinstance(found, str):
        return FetchFailed(found)
    more = next_page(document.url, rules, len(found.drafts), found.next_url) if document.depth + 1 < rules.pages else ""
    return _fetched(found, document, (more,) if more else ())


def _unpacked(body: bytes) -> tuple[bytes, bool]:
    """The body without the gzip that some servers put around a file, and whether that was whole."""
    if not body.startswith(_GZIP):
        return body, True
    unpacker = zlib.decompressobj(wbits=31)
    try:
        found = unpacker.decompress(body, _LARGEST)
    except zlib.error:
        return b"", False
    return found, unpacker.eof


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
