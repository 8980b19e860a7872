"""Column recipes shared by all tables."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import BigInteger, ForeignKey, Integer, MetaData, String
from sqlalchemy.engine import Dialect
from sqlalchemy.types import JSON, TypeDecorator
from sqlmodel import Column, Field, SQLModel

# Named constraints let a migration drop them on both databases. Source: Alembic documentation, "naming constraints".
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
metadata: MetaData = SQLModel.metadata

BIG = BigInteger().with_variant(Integer, "sqlite")
"""64 bits on PostgreSQL; on SQLite INTEGER, the only type that is the rowid."""


WORD_LENGTH: Final = 16


class Words(TypeDecorator[StrEnum]):
    """A StrEnum kept as its word: readable in the database, an enum in Python."""

    impl = String
    cache_ok = True

    def __init__(self, words: type[StrEnum]) -> None:
        super().__init__(length=WORD_LENGTH)
        self.words = words

    def process_bind_param(self, value: StrEnum | str | None, dialect: Dialect) -> str | None:
        """Python → database."""
        del dialect
        return None if value is None else self.words(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:
        """Database → Python."""
        del dialect
        return None if value is None else self.words(value)


def words(enum: type[StrEnum], default: StrEnum | None = None, *, index: bool = False, nullable: bool = False) -> Any:  # noqa: ANN401 - as sqlmodel.Field itself
    """A column for a closed set of words; without a default and not nullable it is required."""
    column: Column[Any] = Column(Words(enum), nullable=nullable, index=index)
    if default is None and not nullable:
        return Field(sa_column=column)
    return Field(default=default, sa_column=column)


def big_key() -> Any:  # noqa: ANN401 - as sqlmodel.Field itself
    """A primary key that may pass two thousand million."""
    return Field(default=None, sa_column=Column(BIG, primary_key=True, autoincrement=True))


def big_reference(target: str, **column: Any) -> Any:  # noqa: ANN401 - as sqlmodel.Field itself
    """A required foreign key to a `big_key`; `column` are arguments of Column (index, primary_key)."""
    return Field(sa_column=Column(BIG, ForeignKey(target), nullable=False, **column))


def big_number(**column: Any) -> Any:  # noqa: ANN401 - as sqlmodel.Field itself
    """A required number as large as a `big_key`; `column` are arguments of Column."""
    return Field(sa_column=Column(BIG, nullable=False, **column))


def json_column(default: type[list[Any]] | type[Mapping[str, Any]] = list) -> Any:  # noqa: ANN401 - as sqlmodel.Field itself
    """A JSON column. Assign a new value to change it: changes in place are not seen."""
    return Field(default_factory=default, sa_column=Column(JSON, nullable=False))
