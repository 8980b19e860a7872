"""Feeds that are made when somebody asks: unions of topics, one language, summaries, pages of archives, readers' own.

They are functions of the data as the feeds that are kept ready are: any process makes the same bytes, and nothing has
to be stored for them. What was made stays in memory while it is in use, within a fixed number of bytes.
"""

import asyncio
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from syndication.domain.errors import TokenError
from syndication.domain.feeds import FeedDocument, FeedFormat
from syndication.domain.site import Site
from syndication.domain.tokens import KeyRing, Purpose
from syndication.publish.documents import document, gzipped
from syndication.store.database import Database, DatabaseError
from syndication.store.feed_requests import Asked, Meant, Moved, changed_at, choice_plan, meant_feed
from syndication.store.private_feeds import choice_of
from syndication.store.publishing import Outline, load_feed, outline_feed, outline_page
from syndication.web.feed_answers import FOR_GOOD, PRIVATE, PUBLIC, Prepared, link_value, prepare
from syndication.web.throttle import Throttle, network_of

_log = structlog.get_logger()

PRIVATE_PREFIX: Final = "/feeds/me/"
_NOBODY: Final = "nobodys2token7nobodys2token7nobod"
"""Stands in a private feed where the token of the reader who asks for it belongs."""

_MOST_BYTES: Final = 32 * 1024 * 1024
_MOST_AT_ONCE: Final = 16
_MOST_MADE: Final = (600, timedelta(minutes=1))
"""Feeds made anew for one network; a reader that walks through an archive of 30,000 articles stays below it."""


@dataclass(frozen=True, slots=True)
class Gone:
    """The feed is no more, or its address is void."""


@dataclass(frozen=True, slots=True)
class Busy:
    """Too much is asked for. status: 429 when it is this visitor, 503 when it is everybody. after_s: when to come back."""

    status: int
    after_s: int


Demanded = Prepared | Moved | Gone | Busy | None


@dataclass(frozen=True, slots=True)
class _Made:
    """A document in memory. version: of the published feeds when it was last compared with the data."""

    document: FeedDocument
    prepared: Prepared
    fingerprint: str
    version: int


class DemandedFeeds:
    """Makes feeds when they are asked for. May be used by many threads at once."""

    def __init__(
        self,
        database: Database,
        site: Site,
        keys: KeyRing,
        clock: Callable[[], datetime],
        most_bytes: int = _MOST_BYTES,
    ) -> None:
        self._most_bytes = most_bytes
        self._database, self._site, self._keys, self._clock = database, site, keys, clock
        self._made: OrderedDict[tuple[Asked, str, FeedFormat], _Made] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()
        self._at_work = 0
        self._throttle = Throttle(*_MOST_MADE)
        self._is_failing = False

    async def find(self, asked: Asked, form: FeedFormat, version: int, client: str) -> Demanded:
        """The feed an address asks for, None when there is none. version: of the newest published document."""
        known = self._made.get((asked, "", form))
        if known is not None and known.version == version:
            return known.prepared
        if self._at_work >= _MOST_AT_ONCE:
            return Busy(503, 5)
        if client and not self._throttle.allows(network_of(client), self._clock()):
            return Busy(429, 60)
        self._at_work += 1
        try:
            return await asyncio.to_thread(self._find, asked, form, version)
        finally:
            self._at_work -= 1

    def _find(self, asked: Asked, form: FeedFormat, version: int) -> Demanded:
        try:
            found = self._own(asked, form, version) if _is_private(asked) else self._public(asked, form, version)
        except DatabaseError as error:
            if not self._is_failing:
                _log.warning("feeds_not_made", error=str(error.__cause__ or error))
            self._is_failing = True
            known = self._made.get((asked, "", form))
            return known.prepared if known else Busy(503, 5)
        self._is_failing = False
        return found

    def _public(self, asked: Asked, form: FeedFormat, version: int) -> Demanded:
        with self._database.read() as session:
            meant = meant_feed(session, self._site, asked)
            if not isinstance(meant, Meant):
                return meant
            if meant.page:
                outline = outline_page(session, self._site, meant.plan, meant.page)
            else:
                outline = outline_feed(session, self._site, meant.plan)
        made = self._make((asked, "", form), outline, version)
        return made.prepared

    @property
    def kept(self) -> int:
        """How many documents are in memory."""
        return len(self._made)

    def _own(self, asked: Asked, form: FeedFormat, version: int) -> Demanded:
        token = asked.path.removeprefix(PRIVATE_PREFIX)
        try:
            private_feed_id = self._keys.open(Purpose.FEED, token)
        except TokenError:
            return None
        with self._database.read() as session:
            choice = choice_of(session, private_feed_id)
            if choice is None or choice.is_void:
                return choice and Gone()
            path = f"{PRIVATE_PREFIX}{_NOBODY}"
            plan = choice_plan(session, self._site, choice.topics, choice.language, path)
            if asked.summary:
                plan = replace(plan, name=f"{plan.name}/summary", summary=True, query="?content=summary")
            outline = outline_feed(session, self._site, plan)
        # One document for all who chose the same; only the address in it is the reader's own.
        shared = self._make((Asked(path, "", asked.summary), plan.name, form), outline, version).document
        body = shared.body.replace(_NOBODY.encode(), token.encode())
        own = replace(shared, path=asked.path, body=body, gzip=gzipped(body), brotli=b"")
        return prepare(own, PRIVATE)

    def _make(self, key: tuple[Asked, str, FeedFormat], outline: Outline, version: int) -> _Made:
        known = self._made.get(key)
        if known is not None and known.fingerprint == outline.fingerprint:
            made = replace(known, version=version)
        else:
            with self._database.read() as session:
                feed = load_feed(session, self._site, outline)
                newest = feed.updated_at.replace(microsecond=0)
                if not outline.current:
                    newest = max(newest, changed_at(session, outline.plan) or newest)
            built = document(replace(feed, updated_at=newest), key[2])
            policy = FOR_GOOD if outline.current else PUBLIC
            hubs = () if outline.current else self._site.hubs
            link = link_value(feed.self_url(key[2]), hubs)
            made = _Made(built, prepare(built, policy, link), outline.fingerprint, version)
        self._keep(key, made)
        return made

    def _keep(self, key: tuple[Asked, str, FeedFormat], made: _Made) -> None:
        with self._lock:
            old = self._made.pop(key, None)
            self._made[key] = made
            self._bytes += made.prepared.size - (old.prepared.size if old else 0)
            while self._bytes > self._most_bytes and len(self._made) > 1:
                _, dropped = self._made.popitem(last=False)
                self._bytes -= dropped.prepared.size


def _is_private(asked: Asked) -> bool:
    return asked.path.startswith(PRIVATE_PREFIX)
