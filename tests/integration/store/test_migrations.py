"""Migrations bring any database to the tables in the code, all or nothing."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect, text
from sqlmodel import col, select

from syndication.domain.errors import StoreError
from syndication.domain.feeds import FeedDocument, FeedFormat
from syndication.domain.states import Cadence
from syndication.publish.documents import gzipped
from syndication.store.archives import append_history
from syndication.store.database import Database, open_database
from syndication.store.feed_documents import Edition, documents_since, save_documents
from syndication.store.migrate import backup_sqlite, current, downgrade, drift, head, migrate, require_current, upgrade
from syndication.store.tables import CounterRow, ScheduleRow, metadata
from tests.support.issues import World
from tests.support.rows import add_schedule

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)

HALF_WAY = """
import sys, time
from alembic import command
from syndication.store.archives import append_history
from syndication.store.database import open_database
from syndication.store.migrate import _locked
with _locked(open_database(sys.argv[1])) as config:
    command.upgrade(config, "head")
    print("created", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def empty(database_url: str) -> Iterator[Database]:
    """A database without any table."""
    database = open_database(database_url)
    metadata.drop_all(database.engine)
    yield database
    database.close()


@pytest.fixture
def migrated(migrated_url: str) -> Iterator[Database]:
    """A database at the newest revision, without rows."""
    database = open_database(migrated_url)
    yield database
    database.close()


def tables(database: Database) -> set[str]:
    return set(inspect(database.engine).get_table_names())


def test_an_upgraded_database_has_exactly_the_tables_of_the_code(empty: Database) -> None:
    migrate(empty)
    assert drift(empty) == []
    assert current(empty) == head()


def test_a_second_upgrade_changes_nothing(migrated: Database) -> None:
    with migrated.write() as session:
        session.add(CounterRow(name="seq", n=7))
    migrate(migrated)
    with migrated.read() as session:
        assert session.exec(select(CounterRow.n)).one() == 7


def test_what_digests_list_survives_the_way_back_and_forth(migrated: Database) -> None:
    """Revision 25 keeps it in the digest's own row."""
    world = World.build(migrated)
    world.reader("agents", "chips")
    world.reader("chips")
    for topics in (["agents"], ["agents", "chips"], ["chips"]):
        world.article("+".join(topics), *topics)
    issue = world.sent()
    before = world.got(issue)
    assert [len(got.titles) for got in before.values()] == [3, 2]

    downgrade(migrated, "0024")
    with migrated.write() as session:
        assert session.execute(text("SELECT count(*) FROM digest_item")).scalar() == 5
        session.execute(text("UPDATE issue SET state = 'composing', planned = 0"))
    migrate(migrated)

    assert world.got(issue) == before
    assert world.row(issue).planned == 2


def test_a_feed_document_is_the_same_after_the_way_back_and_forth(migrated: Database) -> None:
    document = FeedDocument("/feeds/all", FeedFormat.RSS, b"<rss/>", gzipped(b"<rss/>"), b"", '"tag"', NOW)
    with migrated.write() as session:
        session.add(CounterRow(name="feed"))
        session.flush()
        save_documents(session, [Edition([document], "")])
    downgrade(migrated, "0025")
    with migrated.read() as session:
        assert session.connection().exec_driver_sql("SELECT body FROM feed_document").scalar_one() == b"<rss/>"
    migrate(migrated)
    with migrated.read() as session:
        assert [stored.document for stored in documents_since(session, 0)] == [document]


def test_the_history_of_a_feed_is_the_same_after_the_way_back_and_forth(migrated: Database) -> None:
    world = World.build(migrated)
    for number in range(3):
        world.article(f"Article {number}", "agents")
    assert append_history(migrated, thorough=True) == 12
    before = history_of(migrated)
    downgrade(migrated, "0029")
    assert history_of(migrated) == before
    migrate(migrated)
    assert history_of(migrated) == before
    assert append_history(migrated, thorough=True) == 0


def history_of(database: Database) -> list[tuple[Any, ...]]:
    with database.read() as session:
        return [tuple(row) for row in session.execute(text("SELECT * FROM archive_entry ORDER BY feed, number"))]


@pytest.mark.parametrize("make", [migrate, lambda database: metadata.create_all(database.engine)])
def test_postgresql_does_not_try_to_compress_documents_again(empty: Database, make: Callable[[Database], None]) -> None:
    make(empty)
    if empty.is_sqlite:
        return  # it compresses nothing
    columns = "SELECT attname, attstorage::text FROM pg_attribute WHERE attrelid = 'feed_document'::regclass"
    with empty.read() as session:
        storage = {row.attname: row.attstorage for row in session.execute(text(columns))}
    assert (storage["gzip"], storage["brotli"]) == ("e", "e")


def test_downgrade_to_base_leaves_no_table_of_ours(migrated: Database) -> None:
    downgrade(migrated, "base")
    assert tables(migrated) == {"alembic_version"}


def test_a_migration_killed_half_way_leaves_nothing_and_can_be_run_again(empty: Database) -> None:
    url = empty.engine.url.render_as_string(hide_password=False)
    process = subprocess.Popen([sys.executable, "-c", HALF_WAY, url], stdout=subprocess.PIPE, text=True)  # noqa: S603
    assert process.stdout is not None
    assert process.stdout.readline() == "created\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    deadline = time.monotonic() + 120
    while tables(empty) - {"alembic_version"} and time.monotonic() < deadline:
        time.sleep(0.05)  # PostgreSQL notices the lost client a moment later
    assert tables(empty) == set()
    migrate(empty)
    assert drift(empty) == []


def test_serving_an_unmigrated_database_is_refused_with_the_command_that_helps(empty: Database) -> None:
    with pytest.raises(StoreError, match="syndication init"):
        require_current(empty)
    migrate(empty)
    require_current(empty)


def test_a_database_of_a_newer_version_is_left_alone_and_the_ways_out_are_named(
    migrated: Database, tmp_path: Path
) -> None:
    with migrated.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="revision 9999, made by a newer version"):
        upgrade(migrated, tmp_path, NOW)
    with pytest.raises(StoreError, match="made by a newer version"):
        require_current(migrated)
    assert list(tmp_path.iterdir()) == []  # a service that is started again and again fills no disk
    assert current(migrated) == "9999"


def test_an_upgrade_keeps_the_old_database_and_only_when_there_is_something_to_do(
    empty: Database, tmp_path: Path
) -> None:
    assert upgrade(empty, tmp_path, NOW) is None
    assert upgrade(empty, tmp_path, NOW) is None
    downgrade(empty, "0024")
    assert (upgrade(empty, tmp_path, NOW) is not None) == empty.is_sqlite
    assert current(empty) == head()


def test_an_unreachable_server_is_named_in_words() -> None:
    database = open_database("postgresql+psycopg://nobody@127.0.0.1:1/none")
    with pytest.raises(StoreError, match="cannot be reached"):
        current(database)


def test_a_backup_is_a_whole_database_of_its_own(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'live.db'}")
    migrate(database)
    with database.write() as session:
        session.add(CounterRow(name="seq", n=7))
    path = backup_sqlite(database, tmp_path / "backups", NOW)
    assert path is not None
    assert path.stat().st_mode & 0o777 == 0o600
    copy = open_database(f"sqlite:///{path}")
    with copy.read() as session:
        assert session.exec(select(CounterRow.n)).one() == 7
    copy.close()
    database.close()


def test_schedules_get_the_names_by_which_files_know_them(migrated: Database) -> None:
    """Revision 29 writes down what their places said."""
    world = World.build(migrated)
    with migrated.write() as session:
        for cadence in (Cadence.WEEKLY, Cadence.DAILY):
            add_schedule(session, 1, cadence=cadence)
        session.get_one(ScheduleRow, add_schedule(session, 1, cadence=Cadence.WEEKLY)).is_own = True
    downgrade(migrated, "0028")
    migrate(migrated)
    with migrated.read() as session:
        slugs = session.exec(select(ScheduleRow.slug).order_by(col(ScheduleRow.id))).all()
    assert (slugs, world.schedule_id) == (["weekly", "weekly-2", "daily", None], 1)
