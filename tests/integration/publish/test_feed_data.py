"""Rows → feeds: which articles, in which order, with what said of them."""

from datetime import timedelta

from sqlmodel import Session, SQLModel, col, update

from syndication.domain.articles import Enclosure
from syndication.domain.feeds import Feed
from syndication.domain.site import Site
from syndication.domain.states import SourceKind
from syndication.store.database import Database
from syndication.store.feed_plans import ITEMS, FeedKind, planned_feeds
from syndication.store.feed_requests import Asked, Meant, meant_feed
from syndication.store.publishing import load_feed, outline_feed
from syndication.store.tables import ArticleRow, ClassificationRow, NewsletterRow, SourceRow, TopicRow
from tests.support.feeds import PREFIX, PUBLIC_URL
from tests.support.rows import NOW, accept, add_article, add_counters, add_newsletter, add_source, add_text, add_topic

SITE = Site("News", "What is new.", PUBLIC_URL, "en", "UTC", PREFIX)
HOUR = timedelta(hours=1)


def feed_at(session: Session, path: str) -> Feed:
    plan = next(plan for plan in planned_feeds(session, SITE) if plan.path == path)
    return load_feed(session, SITE, outline_feed(session, SITE, plan))


def titles(session: Session, path: str) -> list[str]:
    return [item.title for item in feed_at(session, path).items]


def change(session: Session, article_id: int, **values: object) -> None:
    session.execute(update(ArticleRow).where(col(ArticleRow.id) == article_id).values(values))


def test_there_is_a_feed_of_everything_of_each_enabled_topic_and_of_each_source(database: Database) -> None:
    with database.write() as session:
        add_topic(session, "second", position=2)
        add_topic(session, "first", position=1)
        add_topic(session, "off")
        session.execute(update(TopicRow).where(col(TopicRow.slug) == "off").values(enabled=False))
        add_source(session, "radar")
        plans = planned_feeds(session, SITE)
    assert [plan.path for plan in plans] == [
        "/feeds/all",
        "/feeds/topics/first",
        "/feeds/topics/second",
        "/feeds/sources/radar",
    ]
    assert [plan.title for plan in plans] == ["News", "First · News", "Second · News", "Radar · News"]


def test_a_feed_has_the_logo_of_the_oldest_newsletter_that_offers_its_topics(database: Database) -> None:
    with database.write() as session:
        for slug in ("agents", "local", "none"):
            add_topic(session, slug)
        add_newsletter(session, "plain", ["agents"])
        for slug, topic, logo in (("one", "agents", "a.png"), ("two", "local", "b.png"), ("three", "agents", "c.png")):
            number = add_newsletter(session, slug, [topic])
            session.execute(update(NewsletterRow).where(col(NewsletterRow.id) == number).values(logo=logo))
        logos = {plan.path: plan.logo for plan in planned_feeds(session, SITE)}
        union = meant_feed(session, SITE, Asked("/feeds/topics/local+none"))
    assert logos == {
        "/feeds/all": "a.png",
        "/feeds/topics/agents": "a.png",
        "/feeds/topics/local": "b.png",
        "/feeds/topics/none": "",
    }
    assert isinstance(union, Meant)
    assert union.plan.logo == "b.png"


def test_a_feed_holds_what_an_enabled_topic_accepted_and_nothing_else(database: Database) -> None:
    with database.write() as session:
        add_counters(session)
        radar, other = add_source(session, "radar"), add_source(session, "other")
        for slug in ("agents", "llm", "off"):
            add_topic(session, slug)
        session.execute(update(TopicRow).where(col(TopicRow.slug) == "off").values(enabled=False))
        add_article(session, radar, ["agents", "llm"], title="both", at=NOW)
        add_article(session, other, ["llm"], title="llm", at=NOW - HOUR)
        add_article(session, radar, [], title="none")
        add_article(session, radar, ["off"], title="off")
        refused = add_article(session, radar, ["agents"], title="refused")
        session.execute(
            update(ClassificationRow).where(col(ClassificationRow.article_id) == refused).values(accepted=False)
        )
        removed = add_article(session, radar, ["agents"], title="removed")
        change(session, removed, removed_at=NOW)
        assert titles(session, "/feeds/all") == ["both", "llm"]
        assert titles(session, "/feeds/topics/agents") == ["both"]
        assert titles(session, "/feeds/topics/llm") == ["both", "llm"]
        assert titles(session, "/feeds/sources/radar") == ["both"]
        assert titles(session, "/feeds/sources/other") == ["llm"]


def test_history_is_in_the_feed_at_once(database: Database) -> None:
    with database.write() as session:
        add_counters(session)
        add_topic(session, "agents")
        add_article(session, add_source(session), ["agents"], title="old", news=False)
        assert titles(session, "/feeds/topics/agents") == ["old"]


def test_nobody_climbs_by_a_date_in_the_future_and_equal_dates_have_a_fixed_order(database: Database) -> None:
    with database.write() as session:
        add_counters(session)
        add_topic(session, "agents")
        source = add_source(session)
        add_article(session, source, ["agents"], title="newest", at=NOW)
        liar = add_article(session, source, ["agents"], title="liar", at=NOW - 2 * HOUR)
        change(session, liar, published_at=NOW + 9 * HOUR)
        late = add_article(session, source, ["agents"], title="found late", at=NOW)
        change(session, late, published_at=NOW - HOUR)
        twins = [add_article(session, source, ["agents"], title=title, at=NOW - 3 * HOUR) for title in "ab"]
        for article_id, uid in zip(twins, ("zzz", "aaa"), strict=True):
            change(session, article_id, uid=uid)
        for path in ("/feeds/all", "/feeds/topics/agents", "/feeds/sources/radar"):
            assert titles(session, path) == ["newest", "found late", "liar", "b", "a"]
        shown = feed_at(session, "/feeds/all").items[2]
        assert shown.published_at == NOW - 2 * HOUR


def test_a_feed_holds_the_newest_fifty_also_when_some_have_dates_in_the_future(database: Database) -> None:
    with database.write() as session:
        add_counters(session)
        add_topic(session, "agents")
        source = add_source(session)
        for hours in range(ITEMS + 20):
            article_id = add_article(session, source, ["agents"], title=str(hours), at=NOW - hours * HOUR)
            if hours % 10 == 0:
                change(session, article_id, published_at=NOW + hours * HOUR)
        for path in ("/feeds/all", "/feeds/topics/agents", "/feeds/sources/radar"):
            assert titles(session, path) == [str(hours) for hours in range(ITEMS)]


def test_an_item_says_all_we_know(database: Database) -> None:
    with database.write() as session:
        add_counters(session)
        add_topic(session, "agents", title="AI agents", position=1)
        add_topic(session, "llm", title="LLMs", position=2)
        source = add_source(session, "radar")
        session.execute(
            update(SourceRow).values(kind=SourceKind.FEED, location="https://radar.example/feed", title="Radar")
        )
        article_id = add_article(session, source, ["llm"], title="Titolo", at=NOW, language="it")
        accept(session, article_id, "agents", terms=["agent", "tool"])
        add_text(session, article_id, "en", title="Title")
        change(
            session,
            article_id,
            uid="abcdefgh23456789",
            authors=["Ada"],
            enclosures=[{"url": "https://e/1.mp3", "media_type": "audio/mpeg", "length": 5}],
            image_url="https://e/1.png",
            ai_generated=True,
            updated_at=NOW + HOUR,
        )
        feed = feed_at(session, "/feeds/topics/llm")
    (item,) = feed.items
    assert item.id == f"{PREFIX}/articles/abcdefgh23456789"
    assert (item.title, item.language) == ("Titolo", "it")
    assert item.authors == ("Ada",)
    assert [(topic.slug, topic.title, topic.terms) for topic in item.topics] == [
        ("agents", "AI agents", ("agent", "tool")),
        ("llm", "LLMs", ("word",)),
    ]
    assert item.enclosures == (Enclosure("https://e/1.mp3", "audio/mpeg", 5),)
    assert item.image_url == "https://e/1.png"
    assert item.ai_generated is True
    assert (item.published_at, item.updated_at) == (NOW, NOW + HOUR)
    assert (item.origin.url, item.origin.is_feed, item.origin.title) == ("https://radar.example/feed", True, "Radar")
    assert feed.updated_at == NOW + HOUR


def test_what_was_never_edited_counts_as_changed_when_it_was_published_not_when_we_first_saw_it(
    database: Database,
) -> None:
    with database.write() as session:
        add_counters(session)
        add_topic(session, "agents")
        article_id = add_article(session, add_source(session), ["agents"])
        change(session, article_id, published_at=NOW - 99 * HOUR)
        (unedited,) = feed_at(session, "/feeds/all").items
        change(session, article_id, updated_at=NOW + HOUR)
        (edited,) = feed_at(session, "/feeds/all").items
    assert (unedited.published_at, unedited.updated_at) == (NOW - 99 * HOUR, NOW - 99 * HOUR)
    assert (edited.published_at, edited.updated_at) == (NOW - 99 * HOUR, NOW + HOUR)


def test_an_article_without_an_address_links_to_our_page(database: Database) -> None:
    with database.write() as session:
        add_counters(session)
        add_topic(session, "agents")
        article_id = add_article(session, add_source(session), ["agents"])
        change(session, article_id, url="", uid="abc")
        assert feed_at(session, "/feeds/all").items[0].url == f"{PUBLIC_URL}/articles/abc"


def test_an_origin_tells_no_password_and_no_inner_host(database: Database) -> None:
    with database.write() as session:
        add_counters(session)
        add_topic(session, "agents")
        source = add_source(session)
        add_article(session, source, ["agents"])
        for location, internal in (
            ("https://me:secret@radar.example/feed", False),
            ("https://radar.example/feed?token=secret", False),
            ("https://inside/feed", True),
        ):
            values = {
                "kind": SourceKind.FEED,
                "location": location,
                "internal": internal,
                "base_url": "https://a.example",
            }
            session.execute(update(SourceRow).values(values))
            origin = feed_at(session, "/feeds/all").items[0].origin
            assert (origin.url, origin.is_feed) == ("https://a.example", False)


def test_a_feed_id_survives_a_new_slug_and_a_new_public_address(database: Database) -> None:
    with database.write() as session:
        key = add_topic(session, "agents")
        before = feed_at(session, "/feeds/topics/agents")
        session.execute(update(TopicRow).values(slug="ai-agents"))
        plan = next(plan for plan in planned_feeds(session, SITE) if plan.kind is FeedKind.TOPIC)
        moved = Site("News", "", "https://elsewhere.example", "en", "UTC", PREFIX)
        after = load_feed(session, moved, outline_feed(session, moved, plan))
    assert before.id == after.id == f"{PREFIX}/feeds/topics/{key}"


def test_the_fingerprint_changes_with_all_that_documents_show_and_with_nothing_else(database: Database) -> None:
    def fingerprint() -> str:
        plan = next(plan for plan in planned_feeds(session, SITE) if plan.kind is FeedKind.TOPIC)
        return outline_feed(session, SITE, plan).fingerprint

    with database.write() as session:
        add_counters(session)
        add_topic(session, "agents")
        source = add_source(session)
        article_id = add_article(session, source, ["agents"])
        known = fingerprint()
        change(session, article_id, seq=None, rules_version=7)
        session.execute(update(SourceRow).values(etag="x", last_success_at=NOW))
        add_article(session, source, [])
        assert fingerprint() == known
        changes: list[tuple[type[SQLModel], dict[str, object]]] = [
            (ArticleRow, {"content_hash": "x"}),
            (ArticleRow, {"revision": 2}),
            (ArticleRow, {"url": "https://moved.example"}),
            (ArticleRow, {"authors": ["Ada"]}),
            (ArticleRow, {"updated_at": NOW + HOUR}),
            (SourceRow, {"title": "Other"}),
            (TopicRow, {"title": "Other"}),
            (ClassificationRow, {"terms": ["other"]}),
            (ArticleRow, {"removed_at": NOW}),
        ]
        for table, values in changes:
            session.execute(update(table).values(values))
            before, known = known, fingerprint()
            assert known != before, values
