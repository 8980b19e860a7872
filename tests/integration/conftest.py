"""Every test that asks for `database` runs on SQLite and on PostgreSQL."""

import shutil
import uuid
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import psycopg
import pytest

from syndication.store.database import Database, open_database
from syndication.store.migrate import migrate
from syndication.store.tables import metadata
from tests.support.postgresql import Emptied


@pytest.fixture(scope="session")
def sqlite_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite database with all tables, to be copied."""
    path = tmp_path_factory.mktemp("database") / "empty.db"
    database = open_database(f"sqlite:///{path}")
    metadata.create_all(database.engine)
    database.close()
    return path


@pytest.fixture(scope="session")
def postgresql_address(postgres_url: str) -> Iterator[Callable[[], str]]:
    """Gives the address of a PostgreSQL database with all tables and no rows.

    One database serves test after test: emptying it takes 4 ms, a new one 200 ms (measured). A test that changed the
    tables leaves it to nobody.
    """
    admin = postgres_url.format(name="postgres").replace("+psycopg", "")
    names: list[str] = []
    with psycopg.connect(admin, autocommit=True) as server:

        def fresh() -> str:
            names.append(f"t{uuid.uuid4().hex}")
            server.execute(f"CREATE DATABASE {names[-1]} TEMPLATE base STRATEGY file_copy")
            return postgres_url.format(name=names[-1])

        emptied = Emptied(fresh())
        yield lambda: emptied.url if emptied.is_empty_again() else emptied.turn_to(fresh())
        emptied.close()
        for name in names:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


# Tracing takes as long again as the tests do, and the lines are the same on both: it follows them on one.
@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.no_cover)])
def database_url(request: pytest.FixtureRequest) -> str:
    """The address of a database with all tables and no rows, once on each kind."""
    if request.param == "sqlite":
        empty: Path = request.getfixturevalue("sqlite_file")
        path = empty.with_name("test.db")
        for name in ("test.db-wal", "test.db-shm"):
            path.with_name(name).unlink(missing_ok=True)
        path.unlink(missing_ok=True)  # who still has the old file open must not see the new one
        shutil.copyfile(empty, path)
        return f"sqlite:///{path}"
    emptied: Callable[[], str] = request.getfixturevalue("postgresql_address")
    return emptied()


@pytest.fixture(scope="session")
def migrated_sqlite_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite database as `init` leaves it before there is a row, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "migrated.db"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def migrated_postgresql(postgres_url: str) -> str:
    """The name of such a database on PostgreSQL, to be a template."""
    admin, name = postgres_url.format(name="postgres").replace("+psycopg", ""), f"m{uuid.uuid4().hex}"
    with psycopg.connect(admin, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    _migrate(postgres_url.format(name=name))
    return name


def _migrate(url: str) -> None:
    database = open_database(url)
    migrate(database)
    database.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.no_cover)])
def migrated_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a migrated database of its own without rows, once on each kind: thirty migrations take half a second."""
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("database") / "migrated.db"
        yield f"sqlite:///{shutil.copy(request.getfixturevalue('migrated_sqlite_file'), path)}"
        return
    template: str = request.getfixturevalue("migrated_postgresql")
    address: str = request.getfixturevalue("postgres_url")
    name = f"t{uuid.uuid4().hex}"
    with psycopg.connect(address.format(name="postgres").replace("+psycopg", ""), autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        yield address.format(name=name)
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@cache
def _opened(url: str) -> Database:
    """Compiling a statement takes longer than executing it, and an engine remembers: one for all tests of an address."""
    return open_database(url)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A fresh database with all tables, once on each kind."""
    database = _opened(database_url)
    yield database
    database.close()
