"""A feed over HTTP → what one visit brought: conditional, limited, polite."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from syndication.collect.dates import parse_date
from syndication.collect.parse import parse_document
from syndication.domain.sources import FetchFailed, FetchResult, NotModified, RawDocument, Source
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
    found = parse_document(RawDocument(answer.body, answer.headers.get("content-type", ""), answer.url, source, now))
    if isinstance(found, FetchFailed):
        return replace(found, status=answer.status)
    return replace(
        found,
        etag=etag,
        last_modified=last_modified,
        body_hash=body_hash,
        min_wait_s=max(found.min_wait_s, _max_age(answer)),
    )


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
