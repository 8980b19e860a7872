"""Collecting 10,000 sources of 10,000 hosts from one local server, against a bare httpx loop and bare parsing.

`unchanged`: the server answers 304; the yardstick asks the same with httpx, one connection a host. `changed`: 30 entries
of 2 KB, 5 of them new; the yardstick is feedparser, without its own sanitiser, over the same documents on both cores.
Both cases fetch, decide and store in SQLite as the service does. `idle`: looks of the scheduler at 100,000 sources of
which none is due; the yardstick is the same look at an empty table.
"""

import io
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

import feedparser
import httpx
from sqlmodel import col, func, select, update

from bench import Case
from bench._databases import fresh_database
from bench._publisher import ENTRIES, ETAG, NEW, document, publisher
from syndication.collect.fetcher import SourceFetcher
from syndication.collect.workers import ParserPool
from syndication.domain.seams import Task
from syndication.domain.sources import Source
from syndication.domain.states import SourceKind
from syndication.jobs.collect import Collecting, collect_due, look_for_due
from syndication.net.client import SafeClient
from syndication.store.collecting import add_source
from syndication.store.database import Database
from syndication.store.tables import SourceRow

SOURCES: Final = 10_000
CHANGED: Final = 600
MANY: Final = 100_000
ROUNDS: Final = 3
LOOKS: Final = 2_000
CORES: Final = 2
AT: Final = datetime(2026, 11, 20, tzinfo=UTC)
_DAY: Final = timedelta(days=1)


def run() -> Iterator[Case]:
    """Sources a second; looks a second."""
    with publisher() as port, fresh_database("sqlite") as database:
        _add_sources(database, port, SOURCES)
        yield _unchanged(database, port)
    with publisher() as port, fresh_database("sqlite") as database:
        _add_sources(database, port, CHANGED)
        yield _changed(database, port)
    yield _idle()


def _host(number: int) -> str:
    return f"feeds{number}.example"


def _add_sources(database: Database, port: int, number: int) -> None:
    for some in (range(start, min(start + 1000, number)) for start in range(0, number, 1000)):
        with database.write() as session:
            for one in some:
                location = f"http://{_host(one)}:{port}/0"
                add_source(session, Source(f"s{one}", f"S{one}", SourceKind.FEED, location, internal=True), AT)


def _kit(database: Database) -> Collecting:
    client = SafeClient("Syndication/bench", resolver=lambda _host, _port: ["127.0.0.1"])
    return Collecting(
        database, SourceFetcher("Syndication/bench", client=client, parse=ParserPool()), _nothing, gap=timedelta()
    )


def _nothing(task: Task, key: str, **ids: int) -> None:
    del task, key, ids


def _unchanged(database: Database, port: int) -> Case:
    with database.write() as session:
        session.execute(update(SourceRow).values(etag=ETAG.decode(), fetched_before=True, whole_at=AT))
    kit, ours, limits = _kit(database), [], []
    for number in range(ROUNDS):
        now = AT + number * _DAY / 3
        _all_due(database, now)
        ours.append(_rate(SOURCES, partial(_collect, kit, SOURCES, now)))
        limits.append(_rate(SOURCES // 5, partial(_bare, port, SOURCES // 5)))
    return Case("unchanged", statistics.median(ours), "sources/s", statistics.median(limits))


def _bare(port: int, number: int) -> None:
    """What httpx does for 304s at best: one connection a host, closed at its end."""
    headers = {"If-None-Match": ETAG.decode(), "Connection": "close"}
    with httpx.Client(trust_env=False) as client:
        for one in range(number):
            answer = client.get(f"http://127.0.0.1:{port}/0", headers={**headers, "Host": _host(one)})
            assert answer.status_code == 304


def _changed(database: Database, port: int) -> Case:
    kit, ours, limits = _kit(database), [], []
    _collect(kit, CHANGED, AT)
    with ProcessPoolExecutor(CORES) as pool:
        for number in range(1, ROUNDS + 1):
            now = AT + number * _DAY
            with database.write() as session:
                there = [(one, f"http://{_host(one)}:{port}/{number * NEW}") for one in range(CHANGED)]
                for one, location in there:
                    session.execute(update(SourceRow).where(col(SourceRow.slug) == f"s{one}").values(location=location))
            _all_due(database, now)
            ours.append(_rate(CHANGED, partial(_collect, kit, CHANGED, now)))
            documents = [document(_host(one), number * NEW) for one in range(CHANGED)]
            limits.append(_rate(CHANGED, partial(_parse_all, pool, documents)))
    return Case("changed", statistics.median(ours), "sources/s", statistics.median(limits))


def _parse_all(pool: ProcessPoolExecutor, documents: Sequence[bytes]) -> None:
    assert set(pool.map(_parse, documents, chunksize=20)) == {ENTRIES}


def _parse(body: bytes) -> int:
    return len(feedparser.parse(io.BytesIO(body), sanitize_html=False, resolve_relative_uris=False)["entries"])


def _idle() -> Case:
    rates = []
    for number in (MANY, 0):
        with fresh_database("sqlite") as database:
            _add_sources(database, 80, number)
            with database.write() as session:
                session.execute(update(SourceRow).values(next_poll_at=AT + _DAY))
            rates.append(_rate(LOOKS, partial(_look, database)))
    return Case("idle", rates[0], "looks/s", rates[1])


def _look(database: Database) -> None:
    for _ in range(LOOKS):
        look_for_due(database, _nothing, AT)


def _all_due(database: Database, now: datetime) -> None:
    with database.write() as session:
        session.execute(update(SourceRow).values(next_poll_at=now))


def _collect(kit: Collecting, wanted: int, now: datetime) -> None:
    done = collect_due(kit, lambda: now)
    with kit.database.read() as session:
        well = session.exec(
            select(func.count()).select_from(SourceRow).where(col(SourceRow.last_success_at) == now)
        ).one()
    assert done == well == wanted, f"{done} visits, {well} of them well, instead of {wanted}"


def _rate(number: int, work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return number / (time.perf_counter() - began)
