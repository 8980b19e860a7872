"""A feed reader that comes again after edits, removals, a renamed topic and a switch to the static export: each article once.

Values are articles that newsboat has exactly once, and as they were last written; the limit is how many there are. Needs
newsboat (Debian: apt-get install newsboat).
"""

import asyncio
import contextlib
import functools
import http.server
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlmodel import col, select, update

from bench import Case
from bench._databases import fresh_database
from syndication.domain.site import Site
from syndication.domain.tokens import KeyRing
from syndication.jobs.publish import export_feeds, publish_feeds
from syndication.store.database import Database
from syndication.store.tables import ArticleRow, ArticleTextRow, TopicRow
from syndication.web.feeds import FeedServer
from syndication.web.server import serve
from tests.support.rows import NOW, add_article, add_counters, add_source, add_topic

ARTICLES: Final = 40
FORMS: Final = ("rss", "atom")
_HOUR: Final = timedelta(hours=1)


def run() -> Iterator[Case]:
    """On SQLite and on PostgreSQL, in the two formats that every version of newsboat reads."""
    program = shutil.which("newsboat")
    if not program:
        sys.exit("The benchmark 'newsboat' needs newsboat. On Debian: apt-get install newsboat")
    for kind in ("sqlite", "postgresql"):
        with fresh_database(kind) as database, tempfile.TemporaryDirectory() as name:
            for form, (once, articles) in _read(program, database, Path(name)).items():
                yield Case(f"{form} read again and again, {kind}", once, "articles", articles)


def _read(program: str, database: Database, folder: Path) -> dict[str, tuple[int, int]]:
    """By format how many articles newsboat has once and right, and how many there were."""
    port = _free_port()
    site = Site("News", "", f"http://127.0.0.1:{port}", "en", "UTC", "tag:example.org,2026-01-01:s")
    readers = {form: _reader(program, folder / form, f"{site.public_url}/feeds/topics/agents.{form}") for form in FORMS}
    source = _fill(database)
    at = NOW
    with _served(database, site, port, lambda: at) as server:
        for number, change in enumerate((_nothing, _edit, _remove, _add, _rename, _edit)):
            change(database, source, number)
            at += _HOUR
            publish_feeds(database, site, at)
            server.refresh()
            for read in readers.values():
                read()
    _edit(database, source, 9)
    publish_feeds(database, site, at + _HOUR)
    export_feeds(database, folder / "www")
    with _exported(folder / "www", port):
        for read in readers.values():
            read()
    return {form: _known(folder / form / "cache.db", database) for form in FORMS}


def _fill(database: Database) -> int:
    with database.write() as session:
        add_counters(session)
        add_topic(session, "agents")
        source = add_source(session)
        for number in range(ARTICLES):
            add_article(session, source, ["agents"], title=f"Article {number}", at=NOW - number * _HOUR)
    return source


def _nothing(database: Database, source: int, number: int) -> None:
    del database, source, number


def _edit(database: Database, source: int, number: int) -> None:
    del source
    with database.write() as session:
        fifth = col(ArticleRow.id) % 5 == 0
        session.execute(update(ArticleRow).where(fifth).values(updated_at=NOW + number * _HOUR, revision=number + 10))
        text = update(ArticleTextRow).where(col(ArticleTextRow.article_id) % 5 == 0)
        session.execute(text.values(title=f"Edited {number}", content=f"<p>Edited {number}</p>"))


def _remove(database: Database, source: int, number: int) -> None:
    del source, number
    with database.write() as session:
        session.execute(update(ArticleRow).where(col(ArticleRow.id) % 7 == 0).values(removed_at=NOW))


def _add(database: Database, source: int, number: int) -> None:
    with database.write() as session:
        for more in range(3):
            add_article(session, source, ["agents"], title=f"More {more}", at=NOW + number * _HOUR)


def _rename(database: Database, source: int, number: int) -> None:
    del source, number
    with database.write() as session:
        session.execute(update(TopicRow).values(slug="robots", title="Robots"))


def _known(cache: Path, database: Database) -> tuple[int, int]:
    """Every article that was ever in the feed is there once; those that are still in it with their newest title."""
    with contextlib.closing(sqlite3.connect(cache)) as newsboat:
        titles: dict[str, list[str]] = {}
        for guid, title in newsboat.execute("SELECT guid, title FROM rss_item"):
            titles.setdefault(guid.rsplit("/", maxsplit=1)[1], []).append(title)
    with database.read() as session:
        rows = session.execute(
            select(ArticleRow.uid, ArticleRow.removed_at, ArticleTextRow.title).join(
                ArticleTextRow, col(ArticleTextRow.article_id) == col(ArticleRow.id)
            )
        ).all()
    right = [
        uid for uid, removed_at, title in rows if _is_right(titles.get(uid, []), title, is_removed=bool(removed_at))
    ]
    strangers = len(titles.keys() - {uid for uid, _, _ in rows})
    return len(right) - strangers, len(rows)


def _is_right(found: list[str], title: str, *, is_removed: bool) -> bool:
    return len(found) == 1 and (is_removed or found == [title])


def _reader(program: str, folder: Path, url: str) -> Callable[[], None]:
    """A newsboat with one feed; calling it lets it look for news."""
    folder.mkdir()
    for name, text in (("urls", f"{url}\n"), ("config", "")):
        (folder / name).write_text(text, encoding="utf-8")
    options: list[str | Path] = [
        "-C",
        folder / "config",
        "-u",
        folder / "urls",
        "-c",
        folder / "cache.db",
        "-x",
        "reload",
    ]

    def read() -> None:
        subprocess.run([program, *options], check=True, capture_output=True, env={"HOME": str(folder)})  # noqa: S603 - a tool named above

    return read


@contextlib.contextmanager
def _served(database: Database, site: Site, port: int, clock: Callable[[], datetime]) -> Iterator[FeedServer]:
    feeds = FeedServer(database, site, KeyRing({}, "a"), clock)
    stop, loop = asyncio.Event(), asyncio.new_event_loop()
    serving = serve(feeds, "127.0.0.1", port, stop, feeds.answer_at_once)
    thread = threading.Thread(target=loop.run_until_complete, args=(serving,), daemon=True)
    thread.start()
    yield feeds
    loop.call_soon_threadsafe(stop.set)
    thread.join()


@contextlib.contextmanager
def _exported(folder: Path, port: int) -> Iterator[None]:
    """The static export on the same port; the redirect that `_redirects` names is made by hand."""
    for form in FORMS:
        shutil.copy(folder / f"feeds/topics/robots.{form}", folder / f"feeds/topics/agents.{form}")
    handler = functools.partial(_Quiet, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield
    server.shutdown()
    server.server_close()
    thread.join()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401 - as http.server has it
        del format, args


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
