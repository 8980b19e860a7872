"""The transaction of every mail reads the rows of its group and no others, whatever PostgreSQL has counted."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from syndication.store.database import open_database
from syndication.store.delivering import claim_batch
from syndication.store.ledger_sql import Kept, open_hot_path
from tests.support.mailing import add_mailing
from tests.support.postgresql import count_rows, rows_read

NOW = datetime(2026, 11, 20, 7, 30, tzinfo=UTC)
READERS = 3_000
GROUP = 20
GROUPS = 10
TABLES = ("delivery", "subscription")


@pytest.mark.parametrize("counted", [(), (0,), (READERS,), (0, READERS)])
def test_a_group_reads_its_own_rows_only(postgresql_address: Callable[[], str], counted: tuple[int, ...]) -> None:
    url = postgresql_address()
    database = open_database(url)
    if 0 in counted:
        count_rows(url)
    add_mailing(database, NOW, READERS, batch=READERS)
    if READERS in counted:
        count_rows(url)
    with database.write() as session:
        lease = claim_batch(session, NOW, timedelta(minutes=1), timedelta(days=1))
    assert lease
    database.close()
    before = rows_read(url, TABLES)
    hot_path = open_hot_path(database)
    kept: list[Kept] = []
    for group in range(GROUPS):
        ids = range(1 + group * GROUP, 1 + (group + 1) * GROUP)
        taken = hot_path.commit(kept, {lease: ids}, NOW)
        assert len(taken) == GROUP
        kept = [Kept(*name, attempt, NOW, 250, "2.0.0", "Ok") for name, attempt in taken.items()]
    hot_path.close()
    database.close()
    read = {table: rows - before[table] for table, rows in rows_read(url, TABLES).items()}
    # A delivery is read to leave and to be settled, by way of versions that it had before; a subscription once.
    assert GROUPS * GROUP <= read["subscription"] <= 2 * GROUPS * GROUP
    assert GROUPS * GROUP <= read["delivery"] <= 10 * GROUPS * GROUP
