"""An article that is withdrawn leaves its feeds at once, and comes back under the same id when that was a mistake."""

from datetime import timedelta

import pytest
from sqlmodel import col, select, update

from syndication.domain.site import Site
from syndication.jobs.publish import publish_changed, publish_feeds
from syndication.store.database import Database
from syndication.store.feed_documents import documents_since
from syndication.store.tables import ArticleRow
from syndication.store.withdrawing import withdraw_articles
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
    for at, expected in ((NOW + HOUR, set[str]()), (None, before)):
        with database.write() as session:
            assert withdraw_articles(session, named.format(uid=uid, url=url), at) == [uid]
        publish_changed(database, SITE, NOW + 2 * HOUR)
        assert feeds_with(database, uid) == expected


def test_what_nobody_knows_is_not_withdrawn_nor_what_has_no_address(database: Database) -> None:
    with database.write() as session:
        add_counters(session)
        add_topic(session, "agents")
        article = add_article(session, add_source(session), ["agents"])
        session.execute(update(ArticleRow).where(col(ArticleRow.id) == article).values(url=""))
        for named in ("", "https://example.org/nowhere", "/"):
            assert withdraw_articles(session, named, NOW) == []
