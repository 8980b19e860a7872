"""Sources and visits in the database: nothing twice, nothing lost, every failure in words."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import col, select, update

from syndication.domain.articles import Item
from syndication.domain.errors import StoreError
from syndication.domain.ids import article_uid
from syndication.domain.seams import Task
from syndication.domain.sources import Fetched, FetchFailed, FetchResult, NotModified, Source
from syndication.domain.states import FirstFetch, Health
from syndication.jobs.collect import CollectReport, collect_source, look_for_due
from syndication.store.collecting import add_source, list_sources, load_source
from syndication.store.database import Database, DatabaseError
from syndication.store.tables import ArticleRow, ArticleTextRow, SightingRow, SourceRow
from tests.support.full_disk import Disk
from tests.support.items import NOW, item, source

DAY = timedelta(days=1)


class Scripted:
    """A fetcher that answers what a test says, and keeps what it was asked."""

    def __init__(self, *results: FetchResult | Exception) -> None:
        self.results = list(results)
        self.asked: list[Source] = []

    def fetch(self, source: Source, now: datetime) -> FetchResult:
        del now
        self.asked.append(source)
        result = self.results.pop(0)
        if isinstance(result, Exception):
            raise result
        return result


class Asked:
    """An `Enqueue` that keeps what it was asked for."""

    def __init__(self) -> None:
        self.jobs: list[tuple[Task, str]] = []

    def __call__(self, task: Task, key: str, **ids: int) -> None:
        del ids
        self.jobs.append((task, key))


def sourced(database: Database, **changes: Any) -> int:  # noqa: ANN401 - any field of Source
    with database.write() as session:
        return add_source(session, source(**changes), NOW)


def collect(
    database: Database, source_id: int, *results: FetchResult | Exception, now: datetime = NOW
) -> CollectReport:
    return collect_source(database, Scripted(*results), Asked(), source_id, now)


def fetched(*items: Item, **changes: Any) -> Fetched:  # noqa: ANN401 - any field of Fetched
    return Fetched(items, **changes)


def articles(database: Database) -> Sequence[ArticleRow]:
    with database.read() as session:
        return session.exec(select(ArticleRow).order_by(col(ArticleRow.id))).all()


def texts(database: Database) -> Sequence[ArticleTextRow]:
    with database.read() as session:
        return session.exec(select(ArticleTextRow).order_by(col(ArticleTextRow.id))).all()


def row(database: Database, source_id: int) -> SourceRow:
    with database.read() as session:
        return session.exec(select(SourceRow).where(SourceRow.id == source_id)).one()


def test_a_new_item_becomes_an_article_with_a_text_and_a_sighting(database: Database) -> None:
    source_id = sourced(database)
    asked = Asked()
    report = collect_source(database, Scripted(fetched(item(reading_minutes=3))), asked, source_id, NOW)
    assert report == CollectReport("feed", added=1)
    (article,) = articles(database)
    assert article.uid == article_uid("feed", "key")
    assert (article.seq, article.is_backfill, article.rules_version, article.revision) == (None, False, 0, 1)
    assert (article.first_seen_at, article.published_at) == (NOW, item().published.at)
    assert (article.language, article.reading_minutes, article.url) == ("en", 3, "https://e.org/a")
    (text,) = texts(database)
    assert (text.title, text.summary, text.content, text.language) == ("Title", "Summary.", "<p>Content.</p>", "en")
    with database.read() as session:
        assert session.exec(select(SightingRow.native_key)).all() == ["key"]
    assert asked.jobs == [(Task.CLASSIFY, "classify")]


def test_the_same_item_again_changes_nothing_and_asks_for_nothing(database: Database) -> None:
    source_id = sourced(database)
    collect(database, source_id, fetched(item()))
    before = articles(database)[0].model_dump()
    asked = Asked()
    report = collect_source(database, Scripted(fetched(item())), asked, source_id, NOW + DAY)
    assert report == CollectReport("feed", unchanged=1)
    assert articles(database)[0].model_dump() == before
    assert asked.jobs == []


def test_an_edit_changes_the_words_and_neither_id_seq_nor_dates(database: Database) -> None:
    source_id = sourced(database)
    collect(database, source_id, fetched(item()))
    with database.write() as session:
        session.execute(update(ArticleRow).values(seq=5, rules_version=3))
    before = articles(database)[0]
    edited = item(title="New", content="<p>New.</p>", content_hash="new")
    assert collect(database, source_id, fetched(edited), now=NOW + DAY).updated == 1
    (after,) = articles(database)
    assert (after.uid, after.seq, after.first_seen_at, after.published_at) == (
        before.uid,
        5,
        before.first_seen_at,
        before.published_at,
    )
    assert (after.revision, after.updated_at, after.rules_version) == (2, NOW + DAY, 0)
    (text,) = texts(database)
    assert (text.title, text.content, text.revision) == ("New", "<p>New.</p>", 2)


def test_an_article_that_changes_for_ever_stops_at_twenty_four(database: Database) -> None:
    source_id = sourced(database)
    for number in range(30):
        collect(database, source_id, fetched(item(title=str(number), content_hash=str(number))))
    assert articles(database)[0].revision == 24


def test_an_edit_that_changes_the_language_renames_the_text(database: Database) -> None:
    source_id = sourced(database)
    collect(database, source_id, fetched(item()))
    collect(database, source_id, fetched(item(language="it", content_hash="new")))
    assert [text.language for text in texts(database)] == ["it"]
    assert articles(database)[0].language == "it"


def test_a_removed_article_never_comes_back(database: Database) -> None:
    source_id = sourced(database)
    collect(database, source_id, fetched(item()))
    with database.write() as session:
        session.execute(update(ArticleRow).values(removed_at=NOW))
    assert collect(database, source_id, fetched(item(content_hash="new"))).unchanged == 1
    (article,) = articles(database)
    assert article.revision == 1


@pytest.mark.parametrize("first_fetch", list(FirstFetch))
def test_the_first_visit_of_a_feed_is_history_and_the_second_is_news(
    database: Database, first_fetch: FirstFetch
) -> None:
    source_id = sourced(database, first_fetch=first_fetch)
    collect(database, source_id, fetched(item()))
    collect(database, source_id, fetched(item(), item(native_key="b", canonical_url="https://e.org/b")), now=NOW + DAY)
    assert [article.is_backfill for article in articles(database)] == [first_fetch is FirstFetch.BACKFILL, False]


def test_a_failed_first_visit_does_not_make_the_next_one_news(database: Database) -> None:
    source_id = sourced(database, first_fetch=FirstFetch.BACKFILL)
    collect(database, source_id, FetchFailed("no"))
    collect(database, source_id, fetched(item()))
    assert articles(database)[0].is_backfill


def test_another_sources_article_is_seen_and_stored_once(database: Database) -> None:
    first, second = sourced(database), sourced(database, slug="second")
    collect(database, first, fetched(item()))
    for _ in range(2):
        assert collect(database, second, fetched(item(native_key="theirs"))).unchanged == 1
    assert len(articles(database)) == 1
    with database.read() as session:
        seen = session.exec(select(SightingRow.source_id, SightingRow.native_key).order_by(col(SightingRow.id))).all()
    assert seen == [(first, "key"), (second, "theirs")]


def test_a_new_guid_at_the_same_address_is_the_same_article(database: Database) -> None:
    source_id = sourced(database)
    collect(database, source_id, fetched(item()))
    for number in range(3):
        collect(database, source_id, fetched(item(native_key=f"new-{number}")))
    assert [article.native_key for article in articles(database)] == ["key"]


def test_a_feed_that_gives_one_address_to_everything_keeps_its_articles_apart(database: Database) -> None:
    source_id = sourced(database)
    same = [item(native_key=str(number)) for number in range(3)]
    assert collect(database, source_id, fetched(*same)).added == 3
    assert collect(database, source_id, fetched(*same)).unchanged == 3


def test_ids_survive_a_move_of_the_feed(database: Database) -> None:
    source_id = sourced(database)
    collect(database, source_id, fetched(item()))
    before = articles(database)[0].uid
    with database.write() as session:
        session.execute(update(SourceRow).values(location="https://moved.example/feed"))
    moved = item(url="https://moved.example/a", canonical_url="https://moved.example/a", content_hash="new")
    collect(database, source_id, fetched(moved))
    assert [article.uid for article in articles(database)] == [before]


def test_a_slug_that_was_used_before_gives_other_ids(database: Database) -> None:
    collect(database, sourced(database), fetched(item()))
    with database.write() as session:
        session.execute(update(SourceRow).values(slug="renamed"))
    other = item(canonical_url="https://e.org/other")
    assert collect(database, sourced(database), fetched(other)).added == 1
    assert len({article.uid for article in articles(database)}) == 2


def test_many_items_are_stored_in_chunks_and_a_repetition_finds_them(database: Database) -> None:
    source_id = sourced(database)
    many = [
        item(native_key=str(number), canonical_url=f"https://e.org/{number}", content="x" * 20_000)
        for number in range(130)
    ]
    assert collect(database, source_id, fetched(*many)).added == 130
    assert collect(database, source_id, fetched(*many)).unchanged == 130


def test_a_visit_that_was_killed_half_way_is_finished_by_the_next(database: Database) -> None:
    """The validators come last: what the killed visit did not store is sent again."""
    source_id = sourced(database, first_fetch=FirstFetch.BACKFILL)
    two = [item(), item(native_key="b", canonical_url="https://e.org/b")]
    collect(database, source_id, fetched(two[0]))
    with database.write() as session:
        session.execute(update(SourceRow).values(fetched_before=False, etag=""))
    assert collect(database, source_id, fetched(*two)).added == 1
    assert all(article.is_backfill for article in articles(database))


def test_two_sources_with_the_same_new_article_at_the_same_moment_store_it_once(database: Database) -> None:
    ids = [sourced(database, slug=f"source{number}") for number in range(6)]
    same = [item(native_key=str(number), canonical_url=f"https://e.org/{number}") for number in range(20)]
    with ThreadPoolExecutor(6) as pool:
        reports = list(pool.map(lambda number: collect(database, number, fetched(*same)), ids))
    assert sum(report.added for report in reports) == len(articles(database)) == 20


def test_validators_are_kept_and_given_to_the_next_visit(database: Database) -> None:
    source_id = sourced(database)
    collect(database, source_id, fetched(item(), etag='W/"1"', last_modified="noon", body_hash="abc"))
    fetcher = Scripted(NotModified('W/"2"', "one"))
    collect_source(database, fetcher, Asked(), source_id, NOW)
    (asked,) = fetcher.asked
    assert (asked.etag, asked.last_modified, asked.body_hash, asked.fetched_before) == ('W/"1"', "noon", "abc", True)
    with database.read() as session:
        kept = load_source(session, source_id)
    assert (kept.etag, kept.last_modified, kept.body_hash) == ('W/"2"', "one", "abc")


def test_a_failure_is_told_in_words_and_tried_again(database: Database) -> None:
    source_id = sourced(database)
    assert collect(database, source_id, FetchFailed("the server is down")).failure == "the server is down"
    collect(database, source_id, FetchFailed("still down"), now=NOW + DAY)
    now = row(database, source_id)
    assert (now.health, now.failures, now.failing_since, now.last_error) == (Health.FAILING, 2, NOW, "still down")
    assert now.next_poll_at == NOW + DAY + timedelta(minutes=10)
    assert now.last_success_at is None


def test_a_success_ends_a_failure(database: Database) -> None:
    source_id = sourced(database)
    collect(database, source_id, FetchFailed("down"))
    collect(database, source_id, fetched(item()), now=NOW + DAY)
    now = row(database, source_id)
    assert (now.health, now.failures, now.failing_since, now.last_error) == (Health.OK, 0, None, "")
    assert (now.last_success_at, now.last_article_at, now.fetched_before) == (NOW + DAY, NOW + DAY, True)


def test_a_feed_that_is_gone_begins_to_count_anew(database: Database) -> None:
    source_id = sourced(database)
    for _ in range(8):
        collect(database, source_id, FetchFailed("down"))
    collect(database, source_id, FetchFailed("gone", 410, gone=True))
    now = row(database, source_id)
    assert (now.health, now.failures, now.enabled) == (Health.GONE, 1, True)
    assert now.next_poll_at == NOW + timedelta(days=7)


def test_a_fault_of_ours_with_one_source_is_shown_on_it(database: Database) -> None:
    source_id = sourced(database)
    assert "fault of this program" in (collect(database, source_id, RuntimeError("bug")).failure or "")
    assert row(database, source_id).health is Health.FAILING


def test_a_full_disk_is_blamed_on_no_source(database: Database) -> None:
    source_id = sourced(database)
    before = row(database, source_id)
    with Disk(database, "article") as disk:
        disk.fill()
        with suppress(DatabaseError):  # where nothing at all can be written, this cannot be noted either
            assert "is full. Free some space" in (collect(database, source_id, fetched(item())).failure or "")
    after = row(database, source_id)
    assert (after.health, after.failures, after.last_error) == (before.health, 0, "")
    assert collect(database, source_id, fetched(item())).added == 1


def test_repairs_are_reported(database: Database) -> None:
    report = collect(database, sourced(database), fetched(item(repairs=("no date",)), repairs=("a.md: is empty",)))
    assert report.repairs == ("a.md: is empty", "Title: no date")


def test_a_source_that_does_not_exist_is_an_error(database: Database) -> None:
    with pytest.raises(StoreError, match="no source"):
        collect(database, 99)


def test_what_is_due_is_asked_for(database: Database) -> None:
    asked = Asked()
    look_for_due(database, asked, NOW)
    assert asked.jobs == []
    sourced(database)
    look_for_due(database, asked, NOW)
    assert asked.jobs == [(Task.COLLECT, "collect")]


def test_sources_are_listed_with_what_they_brought(database: Database) -> None:
    source_id = sourced(database)
    sourced(database, slug="another", title="Another")
    collect(database, source_id, fetched(item()))
    with database.read() as session:
        listed = list_sources(session)
    assert [(one.slug, one.articles, one.health) for one in listed] == [
        ("another", 0, Health.OK),
        ("feed", 1, Health.OK),
    ]
