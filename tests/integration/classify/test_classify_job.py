"""From an article nobody looked at to verdicts, history and seq: the job and the store together."""

from datetime import timedelta

import pytest
from sqlmodel import Session, col, select, update

from syndication.classify.percolator import classify
from syndication.domain.articles import DateOrigin, Item, Precision, Published
from syndication.domain.errors import RuleError
from syndication.domain.seams import Task
from syndication.domain.topics import Topic
from syndication.jobs.classify import ClassifyReport, classify_pending
from syndication.store.classifying import (
    documents_of,
    load_topics,
    pending_articles,
    replay,
    rules_in_force,
    save_topic,
    store_verdicts,
)
from syndication.store.counters import counter
from syndication.store.database import Database
from syndication.store.feed_changes import take_changes
from syndication.store.intake import update_articles
from syndication.store.tables import ArticleRow, ArticleTextRow, ClassificationHistoryRow, ClassificationRow, TopicRow
from tests.support.classifying import Requests, add_pending, seq_of, set_up, topics_of
from tests.support.rows import NOW, add_text

WEEK = timedelta(days=7)
LATER = NOW + timedelta(hours=1)


def _verdicts(session: Session, article_id: int) -> list[tuple[bool, float, list[str], int]]:
    rows = session.exec(select(ClassificationRow).where(ClassificationRow.article_id == article_id))
    return [(row.accepted, row.score, row.terms, row.version) for row in rows]


def _history(session: Session, article_id: int) -> list[tuple[bool, list[str]]]:
    statement = select(ClassificationHistoryRow).where(ClassificationHistoryRow.article_id == article_id)
    return [(row.accepted, row.terms) for row in session.exec(statement.order_by(col(ClassificationHistoryRow.id)))]


def _edit(database: Database, article_id: int, title: str) -> None:
    """What collect does when a source changed an article."""
    with database.write() as session:
        text = update(ArticleTextRow).where(col(ArticleTextRow.article_id) == article_id).values(title=title)
        session.execute(text)
        article = update(ArticleRow).where(col(ArticleRow.id) == article_id)
        session.execute(article.values(revision=ArticleRow.revision + 1, rules_version=0))


def test_an_article_gets_its_topics_with_reasons_and_a_seq(database: Database) -> None:
    source = set_up(database, agents="agent* OR mcp", hardware="gpu")
    with database.write() as session:
        both = add_pending(session, source, "An agent on a GPU")
        neither = add_pending(session, source, "Football")
    requests = Requests()
    assert classify_pending(database, requests, NOW) == ClassifyReport(2, {"agents": 1, "hardware": 1})
    assert requests.asked == [(Task.PUBLISH, "publish")]
    with database.read() as session:
        assert _verdicts(session, both) == [(True, 0.5, ["agent*"], 1), (True, 0.5, ["gpu"], 1)]
        assert _verdicts(session, neither) == [(False, 0.0, [], 1), (False, 0.0, [], 1)]
        assert (seq_of(session, both), seq_of(session, neither)) == (1, None)
        assert counter(session, "seq") == 1


def test_what_feeds_may_show_differently_is_noted_for_them(database: Database) -> None:
    source = set_up(database, agents="agent*")
    with database.write() as session:
        stays, leaves, never = (add_pending(session, source, title) for title in ("Agents", "An agent", "Football"))
    classify_pending(database, Requests(), NOW)
    assert take_changes(database) == [stays, leaves]
    _edit(database, leaves, "Nothing")
    _edit(database, stays, "More agents")
    _edit(database, never, "Hockey")
    classify_pending(database, Requests(), LATER)
    assert take_changes(database) == [stays, leaves]
    assert take_changes(database) == []


def test_a_second_run_finds_nothing_to_do(database: Database) -> None:
    source = set_up(database, agents="agent*")
    with database.write() as session:
        article = add_pending(session, source, "Agents")
    classify_pending(database, Requests(), NOW)
    requests = Requests()
    assert classify_pending(database, requests, LATER) == ClassifyReport(0, {})
    assert requests.asked == []
    with database.read() as session:
        assert seq_of(session, article) == 1
        assert len(_history(session, article)) == 1


def test_an_article_in_no_topic_disturbs_no_feed(database: Database) -> None:
    source = set_up(database, agents="agent*")
    with database.write() as session:
        add_pending(session, source, "Football")
    requests = Requests()
    classify_pending(database, requests, NOW)
    assert requests.asked == []


def test_without_topics_articles_wait_for_the_first_one(database: Database) -> None:
    source = set_up(database)
    with database.write() as session:
        article = add_pending(session, source, "Agents")
    assert classify_pending(database, Requests(), NOW).looked_at == 0
    with database.write() as session:
        save_topic(session, Topic("agents", "Agents", "", "agents"))
    classify_pending(database, Requests(), NOW + 2 * WEEK)
    with database.read() as session:
        assert seq_of(session, article) == 1


def test_wordings_in_all_languages_count_and_markup_does_not(database: Database) -> None:
    source = set_up(database, agents='"ai agents" OR agenti', markup="p OR strong", phrase='"local models"')
    with database.write() as session:
        article = add_pending(session, source, "English")
        add_text(session, article, "it", title="Gli agenti")
        content = update(ArticleTextRow).where(col(ArticleTextRow.language) == "en")
        session.execute(content.values(content="<p>AI <strong>agents</strong></p><p>local</p><p>models</p>"))
    with database.read() as session:
        document = documents_of(session, [article])[0]
        assert document.title == "English\nGli agenti"
    classify_pending(database, Requests(), NOW)
    with database.read() as session:
        assert topics_of(session, article) == ["agents", "phrase"]


def test_an_article_without_any_text_is_looked_at_once(database: Database) -> None:
    source = set_up(database, agents="agent*")
    with database.write() as session:
        article = add_pending(session, source, "")
        session.delete(session.exec(select(ArticleTextRow).where(ArticleTextRow.article_id == article)).one())
    assert classify_pending(database, Requests(), NOW).looked_at == 1
    assert classify_pending(database, Requests(), NOW).looked_at == 0


def test_many_articles_are_numbered_in_the_order_they_were_first_seen(database: Database) -> None:
    source = set_up(database, agents="agent*")
    with database.write() as session:
        late = add_pending(session, source, "Agents, late", at=NOW)
        early = add_pending(session, source, "Agents, early", at=NOW - timedelta(minutes=1))
        same = add_pending(session, source, "Agents, late too", at=NOW)
        rest = [add_pending(session, source, f"Agents {number}", at=LATER) for number in range(450)]
    assert classify_pending(database, Requests(), LATER).looked_at == 453
    with database.read() as session:
        assert [seq_of(session, article) for article in (early, late, same)] == [1, 2, 3]
        assert [seq_of(session, article) for article in rest] == list(range(4, 454))


def test_history_never_gets_a_seq(database: Database) -> None:
    source = set_up(database, agents="agent*")
    with database.write() as session:
        article = add_pending(session, source, "Agents", news=False)
    classify_pending(database, Requests(), NOW)
    with database.read() as session:
        assert topics_of(session, article) == ["agents"]
        assert seq_of(session, article) is None
        assert counter(session, "seq") == 0


def test_a_removed_article_gets_no_seq(database: Database) -> None:
    source = set_up(database, agents="agent*")
    with database.write() as session:
        article = add_pending(session, source, "Agents")
        session.execute(update(ArticleRow).values(removed_at=NOW))
    classify_pending(database, Requests(), NOW)
    with database.read() as session:
        assert seq_of(session, article) is None


@pytest.mark.parametrize(("age", "seq"), [(WEEK, 1), (WEEK + timedelta(seconds=1), None)])
def test_a_replay_makes_news_for_seven_days_only(database: Database, age: timedelta, seq: int | None) -> None:
    source = set_up(database, agents="agent*")
    with database.write() as session:
        article = add_pending(session, source, "Robots")
    classify_pending(database, Requests(), NOW)
    with database.write() as session:
        save_topic(session, Topic("robots", "Robots", "", "robot*"))
    classify_pending(database, Requests(), NOW + age)
    with database.read() as session:
        assert topics_of(session, article) == ["robots"]
        assert seq_of(session, article) == seq


def test_an_article_that_waited_for_its_first_look_is_news_however_long(database: Database) -> None:
    source = set_up(database, agents="agent*")
    with database.write() as session:
        article = add_pending(session, source, "Agents")
    classify_pending(database, Requests(), NOW + 3 * WEEK)
    with database.read() as session:
        assert seq_of(session, article) == 1


def test_edits_and_further_topics_keep_the_seq(database: Database) -> None:
    source = set_up(database, agents="agent*", hardware="gpu")
    with database.write() as session:
        first = add_pending(session, source, "Agents")
        add_pending(session, source, "More agents")
    classify_pending(database, Requests(), NOW)
    _edit(database, first, "Agents on a GPU")
    classify_pending(database, Requests(), LATER)
    with database.read() as session:
        assert topics_of(session, first) == ["agents", "hardware"]
        assert seq_of(session, first) == 1
        assert counter(session, "seq") == 2


def test_history_has_every_change_of_a_verdict_and_nothing_else(database: Database) -> None:
    source = set_up(database, agents="agent* OR mcp")
    with database.write() as session:
        article = add_pending(session, source, "Football")
    for title in ("Football", "Agents", "Agents", "MCP", "Football"):
        _edit(database, article, title)
        classify_pending(database, Requests(), NOW)
    with database.read() as session:
        assert _history(session, article) == [(True, ["agent*"]), (True, ["mcp"]), (False, [])]
        assert _verdicts(session, article) == [(False, 0.0, [], 1)]


def test_losing_a_topic_is_published_too(database: Database) -> None:
    source = set_up(database, agents="agent*")
    with database.write() as session:
        article = add_pending(session, source, "Agents")
    classify_pending(database, Requests(), NOW)
    _edit(database, article, "Football")
    requests = Requests()
    assert classify_pending(database, requests, NOW) == ClassifyReport(1, {})
    assert requests.asked == [(Task.PUBLISH, "publish")]


def test_a_verdict_that_stays_takes_the_new_version_and_keeps_its_instant(database: Database) -> None:
    source = set_up(database, agents="agent*")
    with database.write() as session:
        article = add_pending(session, source, "Agents")
    classify_pending(database, Requests(), NOW)
    with database.write() as session:
        save_topic(session, Topic("agents", "Agents", "", "agent* OR mcp"))
    classify_pending(database, Requests(), LATER)
    with database.read() as session:
        row = session.exec(select(ClassificationRow)).one()
        assert (row.version, row.decided_at) == (2, NOW)
        assert len(_history(session, article)) == 1


def test_an_article_that_changed_since_it_was_read_waits_for_the_next_look(database: Database) -> None:
    source = set_up(database, agents="agent*")
    with database.write() as session:
        article = add_pending(session, source, "Agents")
    with database.read() as session:
        documents = documents_of(session, [article])
    _edit(database, article, "Football")
    with database.write() as session:
        assert store_verdicts(session, documents, [], rules_in_force(session), NOW).looked_at == 0
    with database.read() as session:
        assert pending_articles(session, 10) == [article]


def test_what_another_process_looked_at_is_left_alone(database: Database) -> None:
    source = set_up(database, agents="agent*")
    with database.write() as session:
        article = add_pending(session, source, "Agents")
    with database.read() as session:
        documents, version = documents_of(session, [article]), rules_in_force(session)
    classify_pending(database, Requests(), NOW)
    with database.write() as session:
        assert store_verdicts(session, documents, [], version, LATER).looked_at == 0
    with database.read() as session:
        assert topics_of(session, article) == ["agents"]


def test_verdicts_of_a_topic_deleted_meanwhile_are_dropped(database: Database) -> None:
    source = set_up(database, agents="agent*", hardware="gpu")
    with database.write() as session:
        article = add_pending(session, source, "Agents on a GPU")
    with database.read() as session:
        documents, topics, version = documents_of(session, [article]), load_topics(session), rules_in_force(session)
    with database.write() as session:
        session.delete(session.exec(select(TopicRow).where(TopicRow.slug == "hardware")).one())
    verdicts = classify(documents, topics)
    with database.write() as session:
        store_verdicts(session, documents, verdicts, version, NOW)
    with database.read() as session:
        assert topics_of(session, article) == ["agents"]


def test_a_replay_looks_at_every_article_again(database: Database) -> None:
    source = set_up(database, agents="agent*")
    with database.write() as session:
        for number in range(5):
            add_pending(session, source, f"Agents {number}")
    classify_pending(database, Requests(), NOW)
    with database.write() as session:
        assert replay(session) == 5
    assert classify_pending(database, Requests(), NOW) == ClassifyReport(5, {"agents": 5})
    with database.read() as session:
        assert counter(session, "seq") == 5


def test_topics_come_in_order_and_only_enabled_ones(database: Database) -> None:
    set_up(database, second="b", first="a", off="c")
    with database.write() as session:
        save_topic(session, Topic("first", "First", "About", "a"), position=0)
        save_topic(session, Topic("off", "Off", "", "c"), enabled=False)
        assert load_topics(session) == [Topic("first", "First", "About", "a"), Topic("second", "Second", "", "b")]


def test_a_changed_rule_raises_the_version_and_asks_for_a_new_look(database: Database) -> None:
    set_up(database, agents="agent*")
    with database.write() as session:
        before = rules_in_force(session)
        assert save_topic(session, Topic("agents", "Agents", "", "agent* OR mcp")).version == 2
        assert rules_in_force(session) == before + 1


def test_a_changed_title_asks_for_no_look(database: Database) -> None:
    set_up(database, agents="agent*")
    with database.write() as session:
        before = rules_in_force(session)
        assert save_topic(session, Topic("agents", "AI agents", "About", "agent*")).version == 1
        assert rules_in_force(session) == before
        assert load_topics(session)[0].title == "AI agents"


def test_a_topic_asks_for_a_look_when_it_is_switched_on_not_off(database: Database) -> None:
    set_up(database, agents="agent*")
    with database.write() as session:
        before = rules_in_force(session)
        save_topic(session, Topic("agents", "Agents", "", "mcp"), enabled=False)
        assert rules_in_force(session) == before
        assert save_topic(session, Topic("agents", "Agents", "", "mcp")).version == 2
        assert rules_in_force(session) == before + 1


def test_a_rule_that_does_not_parse_changes_nothing(database: Database) -> None:
    set_up(database, agents="agent*")
    with database.write() as session:
        with pytest.raises(RuleError):
            save_topic(session, Topic("agents", "Agents", "", "real estate"))
        assert load_topics(session) == [Topic("agents", "Agents", "", "agent*")]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_look_between_reading_and_writing_an_edit_is_no_look_at_the_new_wording(database: Database) -> None:
    """Only PostgreSQL lets both write at the same time."""
    source = set_up(database, agents="agent*")
    with database.write() as session:
        article = add_pending(session, source, "Football")
    with database.write() as session:
        as_read = session.get_one(ArticleRow, article)
        assert classify_pending(database, Requests(), NOW).looked_at == 1
        update_articles(session, [(_item("Agents"), article)], NOW)
        assert as_read.revision == 2
    with database.read() as session:
        assert pending_articles(session, 10) == [article]


def _item(title: str) -> Item:
    published = Published(NOW, Precision.SECOND, DateOrigin.FEED)
    return Item("key", "key", "", "", title, "", "", published, content_hash=title, language="en")
