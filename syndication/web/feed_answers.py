"""A feed document → everything an answer over HTTP needs, prepared once; a request costs a few comparisons.

Source: RFC 9110 sections 8.8, 12.5.3 and 13; RFC 9111; RFC 5861; RFC 8246; WebSub section 4.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import format_datetime, parsedate_to_datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple

from syndication.domain.feeds import FeedDocument, FeedFormat

MEDIA_TYPES: Final = {
    FeedFormat.RSS: b"application/rss+xml; charset=utf-8",
    FeedFormat.ATOM: b"application/atom+xml; charset=utf-8",
    FeedFormat.JSON: b"application/feed+json",
}
Header = tuple[bytes, bytes]
Message = dict[str, Any]
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
OK: Final = 200
NOT_MODIFIED: Final = 304
_TAG: Final = re.compile(rb'"[^"]*"')


@dataclass(frozen=True, slots=True)
class Coded:
    """One coding of a document: its bytes, and the headers of the answers 200 and 304."""

    body: bytes
    ok: Sequence[Header]
    not_modified: Sequence[Header]


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
        return sum(len(coded.body) for coded in self.codings.values())


class Wishes(NamedTuple):
    """What the headers of a request say that matters here. codings: see `liked_codings`. is_browser: a person opens the address in a browser."""

    codings: tuple[str, ...] = ()
    matched: bytes | None = None
    since: bytes | None = None
    agent: bytes = b""
    forwarded: bytes = b""
    is_browser: bool = False


def prepare(document: FeedDocument, policy: tuple[Header, ...], link: bytes = b"") -> Prepared:
    """A document with all headers of its answers. link: value of the Link header, "" for none."""
    modified = format_datetime(document.last_modified, usegmt=True).encode()
    tag = document.etag.encode()
    always = (*policy, (b"last-modified", modified), *(((b"link", link),) if link else ()))
    kind = (b"content-type", MEDIA_TYPES[document.form])
    codings = {
        IDENTITY: _coded(document.body, tag, always, (kind,)),
        GZIP: _coded(document.gzip, tag[:-1] + b'-gz"', always, (kind, (b"content-encoding", b"gzip"))),
        BROTLI: _coded(document.brotli, tag[:-1] + b'-br"', always, (kind, (b"content-encoding", b"br"))),
    }
    codings = {name: coded for name, coded in codings.items() if coded.body}
    tags = {coded.not_modified[0][1]: coded for coded in codings.values()}
    return Prepared(codings, tags, modified, document.last_modified)


def link_value(self_url: str, hubs: Sequence[str]) -> bytes:
    """The Link header of a public feed: its own address, and the hubs that know of its changes."""
    return ", ".join([f'<{self_url}>; rel="self"', *(f'<{hub}>; rel="hub"' for hub in hubs)]).encode()


def wishes_of(headers: Iterable[Sequence[bytes]]) -> Wishes:
    """Read the headers of a request; a header that comes twice is one list."""
    accepted = matched = since = None
    agent = forwarded = opened_as = b""
    for name, value in headers:
        if name == b"if-none-match":
            matched = value if matched is None else matched + b"," + value
        elif name == b"accept-encoding":
            accepted = value if accepted is None else accepted + b"," + value
        elif name == b"user-agent":
            agent = value
        elif name == b"if-modified-since":
            since = value
        elif name == b"x-forwarded-for":
            forwarded = value
        elif name == b"sec-fetch-dest":
            opened_as = value
    codings = liked_codings(accepted) if accepted is not None else ()
    return Wishes(codings, matched, since, agent, forwarded, opened_as == b"document")


def select(prepared: Prepared, wishes: Wishes) -> tuple[int, Coded]:
    """The status and the coding to answer with."""
    coded = prepared.codings[IDENTITY]
    for coding in wishes.codings:
        if coding in prepared.codings:
            coded = prepared.codings[coding]
            break
    if wishes.matched is not None:
        known = _matching(prepared, coded, wishes.matched)
        return (NOT_MODIFIED, known) if known else (OK, coded)
    if wishes.since is not None and _is_unmodified(prepared, wishes.since):
        return NOT_MODIFIED, coded
    return OK, coded


def as_xml(coded: Coded) -> Coded:
    """The same bytes as XML of no special kind.

    Browsers apply a style sheet to that, and show RSS and Atom as a wall of text (observed in Chromium).
    """
    (name, value), *others = coded.ok
    return replace(coded, ok=((name, _XML if b"xml" in value else value), *others))


def messages(method: str, status: int, coded: Coded) -> tuple[Message, Message]:
    """What ASGI sends for a document, or for the news that it is unchanged."""
    is_ok = status == OK
    return (
        {"type": "http.response.start", "status": status, "headers": coded.ok if is_ok else coded.not_modified},
        {"type": "http.response.body", "body": coded.body if is_ok and method == "GET" else b""},
    )


async def refuse(send: Any, method: str, status: int, text: bytes, *more: Header) -> None:  # noqa: ANN401 - ASGI's signature
    """Send a sentence in place of a feed."""
    kept = () if any(name == b"cache-control" for name, _ in more) else ((b"cache-control", b"no-store"),)
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", b"%d" % len(text)),
        *kept,
        *more,
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else text})


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


def _coded(body: bytes, tag: bytes, always: tuple[Header, ...], described: tuple[Header, ...]) -> Coded:
    validators = ((b"etag", tag), *always)
    return Coded(body, (*described, (b"content-length", b"%d" % len(body)), *validators), validators)


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
