"""The engine recipe: no update is ever lost."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text
from sqlmodel import select

from syndication.store.database import Database, DatabaseError
from syndication.store.tables import CounterRow


def test_concurrent_read_modify_write_loses_no_update(database: Database) -> None:
    """800 transactions in 4 threads; the driver's own way lost 553 of them (measured)."""
    with database.write() as session:
        session.add(CounterRow(name="seq"))

    def raise_once(_: int) -> None:
        with database.write() as session:
            row = session.exec(select(CounterRow).with_for_update()).one()
            row.n += 1

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(raise_once, range(800)))
    with database.read() as session:
        assert session.exec(select(CounterRow.n)).one() == 800


def test_a_connection_that_copied_references_checks_them_again(database: Database) -> None:
    """The next transaction has the same pooled connection, whose references come from anywhere."""
    with database.write(copies_references=True) as session:
        session.add(CounterRow(name="seq"))
    orphan = text("INSERT INTO segment_topic (segment_id, topic_id) VALUES (1, 1)")
    with pytest.raises(DatabaseError), database.write() as session:
        session.execute(orphan)
    with database.read() as session:
        assert session.exec(select(CounterRow.name)).all() == ["seq"]


def test_a_transaction_that_failed_while_it_copied_references_leaves_them_checked(database: Database) -> None:
    """Whatever ends a transaction, the next one begins with its foreign keys."""
    with pytest.raises(DatabaseError), database.write(copies_references=True) as session:
        session.execute(text("INSERT INTO nowhere VALUES (1)"))
    with pytest.raises(DatabaseError), database.write() as session:
        session.execute(text("INSERT INTO segment_topic (segment_id, topic_id) VALUES (1, 1)"))
