"""An erased reader is nowhere any more, nothing mails them, and no backup brings them back."""

from pathlib import Path

from sqlalchemy import select as core_select
from sqlmodel import select

from syndication.domain.states import DeliveryState, NoticeKind, SubscriptionStatus
from syndication.domain.tokens import suppression_mark
from syndication.jobs.erase import erase_again, erase_reader, erased_marks
from syndication.jobs.tidy import tidy
from syndication.store.database import Database
from syndication.store.tables import (
    ConsentEventRow,
    DeliveryRow,
    NoticeRow,
    SubscriberRow,
    SubscriptionRow,
    SuppressionRow,
    metadata,
)
from tests.support import rows
from tests.support.rows import NOW
from tests.support.subscribing import mailed, only, reader, waiting_issue

KEY = b"k" * 32
ADDRESS = "ann@example.com"


def anywhere(database: Database, words: str) -> list[str]:
    """The tables that hold these words in any column."""
    with database.read() as session:
        return [
            table.name
            for table in metadata.sorted_tables
            if any(words in str(tuple(row)) for row in session.execute(core_select(table)))
        ]


def known_reader(database: Database, newsletter: int, folder: Path) -> int:
    """Somebody with a waiting issue, a notice that was refused in words, and mails in the outbox."""
    subscription_id = reader(database, newsletter, "agents")
    with database.write() as session:
        subscriber_id = only(session).subscriber_id
        waiting_issue(session, newsletter, subscription_id, DeliveryState.READY)
        mailed(session, subscriber_id, newsletter, NoticeKind.WELCOME, NOW)
        session.flush()
        notice = session.exec(select(NoticeRow)).one()
        notice.state, notice.reply = DeliveryState.FAILED, f"550 <{ADDRESS}> is unknown"
    outbox = folder / "outbox"
    outbox.mkdir()
    for name in (f"i1-{subscriber_id}.eml", f"i1-{subscriber_id}0.eml", "notes.txt"):
        (outbox / name).write_text(f"To: {ADDRESS}", "ascii")
    return subscriber_id


def test_an_uploaded_list_with_an_erased_address_goes_and_others_stay(
    database: Database, newsletter: int, tmp_path: Path
) -> None:
    lists = tmp_path / "imports"
    lists.mkdir()
    held = {
        "1.csv": f"email\n{ADDRESS.upper()}\n".encode(),
        "2.csv": b"email\n" + b"someone@example.com\n" * 60_000 + ADDRESS.encode(),
        "3.refused.csv": f"email\n{ADDRESS}\n".encode("utf-16"),
    }
    for name, body in {**held, "4.csv": b"email\nann@example.org\n"}.items():
        (lists / name).write_bytes(body)
    assert erase_reader(database, KEY, tmp_path, known_reader(database, newsletter, tmp_path), NOW)
    assert [path.name for path in lists.iterdir()] == ["4.csv"]


def test_an_erased_address_is_not_in_the_files_of_sqlite_either(
    database: Database, newsletter: int, tmp_path: Path
) -> None:
    if not database.is_sqlite:
        return
    subscriber_id = known_reader(database, newsletter, tmp_path)
    files = list(Path(str(database.engine.url.database)).parent.glob("*.db*"))
    assert any(ADDRESS.encode() in file.read_bytes() for file in files)
    with database.read() as session:
        session.execute(core_select(SubscriberRow)).all()  # who reads keeps the log from being emptied
        assert erase_reader(database, KEY, tmp_path, subscriber_id, NOW)
    assert any(ADDRESS.encode() in file.read_bytes() for file in files)
    tidy(database, NOW)
    assert not [file.name for file in files if ADDRESS.encode() in file.read_bytes()]


def test_an_erased_address_is_in_no_table_and_no_outbox(database: Database, newsletter: int, tmp_path: Path) -> None:
    subscriber_id = known_reader(database, newsletter, tmp_path)
    assert {"subscriber", "notice"} <= set(anywhere(database, ADDRESS))
    assert erase_reader(database, KEY, tmp_path, subscriber_id, NOW)
    assert anywhere(database, ADDRESS) == []
    assert anywhere(database, "192.0.2.7") == []
    assert sorted(path.name for path in (tmp_path / "outbox").iterdir()) == [f"i1-{subscriber_id}0.eml", "notes.txt"]


def test_an_erased_address_is_not_in_the_file_of_the_database(
    database: Database, newsletter: int, tmp_path: Path
) -> None:
    subscriber_id = known_reader(database, newsletter, tmp_path)
    erase_reader(database, KEY, tmp_path, subscriber_id, NOW)
    if database.is_sqlite:
        with database.engine.connect() as connection:
            connection.connection.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[union-attr] # checked out
        assert ADDRESS.encode() not in Path(database.engine.url.database or "").read_bytes()


def test_what_stays_is_a_keyed_hash_and_numbers(database: Database, newsletter: int, tmp_path: Path) -> None:
    subscriber_id = known_reader(database, newsletter, tmp_path)
    erase_reader(database, KEY, tmp_path, subscriber_id, NOW)
    with database.read() as session:
        assert session.exec(select(SuppressionRow.hmac)).all() == [suppression_mark(KEY, ADDRESS)]
        assert session.exec(select(DeliveryRow.state)).all() == [DeliveryState.SUPPRESSED]
        assert session.exec(select(SubscriptionRow.status)).all() == [SubscriptionStatus.UNSUBSCRIBED]
        assert session.exec(select(ConsentEventRow)).all() == []


def test_two_readers_can_be_erased_and_nobody_twice(database: Database, newsletter: int, tmp_path: Path) -> None:
    first = known_reader(database, newsletter, tmp_path)
    with database.write() as session:
        second = rows.add_reader(session, only(session).schedule_id, ["agents"], address="bob@example.com")
    assert erase_reader(database, KEY, tmp_path, first, NOW)
    assert erase_reader(database, KEY, tmp_path, second, NOW)
    assert not erase_reader(database, KEY, tmp_path, first, NOW)
    assert not erase_reader(database, KEY, tmp_path, 999, NOW)


def test_who_comes_back_with_a_backup_is_erased_again(database: Database, newsletter: int, tmp_path: Path) -> None:
    subscriber_id = known_reader(database, newsletter, tmp_path)
    erase_reader(database, KEY, tmp_path, subscriber_id, NOW)
    with database.write() as session:
        row = session.get_one(SubscriberRow, subscriber_id)
        row.address = row.address_key = ADDRESS
        rows.add_reader(session, only(session).schedule_id, ["agents"], address="bob@example.com")
    assert erased_marks(tmp_path).keys() == {suppression_mark(KEY, ADDRESS)}
    assert erase_again(database, KEY, tmp_path, NOW) == 1
    assert anywhere(database, ADDRESS) == []
    assert "subscriber" in anywhere(database, "bob@example.com")
    assert erase_again(database, KEY, tmp_path, NOW) == 0
