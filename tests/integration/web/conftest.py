"""A newsletter of two topics, bare or with a website around it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from syndication.store.database import Database
from syndication.web.admin import access
from tests.support import rows
from tests.support.kept import kept
from tests.support.website import Website


@pytest.fixture(autouse=True, scope="module")
def _quick_passwords() -> Iterator[None]:
    """Argon2 as it is, with the smallest parameters: those of the product take a tenth of a second, as they should."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(access, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield


@pytest.fixture
def website(database: Database, tmp_path: Path) -> Website:
    website = Website(database, tmp_path / "outbox")
    website.outbox.mkdir()
    kept(database, only_newsletter)
    return website


def only_newsletter(database: Database) -> int:
    return Website(database, Path()).newsletter()


@pytest.fixture
def newsletter(database: Database) -> int:
    """A newsletter of two topics whose schedule was served up to 40; answers its id."""
    with database.write() as session:
        rows.add_counters(session)
        rows.add_topic(session, "agents")
        rows.add_topic(session, "local")
        rows.add_topic(session, "elsewhere")
        newsletter_id = rows.add_newsletter(session, "weekly", ["agents", "local"])
        rows.add_schedule(session, newsletter_id, last_cut=40)
    return newsletter_id
