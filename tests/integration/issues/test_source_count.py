"""How many sources a newsletter has: those that ever brought something in one of its topics."""

from syndication.store.composing import source_count
from syndication.store.database import Database
from tests.support import rows


def test_only_sources_that_brought_something_count_and_no_further_than_asked(database: Database) -> None:
    with database.write() as session:
        rows.add_counters(session)
        for slug in ("agents", "chips"):
            rows.add_topic(session, slug)
        letter = rows.add_newsletter(session, "weekly", ["agents"])
        for number, topics in enumerate(((), ("agents",), ("chips",), ("agents",), ("agents", "chips"), ("agents",))):
            rows.add_article(session, rows.add_source(session, f"source-{number}"), topics)
    with database.read() as session:
        assert [source_count(session, letter, most) for most in (1, 3, 4, 9)] == [1, 3, 4, 4]
