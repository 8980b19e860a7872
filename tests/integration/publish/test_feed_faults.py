"""Faults under the feeds: the database held by somebody or gone, the clock set back, articles deleted."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import col, update
from structlog.testing import capture_logs

from syndication.domain.site import Site
from syndication.domain.tokens import KeyRing
from syndication.jobs.publish import publish_feeds
from syndication.store.database import Database, open_database
from syndication.store.readings import readings_since
from syndication.store.tables import ArticleRow, ArticleTextRow, metadata
from syndication.web.feeds import FeedServer
from tests.support.feeds import PREFIX, PUBLIC_URL
from tests.support.rows import NOW, add_article, add_counters, add_source, add_topic

SITE = Site("News", "", PUBLIC_URL, "en", "UTC", PREFIX)
HOUR = timedelta(hours=1)
Answer = tuple[int, dict[bytes, bytes], bytes]


def fill(database: Database) -> None:
    with database.write() as session:
        add_counters(session)
        add_topic(session, "agents")
        source = add_source(session)
        for number in range(3):
            add_article(session, source, ["agents"], title=f"Article {number}", at=NOW - number * HOUR)
    publish_feeds(database, SITE, NOW)


def a_server(database: Database) -> FeedServer:
    server = FeedServer(database, SITE, KeyRing({"a": b"k" * 32}, "a"), lambda: NOW)
    server.refresh()
    return server


def ask(server: FeedServer, form: str = "rss", **headers: str) -> Answer:
    sent: list[dict[str, Any]] = []
    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"path": f"/feeds/topics/agents.{form}", "method": "GET", "query_string": b"", "headers": named}
    assert server.answer_at_once(scope, sent.append)
    return sent[0]["status"], dict(sent[0]["headers"]), sent[1]["body"]


def edit(database: Database, title: str, at: datetime) -> None:
    with database.write() as session:
        session.execute(update(ArticleRow).values(updated_at=at, revision=ArticleRow.revision + 1))
        session.execute(update(ArticleTextRow).where(col(ArticleTextRow.article_id) == 2).values(title=title))


@contextmanager
def held(database: Database) -> Iterator[None]:
    """Somebody holds the whole database, so that whoever writes, and on PostgreSQL whoever reads, waits in vain."""
    other = open_database(database.engine.url.render_as_string(hide_password=False))
    with other.engine.execution_options(sqlite_begin="EXCLUSIVE").begin() as connection:
        if not database.is_sqlite:
            connection.exec_driver_sql("LOCK TABLE feed_document, feed_reading IN ACCESS EXCLUSIVE MODE")
        yield
    other.close()


def impatient(database: Database) -> Database:
    """The same database, to somebody who waits a twentieth of a second instead of half a minute."""
    found = open_database(database.engine.url.render_as_string(hide_password=False))
    words = "PRAGMA busy_timeout=50" if database.is_sqlite else "SET lock_timeout = '50ms'"

    def hurry(connection: Any, _record: object) -> None:  # noqa: ANN401 - a connection of either driver
        connection.execute(words)
        connection.commit()

    event.listen(found.engine, "connect", hurry)
    return found


def test_feeds_are_served_and_counted_while_somebody_holds_the_database(database: Database) -> None:
    fill(database)
    here = impatient(database)
    server = a_server(here)
    before = ask(server)
    with capture_logs() as logs:
        with held(database):
            server.refresh()
            assert ask(server) == before
            server.write_readings()
        assert "readings_not_written" in [entry["event"] for entry in logs]
        edit(database, "Edited", NOW + HOUR)
        publish_feeds(database, SITE, NOW + HOUR)
        server.refresh()
    assert ("feeds_not_refreshed" in [entry["event"] for entry in logs]) is not database.is_sqlite  # WAL lets it read
    assert b"Edited" in ask(server)[2]
    server.write_readings()
    with database.read() as session:
        assert sum(one.requests for one in readings_since(session, NOW.date())) == 3
    here.close()


def test_feeds_are_served_when_the_file_of_the_database_is_gone(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'var' / 'data.db'}")
    metadata.create_all(database.engine)
    fill(database)
    server = a_server(database)
    before = ask(server)
    (tmp_path / "var").rename(tmp_path / "elsewhere")
    database.close()  # of the pool; who asks next must open the file again
    with capture_logs() as logs:
        server.refresh()
        server.refresh()
        server.write_readings()
        assert ask(server) == before
        (tmp_path / "elsewhere").rename(tmp_path / "var")
        server.refresh()
    events = [entry["event"] for entry in logs]
    assert events == ["feeds_not_refreshed", "readings_not_written", "feeds_refreshed_again"]
    database.close()


@pytest.mark.parametrize("form", ["rss", "atom", "json"])
def test_changes_are_seen_by_who_asks_with_a_date_though_the_clock_was_set_back(database: Database, form: str) -> None:
    fill(database)
    server = a_server(database)
    earlier = NOW - 48 * HOUR
    for number in (1, 2):
        modified = ask(server, form)[1][b"last-modified"].decode()
        assert ask(server, form, if_modified_since=modified)[0] == 304
        edit(database, f"Edit {number}", earlier)
        publish_feeds(database, SITE, earlier)
        server.refresh()
        status, _, body = ask(server, form, if_modified_since=modified)
        assert (status, f"Edit {number}".encode() in body) == (200, True)


@pytest.mark.parametrize("form", ["rss", "atom", "json"])
def test_a_deleted_article_is_in_no_format_and_the_others_keep_their_ids(database: Database, form: str) -> None:
    fill(database)
    server = a_server(database)
    before = ask(server, form)
    with database.write() as session:
        row = col(ArticleRow.id) == 2
        uid = session.scalars(update(ArticleRow).where(row).values(removed_at=NOW).returning(col(ArticleRow.uid))).one()
    publish_feeds(database, SITE, NOW)
    server.refresh()
    status, headers, body = ask(server, form, if_none_match=before[1][b"etag"].decode())
    assert (status, b"Article 1" in body, uid.encode() in body) == (200, False, False)
    assert uid.encode() in before[2]
    assert body.count(b"Article 0") == before[2].count(b"Article 0")
    assert headers[b"last-modified"] != before[1][b"last-modified"]
