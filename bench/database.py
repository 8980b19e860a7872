"""The store's sessions on SQLite, against bare sqlite3 with the same file settings."""

import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from sqlmodel import col, insert, select, update

from bench import Case
from syndication.store.database import Database, open_database
from syndication.store.tables import CounterRow, metadata

COMMITS: Final = 2_000
READS: Final = 4_000
GROUPS: Final = 100
ROWS: Final = 200
"""How many deliveries one commit of the ledger carries when it is busy."""


def run() -> Iterator[Case]:
    """One row a commit, many rows a commit, one row a read."""
    with tempfile.TemporaryDirectory() as folder:
        database = open_database(f"sqlite:///{folder}/ours.db")
        metadata.create_all(database.engine)
        bare = _bare(Path(folder, "bare.db"))
        limit = _rate(COMMITS, lambda: _bare_commits(bare))
        yield Case("one row a commit", _rate(COMMITS, lambda: _commits(database)), "commits/s", limit)
        limit = _rate(GROUPS * ROWS, lambda: _bare_groups(bare))
        yield Case(f"{ROWS} rows a commit", _rate(GROUPS * ROWS, lambda: _groups(database)), "rows/s", limit)
        limit = _rate(READS, lambda: _bare_reads(bare))
        yield Case("one row a read", _rate(READS, lambda: _reads(database)), "reads/s", limit)
        bare.close()
        database.close()


def _rate(count: int, act: Callable[[], None]) -> float:
    start = time.perf_counter()
    act()
    return count / (time.perf_counter() - start)


def _bare(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "temp_store=MEMORY", "cache_size=-8192"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("CREATE TABLE counter (name VARCHAR PRIMARY KEY, n BIGINT NOT NULL)")
    connection.execute("INSERT INTO counter VALUES ('seq', 0)")
    return connection


def _bare_commits(connection: sqlite3.Connection) -> None:
    for _ in range(COMMITS):
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE counter SET n = n + 1 WHERE name = ?", ("seq",))
        connection.execute("COMMIT")


def _commits(database: Database) -> None:
    with database.write() as session:
        session.add(CounterRow(name="seq"))
    statement = update(CounterRow).where(col(CounterRow.name) == "seq").values(n=CounterRow.n + 1)
    for _ in range(COMMITS):
        with database.write() as session:
            session.execute(statement)


def _names(group: int) -> list[str]:
    return [f"{group}-{number}" for number in range(ROWS)]


def _bare_groups(connection: sqlite3.Connection) -> None:
    for group in range(GROUPS):
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO counter VALUES (?, 0)", [(name,) for name in _names(group)])
        connection.execute("COMMIT")


def _groups(database: Database) -> None:
    for group in range(GROUPS):
        with database.write() as session:
            session.execute(insert(CounterRow), [{"name": name, "n": 0} for name in _names(group)])


def _bare_reads(connection: sqlite3.Connection) -> None:
    for number in range(READS):
        connection.execute("SELECT n FROM counter WHERE name = ?", (f"{number % GROUPS}-0",)).fetchone()


def _reads(database: Database) -> None:
    for number in range(READS):
        with database.read() as session:
            session.execute(select(CounterRow.n).where(CounterRow.name == f"{number % GROUPS}-0")).one()
