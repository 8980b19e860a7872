"""A source over HTTP → what one visit brought: conditional, limited, polite."""

import base64
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from syndication.collect.dates import parse_date
from syndication.collect.robots import Robots
from syndication.domain.sources import (
    Access,
    Fetched,
    FetchFailed,
    FetchResult,
    Heard,
    Names,
    NotModified,
    Parse,
    RawDocument,
    Source,
)
from syndication.html.links import absolute
from syndication.net.client import Answer, NoAnswer, SafeClient, Visit

ACCEPT: Final = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml;q=0.9,"
    " application/xml;q=0.8, text/xml;q=0.8, application/json;q=0.7, */*;q=0.1"
)
_SUCCESS: Final = frozenset({200, 203, 226})
_NOT_MODIFIED: Final = 304
_GONE: Final = 410
_SLOW_DOWN: Final = frozenset({429, 503})
_SHORTEST_PAUSE: Final = timedelta(minutes=5)
_LONGEST_PAUSE: Final = timedelta(hours=24)
_DOCUMENTS: Final = 20
_DEEPEST: Final = 2
_PAGES: Final = 10
_PAGE_ACCEPT: Final = "text/html, application/xhtml+xml;q=0.9, */*;q=0.1"
_BETWEEN_DOCUMENTS_S: Final = 1.0
_HEADERS: Final = 50
_NAME: Final = 100
_VALUE: Final = 500
_START: Final = 2048
_LONGEST_LINKS: Final = 4096
_LINK: Final = re.compile(r"<([^<>]{1,2000})>((?:\s*;\s*[\w*!#$&+.^`|~-]{1,40}\s*(?:=\s*(?:\"[^\"]*\"|[^\s\",;]*))?)*)")
_REL: Final = re.compile(r";\s*rel\s*=\s*(?:\"([^\"]*)\"|([^\s\",;]*))", re.IGNORECASE)
_MAX_AGE: Final = re.compile(r"(?:^|[\s,])max-age=\"?(\d{1,9})")

_WORDS: Final[Mapping[int, str]] = {
    401: "asks for a log-in: enter user and password on the source's page",
    403: "refuses us: ask the publisher to let this service in, or remove the source",
    404: "has nothing at this address any more: look on the site for the feed's new address",
    410: "says that this feed is gone for good: look on the site for another, or remove the source",
    429: "asks us to come less often; the next visit waits as long as it says",
    503: "is out of service for now; the next visit waits as long as it says",
}


class WebReader:
    """Reads sources over HTTP. May be used by many threads at once.

    parse: bytes → items, here or in another process. pause: waits so many seconds between documents of one visit.
    """

    def __init__(self, client: SafeClient, robots: Robots, parse: Parse, pause: Callable[[float], None]) -> None:
        self._client = client
        self._robots = robots
        self._parse = parse
        self._pause = pause

    def fetch(self, source: Source, now: datetime) -> FetchResult:
        """What the source holds at `now` (aware UTC). Never raises for anything the source or the network does."""
        refused = self._robots.refusal(source, source.location, now)
        if refused:
            return FetchFailed(refused)
        answer = self._client.get(visit_of(source, validators(source)))
        if isinstance(answer, NoAnswer):
            return FetchFailed(answer.reason, unreachable=not answer.refused)
        heard = heard_of(answer)
        if answer.status == _NOT_MODIFIED:
            return replace(_not_modified(answer, source, now), heard=heard)
        if answer.status not in _SUCCESS:
            return replace(_failed(answer, now), heard=heard)
        return replace(self._read(answer, source, now), heard=heard)

    def _read(self, answer: Answer, source: Source, now: datetime) -> FetchResult:
        body_hash = hashlib.sha256(answer.body).hexdigest()
        etag, last_modified = answer.headers.get("etag", ""), answer.headers.get("last-modified", "")
        same_etag = bool(etag) and etag == source.etag
        if source.fetched_before and (body_hash == source.body_hash or same_etag):
            return NotModified(etag, last_modified, wanted_pause(answer, now))
        found = self._parse(raw_document(answer, source, now))
        if isinstance(found, FetchFailed):
            return replace(found, status=answer.status)
        found = self._with_pages(self._with_more(found, source, now), source, now)
        return replace(
            found,
            etag=etag,
            last_modified=last_modified,
            body_hash=body_hash,
            min_wait_s=max(found.min_wait_s, wanted_pause(answer, now)),
            hubs=tuple(dict.fromkeys((*links_of(answer, "hub"), *found.hubs))),
            self_url=next(iter(links_of(answer, "self")), found.self_url),
        )

    def _with_more(self, first: Fetched, source: Source, now: datetime) -> Fetched:
        """The first document with those that belong to it, one after another; what one lacks is a remark."""
        waiting = [(url, 1) for url in first.more]
        seen = {source.location}
        while waiting and len(seen) <= _DOCUMENTS and len(first.items) < source.options.max_items:
            url, depth = waiting.pop(0)
            if url in seen:
                continue
            seen.add(url)
            self._pause(_BETWEEN_DOCUMENTS_S)
            found = self._document(url, depth, source, now)
            if isinstance(found, FetchFailed):
                first = replace(first, repairs=(*first.repairs, f"{url} was left out: {found.reason}"))
                continue
            first = _joined(first, found)
            waiting += [(further, depth + 1) for further in found.more if depth < _DEEPEST]
        return first

    def _with_pages(self, found: Fetched, source: Source, now: datetime) -> Fetched:
        """Teasers with the text of their own pages, where the source's options ask for it; at most ten a visit."""
        if not source.options.full_text:
            return found
        items = list(found.items)
        for place in [place for place, item in enumerate(items) if item.is_teaser and item.url][:_PAGES]:
            item = items[place]
            self._pause(_BETWEEN_DOCUMENTS_S)
            page = FetchFailed(refused) if (refused := self._robots.refusal(source, item.url, now)) else None
            answer = page or self._client.get(visit_of(source, {"Accept": _PAGE_ACCEPT}, item.url))
            if isinstance(answer, Answer) and answer.status in _SUCCESS:
                read = self._parse(replace(raw_document(answer, source, now), item=item))
                items[place] = read.items[0] if isinstance(read, Fetched) else item
        return replace(found, items=tuple(items))

    def _document(self, url: str, depth: int, source: Source, now: datetime) -> Fetched | FetchFailed:
        refused = self._robots.refusal(source, url, now)
        if refused:
            return FetchFailed(refused)
        where = visit_of(source, {"Accept": ACCEPT}, url)
        answer = self._client.get(where)
        if isinstance(answer, NoAnswer):
            return FetchFailed(answer.reason)
        if answer.status not in _SUCCESS:
            return _failed(answer, now)
        return self._parse(raw_document(answer, source, now, depth))


def _joined(first: Fetched, further: Fetched) -> Fetched:
    """What two documents of one source bring together."""
    known = {item.native_key for item in first.items}
    names, more = first.names, further.names
    if names and more:
        names = Names((*names.keys, *more.keys), (*names.urls, *more.urls), (*names.ids, *more.ids))
    return replace(
        first,
        items=(*first.items, *(item for item in further.items if item.native_key not in known)),
        repairs=(*first.repairs, *further.repairs),
        marks=(*first.marks, *further.marks),
        unchanged=first.unchanged + further.unchanged,
        names=names,
    )


def visit_of(source: Source, headers: Mapping[str, str], url: str = "") -> Visit:
    """The request for a source's own address, or for another document of it; log-in goes to its own host alone."""
    access = source.access
    location = url or source.location
    named = {"User-Agent": access.user_agent} if access.user_agent else {}
    is_own = urlsplit(location).netloc.lower() == urlsplit(source.location).netloc.lower()
    return Visit(
        location,
        {**headers, **named},
        internal=source.internal,
        ports=_own_port(source.location),
        secrets=_log_in(access) if is_own else {},
        proxy=access.proxy,
        ca=access.ca,
    )


def raw_document(answer: Answer, source: Source, now: datetime, depth: int = 0) -> RawDocument:
    """An answer as the parsers take it; they need no log-in, so none goes to their processes."""
    source = replace(source, access=Access())
    return RawDocument(answer.body, answer.headers.get("content-type", ""), answer.url, source, now, depth)


def heard_of(answer: Answer) -> Heard:
    """What may be kept of an answer: cookies are not among it."""
    headers = tuple(
        (name[:_NAME], value[:_VALUE])
        for name, value in list(answer.headers.items())[:_HEADERS]
        if name != "set-cookie"
    )
    start = answer.body[:_START].decode("utf-8", "replace").replace("\0", "\ufffd")
    return Heard(answer.status, answer.url, headers, start, answer.url if answer.moved else "")


def links_of(answer: Answer, relation: str) -> list[str]:
    """Absolute addresses of Link headers with this relation. Source: RFC 8288 section 3; WebSub section 4."""
    found = []
    for target, rest in _LINK.findall(answer.headers.get("link", "")[:_LONGEST_LINKS]):
        relations = _REL.search(rest)
        if relations and relation in (relations[1] or relations[2] or "").lower().split():
            found.append(absolute(target, answer.url))
    return [url for url in found if url]


def validators(source: Source) -> dict[str, str]:
    """Validators are opaque: echoed as they came, or not at all when they could not stand in a header."""
    kept = {"If-None-Match": source.etag, "If-Modified-Since": source.last_modified}
    sound = {name: value for name, value in kept.items() if value and value.isascii() and value.isprintable()}
    return {"Accept": ACCEPT, **sound}


def wanted_pause(answer: Answer, now: datetime) -> int:
    """Seconds for which the server says that its answer is fresh, at most a day. Source: RFC 9111 section 5.3."""
    longest = int(_LONGEST_PAUSE.total_seconds())
    found = _MAX_AGE.search(answer.headers.get("cache-control", "").lower())
    if found:
        return min(int(found[1]), longest)
    until = parse_date(answer.headers.get("expires", ""))
    return min(max(int((until[0] - now).total_seconds()), 0), longest) if until else 0


def _log_in(access: Access) -> dict[str, str]:
    headers = dict(access.headers)
    if access.user or access.password:
        pair = base64.b64encode(f"{access.user}:{access.password}".encode()).decode("ascii")
        headers["Authorization"] = f"Basic {pair}"
    return headers


def _not_modified(answer: Answer, source: Source, now: datetime) -> NotModified | FetchFailed:
    if not source.fetched_before:
        return FetchFailed("the server says 'not modified' to a first visit: its cache is broken", answer.status)
    etag = answer.headers.get("etag", source.etag)
    return NotModified(etag, answer.headers.get("last-modified", source.last_modified), wanted_pause(answer, now))


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


def _own_port(location: str) -> frozenset[int]:
    """The port an admin wrote is open to that source; one that a document names is not."""
    try:
        port = urlsplit(location).port
    except ValueError:
        return frozenset()
    return frozenset({port}) if port else frozenset()
