"""Feed documents: the bytes that are served and exported, each change with a version of its own."""

import gzip
import operator
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Row, func, insert, select, update
from sqlmodel import Session, col

from syndication.domain.feeds import FeedDocument, FeedFormat
from syndication.store.counters import raise_counter
from syndication.store.database import changed
from syndication.store.tables import FeedDocumentRow


class Published(NamedTuple):
    """What the store has of a feed. version: the newest of its documents, 0 when it has none."""

    version: int
    fingerprint: str
    last_modified: datetime | None


class Stored(NamedTuple):
    """A document with its version. A removed feed's document has no bytes. moved_to: the path it has now."""

    version: int
    document: FeedDocument
    moved_to: str = ""

    @property
    def is_gone(self) -> bool:
        """Whether the feed was removed."""
        return not self.document.body


def published(session: Session, paths: Collection[str]) -> dict[str, Published]:
    """What is stored of each of these feeds. Read it before the feeds' data: see `save_documents`."""
    columns = (
        FeedDocumentRow.path,
        FeedDocumentRow.version,
        FeedDocumentRow.fingerprint,
        FeedDocumentRow.last_modified,
    )
    found = dict.fromkeys(paths, Published(0, "", None))
    for path, *row in session.execute(select(*map(col, columns)).where(col(FeedDocumentRow.path).in_(paths))):
        found[path] = max(found[path], Published(*row), key=operator.itemgetter(0))
    return found


class Edition(NamedTuple):
    """The documents of a feed that are to be kept.

    seen: the version that `published` told before the data was read. feed: its permanent name.
    """

    documents: Sequence[FeedDocument]
    fingerprint: str
    seen: int = 0
    feed: str = ""

    @property
    def path(self) -> str:
        """The feed's path."""
        return self.documents[0].path


def save_documents(session: Session, editions: Sequence[Edition]) -> list[int | None]:
    """Keep feeds' documents; answers of each feed how many have new bytes. An unchanged one is not rewritten.

    None: somebody published this feed since, maybe from newer data, so nothing of it was kept and it must be loaded again.
    """
    # The counter's row stays locked until the commit: the order of versions is the order of commits, so that who asks
    # for newer versions than theirs misses none, and no two publishers save at the same time.
    version = raise_counter(session, "feed")
    known = _known(session, [edition.path for edition in editions])
    written: list[int | None] = []
    new: list[dict[str, Any]] = []
    edited: list[dict[str, Any]] = []
    for edition in editions:
        rows = known[edition.path]
        if max((row.version for row in rows.values()), default=0) != edition.seen:
            written.append(None)
            continue
        of_feed = {"path": edition.path, "fingerprint": edition.fingerprint, "feed": edition.feed}
        fresh = [one for one in edition.documents if one.form not in rows or one.etag != rows[one.form].etag]
        for document in fresh:
            kept = edited if document.form in rows else new
            kept.append(of_feed | {"form": document.form} | _values(document, version))
        if len(fresh) < len(edition.documents):
            same = update(FeedDocumentRow).where(col(FeedDocumentRow.path) == edition.path).values(of_feed)
            session.execute(same, execution_options={"synchronize_session": False})
        written.append(len(fresh))
    if new:
        session.execute(insert(FeedDocumentRow), new)
    if edited:
        session.execute(update(FeedDocumentRow), edited)  # by their keys
    return written


def _known(session: Session, paths: Collection[str]) -> Mapping[str, Mapping[str, Row[Any]]]:
    """Of each path the documents that are stored, by their format."""
    columns = (FeedDocumentRow.path, FeedDocumentRow.form, FeedDocumentRow.version, FeedDocumentRow.etag)
    found: dict[str, dict[str, Row[Any]]] = {path: {} for path in paths}
    for row in session.execute(select(*map(col, columns)).where(col(FeedDocumentRow.path).in_(paths))):
        found[row.path][row.form] = row
    return found


class Leaving(NamedTuple):
    """A path that no feed has any more, and what it answers from now on: moved_to, or 410 when that is ""."""

    path: str
    moved_to: str


def leaving_paths(session: Session, planned: Mapping[str, str]) -> list[Leaving]:
    """The paths that are to answer something else than they do. planned: of each feed's permanent name its path.

    A renamed feed is followed at once to its newest path, however often it was renamed.
    """
    known = select(
        col(FeedDocumentRow.path),
        col(FeedDocumentRow.feed),
        func.max(FeedDocumentRow.moved_to),
        func.max(FeedDocumentRow.etag),
    ).group_by(col(FeedDocumentRow.path), col(FeedDocumentRow.feed))
    paths = frozenset(planned.values())
    found = []
    for path, feed, moved_to, etag in session.execute(known.order_by(col(FeedDocumentRow.path))):
        target = planned.get(feed, "")
        if path not in paths and (etag or moved_to != target):
            found.append(Leaving(path, target))
    return found


def retire_documents(session: Session, paths: Sequence[str], moved_to: str = "") -> int:
    """Take the bytes from all documents of these paths; answers how many there were.

    They answer 410 from then on, or 301 when the feed has moved.
    """
    emptied = {
        "version": raise_counter(session, "feed"),
        "moved_to": moved_to,
        "fingerprint": "",
        "etag": "",
        "gzip": b"",
        "brotli": b"",
    }
    return changed(session, update(FeedDocumentRow).where(col(FeedDocumentRow.path).in_(paths)).values(emptied))


def documents_since(session: Session, version: int) -> Iterator[Stored]:
    """The documents written or removed after a version, oldest first, one in memory at a time. 0 answers all."""
    columns = (FeedDocumentRow.version, FeedDocumentRow.path, FeedDocumentRow.form)
    newer = select(*(col(column) for column in columns)).where(col(FeedDocumentRow.version) > version)
    for known, path, form in session.execute(newer.order_by(*(col(column) for column in columns))).all():
        # The version as it was listed: one that came since is newer than others that are not on the list.
        row = session.get_one(FeedDocumentRow, (path, form))
        yield Stored(known, _document(row), row.moved_to)
        session.expunge(row)


def _values(document: FeedDocument, version: int) -> dict[str, Any]:
    return {
        "moved_to": "",
        "version": version,
        "etag": document.etag,
        "last_modified": document.last_modified,
        "gzip": document.gzip,
        "brotli": document.brotli,
    }


def _document(row: FeedDocumentRow) -> FeedDocument:
    return FeedDocument(
        path=row.path,
        form=FeedFormat(row.form),
        body=gzip.decompress(row.gzip),
        gzip=row.gzip,
        brotli=row.brotli,
        etag=row.etag,
        last_modified=row.last_modified,
    )
