"""Alembic's entry: runs on the connection that `store.migrate` gives it, inside one transaction."""

from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

from syndication.store.tables import metadata
from syndication.store.tables.columns import WORD_LENGTH, Words


def _render(kind: str, item: object, autogenerate: AutogenContext) -> str | Literal[False]:
    """Columns in SQLAlchemy's own types: a migration must not change when the code does."""
    del autogenerate
    if kind != "type":
        return False
    if isinstance(item, Words):
        return f"sa.String(length={WORD_LENGTH})"
    if isinstance(item, AutoString):
        return f"sa.String(length={item.length})" if item.length else "sa.String()"
    return "sa.DateTime(timezone=True)" if isinstance(item, UTCDateTime) else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    render_item=_render,
    compare_type=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
