"""Alembic's entry: runs on the connection that `store.migrate` gives it, inside one transaction."""

from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

from syndication.store.tables import metadata
from syndication.store.tables.columns import WORD_LENGTH, Words


def _render(kind: str, item: object, autogenerate: AutogenContext) -> str | Literal[False]:
    """A migration must not change when an enum of the code grows."""
    del autogenerate
    return f"sa.String(length={WORD_LENGTH})" if kind == "type" and isinstance(item, Words) else False


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
