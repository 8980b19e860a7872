"""Articles → documents → files: written when they change, the same bytes everywhere."""

import gzip
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import brotli
import pytest
from sqlmodel import Session, col, select, update

from syndication.domain.feeds import FeedDocument
from syndication.domain.site import Site
from syndication.domain.tokens import KeyRing
from syndication.jobs.classify import classify_pending
from syndication.jobs.publish import PublishReport, export_feeds, publish_changed, publish_feeds
from syndication.publish.documents import documents
from syndication.store.database import Database, open_database
from syndication.store.feed_changes import note_changes, take_changes
from syndication.store.feed_documents import Edition, Stored, documents_since, published, save_documents
from syndication.store.tables import (
    ArticleRow,
    ArticleTextRow,
    ClassificationHistoryRow,
    ClassificationRow,
    CounterRow,
    SourceRow,
    TopicRow,
    metadata,
)
from syndication.web.feeds import FeedServer
from tests.support.feeds import PREFIX, PUBLIC_URL, a_feed, an_item
from tests.support.rows import NOW, add_article, add_counters, add_source, add_topic

SITE = Site("News", "What is new.", PUBLIC_URL, "en", "UTC", PREFIX)
HOUR = timedelta(hours=1)
FEEDS = 5  # everything, two topics, one source, one language


def fill(session: Session) -> None:
    add_counters(session)
    source = add_source(session)
    add_topic(session, "agents")
    add_topic(session, "llm")
    for number, topics in enumerate((["agents"], ["llm"], ["agents", "llm"])):
        article_id = add_article(session, source, topics, title=f"Article {number}", at=NOW - number * HOUR)
        # The builder counts over the whole run; two databases need the same articles.
        same = {"uid": f"article{number}", "url": f"https://e/{number}"}
        session.execute(update(ArticleRow).where(col(ArticleRow.id) == article_id).values(same))


@pytest.fixture
def filled(database: Database) -> Database:
    with database.write() as session:
        fill(session)
    return database


def stored_in(database: Database, since: int = 0) -> dict[str, Stored]:
    with database.read() as session:
        return {f"{found.document.path}.{found.document.form}": found for found in documents_since(session, since)}


def newest_version(database: Database) -> int:
    return max(found.version for found in stored_in(database).values())


def edit(database: Database, number: int, title: str) -> None:
    """What collect does when a source changes an article."""
    with database.write() as session:
        row = session.exec(select(ArticleRow).where(ArticleRow.uid == f"article{number}")).one()
        row.updated_at = NOW + HOUR
        row.revision += 1
        session.execute(update(ArticleTextRow).where(col(ArticleTextRow.article_id) == row.id).values(title=title))


def test_every_feed_is_written_in_every_format_once(filled: Database) -> None:
    assert publish_feeds(filled, SITE, NOW) == PublishReport(written=FEEDS * 3, unchanged=0)
    before = newest_version(filled)
    assert publish_feeds(filled, SITE, NOW + HOUR) == PublishReport(written=0, unchanged=FEEDS * 3)
    assert stored_in(filled, before) == {}


def test_a_changed_article_rewrites_only_the_feeds_that_hold_it(filled: Database) -> None:
    publish_feeds(filled, SITE, NOW)
    before = newest_version(filled)
    edit(filled, 1, "Edited")
    assert publish_feeds(filled, SITE, NOW + HOUR) == PublishReport(written=12, unchanged=3)
    changed = stored_in(filled, before)
    assert {path for path in changed if path.endswith(".atom")} == {
        "/feeds/all.atom",
        "/feeds/topics/llm.atom",
        "/feeds/sources/radar.atom",
        "/feeds/languages/en.atom",
    }
    assert all(b"Edited" in found.document.body for found in changed.values())
    assert all(found.document.last_modified == NOW + HOUR for found in changed.values())


def test_only_the_feeds_of_changed_articles_are_looked_at_first(filled: Database) -> None:
    publish_feeds(filled, SITE, NOW)
    before = newest_version(filled)
    with filled.write() as session:
        # Nobody noted this change of all feeds, so the short way does not see it.
        session.execute(update(SourceRow).values(title="Renamed"))
    assert publish_changed(filled, SITE, NOW) == PublishReport(written=0, unchanged=0)
    edit(filled, 1, "Edited")
    with filled.write() as session:
        note_changes(session, session.scalars(select(ArticleRow.id).where(ArticleRow.uid == "article1")).all())
    assert publish_changed(filled, SITE, NOW + HOUR) == PublishReport(written=12, unchanged=0)
    assert not [path for path in stored_in(filled, before) if "agents" in path]
    assert publish_changed(filled, SITE, NOW + HOUR) == PublishReport(written=0, unchanged=0)
    assert publish_feeds(filled, SITE, NOW + HOUR) == PublishReport(written=3, unchanged=12)


def test_an_article_that_leaves_a_topic_leaves_its_feed_first(filled: Database) -> None:
    with filled.write() as session:
        article = session.exec(select(ArticleRow).where(ArticleRow.uid == "article1")).one()
        assert article.id
        past = ClassificationHistoryRow(
            article_id=article.id, topic_id=2, accepted=True, score=0.9, version=1, decided_at=NOW
        )
        session.add(past)
    publish_feeds(filled, SITE, NOW)
    with filled.write() as session:
        own = col(ClassificationRow.article_id) == article.id
        session.execute(update(ClassificationRow).where(own).values(accepted=False))
        note_changes(session, [article.id])
    publish_changed(filled, SITE, NOW + HOUR)
    for path in ("/feeds/topics/llm.atom", "/feeds/all.atom", "/feeds/sources/radar.atom", "/feeds/languages/en.atom"):
        assert b"Article 1" not in stored_in(filled)[path].document.body


def test_what_was_classified_by_another_process_is_served_at_the_next_look(filled: Database) -> None:
    publish_feeds(filled, SITE, NOW)
    server = FeedServer(filled, SITE, KeyRing({"a": b"k" * 32}, "a"), lambda: NOW)
    server.refresh()
    elsewhere = open_database(filled.engine.url.render_as_string(hide_password=False))
    with elsewhere.write() as session:
        session.execute(update(CounterRow).where(col(CounterRow.name) == "rules").values(n=1))
        session.execute(update(ArticleRow).values(rules_version=1))
        session.execute(update(TopicRow).values(rule="edited"))
    edit(elsewhere, 1, "Edited")
    with elsewhere.write() as session:
        session.execute(update(ArticleRow).where(col(ArticleRow.uid) == "article1").values(rules_version=0))
    classify_pending(elsewhere, lambda *_, **__: None, NOW + HOUR)
    assert publish_changed(elsewhere, SITE, NOW + HOUR).written == 15
    elsewhere.close()
    sent: list[dict[str, Any]] = []
    scope = {"path": "/feeds/topics/agents.atom", "method": "GET", "query_string": b"", "headers": []}
    assert server.answer_at_once(scope, sent.append)
    assert b"Edited" not in sent[1]["body"]
    server.refresh()
    assert server.answer_at_once(scope, sent.append)
    assert b"Edited" in sent[3]["body"]


def test_when_very_many_articles_changed_all_feeds_are_looked_at_instead(filled: Database) -> None:
    publish_feeds(filled, SITE, NOW)
    for number, picked in ((200, 200), (201, 0)):
        with filled.write() as session:
            note_changes(session, range(1, number + 1))
        assert len(take_changes(filled)) == picked
        assert take_changes(filled) == []
    edit(filled, 1, "Edited")
    with filled.write() as session:
        note_changes(session, range(1, 2_500))
    assert publish_changed(filled, SITE, NOW + HOUR) == PublishReport(written=0, unchanged=0)
    assert publish_feeds(filled, SITE, NOW + HOUR) == PublishReport(written=12, unchanged=3)


def test_a_removed_article_leaves_the_feeds_and_the_date_moves_on(filled: Database) -> None:
    publish_feeds(filled, SITE, NOW)
    with filled.write() as session:
        session.execute(update(ArticleRow).where(col(ArticleRow.uid) == "article0").values(removed_at=NOW + HOUR))
    publish_feeds(filled, SITE, NOW + 2 * HOUR)
    document = stored_in(filled)["/feeds/all.rss"].document
    assert b"Article 0" not in document.body
    assert document.last_modified == NOW + 2 * HOUR


def test_a_disabled_topic_takes_its_feed_away_and_an_enabled_one_brings_it_back(filled: Database) -> None:
    publish_feeds(filled, SITE, NOW)
    first = stored_in(filled)["/feeds/topics/llm.rss"]
    before = newest_version(filled)
    with filled.write() as session:
        session.execute(update(TopicRow).where(col(TopicRow.slug) == "llm").values(enabled=False))
    publish_feeds(filled, SITE, NOW + HOUR)
    gone = stored_in(filled, before)
    assert {path for path, found in gone.items() if found.is_gone} == {
        f"/feeds/topics/llm.{form}" for form in ("rss", "atom", "json")
    }
    assert publish_feeds(filled, SITE, NOW + HOUR).written == 0
    with filled.write() as session:
        session.execute(update(TopicRow).where(col(TopicRow.slug) == "llm").values(enabled=True))
    publish_feeds(filled, SITE, NOW + 2 * HOUR)
    back = stored_in(filled)["/feeds/topics/llm.rss"].document
    assert back.body.count(b"<item>") == first.document.body.count(b"<item>") == 2
    assert back.last_modified > first.document.last_modified


def test_the_same_articles_give_the_same_bytes_on_another_database(filled: Database, tmp_path: Path) -> None:
    publish_feeds(filled, SITE, NOW)
    other = open_database(f"sqlite:///{tmp_path / 'other.db'}")
    metadata.create_all(other.engine)
    with other.write() as session:
        fill(session)
    publish_feeds(other, SITE, NOW + HOUR)
    here, there = ({path: found.document for path, found in stored_in(base).items()} for base in (filled, other))
    other.close()
    assert here == there


def test_who_published_from_older_data_does_not_overwrite_newer(filled: Database) -> None:
    """Two publishers: the one that read first saves last."""
    older, newer = (documents(a_feed(an_item(title=title))) for title in ("older", "newer"))
    with filled.read() as session:
        seen = published(session, ["/feeds/all"])["/feeds/all"].version
    with filled.write() as session:
        assert save_documents(session, [Edition(newer, "n", seen)]) == [3]
    with filled.write() as session:
        assert save_documents(session, [Edition(older, "o", seen)]) == [None]
    assert b"newer" in stored_in(filled)["/feeds/all.rss"].document.body


def test_any_number_of_publishers_at_once_end_with_the_newest_articles(filled: Database) -> None:
    def edit_and_publish(number: int) -> None:
        edit(filled, 1, f"Edit {number}")
        publish_feeds(filled, SITE, NOW + HOUR)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(edit_and_publish, range(8)))
    with filled.read() as session:
        title = session.exec(select(ArticleTextRow.title).where(col(ArticleTextRow.title).startswith("Edit "))).one()
    assert publish_feeds(filled, SITE, NOW + HOUR).written == 0
    assert f"<title>{title}</title>".encode() in stored_in(filled)["/feeds/all.rss"].document.body


def test_the_same_bytes_from_other_data_get_no_new_version(filled: Database) -> None:
    made = documents(a_feed(an_item()))
    with filled.write() as session:
        save_documents(session, [Edition(made, "one")])
    before = newest_version(filled)
    with filled.write() as session:
        assert save_documents(session, [Edition(made, "two", before)]) == [0]
    with filled.read() as session:
        assert published(session, ["/feeds/all"])["/feeds/all"][:2] == (before, "two")


def test_versions_grow_with_every_change(filled: Database) -> None:
    seen = 0
    for number in range(3):
        made: list[FeedDocument] = list(documents(a_feed(an_item(title=str(number)))))
        with filled.write() as session:
            assert save_documents(session, [Edition(made, str(number), seen)]) == [3]
        assert newest_version(filled) > seen
        seen = newest_version(filled)


def test_files_are_the_served_bytes_with_gzip_beside_them(filled: Database, tmp_path: Path) -> None:
    publish_feeds(filled, SITE, NOW)
    assert export_feeds(filled, tmp_path) == FEEDS * 3
    for path, found in stored_in(filled).items():
        file = tmp_path / path.lstrip("/")
        assert file.read_bytes() == found.document.body
        assert gzip.decompress(file.with_name(f"{file.name}.gz").read_bytes()) == found.document.body
        assert brotli.decompress(file.with_name(f"{file.name}.br").read_bytes()) == found.document.body
    assert not list(tmp_path.rglob(".*"))


def test_an_unchanged_file_is_not_touched(filled: Database, tmp_path: Path) -> None:
    def inode(name: str) -> int:
        return (tmp_path / "feeds" / name).stat().st_ino

    publish_feeds(filled, SITE, NOW)
    export_feeds(filled, tmp_path)
    before = {name: inode(name) for name in ("all.rss", "topics/agents.rss", "topics/agents.rss.gz")}
    edit(filled, 1, "Edited")  # this article is in the other topic only
    publish_feeds(filled, SITE, NOW + HOUR)
    assert export_feeds(filled, tmp_path) == 12
    assert inode("all.rss") != before.pop("all.rss")
    assert {name: inode(name) for name in before} == before
    assert export_feeds(filled, tmp_path) == 0


def test_the_files_of_a_removed_feed_are_deleted(filled: Database, tmp_path: Path) -> None:
    publish_feeds(filled, SITE, NOW)
    export_feeds(filled, tmp_path)
    with filled.write() as session:
        session.execute(update(TopicRow).where(col(TopicRow.slug) == "llm").values(enabled=False))
    publish_feeds(filled, SITE, NOW + HOUR)
    export_feeds(filled, tmp_path)
    assert {file.name for file in (tmp_path / "feeds" / "topics").iterdir()} == {
        f"agents.{form}{coding}" for form in ("rss", "atom", "json") for coding in ("", ".gz", ".br")
    }


def test_no_address_leads_out_of_the_folder(filled: Database, tmp_path: Path) -> None:
    with filled.write() as session:
        made = documents(a_feed(an_item(), path="/feeds/../../outside"))
        save_documents(session, [Edition(made, "x")])
    with pytest.raises(ValueError, match="no address of a feed"):
        export_feeds(filled, tmp_path)
