"""Migrations and backup: brings a database to the tables this version needs, all or nothing.

One transaction holds the whole migration on both databases, so a kill half-way leaves the old tables and the same
command finishes the work. On SQLite the write lock, on PostgreSQL an advisory lock keeps a second migration out.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from syndication.domain.errors import StoreError
from syndication.store.database import Database
from syndication.store.tables import metadata

_FOLDER: Final = Path(__file__).parent / "migrations"
# Any number, the same in all versions: it names the lock.
_LOCK: Final = 7_306_502_017


def head() -> str:
    """The revision this version of the product needs."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    assert revision is not None  # noqa: S101 - the package ships at least one revision
    return revision


def current(database: Database) -> str | None:
    """The revision a database is at; None when it was never migrated. Raises StoreError when it cannot be reached."""
    try:
        with database.engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    except OperationalError as error:
        message = f"The database cannot be reached: {error.orig}. Check [database] url and that the server runs."
        raise StoreError(message) from error


def require_current(database: Database) -> None:
    """Raises StoreError, with the command that mends it, unless the database is at `head`."""
    found = current(database)
    if found is None:
        message = "The database has no tables yet. Run `syndication init`."
        raise StoreError(message)
    if found != head():
        require_known(found)
        message = f"The database is at revision {found}, this version needs {head()}. Run `syndication migrate`."
        raise StoreError(message)


def require_known(revision: str | None) -> None:
    """Raises StoreError, with the ways out, when only a newer version than this one makes databases at this revision."""
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if revision is not None and revision not in known:
        message = (
            f"The database is at revision {revision}, made by a newer version than this one. Install that version again, "
            "or restore a backup made by this one: on SQLite over it (--force), on PostgreSQL into an empty database."
        )
        raise StoreError(message)


def upgrade(database: Database, folder: Path, now: datetime) -> Path | None:
    """Migrate to `head`; on SQLite after a copy of the old database into a folder, whose path is the answer.

    Raises StoreError before anything is written when a newer version made the database.
    """
    found = current(database)
    require_known(found)
    copy = backup_sqlite(database, folder, now) if found not in {None, head()} else None
    migrate(database)
    return copy


def migrate(database: Database, revision: str = "head") -> None:
    """Upgrade to a revision; does nothing when it is there already."""
    with _locked(database) as config:
        command.upgrade(config, revision)


def downgrade(database: Database, revision: str) -> None:
    """Go back to an older revision ('base' drops everything). For tests and for going back after an upgrade."""
    with _locked(database) as config:
        command.downgrade(config, revision)


def drift(database: Database) -> list[object]:
    """What differs between a migrated database and the tables in the code; empty when nothing does."""
    with database.engine.connect() as connection:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))


def backup_sqlite(database: Database, folder: Path, now: datetime) -> Path | None:
    """A copy of a SQLite database for its owner alone, taken while others use it; None for PostgreSQL (pg_dump is its tool)."""
    if not database.is_sqlite:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"syndication-{now:%Y%m%d-%H%M%S-%f}.db"
    target.touch(mode=0o600)
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        raw = connection.connection.driver_connection
        assert raw is not None  # noqa: S101 - a checked-out connection has a driver connection
        raw.execute("VACUUM INTO ?", (str(target),))
    return target


@contextmanager
def _locked(database: Database) -> Iterator[Config]:
    config = _config()
    # Batch mode rebuilds tables; with foreign keys on SQLite would delete the rows that point at them.
    options = {"sqlite_begin": "IMMEDIATE", "sqlite_foreign_keys": False}
    with database.engine.connect().execution_options(**options) as connection, connection.begin():
        if not database.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        config.attributes["connection"] = connection
        yield config


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    return config


def new_revision(database: Database, message: str) -> None:
    """Write the migration from a database at `head` to the tables in the code, to be read and corrected by hand."""
    with _locked(database) as config:
        command.revision(
            config, message, autogenerate=True, rev_id=f"{len(list(_FOLDER.glob('versions/*.py'))) + 1:04}"
        )
