"""What a PostgreSQL server knows of its tables, and has done with them."""

from collections.abc import Sequence

import psycopg
from psycopg import sql

_ROWS = (
    "SELECT relname, seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_user_tables WHERE relname = ANY(%(tables)s)"
)
_OTHERS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'"


def count_rows(url: str) -> None:
    """Let the server count the rows of all tables, as it does by itself within a minute or two."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("ANALYZE")


def forget_counts(url: str, tables: Sequence[str]) -> None:
    """Empty tables as new ones are: rows that were deleted leave pages and counts behind, which the server plans by."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(sql.SQL("TRUNCATE {} CASCADE").format(sql.SQL(", ").join(map(sql.Identifier, tables))))


def rows_read(url: str, tables: Sequence[str]) -> dict[str, int]:
    """How many rows of each table the server has read, once all who read have gone and told."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        while connection.execute(_OTHERS).fetchall() != [(1,)]:
            pass
        return dict(connection.execute(_ROWS, {"tables": list(tables)}).fetchall())
