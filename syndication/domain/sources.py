"""Source and fetch: where articles come from, and what one visit there brought."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from syndication.domain.articles import Item
from syndication.domain.source_options import SourceOptions
from syndication.domain.states import FirstFetch, SourceKind


@dataclass(frozen=True, slots=True)
class Access:
    """How a source lets us in; kept sealed. headers: name and value, sent with every request to the source's own host.

    user_agent: instead of ours. proxy: http:// address that its requests go through. ca: certificates (PEM) that count
    for this source besides the usual ones.
    """

    user: str = ""
    password: str = field(default="", repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    user_agent: str = ""
    proxy: str = field(default="", repr=False)
    ca: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Heard:
    """What a server said, for diagnosis. url: after redirects. start: of the body, at most 2 KiB, as text.

    moved_to: where a chain of permanent redirects led, "" when there was none or one of them was temporary.
    """

    status: int
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    start: str = ""
    moved_to: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """Something we read from.

    location: a folder's path for a folder, "" for push, else a URL. base_url: what relative links are resolved against.
    etag, last_modified: validators of the last answer, echoed verbatim. body_hash: of the last body.
    fetched_before: False until a first fetch succeeded; its articles are history when first_fetch is backfill.
    full_text: its publisher lets us show whole articles. internal: the admin says that this source may live on a private
    network. distrusted: its items' own ids change or repeat, so that identity AUTO names items by their addresses. marks: of the items of the last visit; an item with the
    same mark is the same to the letter and is not read again.
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
    full_text: bool = True
    options: SourceOptions = field(default_factory=SourceOptions)
    distrusted: bool = False
    marks: frozenset[str] = frozenset()
    access: Access = field(default_factory=Access)


@dataclass(frozen=True, slots=True)
class Names:
    """What all items of a visit are called, those that were not read again among them. urls: canonical, with repetitions.

    ids: canonical URL and own id of each, for those that have both.
    """

    keys: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    ids: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class RawDocument:
    """What came over the wire, unpacked, and for whom. url: after redirects. source: says how to read it. now: aware UTC.

    depth: how many documents led here, such as an index of sitemaps or earlier pages of a list. item: when given, the
    document is that item's own page, and the answer holds the item alone, with the page's text.
    """

    body: bytes
    content_type: str
    url: str
    source: Source
    now: datetime
    depth: int = 0
    item: Item | None = None


@dataclass(frozen=True, slots=True)
class Fetched:
    """New content came. final_url: after redirects. min_wait_s: the source asks not to come back sooner.

    repairs: what could not be read or had to be left out of the whole, in words for the admin. more: absolute addresses
    of documents that belong to this one (sitemaps of an index, the next page), each to be fetched and parsed in turn.
    hubs, self_url: for WebSub, as the document names them. native_id: of the feed itself (atom:id), "" when it has none.
    skip_hours (UTC), skip_days (0 is Monday): when the source asks to be left alone. marks: for Source.marks, to be kept
    once the items are stored. unchanged: how many items were not read again. names: None means those of `items`.
    """

    items: tuple[Item, ...]
    etag: str = ""
    last_modified: str = ""
    body_hash: str = ""
    title: str = ""
    final_url: str = ""
    min_wait_s: int = 0
    repairs: tuple[str, ...] = ()
    more: tuple[str, ...] = ()
    hubs: tuple[str, ...] = ()
    self_url: str = ""
    native_id: str = ""
    skip_hours: tuple[int, ...] = ()
    skip_days: tuple[int, ...] = ()
    marks: tuple[str, ...] = ()
    unchanged: int = 0
    names: Names | None = None
    heard: Heard | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class NotModified:
    """The source answered that nothing changed, or the body was the same as last time."""

    etag: str = ""
    last_modified: str = ""
    min_wait_s: int = 0
    heard: Heard | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class FetchFailed:
    """The visit failed. reason: for the admin, says what and how to mend it. gone: the source said 410.

    retry_at: aware UTC, when the source named an instant (Retry-After). unreachable: nobody answered, so that the fault
    may be our own network's. ours: it came, but our database refused it.
    """

    reason: str
    status: int | None = None
    gone: bool = False
    retry_at: datetime | None = None
    unreachable: bool = False
    ours: bool = False
    heard: Heard | None = field(default=None, compare=False)


FetchResult = Fetched | NotModified | FetchFailed


class Parse(Protocol):
    """Bytes → items. In this process or, with limits of time and memory, in another."""

    def __call__(self, document: RawDocument) -> Fetched | FetchFailed:
        """What the document holds, without validators. Never raises for any bytes."""
