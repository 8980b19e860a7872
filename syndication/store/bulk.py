"""Many rows into a table at once, as tuples: the driver's own way, without a dictionary a row."""

from collections.abc import Iterable, Sequence
from datetime import datetime
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
    arrays = tuple(map(array_literal, zip(*rows, strict=True)))
    return connection.exec_driver_sql(_for_postgresql(table, columns) + doubles, arrays).rowcount


def array_literal(values: Iterable[int | str | datetime | None]) -> str:
    """Values as PostgreSQL writes an array, to be cast to its type; instants aware.

    psycopg looks at each value of a list anew, which takes five times as long (measured: 0.7 µs a number, 1.2 a word, 4.6
    an instant).
    """
    return f"{{{','.join(map(_element, values))}}}"


def _element(value: int | str | datetime | None) -> str:
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return "NULL" if value is None else value.isoformat()


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
