"""One fetcher for every kind of source; `domain.seams.Fetcher`."""

import time
from collections.abc import Callable, Sequence
from datetime import datetime

from syndication.collect.folder import fetch_folder
from syndication.collect.parse import parse_document
from syndication.collect.robots import Robots
from syndication.collect.web import WebReader
from syndication.domain.sources import FetchResult, NotModified, Parse, Source
from syndication.domain.states import SourceKind
from syndication.net.client import SafeClient


class SourceFetcher:
    """Reads any source once. May be used by many threads at once.

    user_agent: says who we are and where a publisher finds us. allowed_networks: CIDR words of private networks that
    every source may live in. client: another way out, parse: another way to read bytes, pause: another way to wait.
    """

    def __init__(
        self,
        user_agent: str,
        allowed_networks: Sequence[str] = (),
        *,
        client: SafeClient | None = None,
        parse: Parse = parse_document,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.client = client or SafeClient(user_agent, allowed_networks)
        self._web = WebReader(self.client, Robots(self.client, user_agent), parse, pause)

    def fetch(self, source: Source, now: datetime) -> FetchResult:
        """What the source holds at `now` (aware UTC). Never raises for anything the source or the network does."""
        match source.kind:
            case SourceKind.FOLDER:
                return fetch_folder(source, now)
            case SourceKind.PUSH:
                return NotModified()
            case _:
                return self._web.fetch(source, now)
