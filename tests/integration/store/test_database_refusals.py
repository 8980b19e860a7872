"""What the database's refusals are in words: each made for real where that can be had."""

import sqlite3
from pathlib import Path

import pytest
from psycopg import errors
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionLeft

from syndication.store.database import Database, DatabaseError, open_database
from syndication.store.refusals import in_words
from tests.support.full_disk import Disk


def refusal(database: Database, statement: str) -> str | None:
    """What the database says to a statement, in words."""
    with pytest.raises(DatabaseError) as caught, database.write() as session:
        session.execute(text(statement))
    return in_words(caught.value)


def test_a_full_disk_is_named(database: Database) -> None:
    statement = "INSERT INTO counter (name, n) VALUES ('pages', 1)"
    with database.write() as session:
        session.execute(text("INSERT INTO counter (name, n) VALUES ('words', 1)"))
    with Disk(database, "counter") as disk:
        disk.fill()
        words = refusal(database, statement)
    assert words is not None
    assert "is full. Free some space" in words
    with database.write() as session:
        session.execute(text(statement))


def test_our_own_mistakes_are_not_put_on_the_admin(database: Database) -> None:
    assert refusal(database, "INSERT INTO nowhere VALUES (1)") is None
    assert refusal(database, "INSERT INTO topic (id) VALUES (1)") is None
    assert in_words(DatabaseError("made by hand")) is None


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql+psycopg://nobody@127.0.0.1:1/none", "Check that its server runs"),
        ("sqlite:////proc/none.db", "cannot be opened"),
        ("sqlite:///{folder}/words.db", "damaged"),
    ],
)
def test_a_database_that_is_away_or_none_is_named(url: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "words.db").write_text("no database, but words " * 99, "utf-8")
    said = refusal(open_database(url.format(folder=tmp_path)), "SELECT 1 FROM sqlite_master")
    assert said is not None
    assert words in said


def test_a_database_that_may_only_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writable = open_database(f"sqlite:///{tmp_path}/a.db")
    with writable.write() as session:
        session.execute(text("CREATE TABLE a (b)"))
    writable.close()
    monkeypatch.chdir(tmp_path)
    said = refusal(open_database(f"sqlite:///file:{tmp_path}/a.db?mode=ro&uri=true"), "INSERT INTO a VALUES (1)")
    assert not Path("file:").exists()
    assert said is not None
    assert "may only be read" in said


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        (errors.AdminShutdown(), "cannot be reached"),
        (errors.TooManyConnections(), "no more connections"),
        (errors.DeadlockDetected(), "kept the database busy"),
        (errors.ReadOnlySqlTransaction(), "may only be read"),
    ],
)
def test_what_a_server_refuses_is_named(cause: Exception, words: str) -> None:
    said = in_words(OperationalError("SELECT 1", None, cause))
    assert said is not None
    assert words in said


def test_who_waits_for_a_connection_in_vain_is_told_why() -> None:
    assert "kept the database busy" in str(in_words(NoConnectionLeft()))


def test_a_writer_that_does_not_end_is_named(tmp_path: Path) -> None:
    busy = open_database(f"sqlite:///{tmp_path}/a.db")
    with busy.write() as session:
        session.execute(text("CREATE TABLE a (b)"))
        other = sqlite3.connect(tmp_path / "a.db", timeout=0)
        with pytest.raises(sqlite3.OperationalError) as caught:
            other.execute("BEGIN IMMEDIATE")
        other.close()
    assert "kept the database busy" in str(in_words(OperationalError("BEGIN", None, caught.value)))
