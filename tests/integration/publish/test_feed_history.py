"""Archives: pages counted from the oldest, whose articles never change."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlmodel import Session, SQLModel, col, select, update

from syndication.domain.feeds import Feed
from syndication.domain.site import Site
from syndication.store import archives
from syndication.store.archives import append_history
from syndication.store.bulk import insert_rows
from syndication.store.database import Database
from syndication.store.feed_plans import EVERYTHING, ITEMS, Page, planned_feeds
from syndication.store.publishing import load_feed, outline_feed, outline_feeds, outline_page
from syndication.store.tables import ArchiveEntryRow, ArticleRow
from tests.support.feeds import PREFIX, PUBLIC_URL
from tests.support.rows import NOW, accept, add_article, add_counters, add_source, add_topic

SITE = Site("News", "What is new.", PUBLIC_URL, "en", "UTC", PREFIX)
HOUR = timedelta(hours=1)


def fill(database: Database, articles: int) -> int:
    """So many articles in one topic, the oldest first; answers the source."""
    with database.write() as session:
        add_counters(session)
        add_topic(session, "agents")
        source = add_source(session)
        for number in range(1, articles + 1):
            add_article(session, source, ["agents"], title=f"{number}", at=NOW + number * HOUR)
    return source


def page(database: Database, number: int, path: str = "/feeds/topics/agents", articles: int = ITEMS) -> Feed:
    with database.read() as session:
        plan = next(plan for plan in planned_feeds(session, SITE) if plan.path == path)
        return load_feed(session, SITE, outline_page(session, SITE, plan, Page(number, articles)))


def newest(database: Database, path: str = "/feeds/all") -> Feed:
    with database.read() as session:
        plan = next(plan for plan in planned_feeds(session, SITE) if plan.path == path)
        return load_feed(session, SITE, outline_feed(session, SITE, plan))


def titles(feed: Feed) -> list[str]:
    return [item.title for item in feed.items]


def test_a_page_holds_the_oldest_and_never_takes_in_another_article(database: Database) -> None:
    source = fill(database, ITEMS + 10)
    append_history(database, thorough=False)
    before = page(database, 1)
    assert titles(before) == [str(number) for number in range(ITEMS, 0, -1)]
    with database.write() as session:
        add_article(session, source, ["agents"], title="late and old", at=NOW - HOUR)
        for number in range(ITEMS):
            add_article(session, source, ["agents"], title=f"new {number}", at=NOW + 100 * HOUR)
    append_history(database, thorough=False)
    assert page(database, 1) == before
    assert "late and old" in titles(page(database, 2))


@pytest.mark.parametrize("articles", [6, 7, 8])
def test_more_than_one_look_finds_is_placed_from_the_oldest_too(
    database: Database, monkeypatch: pytest.MonkeyPatch, articles: int
) -> None:
    monkeypatch.setattr(archives, "_SORTED_AT_ONCE", 7)
    monkeypatch.setattr(archives, "_A_CHUNK", 3)
    fill(database, articles)
    assert append_history(database, thorough=True) == 4 * articles
    assert titles(page(database, 1, articles=articles)) == [str(number) for number in range(articles, 0, -1)]


def test_every_kind_of_feed_has_its_history_and_each_article_one_place_in_it(database: Database) -> None:
    fill(database, 3)
    assert append_history(database, thorough=True) == 12
    assert append_history(database, thorough=True) == 0
    with database.read() as session:
        rows = session.exec(select(ArchiveEntryRow).order_by(col(ArchiveEntryRow.feed), col(ArchiveEntryRow.number)))
        places = [(row.feed.partition("/")[0], row.number) for row in rows]
    assert places == [(kind, number) for kind in ("all", "languages", "sources", "topics") for number in (1, 2, 3)]


def test_whom_another_process_overtook_gives_no_place_twice_and_leaves_no_gap(database: Database) -> None:
    source = fill(database, 1)
    with database.write() as session:
        late = add_article(session, source, [], title="accepted late", at=NOW + 3 * HOUR)
        add_article(session, source, ["agents"], title="last", at=NOW + 2 * HOUR)
    append_history(database, thorough=False)
    with database.write() as session:
        accept(session, late, "agents")
        add_article(session, source, ["agents"], title="news", at=NOW + 2 * HOUR)
    is_overtaken, given = False, 0

    def overtake(*look: object) -> None:
        nonlocal is_overtaken, given
        if "NOT (EXISTS" in str(look[2]) and not is_overtaken:
            is_overtaken = True
            given = append_history(database, thorough=False)

    # Both saw the news without a place, one of them "accepted late" as well, which is newer.
    event.listen(database.engine, "after_cursor_execute", overtake)
    given_late = append_history(database, thorough=True)
    assert given + given_late == 8
    assert given > 0
    with database.read() as session:
        rows = session.scalars(select(ArchiveEntryRow).where(col(ArchiveEntryRow.feed) == "all/0")).all()
    assert sorted(row.number for row in rows) == [1, 2, 3, 4]
    assert len({row.article_id for row in rows}) == 4


def test_what_a_run_that_was_cut_short_left_over_is_given_by_the_next_quick_one(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(database, 2)

    def cut_short(
        session: Session,
        table: type[SQLModel],
        columns: tuple[str, ...],
        rows: list[tuple[str, int, int]],
        *,
        all_new: bool,
    ) -> int:
        if rows[0][0].startswith("languages/"):
            raise KeyboardInterrupt
        return insert_rows(session, table, columns, rows, all_new=all_new)

    with monkeypatch.context() as during:
        during.setattr(archives, "insert_rows", cut_short)
        with pytest.raises(KeyboardInterrupt):
            append_history(database, thorough=False)
    append_history(database, thorough=False)
    with database.read() as session:
        rows = session.scalars(select(ArchiveEntryRow)).all()
    assert len(rows) == 2 * 4


def test_an_article_that_was_accepted_late_is_found_by_a_thorough_look_alone(database: Database) -> None:
    source = fill(database, 1)
    with database.write() as session:
        late = add_article(session, source, [], title="late")
        add_article(session, source, ["agents"], title="last")
    append_history(database, thorough=False)
    with database.write() as session:
        accept(session, late, "agents")
    assert append_history(database, thorough=False) == 0
    assert append_history(database, thorough=True) == 4


def effort(database: Database) -> int:
    """What the database does to plan the feed of everything and to find its articles: SQLite's steps, PostgreSQL's rows of the history."""
    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 1

    with database.read() as session:
        driver: Any = session.connection().connection.dbapi_connection
        if database.is_sqlite:
            driver.set_progress_handler(step, 1)
        outline_feeds(session, SITE, planned_feeds(session, SITE, {EVERYTHING}))
        if database.is_sqlite:
            driver.set_progress_handler(None, 1)
            return steps
        read = "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'archive_entry'"
        return int(session.execute(text(read)).scalar_one())


def test_a_long_history_costs_a_feed_no_more_than_a_short_one(database: Database) -> None:
    fill(database, 2 * ITEMS)
    append_history(database, thorough=True)
    short = effort(database)
    with database.write() as session:
        places = [(EVERYTHING, number, 1_000 + number) for number in range(2 * ITEMS + 1, 20_001)]
        insert_rows(session, ArchiveEntryRow, ("feed", "number", "article_id"), places)
    assert effort(database) < 2 * short + ITEMS


def test_a_withdrawn_article_leaves_its_page_and_the_others_stay_where_they_are(database: Database) -> None:
    fill(database, 2 * ITEMS)
    append_history(database, thorough=True)
    before = page(database, 2)
    with database.write() as session:
        gone = session.exec(select(ArticleRow).order_by(col(ArticleRow.published_at))).first()
        assert gone is not None
        session.execute(update(ArticleRow).where(col(ArticleRow.id) == gone.id).values(removed_at=NOW + 900 * HOUR))
    first = page(database, 1)
    assert titles(first) == [str(number) for number in range(ITEMS, 1, -1)]
    assert first.updated_at == NOW + 900 * HOUR
    assert page(database, 2) == before


def test_pages_are_a_chain_from_the_newest_to_the_oldest(database: Database) -> None:
    fill(database, 2 * ITEMS + 1)
    append_history(database, thorough=True)
    subscribed = newest(database)
    assert (subscribed.older, subscribed.current) == ("/feeds/all/archive/2", "")
    second, first = page(database, 2, "/feeds/all"), page(database, 1, "/feeds/all")
    assert (second.path, second.older, second.current) == ("/feeds/all/archive/2", "/feeds/all/archive/1", "/feeds/all")
    assert (first.older, first.current) == ("", "/feeds/all")
    assert {*titles(subscribed), *titles(second), *titles(first)} == {str(number) for number in range(1, 2 * ITEMS + 2)}
    assert subscribed.id == second.id == first.id


def test_an_old_article_that_comes_late_is_in_the_newest_page_while_that_is_not_full(database: Database) -> None:
    source = fill(database, ITEMS + 1)
    append_history(database, thorough=False)
    assert newest(database).older == "/feeds/all/archive/1"
    with database.write() as session:
        for number in range(2):
            add_article(session, source, ["agents"], title=f"late {number}", at=NOW - (number + 1) * HOUR)
    append_history(database, thorough=False)
    assert newest(database).older == "/feeds/all/archive/2-3"
    begun = page(database, 2, "/feeds/all", 3)
    assert titles(begun) == ["late 0", "late 1", str(ITEMS + 1)]
    assert (begun.path, begun.older, begun.current) == ("/feeds/all/archive/2-3", "/feeds/all/archive/1", "/feeds/all")
    with database.write() as session:
        add_article(session, source, ["agents"], title="late 2", at=NOW - 3 * HOUR)
    append_history(database, thorough=False)
    assert newest(database).older == "/feeds/all/archive/2-4"
    assert page(database, 2, "/feeds/all", 3) == begun


def test_the_history_is_the_same_on_both_databases_and_whatever_the_order_of_ids(database: Database) -> None:
    with database.write() as session:
        add_counters(session)
        add_topic(session, "agents")
        source = add_source(session)
        for number in (3, 1, 2):
            add_article(session, source, ["agents"], title=f"{number}", at=NOW + number * HOUR)
    append_history(database, thorough=True)
    with database.read() as session:
        rows = session.execute(
            select(ArchiveEntryRow.number, ArticleRow.published_at)
            .join(ArticleRow, col(ArticleRow.id) == col(ArchiveEntryRow.article_id))
            .where(ArchiveEntryRow.feed == "all/0")
            .order_by(col(ArchiveEntryRow.number))
        ).all()
    assert [(number, at) for number, at in rows] == [(number, NOW + number * HOUR) for number in (1, 2, 3)]
