"""Delivering an issue to 50,000 readers, against Postfix's own generator sending to the same sink.

200 distinct digests of 30 KB, links of each reader's own, the ledger on, SMTP to Debian's smtp-sink on this machine; the
yardstick is `smtp-source -d -s 20 -l 30000`. Mails a second. In `sqlite-dkim-rsa` each mail is signed with RSA-2048, and
the yardstick is what `openssl speed` signs on all processors. Needs the packages postfix and openssl. BENCH_DELIVER names the
cases to run, by default the first three: sqlite, postgresql, sqlite-dkim-rsa, sqlite-10k, sqlite-1m (the last two show
that memory does not grow with the readers; 1,000,000 take some minutes). BENCH_READERS: how many instead of 50,000.
"""

import multiprocessing
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from bench import Case
from bench._databases import fresh_database
from syndication.deliver.dkim import Dkim, DkimKey
from syndication.deliver.smtp import smtp_transport_from_url
from syndication.jobs.deliver import PostOffice, deliver_ready
from syndication.store.database import Database, open_database
from tests.support.mailing import POST, add_mailing

NOW: Final = datetime(2026, 11, 6, 7, 30, tzinfo=UTC)
READERS: Final = int(os.environ.get("BENCH_READERS", "50000"))
SIZES: Final = {"sqlite-10k": 10_000, "sqlite-1m": 1_000_000}
SIGNED: Final = "sqlite-dkim-rsa"
BATCH: Final = 1_000
BODIES: Final = 200
CONNECTIONS: Final = 20
# More of ours in flight make larger groups a commit; the generator gains nothing by more.
OURS: Final = 80
WORDS: Final = "agents plan their work and call tools while models run on machines nearby "


def run() -> Iterator[Case]:
    """Each case with the yardstick measured right before it."""
    for name in os.environ.get("BENCH_DELIVER", f"sqlite postgresql {SIGNED}").split():
        readers = SIZES.get(name, READERS)
        with fresh_database(name.partition("-")[0]) as database, _sink() as port:
            _fill_elsewhere(database.engine.url.render_as_string(hide_password=False), readers)
            if name == SIGNED:
                yield Case(name, _ours(database, port, readers, _signing()), "signatures/s", _signatures())
            else:
                limit = _source(port, min(readers, READERS))
                yield Case(name, _ours(database, port, readers, POST), "mails/s", limit)


def _fill_elsewhere(url: str, readers: int) -> None:
    """Fill the database; what that costs in memory is not the sender's."""
    process = multiprocessing.get_context("spawn").Process(target=_fill, args=(url, readers))
    process.start()
    process.join()
    assert process.exitcode == 0


def _fill(url: str, readers: int) -> None:
    database = open_database(url)
    add_mailing(database, NOW, readers, batch=BATCH, bodies=tuple(_body(number) for number in range(BODIES)))
    database.close()


def _signing() -> PostOffice:
    key = generate_private_key(65537, 2048)
    return replace(POST, dkim=Dkim("news.example.org", (DkimKey("s1", key),)))


def _signatures() -> float:
    """What OpenSSL signs with RSA-2048 a second, on all processors."""
    command = [_tool("openssl"), "speed", "-seconds", "5", "-multi", str(os.cpu_count()), "rsa2048"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - fixed words
    line = next(line for line in done.stdout.splitlines() if line.startswith("rsa 2048 bits"))
    return float(line.split()[-2])


def _body(number: int) -> str:
    """HTML that differs from any other's and makes a message of about 30 KB."""
    return "".join(f"<p>{number} {line} {WORDS}</p>\n" for line in range(310))


def _ours(database: Database, port: int, readers: int, post: PostOffice) -> float:
    transport = smtp_transport_from_url(f"smtp://127.0.0.1:{port}?starttls=off", connections=OURS)
    begun = time.perf_counter()
    report = deliver_ready(database, transport, post, lambda: NOW, lambda: False)
    seconds = time.perf_counter() - begun
    assert report.accepted == readers, report
    assert report.closed
    return readers / seconds


def _source(port: int, mails: int) -> float:
    """What Postfix's generator reaches; it sends one and the same message again and again."""
    command = [_tool("smtp-source"), "-d", "-s", str(CONNECTIONS), "-l", "30000", "-m", str(mails)]
    command += ["-f", "weekly@news.example.org", "-t", "reader@example.com", f"127.0.0.1:{port}"]
    begun = time.perf_counter()
    subprocess.run(command, check=True)  # noqa: S603 - fixed words
    return mails / (time.perf_counter() - begun)


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
        message = f"{name} is not installed: apt-get install postfix openssl"
        raise SystemExit(message)
    return found
