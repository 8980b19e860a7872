"""An article that is withdrawn leaves its feeds at once, and comes back under the same id when that was a mistake."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import col, select, update

from syndication.collect.identity import canonical_url
from syndication.domain.site import Site
from syndication.jobs.publish import publish_changed, publish_feeds
from syndication.store.database import Database, by_indexes
from syndication.store.feed_documents import documents_since
from syndication.store.tables import ArticleRow
from syndication.store.withdrawing import ids_named, withdraw_articles
from tests.support.feeds import PREFIX, PUBLIC_URL
from tests.support.rows import NOW, add_article, add_counters, add_source, add_topic

SITE = Site("News", "What is new.", PUBLIC_URL, "en", "UTC", PREFIX)
HOUR = timedelta(hours=1)


def feeds_with(database: Database, uid: str) -> set[str]:
    with database.read() as session:
        found = [stored.document for stored in documents_since(session, 0)]
    return {one.path for one in found if uid.encode() in one.body}


@pytest.mark.parametrize("named", ["{uid}", "{url}", f"{PUBLIC_URL}/articles/{{uid}}"])
def test_a_withdrawn_article_leaves_all_its_feeds_until_that_is_taken_back(database: Database, named: str) -> None:
    with database.write() as session:
        add_counters(session)
        add_topic(session, "agents")
        source = add_source(session)
        article = add_article(session, source, ["agents"], title="Wrong")
        add_article(session, source, ["agents"], title="Right")
        uid, url = session.execute(select(ArticleRow.uid, ArticleRow.url).where(col(ArticleRow.id) == article)).one()
    publish_feeds(database, SITE, NOW)
    before = feeds_with(database, uid)
    assert "/feeds/topics/agents" in before
    for undo, expected in ((False, set[str]()), (True, before)):
        with database.write() as session:
            ids = ids_named(session, named.format(uid=uid, url=url))
            assert withdraw_articles(session, ids, "olga", NOW + HOUR, undo=undo) == [uid]
        publish_changed(database, SITE, NOW + 2 * HOUR)
        assert feeds_with(database, uid) == expected


def test_what_nobody_knows_is_not_withdrawn_nor_what_has_no_address(database: Database) -> None:
    with database.write() as session:
        add_counters(session)
        add_topic(session, "agents")
        article = add_article(session, add_source(session), ["agents"])
        session.execute(update(ArticleRow).where(col(ArticleRow.id) == article).values(url=""))
        for named in ("", "https://example.org/nowhere", "/"):
            assert ids_named(session, named, canonical_url(named)) == []
        assert withdraw_articles(session, [], "olga", NOW) == []


def found_by(database: Database, named: str) -> tuple[list[int], bool]:
    """The articles that go by an address, and whether all articles were read for that."""
    asked: list[tuple[str, Any]] = []
    with database.read() as session:
        by_indexes(session)  # a planner reads a table of two rows whole
        connection = session.connection()
        event.listen(connection, "before_cursor_execute", lambda *said: asked.append((said[2], said[3])))
        found = ids_named(session, named, canonical_url(named))
        how = "EXPLAIN QUERY PLAN " if database.is_sqlite else "EXPLAIN "
        plan = [str(row) for said, given in tuple(asked) for row in connection.exec_driver_sql(how + said, given)]
    return found, any("scan article" in row.lower() or "seq scan" in row.lower() for row in plan)


def test_an_address_is_found_without_reading_all_articles_unless_its_page_says_another(database: Database) -> None:
    with database.write() as session:
        source = add_source(session)
        plain, other = add_article(session, source), add_article(session, source)
        for number, name, called in ((plain, "plain", "plain"), (other, "other", "canonical")):
            said = {"url": f"http://www.example.org/{name}/", "canonical_url": f"https://example.org/{called}"}
            session.execute(update(ArticleRow).where(col(ArticleRow.id) == number).values(said))
    assert found_by(database, "http://www.example.org/plain/") == ([plain], False)
    assert found_by(database, "http://www.example.org/other/") == ([other], True)
