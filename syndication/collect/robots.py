"""robots.txt: obeyed for pages and sitemaps, and where it names us also for feeds. Source: RFC 9309."""

import re
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urljoin, urlsplit

from protego import Protego

from syndication.domain.sources import Source
from syndication.domain.states import SourceKind
from syndication.net.client import Answer, NoAnswer, SafeClient, Visit

_KEPT: Final = timedelta(hours=24)
_KEPT_AFTER_A_FAULT: Final = timedelta(minutes=10)
_MOST_BYTES: Final = 500 * 1024
_HOSTS: Final = 10_000
_OBEYS: Final = frozenset({SourceKind.PAGE, SourceKind.SITEMAP})
_OK: Final = 200
_SERVER_FAULT: Final = 500


@dataclass(frozen=True, slots=True)
class _Rules:
    """What one host says. rules: None when it says nothing. silence: why it could not be asked; then nothing is allowed."""

    until: datetime
    rules: Protego | None = None
    names_us: bool = False
    silence: str = ""


class Robots:
    """Rules of hosts, kept for a day at most. agent: our product token."""

    def __init__(self, client: SafeClient, agent: str) -> None:
        self._client = client
        self._agent = agent.partition("/")[0]
        self._named = re.compile(
            rf"^\s*user-agent\s*:\s*{re.escape(self._agent)}\s*(?:#|$)", re.IGNORECASE | re.MULTILINE
        )
        self._known: dict[str, _Rules] = {}
        self._lock = threading.Lock()

    def refusal(self, source: Source, url: str, now: datetime) -> str | None:
        """Why this document of a source must not be read, in words; None when it may. now: aware UTC.

        What an admin typed is no crawling: a feed, an API is only refused by rules that name us, and is asked for them
        when it is read without validators, at its first visit and every week or two. An internal source is the admin's own.
        """
        obeys = source.kind in _OBEYS
        is_routine = bool(source.etag or source.last_modified)
        if source.internal or (not obeys and is_routine):
            return None
        parts = urlsplit(url)
        rules = self._rules(source, f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}", now)
        if rules.silence:
            asked = f"{parts.hostname} cannot say what robots may read (robots.txt), so it is asked again"
            return f"{asked}: {rules.silence}" if obeys else None
        if rules.rules is None or not (obeys or rules.names_us) or rules.rules.can_fetch(url, self._agent):
            return None
        return f"{parts.hostname} asks robots such as this service not to read this address (robots.txt)"

    def _rules(self, source: Source, site: str, now: datetime) -> _Rules:
        with self._lock:
            known = self._known.get(site)
            if known is not None and now < known.until:
                return known
        found = self._ask(source, site, now)
        with self._lock:
            if len(self._known) >= _HOSTS:
                self._known.clear()
            self._known[site] = found
        return found

    def _ask(self, source: Source, site: str, now: datetime) -> _Rules:
        ports = frozenset({port}) if (port := _port(source.location)) else frozenset[int]()
        access = source.access
        visit = Visit(urljoin(site, "/robots.txt"), ports=ports, proxy=access.proxy, ca=access.ca)
        answer = self._client.get(visit)
        if isinstance(answer, NoAnswer):
            return _Rules(now + _KEPT_AFTER_A_FAULT, silence=answer.reason)
        if answer.status >= _SERVER_FAULT:
            return _Rules(now + _KEPT_AFTER_A_FAULT, silence=f"status {answer.status}")
        if answer.status != _OK:
            return _Rules(now + _KEPT)
        return self._parsed(answer, now)

    def _parsed(self, answer: Answer, now: datetime) -> _Rules:
        text = answer.body[:_MOST_BYTES].decode("utf-8", "replace")
        return _Rules(now + _KEPT, Protego.parse(text), names_us=self._named.search(text) is not None)


def _port(url: str) -> int | None:
    try:
        return urlsplit(url).port
    except ValueError:
        return None
