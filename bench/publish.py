"""Making feeds: 500 of 50 articles from nothing, one that changed, when a change is seen, and what a large archive costs.

Values are rates, so more is better: feeds a second from nothing (limit: what the writers alone reach on the same feed in the
same run, without a database); feeds of 50 a second made anew after a change; and changes a second until another process
serves what this one classified, which looks twice a second. The home page with 100,000 articles is held to 200 ms, that is 5
a second. Memory is that of a process which publishes and serves an archive, and of its like with 1,000 articles.
"""

import logging
import multiprocessing
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import structlog
from sqlalchemy import insert, update
from sqlmodel import SQLModel, col

from bench import Case
from bench._databases import fresh_database
from bench._memory import peak_mb
from syndication.domain.feeds import FeedFormat
from syndication.domain.seams import Task
from syndication.domain.site import Site
from syndication.domain.tokens import KeyRing
from syndication.jobs.classify import classify_pending
from syndication.jobs.publish import publish_changed, publish_feeds
from syndication.publish.documents import documents
from syndication.store.database import Database, open_database
from syndication.store.feed_plans import planned_feeds
from syndication.store.publishing import load_feed, outline_feed
from syndication.store.tables import ArticleRow, ArticleTextRow, ClassificationRow, CounterRow, SourceRow, TopicRow
from syndication.web.feeds import FeedServer
from tests.support.website import Website

FEEDS: Final = 500
ARTICLES: Final = 50
WORDS: Final = 300
FEW: Final = 1_000
MANY: Final = 100_000
LONGEST_S: Final = 0.2
_A_CHUNK: Final = 5_000
_AT: Final = datetime(2026, 11, 6, tzinfo=UTC)
_SITE: Final = Site("News", "", "https://news.example.org", "en", "UTC", "tag:example.org,2026-01-01:s")


def run() -> Iterator[Case]:
    """On SQLite and on PostgreSQL."""
    _quiet()
    for kind in ("sqlite", "postgresql"):
        with fresh_database(kind) as database:
            _fill(database, FEEDS, ARTICLES)
            start = time.monotonic()
            publish_feeds(database, _SITE, _AT)
            seconds = time.monotonic() - start
            yield Case(f"{FEEDS} feeds from nothing, {kind}", FEEDS / seconds, "feeds/s", _writers(database))
            yield Case(f"a feed of {ARTICLES} after a change, {kind}", 1 / _rebuilt_s(database), "feeds/s")
            yield Case(f"from classified to served, {kind}", 1 / _seen_after_s(database), "changes/s")
    for kind in ("sqlite", "postgresql"):
        little, _ = _archive(kind, FEW)
        much, page_s = _archive(kind, MANY)
        yield Case(f"memory with {MANY:,} articles, {kind}", much, "MB", little)
        yield Case(f"home page with {MANY:,} articles, {kind}", 1 / page_s, "answers/s", 1 / LONGEST_S)


def _quiet() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))


def _writers(database: Database) -> float:
    with database.read() as session:
        plan = planned_feeds(session, _SITE)[1]
        feed = load_feed(session, _SITE, outline_feed(session, _SITE, plan))
    start = time.monotonic()
    for _ in range(10):
        documents(feed)
    return 10 / (time.monotonic() - start)


def _edit(database: Database, number: int, *, revision: int) -> None:
    """What collect does when a source changed an article."""
    with database.write() as session:
        values = {"updated_at": _AT + timedelta(hours=revision), "revision": revision, "rules_version": 0}
        session.execute(update(ArticleRow).where(col(ArticleRow.id) == number).values(values))


def _rebuilt_s(database: Database) -> float:
    """Seconds for each feed that holds a changed article, until its new bytes are stored."""
    times = []
    for revision in range(2, 7):
        _edit(database, 1, revision=revision)
        classify_pending(database, _nobody, _AT)
        start = time.monotonic()
        done = publish_changed(database, _SITE, _AT)
        times.append((time.monotonic() - start) / (done.written / len(FeedFormat)))
    return statistics.median(times)


def _seen_after_s(database: Database) -> float:
    """Seconds from classified, in another process, to served here; this process looks every half second, as `serve` does."""
    server = FeedServer(database, _SITE, KeyRing({}, "a"), lambda: _AT)
    server.refresh()
    times = []
    for revision in range(10, 15):
        before = _tag(server)
        with multiprocessing.get_context("spawn").Pool(1) as other:
            url = database.engine.url.render_as_string(hide_password=False)
            told = other.apply_async(_elsewhere, (url, revision))
            while _tag(server) == before:
                time.sleep(0.5)
                server.refresh()
            times.append(time.monotonic() - told.get())
    return max(times)


def _elsewhere(url: str, revision: int) -> float:
    """Change an article, classify it and publish, as a command beside the service does; answers when it was classified."""
    _quiet()
    database = open_database(url)
    _edit(database, ARTICLES, revision=revision)
    classify_pending(database, _nobody, _AT)
    at = time.monotonic()
    publish_feeds(database, _SITE, _AT, thorough=False)
    database.close()
    return at


def _nobody(task: Task, key: str, **ids: int) -> None:
    del task, key, ids


def _tag(server: FeedServer) -> bytes:
    sent: list[dict[str, Any]] = []
    server.answer_at_once(
        {"path": "/feeds/topics/topic-1.atom", "method": "GET", "query_string": b"", "headers": []}, sent.append
    )
    headers: dict[bytes, bytes] = dict(sent[0]["headers"])
    return headers[b"etag"]


def _archive(kind: str, articles: int) -> tuple[float, float]:
    """Megabytes of a process that publishes and serves so many articles, and seconds for its home page."""
    with fresh_database(kind) as database:
        _fill(database, 1, articles)
        with multiprocessing.get_context("spawn").Pool(1) as other:
            return other.apply(_live_with, (database.engine.url.render_as_string(hide_password=False), articles))


def _live_with(url: str, articles: int) -> tuple[float, float]:
    _quiet()
    database = open_database(url)
    publish_feeds(database, _SITE, _AT)
    feeds = FeedServer(database, _SITE, KeyRing({}, "a"), lambda: _AT)
    feeds.refresh()
    with tempfile.TemporaryDirectory() as folder:
        visitor = Website(database, Path(folder)).visitor(site=_SITE, feeds=feeds)
        for page in range(1, articles // ARTICLES, max(1, articles // ARTICLES // 20)):
            assert visitor.get(f"/feeds/all/archive/{page}.atom").status_code == 200
        times = []
        for _ in range(5):
            start = time.monotonic()
            assert visitor.get("/").status_code == 200
            times.append(time.monotonic() - start)
    return peak_mb(), statistics.median(times)


def _fill(database: Database, feeds: int, articles: int) -> None:
    """So many topics of so many articles each."""
    chance = random.Random(1)  # noqa: S311 - the same words every time
    words = ["".join(chance.choices("etaoinshrdlu", k=chance.randint(2, 9))) for _ in range(5000)]
    topics: list[dict[str, Any]] = [
        {
            "id": number,
            "slug": f"topic-{number}",
            "title": f"Topic {number}",
            "rule": f"mark{number}",
            "position": number,
        }
        for number in range(1, feeds + 1)
    ]
    with database.write() as session:
        session.add_all([CounterRow(name=name, n=int(name == "rules")) for name in ("seq", "rules", "feed")])
        values: dict[str, Any] = {"title": "Radar", "kind": "feed", "location": "https://radar.example/feed"}
        session.add(SourceRow(id=1, slug="radar", next_poll_at=_AT, created_at=_AT, **values))
        session.flush()
        session.execute(insert(TopicRow), topics)
        for topic in topics:
            first = (topic["id"] - 1) * articles + 1
            for start in range(first, first + articles, _A_CHUNK):
                _articles(session, topic["id"], range(start, min(start + _A_CHUNK, first + articles)), chance, words)


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
            "rules_version": 1,
        }
        rows[ArticleRow].append({"id": number, "url": url, "language": "en", **plain, **key, **dates})
        text = {
            "title": " ".join([f"mark{topic}", *chance.choices(words, k=8)]),
            "summary": " ".join(chance.choices(words, k=30)),
        }
        content = f"<p>{' '.join(chance.choices(words, k=WORDS))}</p>"
        rows[ArticleTextRow].append({"article_id": number, "language": "en", "content": content, **text})
        verdict = {"accepted": True, "score": 0.9, "terms": ["x"], "version": 1, "decided_at": at}
        rows[ClassificationRow].append({"article_id": number, "topic_id": topic, **verdict})
    for table, values in rows.items():
        session.execute(insert(table), values)
