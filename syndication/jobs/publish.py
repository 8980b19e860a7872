"""Articles with topics → feed documents in the store, and from there to files."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Final, TypeVar

import structlog

from syndication.domain.feeds import FeedFormat
from syndication.domain.site import Site
from syndication.jobs.feed_builder import FeedBuilder, Outcome
from syndication.jobs.feed_helpers import Helpers, taken
from syndication.store.archives import append_history, has_news
from syndication.store.database import Database
from syndication.store.feed_changes import feeds_of, take_changes
from syndication.store.feed_documents import documents_since, leaving_paths, retire_documents
from syndication.store.feed_plans import FeedPlan, planned_feeds

_log = structlog.get_logger()
_One = TypeVar("_One")
_TRIES: Final = 20
_AT_ONCE: Final = 8
"""Feeds built together, which share statements and entries, and saved in one transaction, so that it stays far below 250 ms."""

_PACKERS: Final = 2
"""Threads that compress."""

_MANY: Final = 12
"""Groups that are left from which on another process is worth its start, of more than a second."""


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
    builder = FeedBuilder(database, site, now)
    outcome = _publish_changed(builder)
    with Helpers(builder) as helpers:
        if _many_are_new(builder):
            helpers.prepare()
        append_history(database, thorough=thorough)
        with database.read() as session:
            plans = planned_feeds(session, site)
            leaving = leaving_paths(session, {plan.name: plan.path for plan in plans})
        for path, moved_to in leaving:
            with database.write() as session:
                outcome += Outcome(written=retire_documents(session, [path], moved_to))
            _log.info("feed_moved" if moved_to else "feed_removed", path=path, moved_to=moved_to)
        for saved in _publish(builder, plans, helpers):
            # News that came meanwhile do not wait for the rest of the feeds.
            outcome += saved + _publish_changed(builder)
    return PublishReport(written=outcome.written, unchanged=outcome.unchanged)


def publish_changed(database: Database, site: Site, now: datetime) -> PublishReport:
    """Bring only the feeds up to date that hold articles whose texts or verdicts changed; now: aware UTC."""
    outcome = _publish_changed(FeedBuilder(database, site, now))
    return PublishReport(written=outcome.written, unchanged=outcome.unchanged)


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


def _publish_changed(builder: FeedBuilder) -> Outcome:
    ids = take_changes(builder.database)
    if not ids:
        return Outcome()
    with builder.database.read() as session:
        is_new = has_news(session, ids)
    if is_new:
        append_history(builder.database, thorough=False)
    with builder.database.read() as session:
        names = feeds_of(session, ids)
        plans = planned_feeds(session, builder.site, names)
    with Helpers(builder) as helpers:
        return sum(_publish(builder, plans, helpers), Outcome())


def _many_are_new(builder: FeedBuilder) -> bool:
    """Whether helpers will be worth their start, as far as a few of the feeds can tell."""
    with builder.database.read() as session:
        plans = planned_feeds(session, builder.site)
    return len(plans) > _MANY * _AT_ONCE and builder.are_new(plans[:: len(plans) // _AT_ONCE])


def _publish(builder: FeedBuilder, plans: Sequence[FeedPlan], helpers: Helpers) -> Iterator[Outcome]:
    """Publish these feeds, where their data changed; a few at a time."""
    left = plans
    for _ in range(_TRIES):
        contended: list[FeedPlan] = []
        for saved in _try(builder, left, helpers):
            contended += saved.contended
            yield saved
        if not contended:
            return
        left = contended
    # Whoever kept coming first has published newer data than ours; the next run looks again.
    _log.warning("feeds_contended", paths=[plan.path for plan in left], tries=_TRIES)
    yield Outcome(unchanged=len(left) * len(FeedFormat))


def _try(builder: FeedBuilder, plans: Iterable[FeedPlan], helpers: Helpers) -> Iterator[Outcome]:
    """Each feed once; when many turn out to be new, other processes take their share."""
    groups = deque(batched(plans, _AT_ONCE))
    with ThreadPoolExecutor(_PACKERS) as packers:
        # Beside helpers threads take a tenth more: each process has one processor for itself.
        pack = map if len(groups) > _MANY else packers.map
        for group in taken(groups):
            saved = builder.publish(group, pack)
            yield saved
            if len(groups) >= _MANY and not saved.unchanged:
                helpers.start(groups)
            yield from helpers.done()
    helpers.join()
    yield from helpers.done()


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
