"""Delivering an issue to 50,000 readers, against Postfix's own generator sending to the same sink.

200 distinct digests of 30 KB, links of each reader's own, the ledger on, SMTP to Debian's smtp-sink on this machine; the
yardstick is `smtp-source -d -s 20 -l 30000`. Mails a second. Needs the package postfix. BENCH_DELIVER names the cases to
run: sqlite, postgresql; all by default.
"""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

from bench import Case
from bench._databases import fresh_database
from syndication.deliver.smtp import smtp_transport_from_url
from syndication.jobs.deliver import deliver_ready
from syndication.store.database import Database
from tests.support.mailing import POST, add_mailing

NOW: Final = datetime(2026, 11, 6, 7, 30, tzinfo=UTC)
READERS: Final = 50_000
BATCH: Final = 1_000
BODIES: Final = 200
CONNECTIONS: Final = 20
WORDS: Final = "agents plan their work and call tools while models run on machines nearby "


def run() -> Iterator[Case]:
    """Each case with the yardstick measured right before it."""
    for name in os.environ.get("BENCH_DELIVER", "sqlite postgresql").split():
        with fresh_database(name) as database, _sink() as port:
            add_mailing(database, NOW, READERS, batch=BATCH, bodies=tuple(_body(number) for number in range(BODIES)))
            limit = _source(port)
            yield Case(name, _ours(database, port), "mails/s", limit)


def _body(number: int) -> str:
    """HTML that differs from any other's and makes a message of about 30 KB."""
    return "".join(f"<p>{number} {line} {WORDS}</p>\n" for line in range(310))


def _ours(database: Database, port: int) -> float:
    transport = smtp_transport_from_url(f"smtp://127.0.0.1:{port}?starttls=off", connections=CONNECTIONS)
    begun = time.perf_counter()
    report = deliver_ready(database, transport, POST, lambda: NOW, lambda: False)
    seconds = time.perf_counter() - begun
    assert report.accepted == READERS, report
    assert report.closed
    return READERS / seconds


def _source(port: int) -> float:
    """What Postfix's generator reaches; it sends one and the same message again and again."""
    command = [_tool("smtp-source"), "-d", "-s", str(CONNECTIONS), "-l", "30000", "-m", str(READERS)]
    command += ["-f", "weekly@news.example.org", "-t", "reader@example.com", f"127.0.0.1:{port}"]
    begun = time.perf_counter()
    subprocess.run(command, check=True)  # noqa: S603 - fixed words
    return READERS / (time.perf_counter() - begun)


@contextmanager
def _sink() -> Iterator[int]:
    """A receiver that throws everything away; its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    sink = subprocess.Popen([_tool("smtp-sink"), *user, f"127.0.0.1:{port}", "1000"])  # noqa: S603 - fixed words
    try:
        _wait_for(port)
        yield port
    finally:
        sink.terminate()
        sink.wait(10)


def _wait_for(port: int) -> None:
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)


def _tool(name: str) -> str:
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    if not found:
        message = f"{name} is not installed: apt-get install postfix"
        raise SystemExit(message)
    return found
