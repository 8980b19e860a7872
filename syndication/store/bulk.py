"""Many rows into a table at once, as tuples: the driver's own way, without a dictionary a row."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql
from sqlmodel import Session, SQLModel

_POSTGRESQL: Final = postgresql.dialect()  # type: ignore[no-untyped-call] # SQLAlchemy leaves it without types


def insert_rows(
    session: Session,
    table: type[SQLModel],
    columns: tuple[str, ...],
    rows: Sequence[tuple[Any, ...]],
    *,
    all_new: bool = False,
) -> int:
    """Insert rows as values the database knows; those that a unique key refuses are left out. Answers how many came in.

    all_new: raise IntegrityError for such a row instead. PostgreSQL then looks into each index once: half the time of two.
    """
    if not rows:
        return 0
    connection = session.connection()
    doubles = "" if all_new else " ON CONFLICT DO NOTHING"
    if connection.dialect.name == "sqlite":
        return connection.exec_driver_sql(_for_sqlite(table, columns) + doubles, list(rows)).rowcount
    return connection.exec_driver_sql(
        _for_postgresql(table, columns) + doubles, tuple(map(list, zip(*rows, strict=True)))
    ).rowcount


@lru_cache
def _for_sqlite(table: type[SQLModel], columns: tuple[str, ...]) -> str:
    marks = ", ".join("?" for _ in columns)
    return f"INSERT INTO {_named(table)} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608 - our own names


@lru_cache
def _for_postgresql(table: type[SQLModel], columns: tuple[str, ...]) -> str:
    types = (_named(table).c[column].type.compile(_POSTGRESQL) for column in columns)
    arrays = ", ".join(f"%s::{kind}[]" for kind in types)
    return f"INSERT INTO {_named(table)} ({', '.join(columns)}) SELECT * FROM unnest({arrays})"  # noqa: S608 - our own names


def _named(table: type[SQLModel]) -> Table:
    return table.__table__  # type: ignore[attr-defined, no-any-return] # SQLModel declares no __table__
