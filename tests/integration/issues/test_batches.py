"""Batches of an issue: a thousand readers each, wherever their ids lie."""

from syndication.domain.states import DeliveryState
from syndication.store.bulk import insert_rows
from syndication.store.database import Database
from syndication.store.planning import DELIVERY_COLUMNS, first_of_each_batch
from syndication.store.tables import DeliveryRow

ISSUE = 7


def keep(database: Database, readers: list[int], issue: int = ISSUE) -> None:
    rows = [(issue, reader, 1, DeliveryState.READY.value, 0, 0, "", "") for reader in readers]
    with database.write() as session:
        insert_rows(session, DeliveryRow, DELIVERY_COLUMNS, rows)


def test_batches_begin_at_every_thousandth_reader_across_gaps_between_ids(database: Database) -> None:
    readers = [*range(11, 1_511), *range(300_000, 300_700), 2_000_000, *range(5_000_000, 5_000_900)]
    keep(database, readers[::-1])
    keep(database, [1, 2, 3], issue=ISSUE + 1)
    with database.read() as session:
        assert first_of_each_batch(session, ISSUE) == [11, 1_011, 300_500, 5_000_799]


def test_an_issue_without_deliveries_has_no_batches(database: Database) -> None:
    with database.read() as session:
        assert first_of_each_batch(session, ISSUE) == []
