"""Ids that flap, floods of old items, languages of one article: nothing twice, nothing mailed late."""

from collections.abc import Sequence
from datetime import timedelta

from sqlmodel import col, select, update

from syndication.domain.articles import DateOrigin, Item, Precision, Published, Wording
from syndication.domain.sources import Fetched, Source
from syndication.domain.states import FirstFetch
from syndication.jobs.storing import Stored, store_items
from syndication.store.collecting import add_source, load_source
from syndication.store.database import Database
from syndication.store.tables import ArticleRow, ArticleTextRow, SourceRow
from tests.support.items import NOW, item, source

DAY = timedelta(days=1)


def sourced(database: Database) -> int:
    with database.write() as session:
        number = add_source(session, source(first_fetch=FirstFetch.NEW), NOW)
        session.execute(update(SourceRow).values(fetched_before=True, last_success_at=NOW))
    return number


def loaded(database: Database, source_id: int) -> Source:
    with database.read() as session:
        return load_source(session, source_id)


def store(database: Database, source_id: int, *items: Item) -> Stored:
    return store_items(database, source_id, loaded(database, source_id), Fetched(items), NOW + DAY)


def page(number: int, native_id: str = "", **changes: object) -> Item:
    url = f"https://e.org/{number}"
    name = native_id or f"id-{number}"
    return item(native_key=name, native_id=name, url=url, canonical_url=url, **changes)


def articles(database: Database) -> Sequence[ArticleRow]:
    with database.read() as session:
        return session.exec(select(ArticleRow).order_by(col(ArticleRow.id))).all()


def texts(database: Database) -> list[tuple[str, str]]:
    with database.read() as session:
        rows = session.exec(select(ArticleTextRow).order_by(col(ArticleTextRow.id))).all()
        return [(row.language, row.title) for row in rows]


def test_ids_that_change_at_known_addresses_are_distrusted_until_they_stand_still(database: Database) -> None:
    source_id = sourced(database)
    store(database, source_id, *(page(n) for n in range(4)))
    assert not loaded(database, source_id).distrusted
    store(database, source_id, *(page(n, f"new-{n}") for n in range(4)))
    assert loaded(database, source_id).distrusted
    for visits in range(4):
        assert loaded(database, source_id).distrusted, visits
        store(database, source_id, *(page(n, f"new-{n}") for n in range(4)))
    assert not loaded(database, source_id).distrusted
    assert len(articles(database)) == 4


def test_one_changed_id_of_many_is_no_reason_for_distrust(database: Database) -> None:
    source_id = sourced(database)
    store(database, source_id, *(page(n) for n in range(8)))
    store(database, source_id, page(0, "other"), *(page(n) for n in range(1, 8)))
    assert not loaded(database, source_id).distrusted


def test_a_flood_of_old_items_is_history(database: Database) -> None:
    source_id = sourced(database)
    old = Published(NOW - 30 * DAY, Precision.SECOND, DateOrigin.FEED)
    fresh = Published(NOW + DAY / 2, Precision.SECOND, DateOrigin.FEED)
    store(database, source_id, *(page(n, published=old) for n in range(12)), page(99, published=fresh))
    assert [article.is_backfill for article in articles(database)] == [True] * 12 + [False]


def test_a_few_late_items_are_news(database: Database) -> None:
    source_id = sourced(database)
    old = Published(NOW - 30 * DAY, Precision.SECOND, DateOrigin.FEED)
    store(database, source_id, *(page(n, published=old) for n in range(5)))
    assert not any(article.is_backfill for article in articles(database))


def test_items_without_addresses_that_come_again_under_new_ids_are_the_same(database: Database) -> None:
    source_id = sourced(database)
    for round_ in range(3):
        store(
            database,
            source_id,
            *(
                item(native_key=f"r{round_}-{n}", url="", canonical_url="", title=f"T{n}", content_hash=f"h{n}")
                for n in range(3)
            ),
        )
    assert [article.native_key for article in articles(database)] == ["r0-0", "r0-1", "r0-2"]


def test_two_languages_at_two_addresses_are_one_article_whatever_comes_first(database: Database) -> None:
    source_id = sourced(database)
    italian = page(1, "it", language="it", title="Uno")
    english = item(
        native_key="en",
        native_id="en",
        url="https://e.org/1?lang=en",
        canonical_url="https://e.org/1?lang=en",
        language="en",
        title="One",
        variants=("https://e.org/1",),
    )
    store(database, source_id, english, italian)
    assert [article.native_key for article in articles(database)] == ["en"]
    assert texts(database) == [("en", "One"), ("it", "Uno")]
    again = store(database, source_id, italian, english)
    assert not again.added
    assert not again.updated


def test_a_translation_that_changes_is_kept_and_classified_again(database: Database) -> None:
    source_id = sourced(database)
    store(database, source_id, page(1, "it", language="it", title="Uno"))
    told = page(2, "en", language="en", title="One", variants=("https://e.org/1",))
    store(database, source_id, told)
    with database.write() as session:
        session.execute(update(ArticleRow).values(rules_version=5))
    store(database, source_id, page(2, "en", language="en", title="One!", variants=("https://e.org/1",)))
    assert texts(database) == [("it", "Uno"), ("en", "One!")]
    assert articles(database)[0].rules_version == 0


def test_an_item_in_two_languages_is_one_article_with_two_texts(database: Database) -> None:
    source_id = sourced(database)
    told = (Wording("en", "One"), Wording("", "Nameless"), Wording("it", "Doppio"))
    store(database, source_id, page(1, language="it", title="Uno", translations=told))
    assert texts(database) == [("it", "Uno"), ("en", "One")]
    edited = (Wording("en", "First"),)
    store(database, source_id, page(1, language="it", title="Uno", translations=edited, content_hash="new"))
    assert texts(database) == [("it", "Uno"), ("en", "First")]
