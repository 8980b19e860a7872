"""Articles the rules in force have not looked at → verdicts. Run again, it finds nothing to do."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

import structlog

from syndication.classify.percolator import classify
from syndication.domain.seams import Enqueue, Task
from syndication.domain.topics import Topic
from syndication.store.classifying import (
    Stored,
    documents_of,
    load_topics,
    pending_articles,
    rules_in_force,
    store_verdicts,
)
from syndication.store.database import Database

# So many ids are read at once: finding them costs a walk over the index of all that is pending.
_ARTICLES_A_ROUND: Final = 20_000
_ARTICLES_A_CHUNK: Final = 200
_VERDICTS_A_CHUNK: Final = 2_000

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ClassifyReport:
    """looked_at: how many articles got verdicts; accepted: how many of them, by topic (slug)."""

    looked_at: int
    accepted: dict[str, int]


def classify_pending(database: Database, enqueue: Enqueue, now: datetime) -> ClassifyReport:
    """Look at every article that the rules in force have not looked at; asks for `publish` when a feed may differ.

    Any number of processes may do this at once, and any of them may be killed. now: aware UTC.
    """
    looked_at, accepted = 0, Counter[str]()
    for stored in _looks(database, now):
        looked_at += stored.looked_at
        accepted += stored.accepted
        if stored.is_visible:
            enqueue(Task.PUBLISH, "publish")
    if looked_at:
        _log.info("articles_classified", looked_at=looked_at, accepted=dict(accepted))
    return ClassifyReport(looked_at, dict(sorted(accepted.items())))


def _looks(database: Database, now: datetime) -> Iterator[Stored]:
    """Rounds until nothing is pending, or a round settled nothing: what changes under our hands is left to the next run."""
    settled = 1
    while settled:
        settled = 0
        with database.read() as session:
            rules = _Rules(rules_in_force(session), load_topics(session))
            pending = pending_articles(session, _ARTICLES_A_ROUND)
        step = max(1, min(_ARTICLES_A_CHUNK, _VERDICTS_A_CHUNK // max(1, len(rules.topics))))
        for first in range(0, len(pending), step):
            stored = _look(database, rules, pending[first : first + step], now)
            settled += stored.looked_at
            yield stored


class _Rules(NamedTuple):
    version: int
    topics: list[Topic]


def _look(database: Database, rules: _Rules, article_ids: list[int], now: datetime) -> Stored:
    """Read, decide, write. Nothing is locked while deciding; the chunk keeps writing far below 250 ms."""
    with database.read() as session:
        documents = documents_of(session, article_ids)
    verdicts = classify(documents, rules.topics)
    with database.write() as session:
        return store_verdicts(session, documents, verdicts, rules.version, now)
