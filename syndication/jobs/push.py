"""Articles handed to us → stored. Sent again, they change nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import structlog

from syndication.collect.pushed import Pushed, pushed_items
from syndication.domain.errors import SourceError
from syndication.domain.seams import Enqueue, Task
from syndication.domain.sources import Fetched
from syndication.domain.states import SourceKind
from syndication.jobs.storing import store_items
from syndication.store.collecting import load_source, record_push
from syndication.store.database import Database
from syndication.store.intake import uids_of

_log = structlog.get_logger()


class PushStatus(StrEnum):
    """What became of a pushed article."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class PushedArticle:
    """id: the sender's own. uid: our permanent one. repairs: what was mended, in words."""

    id: str
    uid: str
    status: PushStatus
    repairs: tuple[str, ...] = ()


def push_articles(
    database: Database, enqueue: Enqueue, source_id: int, articles: Sequence[Pushed], now: datetime
) -> list[PushedArticle]:
    """Store articles of a source that is pushed to, all or none of a bad request; asks for `classify`. now: aware UTC.

    Raises SourceError when the source is none that is pushed to, or is paused, and for an article without words.
    """
    with database.read() as session:
        source = load_source(session, source_id)
    if source.kind is not SourceKind.PUSH:
        message = (
            f"The source '{source.slug}' is read by us (kind {source.kind}); only a source of kind push takes articles."
        )
        raise SourceError(message)
    items = pushed_items(source, articles, now)
    if len(items) != len(articles):
        message = "An article needs a title, a summary or a content with at least one word."
        raise SourceError(message)
    stored = store_items(database, source_id, source, Fetched(items), now)
    with database.write() as session:
        record_push(session, source_id, now, new=bool(stored.added))
    with database.read() as session:
        uids = uids_of(session, source_id, [item.native_key for item in items])
    if stored.added or stored.updated:
        _log.info("articles_pushed", source=source.slug, added=len(stored.added), updated=len(stored.updated))
        enqueue(Task.CLASSIFY, "classify")
    return [
        PushedArticle(
            article.id,
            uids.get(item.native_key, ""),
            _status(item.native_key, stored.added, stored.updated),
            item.repairs,
        )
        for article, item in zip(articles, items, strict=True)
    ]


def _status(key: str, added: frozenset[str], updated: frozenset[str]) -> PushStatus:
    if key in added:
        return PushStatus.CREATED
    return PushStatus.UPDATED if key in updated else PushStatus.UNCHANGED
