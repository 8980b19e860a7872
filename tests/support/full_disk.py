"""A disk that can be full for as long as wanted."""

import resource
from pathlib import Path
from typing import Self

from sqlalchemy import text

from syndication.store.database import Database

# What PostgreSQL answers once a table's file cannot grow. Source: PostgreSQL, appendix A, class 53.
_REFUSES = """
    CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        RAISE EXCEPTION USING ERRCODE = '53100', MESSAGE = 'could not extend file: No space left on device';
    END $$;
    CREATE TRIGGER no_room BEFORE INSERT OR UPDATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION no_room();
"""
_TAKES = "DROP TRIGGER no_room ON {table}; DROP FUNCTION no_room();"


class Disk:
    """The disk below a database, on PostgreSQL that of one table. It has room again at the end of the block."""

    def __init__(self, database: Database, table: str = "delivery") -> None:
        self.is_full = False
        self._database, self._table = database, table
        self._largest = resource.getrlimit(resource.RLIMIT_FSIZE)

    def __enter__(self) -> Self:
        """As it is."""
        return self

    def __exit__(self, *_: object) -> None:
        """With room."""
        self.make_room()

    def fill(self) -> None:
        """Let nothing be written. On SQLite the kernel lets no file of ours grow beyond the write-ahead log."""
        self.is_full = True
        if self._database.is_sqlite:
            log = Path(f"{self._database.engine.url.database}-wal")
            resource.setrlimit(resource.RLIMIT_FSIZE, (log.stat().st_size, self._largest[1]))
        else:
            self._execute(_REFUSES.format(table=self._table))

    def make_room(self) -> None:
        """Let everything be written again."""
        if not self.is_full:
            return
        self.is_full = False
        if self._database.is_sqlite:
            resource.setrlimit(resource.RLIMIT_FSIZE, self._largest)
        else:
            self._execute(_TAKES.format(table=self._table))

    def _execute(self, statements: str) -> None:
        with self._database.write() as session:
            session.execute(text(statements))
