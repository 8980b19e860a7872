"""Articles with topics → feed documents in the store, and from there to files."""

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Final, TypeVar

import structlog
from sqlmodel import Session

from syndication.domain.feeds import FeedDocument, FeedFormat
from syndication.domain.site import Site
from syndication.publish.documents import dated, documents_of
from syndication.store.archives import append_history
from syndication.store.database import Database
from syndication.store.feed_changes import feeds_of, take_changes
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
from syndication.store.publishing import load_feeds, outline_feeds

_log = structlog.get_logger()
_One = TypeVar("_One")
_TRIES: Final = 20
_AT_ONCE: Final = 8
"""Feeds built together, which share statements and entries, and saved in one transaction, so that it stays far below 250 ms."""

_AHEAD: Final = 3
"""Groups of feeds that are built, or wait to be, while one is saved; a feed has a megabyte of documents."""

_WORKERS: Final = 2
"""Threads that build beside the one that saves, and as many that compress; with four they wait for each other, which takes a
tenth more (measured)."""


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
    with _publisher(database, site, now) as publisher:
        outcome = publisher.changed()
        append_history(database, thorough=thorough)
        with database.read() as session:
            plans = planned_feeds(session, site)
            leaving = leaving_paths(session, {plan.name: plan.path for plan in plans})
        for path, moved_to in leaving:
            with database.write() as session:
                outcome[True] += retire_documents(session, [path], moved_to)
            _log.info("feed_moved" if moved_to else "feed_removed", path=path, moved_to=moved_to)
        for saved in publisher.publish(plans):
            # News that came meanwhile do not wait for the rest of the feeds.
            outcome += saved + publisher.changed()
    return PublishReport(written=outcome[True], unchanged=outcome[False])


def publish_changed(database: Database, site: Site, now: datetime) -> PublishReport:
    """Bring only the feeds up to date that hold articles whose texts or verdicts changed; now: aware UTC."""
    with _publisher(database, site, now) as publisher:
        outcome = publisher.changed()
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


@dataclass(frozen=True, slots=True)
class _Built:
    """The documents of a feed, and what was stored of it when they were made."""

    plan: FeedPlan
    documents: tuple[FeedDocument, ...]
    fingerprint: str
    before: Published


@dataclass(frozen=True, slots=True)
class _Publisher:
    """One run. Each method answers how many documents were written (True) and were not (False)."""

    database: Database
    site: Site
    now: datetime
    builders: ThreadPoolExecutor
    packers: ThreadPoolExecutor

    def changed(self) -> Counter[bool]:
        """Publish the feeds of the articles that changed."""
        outcome = Counter[bool]()
        ids = take_changes(self.database)
        if ids:
            append_history(self.database, thorough=False)
            with self.database.read() as session:
                names = feeds_of(session, ids)
                plans = planned_feeds(session, self.site, names)
            for saved in self.publish(plans):
                outcome += saved
        return outcome

    def publish(self, plans: Sequence[FeedPlan]) -> Iterator[Counter[bool]]:
        """Publish these feeds, where their data changed; a few at a time, while the next ones are built."""
        left = plans
        for _ in range(_TRIES):
            contended: list[FeedPlan] = []
            for group in self._built(left):
                yield self._saved(group, contended)
            if not contended:
                return
            left = contended
        # Whoever kept coming first has published newer data than ours; the next run looks again.
        _log.warning("feeds_contended", paths=[plan.path for plan in left], tries=_TRIES)
        yield Counter({False: len(left) * len(FeedFormat)})

    def _built(self, plans: Iterable[FeedPlan]) -> Iterator[list[_Built | None]]:
        """What `_build` answers for each group, in order, with at most `_AHEAD` of them in memory that nobody has taken."""
        ahead = deque[Future[list[_Built | None]]]()
        for group in batched(plans, _AT_ONCE):
            ahead.append(self.builders.submit(self._build, group))
            if len(ahead) == _AHEAD:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()

    def _saved(self, part: Sequence[_Built | None], contended: list[FeedPlan]) -> Counter[bool]:
        """Keep what was built, and add to `contended` what must be built again."""
        built = [one for one in part if one]
        outcome = Counter({False: (len(part) - len(built)) * len(FeedFormat)})
        if built:
            # One commit for all of them: a commit is dear beside building a feed.
            with self.database.write() as session:
                for one in built:
                    contended += self._save(session, one, outcome)
        return outcome

    def _build(self, plans: Sequence[FeedPlan]) -> list[_Built | None]:
        """The documents of each feed; None when they are published already."""
        with self.database.read() as session:
            before = published(session, [plan.path for plan in plans])
            outlines = outline_feeds(session, self.site, plans)
            stale = [one for one in outlines if one.fingerprint != before[one.plan.path].fingerprint]
            loaded = load_feeds(session, self.site, stale) if stale else []
        feeds = [dated(feed, before[feed.path].last_modified, self.now) for feed in loaded]
        made = dict(zip((feed.path for feed in feeds), documents_of(feeds, self.packers.map), strict=True))
        return [
            _Built(one.plan, made[one.plan.path], one.fingerprint, before[one.plan.path])
            if one.plan.path in made
            else None
            for one in outlines
        ]

    def _save(self, session: Session, one: _Built, outcome: Counter[bool]) -> list[FeedPlan]:
        """Keep what was built; answers the feed when it must be built again."""
        written = save_documents(session, one.documents, one.fingerprint, one.before.version, one.plan.name)
        if written is None:
            return [one.plan]
        outcome.update({True: written, False: len(one.documents) - written})
        if written:
            queue_pings(session, self.site.hubs, _addresses(self.site, one.documents), self.now)
        return []


@contextmanager
def _publisher(database: Database, site: Site, now: datetime) -> Iterator[_Publisher]:
    with ThreadPoolExecutor(_WORKERS, "publish") as builders, ThreadPoolExecutor(_WORKERS, "pack") as packers:
        yield _Publisher(database, site, now, builders, packers)


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


def batched(ones: Iterable[_One], size: int) -> Iterator[list[_One]]:
    """The same ones, so many at a time."""
    rest = iter(ones)
    while part := list(islice(rest, size)):
        yield part
