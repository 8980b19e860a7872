"""Whole texts go of what no topic ever took, and nothing that anybody sees, gets or decided changes with them."""

from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlmodel import col, select

from syndication.domain.articles import Item, Wording
from syndication.domain.sources import Fetched
from syndication.domain.states import FirstFetch
from syndication.domain.topics import Topic
from syndication.jobs.classify import classify_pending
from syndication.jobs.storing import Stored, store_items
from syndication.jobs.tidy import tidy
from syndication.publish.documents import documents_of
from syndication.store.archives import append_history
from syndication.store.classifying import replay, save_topic
from syndication.store.collecting import add_source, load_source
from syndication.store.database import Database
from syndication.store.feed_plans import FeedKind, planned_feeds
from syndication.store.publishing import load_feed, outline_feed
from syndication.store.tables import ArticleRow, ArticleTextRow, ClassificationRow
from tests.support.classifying import Requests, set_up, topics_of
from tests.support.issues import SITE
from tests.support.items import NOW, item, source

MONTHS = 6
LATER = NOW + timedelta(days=400)
WHOLE = "<p>An agent with a wallet of crypto coins.</p>"


class Desk:
    """A source whose articles topics look at. `agents` takes what does not speak of crypto."""

    def __init__(self, database: Database) -> None:
        self.database = database
        set_up(database, agents="agent NOT crypto", chips="gpu")
        with database.write() as session:
            self.source_id = add_source(session, source(slug="desk", first_fetch=FirstFetch.NEW), NOW)

    def brings(self, *items: Item) -> Stored:
        with self.database.read() as session:
            of = load_source(session, self.source_id)
        stored = store_items(self.database, self.source_id, of, Fetched(items), NOW)
        self.looks()
        return stored

    def looks(self) -> int:
        return classify_pending(self.database, Requests(), LATER).looked_at

    def tidies(self, months: int = MONTHS) -> int:
        return tidy(self.database, LATER, months)["texts"]

    def texts(self) -> list[tuple[str, str, str]]:
        with self.database.read() as session:
            rows = session.exec(select(ArticleTextRow).order_by(col(ArticleTextRow.id))).all()
            return [(row.title, row.summary, row.content) for row in rows]

    def topics(self) -> list[list[str]]:
        with self.database.read() as session:
            numbers = session.exec(select(ArticleRow.id).order_by(col(ArticleRow.id))).all()
            return [topics_of(session, number or 0) for number in numbers]

    def rule(self, slug: str, rule: str) -> None:
        with self.database.write() as session:
            save_topic(session, Topic(slug, slug.title(), "", rule))


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)


def told(key: str, content: str = WHOLE, **changes: object) -> Item:
    url = f"https://e.org/{key}"
    values = {"native_key": key, "url": url, "canonical_url": url, "content_hash": f"{key}{content}", "title": key}
    return item(**{**values, "summary": "An agent.", "content": content, "language": "en", **changes})


def test_a_text_goes_after_its_time_and_title_and_summary_stay(desk: Desk) -> None:
    desk.brings(told("coins"))
    assert desk.tidies(months=0) == 0
    assert desk.tidies(months=13) == 0
    assert desk.tidies(months=12) == 1
    assert desk.texts() == [("coins", "An agent.", "")]
    assert desk.tidies(months=12) == 0


def test_what_rules_have_not_looked_at_waits(desk: Desk) -> None:
    desk.brings(told("coins"))
    desk.rule("chips", "gpu OR wallet")
    assert desk.tidies() == 0
    desk.looks()
    assert (desk.tidies(), desk.topics()) == (0, [["chips"]])


def test_no_later_rule_decides_on_less_than_the_whole_text(desk: Desk) -> None:
    desk.brings(told("coins"), told("gpus", "<p>A gpu.</p>"))
    desk.tidies()
    desk.rule("agents", "agent NOT crypto NOT token")
    assert desk.looks() == 1
    with desk.database.write() as session:
        assert replay(session) == 1
    assert desk.looks() == 1
    assert desk.topics() == [[], ["agents", "chips"]]


def test_what_was_in_a_topic_once_keeps_its_text(desk: Desk) -> None:
    desk.brings(told("gpus", "<p>A gpu with crypto.</p>"))
    desk.rule("chips", "fpga")
    desk.looks()
    assert (desk.topics(), desk.tidies()) == ([[]], 0)


def test_what_stands_in_an_archive_keeps_its_text_whatever_topics_say(desk: Desk) -> None:
    desk.brings(told("coins"))
    with desk.database.write() as session:
        session.execute(update(ClassificationRow).values(accepted=True))
    append_history(desk.database, thorough=True)
    with desk.database.write() as session:
        session.execute(update(ClassificationRow).values(accepted=False))
    assert desk.tidies() == 0


def test_feeds_are_the_same_bytes_as_before(desk: Desk) -> None:
    def feeds() -> list[bytes]:
        with desk.database.read() as session:
            plans = [plan for plan in planned_feeds(session, SITE) if plan.kind is FeedKind.ALL]
            found = [load_feed(session, SITE, outline_feed(session, SITE, plan)) for plan in plans]
        return [document.body for of_one in documents_of(found) for document in of_one]

    desk.brings(told("coins"), told("gpus", "<p>A gpu.</p>"))
    before = feeds()
    assert desk.tidies() == 1
    assert feeds() == before
    assert b"A gpu." in b"".join(before)


def test_an_article_that_is_read_again_is_no_edit_and_its_text_stays_away(desk: Desk) -> None:
    further = Wording("it", "monete", "Un agente.", "<p>Un agente con crypto.</p>")
    again = told("coins", translations=(further,))
    apart = told("soldi", "<p>Un agente con crypto.</p>", language="it", variants=("https://e.org/coins",))
    desk.brings(again, apart)
    assert desk.tidies() == 1
    before = desk.texts()
    assert all(content == "" for _, _, content in before)
    assert desk.brings(again, apart) == Stored()
    assert desk.texts() == before
    assert desk.looks() == 0


def test_an_edit_brings_the_new_text_and_a_new_look_at_all_of_it(desk: Desk) -> None:
    further = Wording("it", "monete", "Un agente.", "<p>Un agente con crypto.</p>")
    desk.brings(told("coins", translations=(further,)))
    desk.tidies()
    stored = desk.brings(told("coins", "<p>A gpu.</p>", translations=(further,)))
    assert stored == Stored(updated=frozenset({"coins"}))
    assert [content for _, _, content in desk.texts()] == ["<p>A gpu.</p>", "<p>Un agente con crypto.</p>"]
    assert desk.topics() == [["chips"]]
    assert desk.tidies() == 0
