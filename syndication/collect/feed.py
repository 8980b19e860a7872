"""A feed over HTTP → what one visit brought: conditional, limited, polite."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from syndication.collect.dates import parse_date
from syndication.collect.decoding import decode
from syndication.collect.drafts import Context, finish
from syndication.collect.feed_document import FeedDocument, read_feed
from syndication.collect.json_feed import read_json_feed
from syndication.collect.xml import Form, form_of
from syndication.domain.sources import Fetched, FetchFailed, FetchResult, NotModified, Source
from syndication.html.links import absolute
from syndication.html.tree import parse
from syndication.net.client import Answer, NoAnswer, SafeClient, Visit

_ACCEPT: Final = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml;q=0.9,"
    " application/xml;q=0.8, text/xml;q=0.8, application/json;q=0.7, */*;q=0.1"
)
_SUCCESS: Final = frozenset({200, 203, 226})
_NOT_MODIFIED: Final = 304
_GONE: Final = 410
_SLOW_DOWN: Final = frozenset({429, 503})
_SHORTEST_PAUSE: Final = timedelta(minutes=5)
_LONGEST_PAUSE: Final = timedelta(hours=24)
_MAX_AGE: Final = re.compile(r"(?:^|[\s,])max-age=\"?(\d{1,9})")
_FEED_TYPES: Final = ("application/rss+xml", "application/atom+xml", "application/feed+json")

_WORDS: Final[Mapping[int, str]] = {
    401: "asks for a log-in: put user and password into the address, as in https://user:password@host/feed",
    403: "refuses us: ask the publisher to let this service in, or remove the source",
    404: "has nothing at this address any more: look on the site for the feed's new address",
    410: "says that this feed is gone for good: look on the site for another, or remove the source",
    429: "asks us to come less often; the next visit waits as long as it says",
    503: "is out of service for now; the next visit waits as long as it says",
}


@dataclass(frozen=True, slots=True)
class FeedReader:
    """Reads feeds over HTTP."""

    client: SafeClient

    def fetch(self, source: Source, now: datetime) -> FetchResult:
        """What the feed holds at `now` (aware UTC). Never raises for anything the feed or the network does."""
        answer = self.client.get(
            Visit(source.location, _headers(source), internal=source.internal, ports=_own_port(source.location))
        )
        if isinstance(answer, NoAnswer):
            return FetchFailed(answer.reason)
        if answer.status == _NOT_MODIFIED:
            return _not_modified(answer, source)
        if answer.status not in _SUCCESS:
            return _failed(answer, now)
        return _read(answer, source, now)


def _read(answer: Answer, source: Source, now: datetime) -> FetchResult:
    body_hash = hashlib.sha256(answer.body).hexdigest()
    etag, last_modified = answer.headers.get("etag", ""), answer.headers.get("last-modified", "")
    same_etag = bool(etag) and etag == source.etag
    if source.fetched_before and (body_hash == source.body_hash or same_etag):
        return NotModified(etag, last_modified, _max_age(answer))
    text = decode(answer.body, answer.headers.get("content-type", ""))
    document = _document(text, answer)
    if isinstance(document, FetchFailed):
        return document
    base_url = source.base_url or absolute(document.link, answer.url) or answer.url
    context = Context(now, base_url, source.language or document.language)
    return Fetched(
        items=finish(document.drafts, context),
        etag=etag,
        last_modified=last_modified,
        body_hash=body_hash,
        title=document.title,
        final_url=answer.url,
        min_wait_s=max(document.minutes * 60, _max_age(answer)),
    )


def _document(text: str, answer: Answer) -> FeedDocument | FetchFailed:
    host = urlsplit(answer.url).hostname
    form = form_of(text)
    document: FeedDocument | None = None
    if form is Form.XML_FEED:
        document = read_feed(text)
    elif form is Form.JSON:
        document = read_json_feed(text)
    if document is not None:
        return document
    if form is Form.EMPTY:
        return FetchFailed(f"{host} sent an empty answer: try again later", answer.status)
    if form is Form.PAGE:
        return FetchFailed(_page_words(text, answer.url), answer.status)
    if form is Form.SITEMAP:
        return FetchFailed("this is a sitemap, not a feed: give the address of the site's feed", answer.status)
    return FetchFailed(f"{host} sent neither RSS, Atom nor JSON Feed: check the address", answer.status)


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


def _not_modified(answer: Answer, source: Source) -> FetchResult:
    if not source.fetched_before:
        return FetchFailed("the server says 'not modified' to a first visit: its cache is broken", answer.status)
    etag = answer.headers.get("etag", source.etag)
    return NotModified(etag, answer.headers.get("last-modified", source.last_modified), _max_age(answer))


def _failed(answer: Answer, now: datetime) -> FetchFailed:
    host = urlsplit(answer.url).hostname
    words = _WORDS.get(answer.status, f"answered with status {answer.status}")
    if answer.headers.get("cf-mitigated") == "challenge":
        words = "shows a riddle for people instead of its feed (Cloudflare): ask the publisher to let this service in"
    retry_at = _retry_at(answer, now) if answer.status in _SLOW_DOWN else None
    return FetchFailed(f"{host} {words}", answer.status, answer.status == _GONE, retry_at)


def _retry_at(answer: Answer, now: datetime) -> datetime | None:
    """Seconds or a date, between five minutes and a day from now. Source: RFC 9110 section 10.2.3."""
    written = answer.headers.get("retry-after", "").strip()
    if written.isascii() and written.isdigit():
        wait = timedelta(seconds=min(int(written[:9]), _LONGEST_PAUSE.total_seconds()))
    else:
        found = parse_date(written)
        if found is None:
            return None
        wait = found[0] - now
    return now + min(max(wait, _SHORTEST_PAUSE), _LONGEST_PAUSE)


def _headers(source: Source) -> dict[str, str]:
    """Validators are opaque: echoed as they came, or not at all when they could not stand in a header."""
    validators = {"If-None-Match": source.etag, "If-Modified-Since": source.last_modified}
    sound = {name: value for name, value in validators.items() if value and value.isascii() and value.isprintable()}
    return {"Accept": _ACCEPT, **sound}


def _max_age(answer: Answer) -> int:
    found = _MAX_AGE.search(answer.headers.get("cache-control", "").lower())
    return min(int(found[1]), int(_LONGEST_PAUSE.total_seconds())) if found else 0


def _own_port(location: str) -> frozenset[int]:
    """The port an admin wrote is open to that source; one that a document names is not."""
    try:
        port = urlsplit(location).port
    except ValueError:
        return frozenset()
    return frozenset({port}) if port else frozenset()
