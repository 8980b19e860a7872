"""A newsletter of two topics."""

import pytest

from syndication.store.database import Database
from tests.support import rows


@pytest.fixture
def newsletter(database: Database) -> int:
    """Its schedule was served up to 40; answers its id."""
    with database.write() as session:
        rows.add_counters(session)
        rows.add_topic(session, "agents", title="AI agents")
        rows.add_topic(session, "local")
        newsletter_id = rows.add_newsletter(session, "weekly", ["agents", "local"])
        rows.add_schedule(session, newsletter_id, last_cut=40)
    return newsletter_id
