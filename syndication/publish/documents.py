"""Feed → feed document: the bytes in one format with what HTTP needs to serve them."""

import hashlib
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, TypeAlias

import brotli
from isal import igzip

from syndication.domain.feeds import Feed, FeedDocument, FeedFormat, FeedItem
from syndication.publish.entries import Entry, entry
from syndication.publish.fit import fitted, fitted_item
from syndication.publish.json_feed import json_feed
from syndication.publish.xml import atom, rss

_WRITERS: Final[dict[FeedFormat, Callable[[Feed, Sequence[Entry]], bytes]]] = {
    FeedFormat.RSS: rss,
    FeedFormat.ATOM: atom,
    FeedFormat.JSON: json_feed,
}
_Body: TypeAlias = tuple[Feed, FeedFormat, bytes]
Pack: TypeAlias = Callable[[Callable[[_Body], FeedDocument], Iterable[_Body]], Iterable[FeedDocument]]
"""`map`, or that of an executor."""

_ETAG_CHARACTERS: Final = 32
_GZIP_LEVEL: Final = 3
"""ISA-L's best: as small as zlib's level 9 in a quarter of its time (measured: 200 KB in 2.0 ms)."""

_SMALL: Final = 16 * 1024
_BROTLI_QUALITY: Final = 3
_BROTLI_QUALITY_SMALL: Final = 5
"""So brotli is smaller than gzip by six per cent and more, and takes a millisecond more for 160 KB (measured on feeds of the web). With
quality 1 it is larger, for small documents up to 4 as well; 4 takes twice the time for three per cent."""


def document(feed: Feed, form: FeedFormat) -> FeedDocument:
    """The feed in one format. The same feed gives the same bytes, in any process, on any day."""
    ready = fitted(feed)
    return _packed((ready, form, _WRITERS[form](ready, [entry(item, ready) for item in ready.items])))


def documents(feed: Feed) -> tuple[FeedDocument, ...]:
    """The feed in every format: the same articles with the same ids in the same order."""
    return documents_of([feed])[0]


def documents_of(feeds: Iterable[Feed], pack: Pack = map) -> list[tuple[FeedDocument, ...]]:
    """Of each feed what `documents` makes of it; an article that several of them hold is written once.

    pack: with an executor's `map`, as compressing lets go of Python's lock, two threads do it in less time.
    """
    shared: dict[Hashable, Entry] = {}
    packed = [pack(_packed, _written(feed, shared)) for feed in feeds]
    return [tuple(made) for made in packed]


def _written(feed: Feed, shared: dict[Hashable, Entry]) -> list[_Body]:
    head = fitted(replace(feed, items=()))
    entries = [_entry(item, feed, head, shared) for item in feed.items]
    return [(head, form, _WRITERS[form](head, entries)) for form in FeedFormat]


def _entry(item: FeedItem, feed: Feed, head: Feed, shared: dict[Hashable, Entry]) -> Entry:
    """An item of a feed, from what was written already or to be found there. head: the feed, fitted."""
    key = item, head.language, head.public_url
    known = shared.get(key)
    if known:
        return known
    ready = fitted_item(item, feed)
    made = entry(ready, head)
    # What lacks a name or an address has borrowed them from this feed.
    if ready.origin.title != feed.title and ready.url != feed.home_url:
        shared[key] = made
    return made


def _packed(written: _Body) -> FeedDocument:
    feed, form, body = written
    quality = _BROTLI_QUALITY_SMALL if len(body) < _SMALL else _BROTLI_QUALITY
    return FeedDocument(
        path=feed.path,
        form=form,
        body=body,
        gzip=gzipped(body),
        brotli=brotli.compress(body, quality=quality),
        etag=f'"{hashlib.sha256(body).hexdigest()[:_ETAG_CHARACTERS]}"',
        last_modified=feed.updated_at,
    )


def gzipped(body: bytes) -> bytes:
    """The same bytes in gzip, without a date in them."""
    packed: bytes = igzip.compress(body, _GZIP_LEVEL, mtime=0)
    return packed


def dated(feed: Feed, previous: datetime | None, now: datetime) -> Feed:
    """A changed feed with the date of its change in whole seconds, always later than the date it had.

    The date is the newest in the data. A change that left no date there (an article removed, a topic renamed) happened
    at `now`. Later than before, even when the clock was set back: HTTP compares in seconds, and a reader that asks with
    If-Modified-Since must not miss a change.
    """
    newest = feed.updated_at.replace(microsecond=0)
    if previous and newest <= previous:
        newest = max(now.replace(microsecond=0), previous + timedelta(seconds=1))
    return replace(feed, updated_at=newest)
