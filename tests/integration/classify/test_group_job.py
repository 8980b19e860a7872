"""Articles get stories, in chunks, once."""

from datetime import timedelta

from sqlmodel import col, select

from syndication.domain.sources import Fetched
from syndication.jobs.group import group_articles
from syndication.jobs.storing import store_items
from syndication.store.collecting import add_source, load_source
from syndication.store.database import Database
from syndication.store.tables import ArticleRow
from tests.support.items import NOW, item, source

TEXT = (
    "Mistral releases Devstral 3 for local machines. The French company has published a model with 24 billion parameters "
    "that runs on a single RTX 4090 card and scores 68 percent on SWE-bench, under the Apache licence."
)


def brought(database: Database, slug: str, *texts: str, language: str = "en") -> None:
    with database.write() as session:
        number = add_source(session, source(slug=slug), NOW)
    with database.read() as session:
        where = load_source(session, number)
    items = tuple(
        item(
            native_key=f"{slug}{n}",
            url=f"https://{slug}.org/{n}",
            canonical_url=f"https://{slug}.org/{n}",
            title=text[:40],
            summary="",
            content=f"<p>{text}</p>",
            language=language,
        )
        for n, text in enumerate(texts)
    )
    store_items(database, number, where, Fetched(items), NOW)


def stories(database: Database) -> list[int | None]:
    with database.read() as session:
        return list(session.exec(select(ArticleRow.story_id).order_by(col(ArticleRow.id))))


def test_the_same_text_in_two_sources_is_one_story_and_stays_two_articles(database: Database) -> None:
    brought(database, "one", TEXT, "Something else entirely happened in the old town by the river on Sunday morning.")
    assert group_articles(database, NOW) == 2
    brought(database, "two", TEXT)
    assert group_articles(database, NOW + timedelta(hours=1)) == 1
    first, other, third = stories(database)
    assert third == first != other
    assert group_articles(database, NOW) == 0


def test_languages_are_compared_among_themselves(database: Database) -> None:
    brought(database, "one", TEXT)
    brought(database, "two", TEXT, language="it")
    group_articles(database, NOW)
    assert len(set(stories(database))) == 2
