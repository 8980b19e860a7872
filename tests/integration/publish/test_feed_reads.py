"""What a feed costs the database: the newest articles are found without looking at all of them."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import JSON, String, cast, func, insert, literal, select
from sqlmodel import Session

from syndication.domain.site import Site
from syndication.store.database import open_database
from syndication.store.feed_plans import ITEMS, planned_feeds
from syndication.store.publishing import outline_feed
from syndication.store.tables import ArticleRow, ClassificationRow
from tests.support.feeds import PREFIX, PUBLIC_URL
from tests.support.postgresql import count_rows, forget_counts, rows_read
from tests.support.rows import NOW, add_counters, add_source, add_topic

SITE = Site("News", "What is new.", PUBLIC_URL, "en", "UTC", PREFIX)
ARTICLES = 10_000
TABLES = ("article", "classification")


@pytest.mark.parametrize("counted", [(), (0,), (ARTICLES,)])
def test_the_newest_articles_are_found_whatever_postgresql_has_counted(
    postgresql_address: Callable[[], str], counted: tuple[int, ...]
) -> None:
    url = postgresql_address()
    forget_counts(url, TABLES)
    database = open_database(url)
    if 0 in counted:
        count_rows(url)
    with database.write() as session:
        add_counters(session)
        add_articles(session, add_source(session), add_topic(session, "agents"))
    if ARTICLES in counted:
        count_rows(url)
    with database.read() as session:
        plans = planned_feeds(session, SITE)
    assert [plan.path for plan in plans] == [
        "/feeds/all",
        "/feeds/topics/agents",
        "/feeds/sources/radar",
        "/feeds/languages/en",
    ]
    for plan in plans:
        database.close()
        before = rows_read(url, TABLES)
        with database.read() as session:
            assert [article.id for article in outline_feed(session, SITE, plan).articles] == list(range(1, ITEMS + 1))
        database.close()
        read = {table: rows - before[table] for table, rows in rows_read(url, TABLES).items()}
        assert read["article"] <= 4 * ITEMS, plan.path
        # Whether a topic is a rare one is found out by up to 2,000 of its verdicts.
        assert read["classification"] <= 2_000 + 6 * ITEMS, plan.path


def add_articles(session: Session, source_id: int, topic_id: int) -> None:
    """Articles in one topic, the newest first, a minute apart; made by the server."""
    number = func.generate_series(1, ARTICLES).column_valued("number")
    word, nothing = cast(number, String), literal([], JSON)
    at = literal(NOW) - number * literal(timedelta(minutes=1))
    article = {
        "id": number,
        "uid": "u" + word,
        "source_id": literal(source_id),
        "native_key": word,
        "url": "https://example.org/" + word,
        "language": literal("en"),
        "authors": nothing,
        "tags": nothing,
        "enclosures": nothing,
        "content_hash": word,
        "first_seen_at": at,
        "published_at": at,
        "updated_at": literal(NOW),
        "published_precision": literal("second"),
        "published_from": literal("feed"),
    }
    verdict = {
        "article_id": number,
        "topic_id": literal(topic_id),
        "accepted": literal(value=True),
        "score": literal(0.9),
        "terms": nothing,
        "version": literal(1),
        "decided_at": literal(NOW),
    }
    for table, values in ((ArticleRow, article), (ClassificationRow, verdict)):
        session.execute(insert(table).from_select(list(values), select(*values.values())))
