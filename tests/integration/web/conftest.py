"""The website of a test, with a newsletter of two topics."""

from pathlib import Path

import pytest

from syndication.store.database import Database
from tests.support.website import Website


@pytest.fixture
def website(database: Database, tmp_path: Path) -> Website:
    website = Website(database, tmp_path / "outbox")
    website.outbox.mkdir()
    website.newsletter()
    return website
