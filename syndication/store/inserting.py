"""INSERT that leaves alone what is there already: the way every repeated step stays harmless."""

from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel


def insert_new(session: Session, table: type[SQLModel]) -> Any:  # noqa: ANN401 - the two dialects share no type
    """An INSERT into a table that ignores rows which a unique key refuses; give it values or a SELECT."""
    if session.get_bind().dialect.name == "sqlite":
        return sqlite.insert(table).on_conflict_do_nothing()
    return postgresql.insert(table).on_conflict_do_nothing()
