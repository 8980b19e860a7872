"""Feed documents over HTTP: an ASGI function over prepared bytes, asked before the router, and before the event loop.

Everything an answer needs is prepared when a document changes; a request costs one look-up and a few comparisons.
Feeds that nobody keeps ready are made by `web.feed_demand`.
"""

from collections.abc import Callable, MutableMapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qs

import structlog

from syndication.domain.feeds import FeedFormat
from syndication.domain.site import Site
from syndication.domain.tokens import KeyRing
from syndication.store.database import Database, DatabaseError
from syndication.store.feed_documents import Stored, documents_since
from syndication.store.feed_requests import Asked, Moved
from syndication.web.feed_answers import (
    PUBLIC,
    Answer,
    Message,
    Prepared,
    answer,
    as_xml,
    by_name,
    link_value,
    prepare,
    refuse,
    select,
)
from syndication.web.feed_demand import Busy, DemandedFeeds, Gone
from syndication.web.readings import Readings

_log = structlog.get_logger()

_PREFIX: Final = "/feeds/"
_ENDINGS: Final = tuple(f".{form}" for form in FeedFormat)
_FOR_A_DAY: Final = (b"cache-control", b"public, max-age=86400")
_RETRY_AFTER_S: Final = 5

Scope = MutableMapping[str, Any]


class FeedServer:
    """Serves feed documents from memory, and looks for new ones when told to."""

    def __init__(self, database: Database, site: Site, keys: KeyRing, clock: Callable[[], datetime]) -> None:
        self.readings = Readings()
        self._database, self._site, self._clock = database, site, clock
        self._demand = DemandedFeeds(database, site, keys, clock)
        self._prepared: dict[str, Prepared] = {}
        self._left: dict[str, str] = {}  # of addresses that no feed has any more, the path it has now or ""
        self._version = 0
        self._is_loaded = False
        self._is_failing = False

    def handles(self, path: str) -> bool:
        """Whether a path is a feed's address, existing or not."""
        return path.startswith(_PREFIX) and path.endswith(_ENDINGS)

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

    def write_readings(self) -> None:
        """Write down who read what since the last call; when the database does not answer, the next call does."""
        try:
            self.readings.flush(self._database, self._clock())
        except DatabaseError as error:
            _log.warning("readings_not_written", error=str(error.__cause__ or error))

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:  # noqa: ANN401, ARG002 - ASGI's signature
        """Answer one request for an address that `handles` accepts."""
        method: str = scope["method"]
        path: str = scope["path"]
        prepared = self._prepared.get(path)
        if method not in {"GET", "HEAD"}:
            await refuse(send, method, 405, b"Only GET and HEAD.", (b"allow", b"GET, HEAD"))
        elif prepared is not None and not scope.get("query_string"):
            await self._answer(scope, send, prepared)
        else:
            await self._find(scope, send, prepared)

    def answer_at_once(self, scope: Scope, send: Callable[[Message], object]) -> bool:
        """Answer a request for a document that lies ready; False, and nothing is sent, for every other. See `server.AtOnce`."""
        prepared = self._prepared.get(scope["path"])
        if prepared is None or scope["method"] != "GET" or scope["query_string"]:
            return False
        for message in self._answered(scope, prepared):
            send(message)
        return True

    async def _answer(self, scope: Scope, send: Any, prepared: Prepared) -> None:  # noqa: ANN401 - ASGI's signature
        for message in self._answered(scope, prepared):
            await send(message)

    def _answered(self, scope: Scope, prepared: Prepared) -> Answer:
        """The answer, which is counted."""
        given = by_name(scope["headers"])
        status, coded = select(prepared, given)
        client = scope.get("client")
        self.readings.note(
            scope["path"],
            given.get(b"x-forwarded-for") or (client[0].encode() if client else b""),
            given.get(b"user-agent", b""),
            status,
        )
        answered = answer(scope["method"], status, coded)
        return as_xml(answered) if given.get(b"sec-fetch-dest") == b"document" else answered

    async def _find(self, scope: Scope, send: Any, prepared: Prepared | None) -> None:  # noqa: ANN401 - ASGI's signature
        """Answer for what is not lying ready under this very address."""
        method, path = scope["method"], scope["path"]
        base, _, ending = path.rpartition(".")
        lang, summary, query = _variation(scope.get("query_string", b""))
        moved = self._left.get(path)
        if prepared is not None and not query:
            await self._answer(scope, send, prepared)
        elif moved is not None:
            await self._say(send, method, Moved(moved) if moved else Gone(), ending, query)
        elif not self._is_loaded:
            await self._say(send, method, Busy(503, _RETRY_AFTER_S), ending, query)
        else:
            client = scope.get("client")
            asked = Asked(base, lang, summary)
            found = await self._demand.find(asked, FeedFormat(ending), self._version, client[0] if client else "")
            if isinstance(found, Prepared):
                await self._answer(scope, send, found)
            else:
                await self._say(send, method, found, ending, query)

    async def _say(self, send: Any, method: str, said: Moved | Gone | Busy | None, ending: str, query: str) -> None:  # noqa: ANN401 - ASGI's signature
        match said:
            case Moved(path):
                place = f"{self._site.public_url}{path}.{ending}{query}"
                await refuse(
                    send, method, 301, b"This feed has moved.", (b"location", place.encode()), _FOR_A_DAY, *PUBLIC[1:]
                )
            case Gone():
                await refuse(send, method, 410, b"This feed was removed.")
            case Busy(status, after_s):
                words = b"The feeds are not ready yet." if status == 503 else b"That was too much at once."  # noqa: PLR2004 - service unavailable
                await refuse(send, method, status, words, (b"retry-after", b"%d" % after_s))
            case None:
                await refuse(send, method, 404, b"There is no such feed.")

    def _take(self, stored: Stored) -> int:
        document = stored.document
        path = f"{document.path}.{document.form}"
        if stored.is_gone:
            self._left[path] = stored.moved_to
            self._prepared.pop(path, None)
        else:
            link = link_value(f"{self._site.public_url}{path}", self._site.hubs)
            self._prepared[path] = prepare(document, PUBLIC, link)
            self._left.pop(path, None)
        return stored.version


def _variation(query_string: bytes) -> tuple[str, bool, str]:
    """Language, whether summaries are enough, and the same as a query; other parts of a query mean nothing here."""
    parts = parse_qs(query_string.decode("latin-1"))
    lang = parts.get("lang", [""])[0].lower()
    summary = parts.get("content", [""])[0] == "summary"
    asked = [
        *([f"lang={lang}"] if lang.isalpha() and lang.isascii() else []),
        *(["content=summary"] if summary else []),
    ]
    return (lang, summary, f"?{'&'.join(asked)}" if asked else "")
