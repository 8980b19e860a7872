"""Feed documents over HTTP, one worker, against nginx that serves the same 200 KB file from disk.

Both servers run all the time and are asked in turn, so that a busy machine is busy for both; a case is the middle of
its rounds. Needs nginx and wrk (Debian: apt-get install nginx-light wrk).
"""

import asyncio
import contextlib
import http.client
import multiprocessing
import random
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import uvloop
from sqlmodel import SQLModel

from bench import Case
from syndication.domain.feeds import Feed, FeedItem, FeedTopic, Origin
from syndication.domain.site import Site
from syndication.domain.tokens import KeyRing
from syndication.publish.documents import documents
from syndication.store.database import Database, open_database
from syndication.store.feed_documents import Edition, save_documents
from syndication.store.tables import CounterRow
from syndication.web.feeds import FeedServer
from syndication.web.server import serve

ROUNDS: Final = 5
SECONDS: Final = 3
CONNECTIONS: Final = 32
ITEMS: Final = 50
WORDS: Final = 560
"""Words an article; 50 articles make a document of 200 KB."""

PATH: Final = "/feeds/all.atom"
_SITE: Final = Site("News", "", "https://news.example.org", "en", "UTC", "tag:example.org,2026-01-01:s")
_AT: Final = datetime(2026, 11, 6, 7, 30, tzinfo=UTC)
_NGINX: Final = """
worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log crit;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000; gzip_static on; gzip_vary on;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  types {{ application/atom+xml atom; }}
  server {{ listen 127.0.0.1:{port}; root {folder}/www; }}
}}
"""


@dataclass(frozen=True, slots=True)
class _Target:
    """A server under test. tag: the entity tag it gives the compressed feed."""

    port: int
    tag: str


def run() -> Iterator[Case]:
    """A feed that is unchanged, a feed that is sent; requests a second."""
    nginx, wrk = _tool("nginx", "nginx-light"), _tool("wrk", "wrk")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)  # nginx's worker is somebody else when we are root
        _publish(folder)
        with _ours(folder) as our_port, _nginx(nginx, folder) as its_port:
            targets = [_Target(port, _tag(port)) for port in (our_port, its_port)]
            for case, is_conditional in (("304", True), ("200", False)):
                ours, limit = _rates(wrk, targets, is_conditional=is_conditional)
                yield Case(case, ours, "requests/s", limit)


def _tool(program: str, package: str) -> str:
    found = shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin")
    if not found:
        sys.exit(f"The benchmark 'feeds' needs {program}. On Debian: apt-get install {package}")
    return found


def _feed() -> Feed:
    chance = random.Random(1)  # noqa: S311 - the same words every time
    letters = "etaoinshrdlucmfwypvbgk"
    words = ["".join(chance.choices(letters, k=chance.randint(2, 9))) for _ in range(5000)]
    origin = Origin("tag:example.org,2026-01-01:s/feeds/sources/1", "Radar", "https://radar.example/feed", _AT)
    items = tuple(
        FeedItem(
            id=f"tag:example.org,2026-01-01:s/articles/{number}",
            url=f"https://radar.example/{number}",
            title=" ".join(chance.choices(words, k=8)),
            summary=" ".join(chance.choices(words, k=30)),
            content=f"<p>{' '.join(chance.choices(words, k=WORDS))}</p>",
            authors=("Ada Lovelace",),
            topics=(FeedTopic("ai-agents", "AI agents", ("agent",)),),
            origin=origin,
            published_at=_AT - timedelta(hours=number),
            updated_at=_AT - timedelta(hours=number),
        )
        for number in range(ITEMS)
    )
    home = "https://news.example.org"
    return Feed("tag:example.org,2026-01-01:s/feeds/all/0", "/feeds/all", "News", "", home, home, "en", _AT, items)


def _publish(folder: Path) -> None:
    """The same bytes for both: in a database for us, in files for nginx."""
    made = documents(_feed())
    database = _database(folder)
    SQLModel.metadata.create_all(database.engine)
    with database.write() as session:
        session.add(CounterRow(name="feed"))
    with database.write() as session:
        save_documents(session, [Edition(made, "bench")])
    database.close()
    for document in made:
        file = folder / "www" / f"{document.path[1:]}.{document.form}"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(document.body)
        file.with_name(f"{file.name}.gz").write_bytes(document.gzip)


def _database(folder: Path) -> Database:
    return open_database(f"sqlite:///{folder / 'feeds.db'}")


@contextlib.contextmanager
def _ours(folder: Path) -> Iterator[int]:
    port = _free_port()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(folder, port), daemon=True)
    process.start()
    _wait_for(port)
    yield port
    process.terminate()
    process.join()


def _serve(folder: Path, port: int) -> None:
    feeds = FeedServer(_database(folder), _SITE, KeyRing({}, "a"), lambda: _AT)
    feeds.refresh()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(feeds, "127.0.0.1", port, asyncio.Event(), feeds.answer_at_once))


@contextlib.contextmanager
def _nginx(program: str, folder: Path) -> Iterator[int]:
    port = _free_port()
    config = folder / "nginx.conf"
    config.write_text(_NGINX.format(folder=folder, port=port), encoding="utf-8")
    process = subprocess.Popen([program, "-p", str(folder), "-c", str(config)], stderr=subprocess.DEVNULL)  # noqa: S603
    _wait_for(port)
    yield port
    process.terminate()
    process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int) -> None:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    sys.exit(f"The server on port {port} did not start")


def _tag(port: int) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", PATH, headers={"Accept-Encoding": "gzip"})
    answer = connection.getresponse()
    assert answer.status == 200
    assert answer.headers["content-encoding"] == "gzip"
    connection.close()
    return str(answer.headers["etag"])


def _rates(wrk: str, targets: list[_Target], *, is_conditional: bool) -> list[float]:
    """Requests a second of each target: the median of rounds in which they take turns."""
    rounds = [[_rate(wrk, target, is_conditional=is_conditional) for target in targets] for _ in range(ROUNDS + 1)]
    return [statistics.median(values) for values in zip(*rounds[1:], strict=True)]  # the first warms up


def _rate(wrk: str, target: _Target, *, is_conditional: bool) -> float:
    condition = ["-H", f"If-None-Match: {target.tag}"] if is_conditional else []
    command = [wrk, "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "-H", "Accept-Encoding: gzip", *condition]
    printed = subprocess.run(  # noqa: S603 - a tool named above
        [*command, f"http://127.0.0.1:{target.port}{PATH}"], capture_output=True, text=True, check=True
    ).stdout
    assert "Non-2xx" not in printed, printed
    found = re.search(r"Requests/sec:\s*([\d.]+)", printed)
    assert found, printed
    return float(found[1])
