"""What pages and digests read: stories with wording and reasons, in a fixed number of queries."""

from datetime import timedelta

import pytest
from sqlalchemy import event, select
from sqlmodel import col

from syndication.domain.articles import Story
from syndication.store import publishing, stories
from syndication.store.database import Database
from syndication.store.publishing import are_old
from syndication.store.stories import newest_stories, stories_between, stories_of, story_by_uid
from syndication.store.tables import ArticleRow, TopicRow
from tests.support.rows import NOW, accept, add_article, add_counters, add_source, add_text, add_topic


@pytest.fixture
def source_id(database: Database) -> int:
    with database.write() as session:
        add_counters(session)
        add_topic(session, "agents", title="AI agents")
        add_topic(session, "onprem", title="On-prem LLMs")
        return add_source(session)


def test_what_tells_the_same_event_is_known(database: Database, source_id: int) -> None:
    with database.write() as session:
        number = add_article(session, source_id, ["agents"], title="one")
        session.get_one(ArticleRow, number).story_id = 7
        add_article(session, source_id, ["agents"], title="two")
    with database.read() as session:
        assert [story.story_id for story in stories_between(session, 0, 9, ["agents"], "en")] == [7, None]


def titles(found: list[Story]) -> list[str]:
    return [story.title for story in found]


def test_a_window_excludes_its_start_and_includes_its_end(database: Database, source_id: int) -> None:
    with database.write() as session:
        for title in ("one", "two", "three"):
            add_article(session, source_id, ["agents"], title=title)
    with database.read() as session:
        assert titles(stories_between(session, 1, 2, ["agents"], "en")) == ["two"]


def test_only_articles_accepted_in_a_wanted_topic_are_answered(database: Database, source_id: int) -> None:
    with database.write() as session:
        add_article(session, source_id, ["agents"], title="agents")
        add_article(session, source_id, ["onprem"], title="onprem")
        add_article(session, source_id, ["agents", "onprem"], title="both")
    with database.read() as session:
        assert titles(stories_between(session, 0, 9, ["onprem"], "en")) == ["onprem", "both"]
        assert titles(stories_between(session, 0, 9, ["agents", "onprem"], "en")) == ["agents", "onprem", "both"]
        assert stories_between(session, 0, 9, [], "en") == []


def test_history_is_in_no_window_but_among_the_newest(database: Database, source_id: int) -> None:
    with database.write() as session:
        add_article(session, source_id, ["agents"], title="history", news=False)
    with database.read() as session:
        assert stories_between(session, 0, 9, ["agents"], "en") == []
        assert titles(newest_stories(session, ["agents"], "en", limit=5)) == ["history"]


@pytest.mark.parametrize("way", ["few", "old", "new"])
def test_the_newest_come_first_within_limit_and_age(
    database: Database, source_id: int, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    monkeypatch.setattr(stories, "is_sparse", lambda *_: way == "few")
    monkeypatch.setattr(stories, "are_old", lambda *_: way == "old")
    with database.write() as session:
        add_article(session, source_id, ["onprem"], title="of another topic")
        for days in (3, 1, 40, 2):
            add_article(session, source_id, ["agents"], title=f"{days} days", at=NOW - timedelta(days=days))
    with database.read() as session:
        month_ago = NOW - timedelta(days=30)
        assert titles(newest_stories(session, ["agents"], "en", limit=9, since=month_ago)) == [
            "1 days",
            "2 days",
            "3 days",
        ]
        assert titles(newest_stories(session, ["agents"], "en", limit=1)) == ["1 days"]


def test_topics_without_news_are_told_from_others(
    database: Database, source_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "_MANY", 6)
    with database.write() as session:
        for topic, number, at in (("agents", 4, NOW), ("onprem", 7, NOW + timedelta(days=1))):
            for _ in range(number):
                add_article(session, source_id, [topic], at=at)
        add_article(session, source_id, ["agents"], at=NOW + timedelta(days=2))
        agents, onprem = session.execute(select(col(TopicRow.id)).order_by(col(TopicRow.id))).scalars()
    with database.read() as session:
        assert not are_old(session, [agents], 1), "one of them is new"
        assert are_old(session, [agents], 2)
        assert not are_old(session, [onprem], 6), "there are as many as are looked at"


@pytest.mark.parametrize(
    ("wanted", "title", "language"), [("it", "Ciao", "it"), ("it-CH", "Ciao", "it"), ("de", "Hello", "en")]
)
def test_wording_is_in_the_readers_language_or_the_articles_own(
    database: Database, source_id: int, wanted: str, title: str, language: str
) -> None:
    with database.write() as session:
        article_id = add_article(session, source_id, ["agents"], title="Hello", language="en")
        add_text(session, article_id, "it", title="Ciao")
        uid = session.get_one(ArticleRow, article_id).uid
    with database.read() as session:
        (story,) = stories_between(session, 0, 9, ["agents"], wanted)
        assert (story.title, story.language) == (title, language)
        found = story_by_uid(session, uid, wanted)
        assert found == (story, f"<p>{title}</p>")


def test_reasons_come_strongest_first_with_their_terms(database: Database, source_id: int) -> None:
    with database.write() as session:
        article_id = add_article(session, source_id, ["agents"], score=0.5)
        accept(session, article_id, "onprem", score=0.8, terms=["local llm", "gpu"])
    with database.read() as session:
        (story,) = stories_of(session, [article_id], "en")
    assert [(reason.topic, reason.title, reason.terms) for reason in story.reasons] == [
        ("onprem", "On-prem LLMs", ("local llm", "gpu")),
        ("agents", "AI agents", ("word",)),
    ]


def test_removed_articles_are_nowhere(database: Database, source_id: int) -> None:
    with database.write() as session:
        article_id = add_article(session, source_id, ["agents"])
        article = session.get_one(ArticleRow, article_id)
        article.removed_at = NOW
        uid = article.uid
    with database.read() as session:
        assert stories_between(session, 0, 9, ["agents"], "en") == []
        assert newest_stories(session, ["agents"], "en", limit=9) == []
        assert stories_of(session, [article_id], "en") == []
        assert story_by_uid(session, uid, "en") is None


def test_stories_of_keeps_the_order_asked_for(database: Database, source_id: int) -> None:
    with database.write() as session:
        ids = [add_article(session, source_id, ["agents"]) for _ in range(3)]
    with database.read() as session:
        wanted = [ids[2], ids[0], 999, ids[1]]
        assert [story.article_id for story in stories_of(session, wanted, "en")] == [ids[2], ids[0], ids[1]]


def test_the_number_of_queries_does_not_grow_with_the_stories(database: Database, source_id: int) -> None:
    with database.write() as session:
        for _ in range(20):
            add_article(session, source_id, ["agents", "onprem"])
    statements: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *call: statements.append(call[2]))
    with database.read() as session:
        assert len(stories_between(session, 0, 99, ["agents"], "en")) == 20
    assert sum(statement.startswith("SELECT") for statement in statements) == 3
