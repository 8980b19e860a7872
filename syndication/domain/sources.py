"""Source and fetch: where articles come from, and what one visit there brought."""

from dataclasses import dataclass
from datetime import datetime

from syndication.domain.articles import Item
from syndication.domain.states import FirstFetch, SourceKind


@dataclass(frozen=True, slots=True)
class Source:
    """Something we read from.

    location: a URL for a feed, a folder's path for a folder. base_url: what relative links are resolved against.
    etag, last_modified: validators of the last answer, echoed verbatim. body_hash: of the last body.
    fetched_before: False until a first fetch succeeded; its articles are history when first_fetch is backfill.
    internal: the admin says that this source may live on a private network.
    """

    slug: str
    title: str
    kind: SourceKind
    location: str
    base_url: str = ""
    language: str = ""
    first_fetch: FirstFetch = FirstFetch.BACKFILL
    etag: str = ""
    last_modified: str = ""
    body_hash: str = ""
    fetched_before: bool = False
    internal: bool = False


@dataclass(frozen=True, slots=True)
class Fetched:
    """New content came. final_url: after redirects. min_wait_s: the source asks not to come back sooner.

    repairs: what could not be read or had to be left out of the whole, in words for the admin.
    """

    items: tuple[Item, ...]
    etag: str = ""
    last_modified: str = ""
    body_hash: str = ""
    title: str = ""
    final_url: str = ""
    min_wait_s: int = 0
    repairs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NotModified:
    """The source answered that nothing changed, or the body was the same as last time."""

    etag: str = ""
    last_modified: str = ""
    min_wait_s: int = 0


@dataclass(frozen=True, slots=True)
class FetchFailed:
    """The visit failed. reason: for the admin, says what and how to mend it. gone: the source said 410.

    retry_at: aware UTC, when the source named an instant (Retry-After).
    """

    reason: str
    status: int | None = None
    gone: bool = False
    retry_at: datetime | None = None


FetchResult = Fetched | NotModified | FetchFailed
