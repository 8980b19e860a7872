"""Articles with topics → feed documents in the store, and from there to files."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import structlog
from sqlmodel import Session

from syndication.domain.feeds import FeedFormat
from syndication.domain.site import Site
from syndication.publish.documents import dated, documents
from syndication.store.database import Database
from syndication.store.feed_documents import documents_since, published, removed_feeds, retire_documents, save_documents
from syndication.store.publishing import FeedPlan, load_feed, outline_feed, planned_feeds

_log = structlog.get_logger()
_TRIES: Final = 20
_WORKERS: Final = 4
"""Threads that publish: the database, lxml and zlib work beside Python."""


@dataclass(frozen=True, slots=True)
class PublishReport:
    """How many documents (feed and format) got new bytes, and how many stayed as they were."""

    written: int
    unchanged: int


def publish_feeds(database: Database, site: Site, now: datetime) -> PublishReport:
    """Bring the documents of all feeds up to date; a feed whose data is unchanged is not written again.

    now: aware UTC; the date of changes that left none in the data. Safe to run at any time, by several processes.
    """
    with database.read() as session:
        plans = planned_feeds(session, site)
        removed = removed_feeds(session, [plan.path for plan in plans])
        changed = [plan for plan in plans if _is_changed(session, site, plan)]
    outcome = Counter({False: (len(plans) - len(changed)) * len(FeedFormat)})
    if removed:
        with database.write() as session:
            outcome[True] += retire_documents(session, removed)
        _log.info("feeds_removed", paths=removed)
    with ThreadPoolExecutor(_WORKERS, "publish") as pool:
        for counts in pool.map(lambda plan: _publish(database, site, plan, now), changed):
            outcome.update(counts)
    return PublishReport(written=outcome[True], unchanged=outcome[False])


def export_feeds(database: Database, folder: Path) -> int:
    """Write every document under `folder`, as /feeds/all.rss is served, with .gz and .br beside it; answers how many documents changed.

    Each file is replaced at once, an unchanged one is not touched, and those of removed feeds are deleted.
    """
    changed = 0
    with database.read() as session:
        for stored in documents_since(session, 0):
            document = stored.document
            file = _file_of(folder, f"{document.path}.{document.form}")
            contents = {"": document.body, ".gz": document.gzip, ".br": document.brotli}
            written = [_write(file.with_name(file.name + coding), content) for coding, content in contents.items()]
            changed += any(written)
    return changed


def _is_changed(session: Session, site: Site, plan: FeedPlan) -> bool:
    return published(session, plan.path).fingerprint != outline_feed(session, site, plan).fingerprint


def _publish(database: Database, site: Site, plan: FeedPlan, now: datetime) -> Counter[bool]:
    """How many documents of one feed were written (True) and were not (False)."""
    for _ in range(_TRIES):
        with database.read() as session:
            before = published(session, plan.path)
            outline = outline_feed(session, site, plan)
            if outline.fingerprint == before.fingerprint:
                return Counter({False: len(FeedFormat)})
            feed = load_feed(session, site, outline)
        made = documents(dated(feed, before.last_modified, now))
        with database.write() as session:
            written = save_documents(session, made, outline.fingerprint, before.version)
        if written is not None:
            _log.info("feed_published", path=plan.path, articles=len(feed.items), documents=written)
            return Counter({True: written, False: len(made) - written})
    # Whoever kept coming first has published newer data than ours; the next run looks again.
    _log.warning("feed_contended", path=plan.path, tries=_TRIES)
    return Counter({False: len(FeedFormat)})


def _file_of(folder: Path, path: str) -> Path:
    """The file for an address. Raises ValueError for an address that would lead out of the folder."""
    file = (folder / path.lstrip("/")).resolve()
    if not file.is_relative_to(folder.resolve()):
        message = f"{path} is no address of a feed"
        raise ValueError(message)
    return file


def _write(path: Path, content: bytes) -> bool:
    """Whether the file had to be written, or deleted when there is no content any more."""
    known = path.read_bytes() if path.exists() else b""
    if known == content:
        return False
    if not content:
        path.unlink()
        return True
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    new.write_bytes(content)
    new.replace(path)
    return True
