"""INSERT that leaves alone what is there already, or writes over it: the ways a repeated step stays harmless."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import inspect
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel


def insert_new(session: Session, table: type[SQLModel]) -> Any:  # noqa: ANN401 - the two dialects share no type
    """An INSERT into a table that ignores rows which a unique key refuses; give it values or a SELECT."""
    if session.get_bind().dialect.name == "sqlite":
        return sqlite.insert(table).on_conflict_do_nothing()
    return postgresql.insert(table).on_conflict_do_nothing()


def upsert(session: Session, table: type[SQLModel], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, or overwrite those that are there with the same primary key. rows: all with the same columns."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    insert: Any = dialect.insert(table)  # the two dialects share no type
    key = [column.name for column in inspect(table).primary_key]
    fresh = {name: insert.excluded[name] for name in rows[0] if name not in key}
    session.connection().execute(insert.on_conflict_do_update(index_elements=key, set_=fresh), rows)
