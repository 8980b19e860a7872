"""Feed → feed document: the bytes in one format with what HTTP needs to serve them."""

import gzip
import hashlib
from collections.abc import Callable
from typing import Final

from syndication.domain.feeds import Feed, FeedDocument, FeedFormat
from syndication.publish.fit import fitted
from syndication.publish.json_feed import json_feed
from syndication.publish.xml import atom, rss

_WRITERS: Final[dict[FeedFormat, Callable[[Feed], bytes]]] = {
    FeedFormat.RSS: rss,
    FeedFormat.ATOM: atom,
    FeedFormat.JSON: json_feed,
}
_ETAG_CHARACTERS: Final = 32
_GZIP_LEVEL: Final = 6


def document(feed: Feed, form: FeedFormat) -> FeedDocument:
    """The feed in one format. The same feed gives the same bytes, in any process, on any day."""
    return _document(fitted(feed), form)


def documents(feed: Feed) -> tuple[FeedDocument, ...]:
    """The feed in every format: the same articles with the same ids in the same order."""
    ready = fitted(feed)
    return tuple(_document(ready, form) for form in FeedFormat)


def _document(feed: Feed, form: FeedFormat) -> FeedDocument:
    body = _WRITERS[form](feed)
    return FeedDocument(
        path=feed.path,
        form=form,
        body=body,
        gzip=gzip.compress(body, _GZIP_LEVEL, mtime=0),
        etag=f'"{hashlib.sha256(body).hexdigest()[:_ETAG_CHARACTERS]}"',
        last_modified=feed.updated_at,
    )
