"""The files of an SQLite database hold addresses of readers, so nobody but their owner reads them."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from syndication.store.database import open_database


@pytest.fixture(autouse=True)
def _usual_umask() -> Iterator[None]:
    """That of most systems, whatever the tests run under."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def test_a_new_database_and_its_log_are_for_their_owner_alone_from_the_first_byte(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path}/var/new.db")
    with database.write() as session:
        session.execute(text("CREATE TABLE a (b)"))
        modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "var").iterdir()}
    database.close()
    assert modes == {"new.db": 0o600, "new.db-shm": 0o600, "new.db-wal": 0o600}


def test_a_database_that_is_there_keeps_the_rights_it_was_given(tmp_path: Path) -> None:
    path = tmp_path / "shared.db"
    path.touch(mode=0o600)
    path.chmod(0o660)
    database = open_database(f"sqlite:///{path}")
    with database.write() as session:
        session.execute(text("CREATE TABLE a (b)"))
    database.close()
    assert path.stat().st_mode & 0o777 == 0o660
