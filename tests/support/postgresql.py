"""What a PostgreSQL server knows of its tables, and has done with them; emptying them for the next test."""

from collections.abc import Sequence

import psycopg
from psycopg import sql

from syndication.store.tables import metadata

_ROWS = (
    "SELECT relname, seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_user_tables WHERE relname = ANY(%(tables)s)"
)
_OTHERS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend' AND application_name <> 'emptying'
"""
_EMPTIED = sql.SQL("; ").join(
    [sql.SQL("SET session_replication_role = replica")]  # no foreign key is looked at while everything goes
    + [sql.SQL("DELETE FROM {}").format(sql.Identifier(table.name)) for table in metadata.sorted_tables]
)
_FROM_ONE = (
    "SELECT setval(quote_ident(sequencename)::regclass, 1, false) FROM pg_sequences WHERE last_value IS NOT NULL"
)
_ALONE = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
_SCHEMA = "SELECT relname, relnatts FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY relname"
# What it read itself would else be counted a second later, among what a test reads.
_COUNTED = "SELECT pg_stat_force_next_flush()"


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


class Emptied:
    """A database whose rows one connection takes out: PostgreSQL needs 25 ms to get to know the tables of a new one (measured)."""

    def __init__(self, url: str) -> None:
        self.turn_to(url)
        self._schema = self._connection.execute(_SCHEMA).fetchall()

    def turn_to(self, url: str) -> str:
        """Empty this one from now on, which has no rows yet; its address again."""
        self.url = url
        self._connection = psycopg.connect(url.replace("+psycopg", ""), autocommit=True, application_name="emptying")
        return url

    def is_empty_again(self) -> bool:
        """Take all rows out; False when its tables are not what they were, and then it is left alone."""
        self._connection.execute(_ALONE)
        if self._connection.execute(_SCHEMA).fetchall() != self._schema:
            self.close()
            return False
        for statement in (_EMPTIED, _FROM_ONE, _COUNTED):
            self._connection.execute(statement)
        return True

    def close(self) -> None:
        """Leave it."""
        self._connection.close()
