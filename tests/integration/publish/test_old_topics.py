"""The feed of a topic without news: the same articles in the same order, found without reading everything since."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session

from syndication.domain.site import Site
from syndication.store import publishing
from syndication.store.database import Database
from syndication.store.feed_plans import ITEMS, FeedPlan, planned_feeds
from syndication.store.publishing import outline_feed
from tests.support.feeds import PREFIX, PUBLIC_URL
from tests.support.rows import NOW, add_article, add_counters, add_source, add_topic

SITE = Site("News", "What is new.", PUBLIC_URL, "en", "UTC", PREFIX)
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _small_numbers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patched:
        patched.setattr(publishing, "_FEW", 10)
        patched.setattr(publishing, "_MANY", ITEMS + 20, raising=False)
        yield


def plan_of(session: Session, slug: str) -> FeedPlan:
    return next(plan for plan in planned_feeds(session, SITE) if plan.path == f"/feeds/topics/{slug}")


def fill(database: Database, slug: str, number: int, *, after: int = 0) -> list[int]:
    """So many articles of one topic, one a minute; answers those that its feed holds, the newest first."""
    with database.write() as session:
        if not after:
            add_topic(session, slug)
        ids = [add_article(session, 1, [slug], at=NOW + (after + minute) * MINUTE) for minute in range(number)]
    return ids[: -ITEMS - 1 : -1]


def prepare(database: Database) -> None:
    with database.write() as session:
        add_counters(session)
        assert add_source(session) == 1


def found(database: Database, slug: str) -> list[int]:
    with database.read() as session:
        return [article.id for article in outline_feed(session, SITE, plan_of(session, slug)).articles]


def effort(database: Database, slug: str) -> int:
    """SQLite's steps to find the articles of a feed."""
    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 1

    with database.read() as session:
        plan = plan_of(session, slug)
        driver: Any = session.connection().connection.dbapi_connection
        driver.set_progress_handler(step, 1)
        outline_feed(session, SITE, plan)
        driver.set_progress_handler(None, 1)
    return steps


@pytest.mark.parametrize("articles", [ITEMS - 1, ITEMS, ITEMS + 10, ITEMS + 50])
@pytest.mark.parametrize("later", [0, 10, 100])
def test_the_newest_of_a_topic_are_found_whatever_was_published_since(
    database: Database, articles: int, later: int
) -> None:
    prepare(database)
    old = fill(database, "old", articles)
    if later:
        fill(database, "new", 1)
        fill(database, "new", later, after=1_000)
    assert found(database, "old") == old


def test_what_was_published_since_costs_the_feed_of_an_old_topic_nothing(database: Database) -> None:
    prepare(database)
    old = fill(database, "old", ITEMS + 10)
    fill(database, "new", 1)
    fill(database, "new", 200, after=1_000)
    # PostgreSQL may well read all of so small a table.
    before = effort(database, "old") if database.is_sqlite else 0
    fill(database, "new", 400, after=2_000)
    assert found(database, "old") == old
    if database.is_sqlite:
        assert effort(database, "old") < 1.2 * before
