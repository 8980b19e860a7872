"""One fetcher for every kind of source; `domain.seams.Fetcher`."""

from collections.abc import Sequence
from datetime import datetime

from syndication.collect.feed import FeedReader
from syndication.collect.folder import fetch_folder
from syndication.domain.sources import FetchResult, NotModified, Source
from syndication.domain.states import SourceKind
from syndication.net.client import SafeClient


class SourceFetcher:
    """Reads any source once. May be used by many threads at once.

    user_agent: says who we are and where a publisher finds us. allowed_networks: CIDR words of private networks that
    every source may live in. client: another way out, for tests.
    """

    def __init__(
        self, user_agent: str, allowed_networks: Sequence[str] = (), *, client: SafeClient | None = None
    ) -> None:
        self._feeds = FeedReader(client or SafeClient(user_agent, allowed_networks))

    def fetch(self, source: Source, now: datetime) -> FetchResult:
        """What the source holds at `now` (aware UTC). Never raises for anything the source or the network does."""
        match source.kind:
            case SourceKind.FOLDER:
                return fetch_folder(source, now)
            case SourceKind.PUSH:
                return NotModified()
            case _:
                return self._feeds.fetch(source, now)
