"""Feed documents over HTTP: an ASGI function over prepared bytes, asked before the router.

Everything an answer needs is prepared when a document changes; a request costs one look-up and a few comparisons.
Source: RFC 9110 sections 8.8, 12.5.3 and 13; RFC 9111; RFC 5861.
"""

import re
from collections.abc import Iterable, MutableMapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime, parsedate_to_datetime
from functools import lru_cache
from typing import Any, Final

import structlog

from syndication.domain.feeds import FeedDocument, FeedFormat
from syndication.store.database import Database, DatabaseError
from syndication.store.feed_documents import Stored, documents_since

_log = structlog.get_logger()

_PREFIX: Final = "/feeds/"
_PRIVATE: Final = "/feeds/me/"
_ENDINGS: Final = tuple(f".{form}" for form in FeedFormat)
_MEDIA_TYPES: Final = {
    FeedFormat.RSS: b"application/rss+xml; charset=utf-8",
    FeedFormat.ATOM: b"application/atom+xml; charset=utf-8",
    FeedFormat.JSON: b"application/feed+json",
}
_MINUTES: Final = 60
_DAYS: Final = 86_400
_SHARED: Final = (
    (
        b"cache-control",
        b"public, max-age=%d, stale-while-revalidate=%d, stale-if-error=%d" % (5 * _MINUTES, 10 * _MINUTES, _DAYS),
    ),
    (b"vary", b"accept-encoding"),
    (b"access-control-allow-origin", b"*"),
    (b"x-content-type-options", b"nosniff"),
)
IDENTITY: Final = "identity"
GZIP: Final = "gzip"
BROTLI: Final = "br"
_TAG: Final = re.compile(rb'"[^"]*"')
_RETRY_AFTER_S: Final = 5

Header = tuple[bytes, bytes]
Scope = MutableMapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Coded:
    """One coding of a document: its bytes, and the headers of the answers 200 and 304."""

    body: bytes
    ok: Sequence[Header]
    not_modified: Sequence[Header]


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A document ready to serve, by coding. tags: the coding that each entity tag names."""

    codings: dict[str, _Coded]
    tags: dict[bytes, _Coded]
    modified_header: bytes
    modified_at: datetime


class FeedServer:
    """Serves the public feed documents from memory, and looks for new ones when told to."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._prepared: dict[str, _Prepared | None] = {}  # None: the feed was removed
        self._version = 0
        self._is_loaded = False
        self._is_failing = False

    def handles(self, path: str) -> bool:
        """Whether a path is a public feed's address, existing or not. Private feeds are somebody else's."""
        return path.startswith(_PREFIX) and path.endswith(_ENDINGS) and not path.startswith(_PRIVATE)

    def refresh(self) -> None:
        """Take over what was published since the last call; call it from one thread, every half second.

        When the database does not answer, the last good bytes stay; that is logged once, and once when it is over.
        """
        try:
            with self._database.read() as session:
                newest = max(map(self._take, documents_since(session, self._version)), default=self._version)
        except DatabaseError as error:
            if not self._is_failing:
                _log.warning("feeds_not_refreshed", error=str(error.__cause__ or error))
            self._is_failing = True
            return
        if self._is_failing:
            _log.info("feeds_refreshed_again")
        # Only now: documents of one version come together, and an error half-way must not lose the rest.
        self._version = newest
        self._is_failing = False
        self._is_loaded = True

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:  # noqa: ANN401, ARG002 - ASGI's signature
        """Answer one request for an address that `handles` accepts."""
        method: str = scope["method"]
        prepared = self._prepared.get(scope["path"])
        if method not in {"GET", "HEAD"}:
            await _refuse(send, method, 405, b"Only GET and HEAD.", (b"allow", b"GET, HEAD"))
        elif prepared is not None:
            status, coded = _select(prepared, scope["headers"])
            headers = coded.ok if status == 200 else coded.not_modified  # noqa: PLR2004 - HTTP's own numbers
            await send({"type": "http.response.start", "status": status, "headers": headers})
            body = coded.body if method == "GET" and status == 200 else b""  # noqa: PLR2004 - OK
            await send({"type": "http.response.body", "body": body})
        elif scope["path"] in self._prepared:
            await _refuse(send, method, 410, b"This feed was removed.")
        elif self._is_loaded:
            await _refuse(send, method, 404, b"There is no such feed.")
        else:
            retry = (b"retry-after", b"%d" % _RETRY_AFTER_S)
            await _refuse(send, method, 503, b"The feeds are not loaded yet.", retry)

    def _take(self, stored: Stored) -> int:
        document = stored.document
        self._prepared[f"{document.path}.{document.form}"] = None if stored.is_gone else _prepare(document)
        return stored.version


def _prepare(document: FeedDocument) -> _Prepared:
    modified = format_datetime(document.last_modified, usegmt=True).encode()
    tag = document.etag.encode()
    always = (*_SHARED, (b"last-modified", modified))
    kind = (b"content-type", _MEDIA_TYPES[document.form])
    codings = {
        IDENTITY: _coded(document.body, tag, always, (kind,)),
        GZIP: _coded(document.gzip, tag[:-1] + b'-gz"', always, (kind, (b"content-encoding", b"gzip"))),
        BROTLI: _coded(document.brotli, tag[:-1] + b'-br"', always, (kind, (b"content-encoding", b"br"))),
    }
    tags = {coded.not_modified[0][1]: coded for coded in codings.values()}
    return _Prepared(codings, tags, modified, document.last_modified)


def _coded(body: bytes, tag: bytes, always: tuple[Header, ...], described: tuple[Header, ...]) -> _Coded:
    validators = ((b"etag", tag), *always)
    return _Coded(body, (*described, (b"content-length", b"%d" % len(body)), *validators), validators)


def _select(prepared: _Prepared, headers: Iterable[Sequence[bytes]]) -> tuple[int, _Coded]:
    """The status and the coding to answer with."""
    accepted = matched = since = None
    for name, value in headers:
        if name == b"if-none-match":
            matched = value if matched is None else matched + b"," + value
        elif name == b"accept-encoding":
            accepted = value if accepted is None else accepted + b"," + value
        elif name == b"if-modified-since":
            since = value
    coded = prepared.codings[best_coding(accepted) if accepted is not None else IDENTITY]
    if matched is not None:
        known = _matching(prepared, coded, matched)
        return (304, known) if known else (200, coded)
    if since is not None and _is_unmodified(prepared, since):
        return 304, coded
    return 200, coded


def _matching(prepared: _Prepared, coded: _Coded, condition: bytes) -> _Coded | None:
    """The coding the client holds already, by weak comparison; a proxy that compresses makes our tags weak."""
    exact = prepared.tags.get(condition)
    if exact is not None:
        return exact
    if condition.strip() == b"*":
        return coded
    return next((prepared.tags[tag] for tag in _TAG.findall(condition) if tag in prepared.tags), None)


def _is_unmodified(prepared: _Prepared, since: bytes) -> bool:
    if since == prepared.modified_header:
        return True
    try:
        return parsedate_to_datetime(since.decode("latin-1")) >= prepared.modified_at
    except (ValueError, TypeError):  # no date, or one without a zone: as if nothing had been asked
        return False


@lru_cache(maxsize=256)
def best_coding(accept_encoding: bytes) -> str:
    """The coding a client likes best, of those it takes; the smallest of those it likes alike."""
    qualities: dict[str, float] = {}
    for part in accept_encoding.decode("latin-1").lower().split(","):
        coding, _, parameters = part.partition(";")
        qualities[coding.strip()] = _quality(parameters)
    others = qualities.get("*", 0.0)
    # Without a word on identity anything compressed that is accepted is welcome.
    plain = qualities.get(IDENTITY, 0.0)
    gzip = qualities.get(GZIP, qualities.get("x-gzip", others))
    best = max((qualities.get(BROTLI, others), 2, BROTLI), (gzip, 1, GZIP), (plain, 0, IDENTITY))
    return best[2] if best[0] > 0 else IDENTITY


def _quality(parameters: str) -> float:
    found = re.search(r"q=([01](?:\.\d{0,3})?)", parameters)
    return float(found[1]) if found else 1.0


async def _refuse(send: Any, method: str, status: int, text: bytes, *more: Header) -> None:  # noqa: ANN401 - ASGI's signature
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", b"%d" % len(text)),
        (b"cache-control", b"no-store"),
        *more,
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else text})
