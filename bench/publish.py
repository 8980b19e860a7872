"""Making feeds: 500 of 50 articles from nothing, one changed article, and what 100,000 articles cost in memory.

Values are rates, so more is better: feeds a second from nothing, and changes a second until the new bytes are stored. The
limit is what the writers alone reach on the same feed in the same run, without a database.
"""

import logging
import random
import resource
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import structlog
from sqlalchemy import insert, update
from sqlmodel import SQLModel, col

from bench import Case
from bench._databases import fresh_database
from syndication.domain.site import Site
from syndication.jobs.publish import publish_feeds
from syndication.publish.documents import documents
from syndication.store.database import Database
from syndication.store.feed_plans import planned_feeds
from syndication.store.publishing import load_feed, outline_feed
from syndication.store.tables import ArticleRow, ArticleTextRow, ClassificationRow, CounterRow, SourceRow, TopicRow

FEEDS: Final = 500
ARTICLES: Final = 50
WORDS: Final = 300
_AT: Final = datetime(2026, 11, 6, tzinfo=UTC)
_SITE: Final = Site("News", "", "https://news.example.org", "en", "UTC", "tag:example.org,2026-01-01:s")


def run() -> Iterator[Case]:
    """On SQLite and on PostgreSQL."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    for kind in ("sqlite", "postgresql"):
        with fresh_database(kind) as database:
            _fill(database)
            start = time.monotonic()
            publish_feeds(database, _SITE, _AT)
            seconds = time.monotonic() - start
            yield Case(f"{FEEDS} feeds from nothing, {kind}", FEEDS / seconds, "feeds/s", _writers(database))
            yield Case(f"one article changed, {kind}", 1 / _changed(database), "changes/s")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    yield Case("memory after both", memory, "MB")


def _writers(database: Database) -> float:
    with database.read() as session:
        plan = planned_feeds(session, _SITE)[1]
        feed = load_feed(session, _SITE, outline_feed(session, _SITE, plan))
    start = time.monotonic()
    for _ in range(10):
        documents(feed)
    return 10 / (time.monotonic() - start)


def _changed(database: Database) -> float:
    """Seconds until a changed article is in the four feeds that hold it."""
    times = []
    for number in range(1, 4):
        with database.write() as session:
            values = {"updated_at": _AT + timedelta(hours=number), "revision": number + 1}
            session.execute(update(ArticleRow).where(col(ArticleRow.id) == 1).values(values))
        start = time.monotonic()
        publish_feeds(database, _SITE, _AT, thorough=False)
        times.append(time.monotonic() - start)
    return sorted(times)[1]


def _fill(database: Database) -> None:
    chance = random.Random(1)  # noqa: S311 - the same words every time
    words = ["".join(chance.choices("etaoinshrdlu", k=chance.randint(2, 9))) for _ in range(5000)]
    topics: list[dict[str, Any]] = [
        {"id": number, "slug": f"topic-{number}", "title": f"Topic {number}", "rule": "x", "position": number}
        for number in range(1, FEEDS + 1)
    ]
    with database.write() as session:
        session.add_all([CounterRow(name=name) for name in ("seq", "rules", "feed")])
        values: dict[str, Any] = {"title": "Radar", "kind": "feed", "location": "https://radar.example/feed"}
        session.add(SourceRow(id=1, slug="radar", next_poll_at=_AT, created_at=_AT, **values))
        session.flush()
        session.execute(insert(TopicRow), topics)
        for topic in topics:
            first = (topic["id"] - 1) * ARTICLES + 1
            _articles(session, topic["id"], range(first, first + ARTICLES), chance, words)


def _articles(session: Any, topic: int, ids: range, chance: random.Random, words: list[str]) -> None:  # noqa: ANN401 - a session
    rows: dict[type[SQLModel], list[dict[str, Any]]] = {ArticleRow: [], ArticleTextRow: [], ClassificationRow: []}
    for number in ids:
        at = _AT - timedelta(minutes=number)
        url = f"https://radar.example/{number}"
        dates = {"first_seen_at": at, "published_at": at, "updated_at": at}
        key = {"uid": f"u{number}", "source_id": 1, "native_key": str(number), "content_hash": str(number)}
        plain = {
            "authors": ["Ada"],
            "tags": [],
            "enclosures": [],
            "published_precision": "second",
            "published_from": "feed",
        }
        rows[ArticleRow].append({"id": number, "url": url, "language": "en", **plain, **key, **dates})
        text = {"title": " ".join(chance.choices(words, k=8)), "summary": " ".join(chance.choices(words, k=30))}
        content = f"<p>{' '.join(chance.choices(words, k=WORDS))}</p>"
        rows[ArticleTextRow].append({"article_id": number, "language": "en", "content": content, **text})
        verdict = {"accepted": True, "score": 0.9, "terms": ["x"], "version": 1, "decided_at": at}
        rows[ClassificationRow].append({"article_id": number, "topic_id": topic, **verdict})
    for table, values in rows.items():
        session.execute(insert(table), values)
