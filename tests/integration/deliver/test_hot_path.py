"""The transaction of every mail reads the rows of its group and no others, also before PostgreSQL has counted anything."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from syndication.store.database import Database, open_database
from syndication.store.delivering import claim_batch
from syndication.store.ledger_sql import Kept, open_hot_path
from tests.support.mailing import add_mailing

NOW = datetime(2026, 11, 20, 7, 30, tzinfo=UTC)
READERS = 3_000
GROUP = 20
GROUPS = 10


def test_a_group_reads_its_own_rows_only(postgresql_address: Callable[[], str]) -> None:
    database = open_database(postgresql_address())
    add_mailing(database, NOW, READERS, batch=READERS)
    with database.write() as session:
        lease = claim_batch(session, NOW, timedelta(minutes=1), timedelta(days=1))
    assert lease
    before = rows_read(database)
    hot_path = open_hot_path(database)
    kept: list[Kept] = []
    for group in range(GROUPS):
        ids = range(1 + group * GROUP, 1 + (group + 1) * GROUP)
        taken = hot_path.commit(kept, {lease: ids}, NOW)
        assert len(taken) == GROUP
        kept = [Kept(*name, attempt, NOW, 250, "2.0.0", "Ok") for name, attempt in taken.items()]
    hot_path.close()
    read = {table: rows_read(database)[table] - rows for table, rows in before.items()}
    database.close()
    # A delivery is read to leave and to be settled, by way of versions that it had before; a subscription once.
    assert GROUPS * GROUP <= read["subscription"] <= 2 * GROUPS * GROUP
    assert GROUPS * GROUP <= read["delivery"] <= 10 * GROUPS * GROUP


def rows_read(database: Database) -> dict[str, int]:
    """How many rows of the two large tables the server has read, once all who read have told."""
    statement = text(
        "SELECT relname, seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_user_tables "
        "WHERE relname IN ('delivery', 'subscription')"
    )
    with database.read() as session:
        session.execute(text("SELECT pg_stat_force_next_flush()"))
        session.execute(text("SELECT pg_stat_clear_snapshot()"))
        return {row[0]: row[1] for row in session.execute(statement)}
