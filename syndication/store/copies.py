"""A database → files and back: one state of all tables, taken while others write, checked before it counts."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import sql
from sqlalchemy import inspect, text

from syndication.domain.errors import StoreError
from syndication.store.database import Database, DatabaseError, open_database
from syndication.store.migrate import migrate
from syndication.store.tables import metadata

SQLITE_FILE: Final = "database.sqlite"
_VERSIONS: Final = "alembic_version"


def save_copy(database: Database, folder: Path) -> dict[str, list[str]]:
    """Write one state of the database into an empty folder; answers table → columns, in the order they must be loaded.

    SQLite gives one file, PostgreSQL one a table. Raises StoreError when the copy is not sound.
    """
    if database.is_sqlite:
        target = folder / SQLITE_FILE
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            _driver(connection).execute("VACUUM INTO ?", (str(target),))
        check_sqlite(target)
        return {}
    columns = _columns(database)
    with _postgres(database) as connection:
        # One snapshot for all tables, without holding anybody up.
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        for table, names in columns.items():
            with (
                (folder / f"{table}.copy").open("wb") as file,
                connection.cursor().copy(_copy(table, names, "TO STDOUT")) as out,
            ):
                for block in out:
                    file.write(block)
    return columns


def load_sqlite(source: Path, target: Path) -> None:
    """Put a copy in the place of a database that nobody has open."""
    check_sqlite(source)
    for suffix in ("-wal", "-shm"):
        Path(f"{target}{suffix}").unlink(missing_ok=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    source.chmod(0o600)
    source.replace(target)


def load_postgres(database: Database, folder: Path, columns: dict[str, list[str]], revision: str) -> None:
    """Replace everything in a PostgreSQL database by a copy made at `revision`. All rows come in one transaction."""
    _drop_all(database)
    migrate(database, revision)
    with _postgres(database) as connection:
        for table in columns:
            # A migration may have inserted rows of its own.
            connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
        for table, names in columns.items():
            with (
                (folder / f"{table}.copy").open("rb") as file,
                connection.cursor().copy(_copy(table, names, "FROM STDIN")) as into,
            ):
                while block := file.read(1 << 20):
                    into.write(block)
        _move_sequences(connection, columns)


def check_sqlite(path: Path) -> None:
    """Raises StoreError unless a SQLite file is sound."""
    try:
        with closing(open_database(f"sqlite:///{path}")) as copy, copy.engine.connect() as connection:
            found = connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar()
    except DatabaseError as error:
        found = str(error)
    if found != "ok":
        message = f"{path.name}: the copy is damaged ({found}). Is the disk full or failing?"
        raise StoreError(message)


def is_empty(database: Database) -> bool:
    """Whether a database has no tables, or no readers and no articles yet."""
    present = set(inspect(database.engine).get_table_names())
    with database.engine.connect() as connection:
        return not any(
            connection.execute(text(f"SELECT 1 FROM {table} LIMIT 1")).first()  # noqa: S608 - fixed names
            for table in ("subscriber", "article", "issue")
            if table in present
        )


def _columns(database: Database) -> dict[str, list[str]]:
    look = inspect(database.engine)
    return {table.name: [column["name"] for column in look.get_columns(table.name)] for table in metadata.sorted_tables}


def _drop_all(database: Database) -> None:
    with database.engine.begin() as connection:
        for table in inspect(connection).get_table_names():
            if table in metadata.tables or table == _VERSIONS:
                connection.execute(text(f'DROP TABLE IF EXISTS "{table}" CASCADE'))


def _move_sequences(connection: "psycopg.Connection[Any]", columns: dict[str, list[str]]) -> None:
    for table, names in columns.items():
        if "id" not in names:
            continue
        found = connection.execute("SELECT pg_get_serial_sequence(%s, 'id')", (table,)).fetchone()
        if found and found[0]:
            move = sql.SQL("SELECT setval(%s, (SELECT coalesce(max(id), 0) + 1 FROM {}), false)")
            connection.execute(move.format(sql.Identifier(table)), (found[0],))


def _copy(table: str, columns: list[str], direction: str) -> sql.Composed:
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    return sql.SQL("COPY {} ({}) " + direction).format(sql.Identifier(table), names)


@contextmanager
def _postgres(database: Database) -> Iterator["psycopg.Connection[Any]"]:
    """The driver's own connection in one transaction: COPY is not in SQLAlchemy."""
    with database.engine.connect() as connection:
        raw = _driver(connection)
        with raw.transaction():
            yield raw


def _driver(connection: Any) -> Any:  # noqa: ANN401 - a driver's connection
    return connection.connection.driver_connection
