"""Articles with topics → feed documents in the store, and from there to files."""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import structlog
from sqlmodel import Session

from syndication.domain.feeds import FeedDocument, FeedFormat
from syndication.domain.site import Site
from syndication.publish.documents import dated, documents
from syndication.store.archives import append_history
from syndication.store.database import Database
from syndication.store.feed_documents import (
    Published,
    documents_since,
    leaving_paths,
    published,
    retire_documents,
    save_documents,
)
from syndication.store.feed_plans import FeedPlan, planned_feeds
from syndication.store.pinging import queue_pings
from syndication.store.publishing import load_feed, outline_feed

_log = structlog.get_logger()
_TRIES: Final = 20
_AT_ONCE: Final = 8
"""Feeds saved in one transaction, so that it stays far below 250 ms."""

_WORKERS: Final = 4
"""Threads that publish: the database, lxml and zlib work beside Python."""


@dataclass(frozen=True, slots=True)
class PublishReport:
    """How many documents (feed and format) got new bytes, and how many stayed as they were."""

    written: int
    unchanged: int


def publish_feeds(database: Database, site: Site, now: datetime, *, thorough: bool = True) -> PublishReport:
    """Bring the documents of all feeds up to date; a feed whose data is unchanged is not written again.

    now: aware UTC; the date of changes that left none in the data. thorough: also give old articles that were accepted
    late their place in the archives; news get theirs always. Safe to run at any time, by several processes.
    """
    append_history(database, thorough=thorough)
    with database.read() as session:
        plans = planned_feeds(session, site)
        leaving = leaving_paths(session, {plan.name: plan.path for plan in plans})
        changed = [plan for plan in plans if _is_changed(session, site, plan)]
    outcome = Counter({False: (len(plans) - len(changed)) * len(FeedFormat)})
    with ThreadPoolExecutor(_WORKERS, "publish") as pool:
        for first in range(0, len(changed), _AT_ONCE):
            part = changed[first : first + _AT_ONCE]
            outcome.update(_publish(database, site, part, now, pool))
    for path, moved_to in leaving:
        with database.write() as session:
            outcome[True] += retire_documents(session, [path], moved_to)
        _log.info("feed_moved" if moved_to else "feed_removed", path=path, moved_to=moved_to)
    return PublishReport(written=outcome[True], unchanged=outcome[False])


def export_feeds(database: Database, folder: Path) -> int:
    """Write every document under `folder`, as /feeds/all.rss is served, with .gz and .br beside it; answers how many documents changed.

    Each file is replaced at once, an unchanged one is not touched, and those of removed feeds are deleted.
    """
    changed = 0
    with database.read() as session:
        for stored in documents_since(session, 0):
            document = stored.document
            name = f"{document.path}.{document.form}".lstrip("/")
            contents = {"": document.body, ".gz": document.gzip, ".br": document.brotli}
            written = [write_file(folder, f"{name}{coding}", content) for coding, content in contents.items()]
            changed += any(written)
    return changed


def _is_changed(session: Session, site: Site, plan: FeedPlan) -> bool:
    return published(session, plan.path).fingerprint != outline_feed(session, site, plan).fingerprint


@dataclass(frozen=True, slots=True)
class _Built:
    """The documents of a feed, and what was stored of it when they were made."""

    plan: FeedPlan
    documents: tuple[FeedDocument, ...]
    fingerprint: str
    before: Published


def _publish(
    database: Database, site: Site, plans: Sequence[FeedPlan], now: datetime, pool: ThreadPoolExecutor
) -> Counter[bool]:
    """How many documents of these feeds were written (True) and were not (False)."""
    outcome = Counter[bool]()
    left = list(plans)
    for _ in range(_TRIES):
        built = [one for one in pool.map(lambda plan: _build(database, site, plan, now), left) if one]
        outcome[False] += (len(left) - len(built)) * len(FeedFormat)
        left = []
        # One commit for all of them: a commit is dear beside building a feed.
        with database.write() as session:
            for one in built:
                written = save_documents(session, one.documents, one.fingerprint, one.before.version, one.plan.name)
                if written is None:
                    left.append(one.plan)
                    continue
                outcome.update({True: written, False: len(one.documents) - written})
                if written:
                    queue_pings(session, site.hubs, _addresses(site, one.documents), now)
        if not left:
            return outcome
    # Whoever kept coming first has published newer data than ours; the next run looks again.
    _log.warning("feeds_contended", paths=[plan.path for plan in left], tries=_TRIES)
    outcome[False] += len(left) * len(FeedFormat)
    return outcome


def _build(database: Database, site: Site, plan: FeedPlan, now: datetime) -> _Built | None:
    """The documents of a feed; None when somebody else has published them already."""
    with database.read() as session:
        before = published(session, plan.path)
        outline = outline_feed(session, site, plan)
        if outline.fingerprint == before.fingerprint:
            return None
        feed = load_feed(session, site, outline)
    return _Built(plan, documents(dated(feed, before.last_modified, now)), outline.fingerprint, before)


def _addresses(site: Site, made: Sequence[FeedDocument]) -> list[str]:
    return [f"{site.public_url}{document.path}.{document.form}" for document in made]


def write_file(folder: Path, name: str, content: bytes) -> bool:
    """Whether a file below the folder had to be written, or deleted when there is no content any more.

    It is replaced at once, so that nobody reads half of it. Raises ValueError for a name that leads out of the folder.
    """
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        message = f"{name} is no address of a feed"
        raise ValueError(message)
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
