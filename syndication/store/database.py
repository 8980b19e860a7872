"""The database: one engine, sessions for reading and for writing, on SQLite and on PostgreSQL alike.

SQLite's driver begins transactions by itself, too late: 553 of 800 read-modify-write updates were lost silently. Here
every transaction begins explicitly, and one that writes begins IMMEDIATE, so it waits for its turn instead of failing
half-way (measured: 800 of 800 right, no error).
"""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias, cast

from sqlalchemy import Engine, event, text
from sqlalchemy.engine import Connection, CursorResult, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.sql.dml import UpdateBase
from sqlmodel import Session, create_engine

_PATIENT: Final = "busy_timeout=30000"
_HASTY: Final = "busy_timeout=500"
_PRAGMAS: Final = (
    "journal_mode=WAL",
    "synchronous=NORMAL",
    _PATIENT,
    "foreign_keys=ON",
    "temp_store=MEMORY",
    "cache_size=-8192",
    "journal_size_limit=67108864",
)

# A URI names a file in SQLite's own way; settings refuse it, as what asks for the path would not find it.
_NO_PATHS: Final = ("file:", ":memory:")

_BY_INDEXES: Final = text(
    "SELECT set_config('enable_bitmapscan', 'off', true), set_config('enable_seqscan', 'off', true)"
)

_TO_THE_END: Final = text("SELECT set_config('cursor_tuple_fraction', '1', true)")

DatabaseError: TypeAlias = SQLAlchemyError
"""What a session raises when the database does not do what it is asked, for those who may wait and try again."""


@dataclass(frozen=True, slots=True)
class Database:
    """An open database. Every integration test runs on both kinds."""

    engine: Engine

    @property
    def is_sqlite(self) -> bool:
        """Whether it is SQLite; else PostgreSQL."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that only reads; sees one state of the data on SQLite. Rows stay usable after it."""
        with Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session that writes: committed at the end of the block, rolled back when it raises.

        Keep it under 250 ms and never wait for the network inside: on SQLite it holds the one write lock.
        """
        with (
            Session(self.engine.execution_options(sqlite_begin="IMMEDIATE"), expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session

    def empty_log(self) -> None:
        """Empty SQLite's write-ahead log, where pages stand as they were before they changed.

        Whoever reads or writes keeps it from that after half a second; ask again later.
        """
        if not self.is_sqlite:
            return
        connection = self.engine.raw_connection()
        try:
            for pragma in (_HASTY, "wal_checkpoint(TRUNCATE)", _PATIENT):
                connection.cursor().execute(f"PRAGMA {pragma}").fetchall()
        finally:
            connection.close()

    def close(self) -> None:
        """Close all pooled connections."""
        self.engine.dispose()


def open_database(url: str) -> Database:
    """Open `sqlite:///path` or `postgresql+psycopg://…`; nothing is read or created yet except SQLite's folder."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        if parsed.database and not parsed.database.startswith(_NO_PATHS):
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        sqlite_only = {"check_same_thread": False}
        # Errors go to the log, and parameters can be addresses of people.
        engine = create_engine(url, connect_args=sqlite_only, pool_size=20, max_overflow=20, hide_parameters=True)
        event.listen(engine, "do_connect", _make_private)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        engine = create_engine(url, pool_pre_ping=True, pool_size=20, max_overflow=20, hide_parameters=True)
    return Database(engine)


def changed(session: Session, statement: UpdateBase) -> int:
    """Execute an UPDATE, DELETE or INSERT and say how many rows it changed."""
    options = {"preserve_rowcount": True}  # else -1 for an INSERT
    return cast("CursorResult[Any]", session.execute(statement, execution_options=options)).rowcount


def serialised(session: Session, lock: int) -> None:
    """Let nobody else who asks for this lock go on until the transaction ends; SQLite has one writer anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": lock})


def by_indexes(session: Session) -> None:
    """Until the transaction ends let PostgreSQL follow indexes in their order, not read whole tables and sort; SQLite does."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(_BY_INDEXES)


def to_the_end(session: Session) -> None:
    """Until the transaction ends let PostgreSQL plan streamed results for all of their rows, not to have the first tenth soon."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(_TO_THE_END)


def _make_private(_dialect: object, _record: object, arguments: Sequence[str], _options: object) -> None:
    """Make a new file for its owner alone, as addresses of readers stand in it; SQLite makes its log after it."""
    path = arguments[0]
    if not path.startswith(_NO_PATHS):
        with suppress(OSError):  # it is there already, or SQLite fails as well and its words are the ones known
            os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # the driver must not emit BEGIN itself
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    # Foreign keys can only be switched outside a transaction; a pooled connection must not stay switched off.
    connection.exec_driver_sql(f"PRAGMA foreign_keys={'ON' if options.get('sqlite_foreign_keys', True) else 'OFF'}")
    connection.exec_driver_sql(f"BEGIN {options.get('sqlite_begin', 'DEFERRED')}")
