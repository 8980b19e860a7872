"""A feed document → everything an answer over HTTP needs, prepared once; a request costs a few comparisons.

Source: RFC 9110 sections 8.8, 12.5.3 and 13; RFC 9111; RFC 5861; RFC 8246; WebSub section 4.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime, parsedate_to_datetime
from functools import lru_cache
from typing import Any, Final

from syndication.domain.feeds import FeedDocument, FeedFormat

MEDIA_TYPES: Final = {
    FeedFormat.RSS: b"application/rss+xml; charset=utf-8",
    FeedFormat.ATOM: b"application/atom+xml; charset=utf-8",
    FeedFormat.JSON: b"application/feed+json",
}
Header = tuple[bytes, bytes]
Message = dict[str, Any]
Answer = tuple[Message, Message]
"""What ASGI sends: the start with its headers, and the body. The same is sent again and again, so nobody changes it."""
_MINUTES: Final = 60
_DAYS: Final = 86_400
_ALWAYS: Final = ((b"vary", b"accept-encoding, sec-fetch-dest"), (b"x-content-type-options", b"nosniff"))
PUBLIC: Final[tuple[Header, ...]] = (
    (
        b"cache-control",
        b"public, max-age=%d, stale-while-revalidate=%d, stale-if-error=%d" % (5 * _MINUTES, 10 * _MINUTES, _DAYS),
    ),
    *_ALWAYS,
    (b"access-control-allow-origin", b"*"),
)
FOR_GOOD: Final[tuple[Header, ...]] = (
    # A week, so that an article that was withdrawn is nowhere shown for longer.
    (b"cache-control", b"public, max-age=%d, immutable, stale-if-error=%d" % (7 * _DAYS, 7 * _DAYS)),
    *PUBLIC[1:],
)
PRIVATE: Final[tuple[Header, ...]] = (
    (b"cache-control", b"private, max-age=%d" % (5 * _MINUTES)),
    *_ALWAYS,
    (b"referrer-policy", b"no-referrer"),
    (b"x-robots-tag", b"noindex, nofollow"),
)
_XML: Final = b"application/xml; charset=utf-8"
IDENTITY: Final = "identity"
GZIP: Final = "gzip"
BROTLI: Final = "br"
_MARKS: Final = {IDENTITY: b"", GZIP: b"-gz", BROTLI: b"-br"}  # of the entity tag
OK: Final = 200
NOT_MODIFIED: Final = 304
_TAG: Final = re.compile(rb'"[^"]*"')
_NO_BODY: Final[Message] = {"type": "http.response.body", "body": b""}


@dataclass(frozen=True, slots=True)
class Coded:
    """One coding of a document: its entity tag, and the answers 200 and 304."""

    tag: bytes
    ok: Answer
    not_modified: Answer


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document ready to serve, by coding. tags: the coding that each entity tag names."""

    codings: dict[str, Coded]
    tags: dict[bytes, Coded]
    modified_header: bytes
    modified_at: datetime

    @property
    def size(self) -> int:
        """Bytes of all codings."""
        return sum(len(coded.ok[1]["body"]) for coded in self.codings.values())


def prepare(document: FeedDocument, policy: tuple[Header, ...], link: bytes = b"") -> Prepared:
    """A document with all headers of its answers. link: value of the Link header, "" for none."""
    modified = format_datetime(document.last_modified, usegmt=True).encode()
    always = (*policy, (b"last-modified", modified), *(((b"link", link),) if link else ()))
    bodies = ((IDENTITY, document.body), (GZIP, document.gzip), (BROTLI, document.brotli))
    codings = {coding: _coded(document, coding, body, always) for coding, body in bodies if body}
    return Prepared(codings, {coded.tag: coded for coded in codings.values()}, modified, document.last_modified)


def link_value(self_url: str, hubs: Sequence[str]) -> bytes:
    """The Link header of a public feed: its own address, and the hubs that know of its changes."""
    return ", ".join([f'<{self_url}>; rel="self"', *(f'<{hub}>; rel="hub"' for hub in hubs)]).encode()


def by_name(headers: Collection[Header]) -> dict[bytes, bytes]:
    """The headers of a request; one that comes several times is one list."""
    given = dict(headers)
    if len(given) < len(headers):
        given = {}
        for name, value in headers:
            given[name] = given[name] + b"," + value if name in given else value
    return given


def select(prepared: Prepared, given: Mapping[bytes, bytes]) -> tuple[int, Coded]:
    """The status and the coding to answer with. given: see `by_name`."""
    coded = prepared.codings[IDENTITY]
    for coding in liked_codings(given.get(b"accept-encoding", b"")):
        if coding in prepared.codings:
            coded = prepared.codings[coding]
            break
    if (matched := given.get(b"if-none-match")) is not None:
        known = _matching(prepared, coded, matched)
        return (NOT_MODIFIED, known) if known else (OK, coded)
    if (since := given.get(b"if-modified-since")) is not None and _is_unmodified(prepared, since):
        return NOT_MODIFIED, coded
    return OK, coded


def answer(method: str, status: int, coded: Coded) -> Answer:
    """What is sent of a document, or as the news that it is unchanged."""
    start, body = coded.ok if status == OK else coded.not_modified
    return start, body if method == "GET" else _NO_BODY


def as_xml(answered: Answer) -> Answer:
    """The same bytes as XML of no special kind.

    Browsers apply a style sheet to that, and show RSS and Atom as a wall of text (observed in Chromium).
    """
    start, body = answered
    headers = [
        (name, _XML if name == b"content-type" and b"xml" in value else value) for name, value in start["headers"]
    ]
    return {**start, "headers": headers}, body


async def refuse(send: Any, method: str, status: int, text: bytes, *more: Header) -> None:  # noqa: ANN401 - ASGI's signature
    """Send a sentence in place of a feed."""
    kept = () if any(name == b"cache-control" for name, _ in more) else ((b"cache-control", b"no-store"),)
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", b"%d" % len(text)),
        *kept,
        *more,
    ]
    await send(_start(status, headers))
    await send(_NO_BODY if method == "HEAD" else _body(text))


@lru_cache(maxsize=256)
def liked_codings(accept_encoding: bytes) -> tuple[str, ...]:
    """The codings a client takes, what it likes best first; the smaller one of those it likes alike."""
    qualities: dict[str, float] = {}
    for part in accept_encoding.decode("latin-1").lower().split(","):
        coding, _, parameters = part.partition(";")
        qualities[coding.strip()] = _quality(parameters)
    others = qualities.get("*", 0.0)
    # Without a word on identity anything compressed that is accepted is welcome.
    plain = qualities.get(IDENTITY, 0.0)
    gzip = qualities.get(GZIP, qualities.get("x-gzip", others))
    ranked = ((qualities.get(BROTLI, others), 2, BROTLI), (gzip, 1, GZIP), (plain, 0, IDENTITY))
    return tuple(coding for quality, _, coding in sorted(ranked, reverse=True) if quality > 0)


def _coded(document: FeedDocument, coding: str, body: bytes, always: Sequence[Header]) -> Coded:
    tag = document.etag[:-1].encode() + _MARKS[coding] + b'"'
    described = ((b"content-type", MEDIA_TYPES[document.form]), (b"content-encoding", coding.encode()))
    validators = ((b"etag", tag), *always)
    headers = (
        *(described[:1] if coding == IDENTITY else described),
        (b"content-length", b"%d" % len(body)),
        *validators,
    )
    return Coded(tag, (_start(OK, headers), _body(body)), (_start(NOT_MODIFIED, validators), _NO_BODY))


def _start(status: int, headers: Sequence[Header]) -> Message:
    return {"type": "http.response.start", "status": status, "headers": headers}


def _body(body: bytes) -> Message:
    return {"type": "http.response.body", "body": body}


def _matching(prepared: Prepared, coded: Coded, condition: bytes) -> Coded | None:
    """The coding the client holds already, by weak comparison; a proxy that compresses makes our tags weak."""
    exact = prepared.tags.get(condition)
    if exact is not None:
        return exact
    if condition.strip() == b"*":
        return coded
    return next((prepared.tags[tag] for tag in _TAG.findall(condition) if tag in prepared.tags), None)


def _is_unmodified(prepared: Prepared, since: bytes) -> bool:
    if since == prepared.modified_header:
        return True
    try:
        return parsedate_to_datetime(since.decode("latin-1")) >= prepared.modified_at
    except (ValueError, TypeError):  # no date, or one without a zone: as if nothing had been asked
        return False


def _quality(parameters: str) -> float:
    found = re.search(r"q=([01](?:\.\d{0,3})?)", parameters)
    return float(found[1]) if found else 1.0
