"""What many visits brought is stored together: each article once, and no source pays for another's fault."""

from sqlmodel import col, select

from syndication.domain.articles import Item
from syndication.domain.sources import Fetched
from syndication.domain.states import FirstFetch
from syndication.jobs.storing import Brought, Stored, store_group
from syndication.store.collecting import add_source, load_source
from syndication.store.database import Database
from syndication.store.tables import ArticleRow, SightingRow
from tests.support.items import NOW, item, source

UNSTORABLE = "\ud800"


def brought(database: Database, slug: str, *items: Item) -> Brought:
    """What a new source of this name brought."""
    with database.write() as session:
        number = add_source(session, source(slug=slug, first_fetch=FirstFetch.NEW), NOW)
    return again(database, number, *items)


def again(database: Database, number: int, *items: Item) -> Brought:
    with database.read() as session:
        return Brought(number, load_source(session, number), Fetched(items))


def page(key: str, **changes: object) -> Item:
    url = f"https://e.org/{key}"
    return item(**{"native_key": key, "native_id": key, "url": url, "canonical_url": url, **changes})


def titles(database: Database) -> list[tuple[int, str]]:
    with database.read() as session:
        rows = session.exec(select(ArticleRow).order_by(col(ArticleRow.id))).all()
        return [(row.source_id, row.native_key) for row in rows]


def test_each_source_of_a_group_gets_its_own_articles(database: Database) -> None:
    group = [brought(database, name, page(f"{name}1"), page(f"{name}2")) for name in "abc"]
    stored = store_group(database, group, NOW)
    assert stored == [Stored(frozenset({f"{name}1", f"{name}2"})) for name in "abc"]
    assert titles(database) == [(one.source_id, two.native_key) for one in group for two in one.fetched.items]
    assert store_group(database, group, NOW) == [Stored()] * 3


def test_the_same_key_in_two_sources_names_two_articles(database: Database) -> None:
    group = [brought(database, name, page(name, native_key="1")) for name in "ab"]
    store_group(database, group, NOW)
    changed = [again(database, group[1].source_id, page("b", native_key="1", content_hash="new"))]
    assert store_group(database, changed, NOW) == [Stored(updated=frozenset({"1"}))]
    assert len(titles(database)) == 2


def test_an_article_that_two_sources_of_a_group_bring_is_stored_once_and_seen_twice(database: Database) -> None:
    group = [brought(database, "a", page("x")), brought(database, "b", page("x"), page("y"))]
    assert store_group(database, group, NOW) == [Stored(frozenset({"x"})), Stored(frozenset({"y"}))]
    with database.read() as session:
        seen = session.exec(select(SightingRow.source_id).where(SightingRow.native_key == "x")).all()
    assert sorted(seen) == [one.source_id for one in group]


def test_what_one_source_does_wrong_costs_no_other_of_its_group_anything(database: Database) -> None:
    names = ("a", "bad", "c")
    group = [brought(database, name, page(name, title=UNSTORABLE if name == "bad" else name)) for name in names]
    first, second, third = store_group(database, group, NOW)
    assert (first, third) == (Stored(frozenset({"a"})), Stored(frozenset({"c"})))
    assert isinstance(second, UnicodeError)
    assert [key for _, key in titles(database)] == ["a", "c"]
