"""Feeds that are made when somebody asks: unions, languages, summaries, archives, readers' own."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlmodel import Session, col, func, select, update
from structlog.testing import capture_logs

from syndication.domain.feeds import FeedFormat
from syndication.domain.site import Site
from syndication.domain.states import SubscriptionStatus
from syndication.domain.tokens import KeyRing, Purpose
from syndication.jobs.publish import publish_feeds
from syndication.store.database import Database
from syndication.store.feed_plans import ITEMS
from syndication.store.feed_requests import Asked
from syndication.store.private_feeds import private_feed_of, renew_private_feed, revoke_private_feed
from syndication.store.tables import ArticleRow, SourceRow, SubscriptionRow, TopicRow
from syndication.web.feed_answers import Prepared
from syndication.web.feed_demand import DemandedFeeds
from syndication.web.feeds import FeedServer
from tests.support import rows
from tests.support.feeds import PREFIX, PUBLIC_URL

SITE = Site("News", "What is new.", PUBLIC_URL, "en", "UTC", PREFIX, ("https://hub.example/",))
KEYS = KeyRing({"a": b"k" * 32}, "a")
NOW = rows.NOW
HOUR = timedelta(hours=1)


class Reader:
    """Asks as a feed reader asks."""

    def __init__(self, database: Database) -> None:
        self.server = FeedServer(database, SITE, KEYS, lambda: NOW)
        self.server.refresh()

    def get(self, path: str, address: str = "192.0.2.1", **headers: str) -> httpx.Response:
        async def answer() -> httpx.Response:
            transport = httpx.ASGITransport(self.server, client=(address, 1))
            async with httpx.AsyncClient(transport=transport, base_url=PUBLIC_URL) as client:
                return await client.get(path, headers={"accept-encoding": "identity", **headers})

        return asyncio.run(answer())


def publish(database: Database, hours: int = 0) -> None:
    publish_feeds(database, SITE, NOW + hours * HOUR)


def fill(session: Session) -> int:
    """Two topics with three articles in English and one in Italian; answers the source."""
    rows.add_counters(session)
    source = rows.add_source(session)
    for position, slug in enumerate(("llm", "agents", "off")):
        rows.add_topic(session, slug, title=slug.upper(), position=position)
    session.execute(update(TopicRow).where(col(TopicRow.slug) == "off").values(enabled=False))
    for number, topics in enumerate((["agents"], ["llm"], ["agents", "llm"])):
        rows.add_article(session, source, topics, title=f"Article {number}", at=NOW - number * HOUR)
    italian = rows.add_article(session, source, ["llm"], title="Articolo", language="it", at=NOW - 9 * HOUR)
    rows.add_text(session, italian, "en", title="Translated")
    return source


@pytest.fixture
def reader(database: Database) -> Reader:
    with database.write() as session:
        fill(session)
    publish(database)
    return Reader(database)


def titles(answer: httpx.Response) -> list[str]:
    return [item["title"] for item in json.loads(answer.content)["items"]]


def walk(reader: Reader, path: str) -> dict[str, Any]:
    """The documents of a feed by address, from the newest to the oldest."""
    found = {}
    while path:
        found[path] = reader.get(path).json()
        path = found[path].get("next_url", "").removeprefix(PUBLIC_URL)
    return found


def test_a_union_has_each_article_of_its_topics_once(reader: Reader) -> None:
    answer = reader.get("/feeds/topics/agents+llm.json")
    assert titles(answer) == ["Article 0", "Article 1", "Article 2", "Articolo"]
    assert answer.json()["title"] == "LLM + AGENTS · News"
    assert answer.headers["cache-control"].startswith("public, max-age=300")


def test_a_union_has_one_address_whatever_the_order(reader: Reader) -> None:
    for path in ("llm+agents", "agents+llm+agents"):
        answer = reader.get(f"/feeds/topics/{path}.atom?content=summary")
        assert answer.status_code == 301
        assert answer.headers["location"] == f"{PUBLIC_URL}/feeds/topics/agents+llm.atom?content=summary"


def test_a_union_of_unknown_removed_or_too_many_topics_is_not_found(reader: Reader) -> None:
    for path in ("agents+none", "agents+off", "+".join(["agents", *"abcdefghij"]), "agents+", "+"):
        assert reader.get(f"/feeds/topics/{path}.rss").status_code == 404, path


def test_a_union_with_a_renamed_topic_moves_with_it(reader: Reader, database: Database) -> None:
    with database.write() as session:
        session.execute(update(TopicRow).where(col(TopicRow.slug) == "llm").values(slug="models"))
    publish(database, 1)
    reader.server.refresh()
    answer = reader.get("/feeds/topics/agents+llm.rss")
    assert (answer.status_code, answer.headers["location"]) == (301, f"{PUBLIC_URL}/feeds/topics/agents+models.rss")
    assert reader.get("/feeds/topics/llm.rss").headers["location"] == f"{PUBLIC_URL}/feeds/topics/models.rss"
    assert reader.get("/feeds/topics/agents+models.rss").status_code == 200


def test_a_feed_can_be_asked_for_in_one_language(reader: Reader) -> None:
    assert titles(reader.get("/feeds/languages/it.json")) == ["Articolo"]
    assert titles(reader.get("/feeds/topics/llm.json?lang=it")) == ["Articolo"]
    assert titles(reader.get("/feeds/all.json?lang=en")) == ["Article 0", "Article 1", "Article 2"]
    assert reader.get("/feeds/all.json?lang=xx").status_code == 404
    assert reader.get("/feeds/topics/llm.json?lang=it").json()["feed_url"].endswith("/llm.json?lang=it")


def test_a_summary_has_no_content_and_the_same_ids(reader: Reader) -> None:
    full, short = (reader.get(f"/feeds/all.json{query}").json() for query in ("?content=full", "?content=summary"))
    assert [item["id"] for item in full["items"]] == [item["id"] for item in short["items"]]
    assert all("content_html" in item for item in full["items"])
    assert not any("content_html" in item for item in short["items"])
    assert short["feed_url"] == f"{PUBLIC_URL}/feeds/all.json?content=summary"


def test_a_source_that_allows_no_full_text_gives_summaries_only(reader: Reader, database: Database) -> None:
    with database.write() as session:
        session.execute(update(SourceRow).values(full_text=False))
    publish(database, 1)
    reader.server.refresh()
    assert not any("content_html" in item for item in reader.get("/feeds/all.json").json()["items"])


def test_words_in_a_query_that_mean_nothing_change_nothing(reader: Reader) -> None:
    assert reader.get("/feeds/all.rss?utm_source=x&lang=").content == reader.get("/feeds/all.rss").content


def test_what_is_made_on_demand_follows_the_data_and_stays_the_same_otherwise(
    reader: Reader, database: Database
) -> None:
    path = "/feeds/topics/agents+llm.rss"
    first = reader.get(path)
    assert Reader(database).get(path).content == first.content
    tag = first.headers["etag"]
    assert reader.get(path, **{"if-none-match": tag}).status_code == 304
    with database.write() as session:
        newest = session.exec(select(ArticleRow).order_by(col(ArticleRow.published_at).desc())).first()
        assert newest is not None
        session.execute(update(ArticleRow).where(col(ArticleRow.id) == newest.id).values(removed_at=NOW + HOUR))
    publish(database, 2)
    assert reader.get(path).content == first.content
    reader.server.refresh()
    after = reader.get(path, **{"if-none-match": tag})
    assert after.status_code == 200
    assert b"Article 0" not in after.content
    assert reader.get(path, **{"if-modified-since": first.headers["last-modified"]}).status_code == 200


def with_history(database: Database, articles: int) -> int:
    """Publish so many articles of one topic beside those there are; answers their source."""
    with database.write() as session:
        source = fill(session)
        for number in range(articles):
            rows.add_article(session, source, ["agents"], title=f"{number}", at=NOW + number * HOUR)
    publish(database)
    return source


def test_a_page_of_an_archive_is_kept_for_good_and_leads_to_the_older_one(database: Database) -> None:
    with_history(database, 2 * ITEMS)
    reader = Reader(database)
    newest = reader.get("/feeds/topics/agents.json").json()
    assert newest["next_url"] == f"{PUBLIC_URL}/feeds/topics/agents/archive/2.json"
    page = reader.get("/feeds/topics/agents/archive/2.json")
    assert "immutable" in page.headers["cache-control"]
    assert page.json()["next_url"].endswith("/archive/1.json")
    assert "next_url" not in reader.get("/feeds/topics/agents/archive/1.json").json()
    for path in ("3", "0", "01", "x", "99999999"):
        assert reader.get(f"/feeds/topics/agents/archive/{path}.json").status_code == 404
    atom = reader.get("/feeds/topics/agents/archive/2.atom").text
    assert "<fh:archive/>" in atom
    assert f'<link rel="current" href="{PUBLIC_URL}/feeds/topics/agents.atom"' in atom
    assert f'<link rel="prev-archive" href="{PUBLIC_URL}/feeds/topics/agents/archive/1.atom"' in atom
    assert 'rel="hub"' not in atom


def test_a_page_that_is_not_full_is_kept_for_good_under_the_number_it_has(database: Database) -> None:
    source = with_history(database, ITEMS)
    with database.write() as session:
        rows.add_article(session, source, ["agents"], title="old", at=NOW - 900 * HOUR)
    publish(database, 2)
    reader = Reader(database)
    seen = {item["id"] for page in walk(reader, "/feeds/all.json").values() for item in page["items"]}
    with database.read() as session:
        assert len(seen) == session.scalar(select(func.count()).select_from(ArticleRow))
    begun = reader.get("/feeds/all.json").json()["next_url"].removeprefix(PUBLIC_URL)
    count = int(begun.removesuffix(".json").rpartition("-")[2])
    assert "immutable" in reader.get(begun).headers["cache-control"]
    base = begun.rpartition("-")[0]
    assert reader.get(f"{base}-{count - 1}.json").status_code == 200
    for more in (0, count + 1, ITEMS, 99):
        assert reader.get(f"{base}-{more}.json").status_code == 404


def test_the_history_of_a_feed_without_full_texts_is_that_of_the_whole_feed(database: Database) -> None:
    source = with_history(database, 2 * ITEMS)
    with database.write() as session:
        rows.add_article(session, source, ["agents"], title="old", at=NOW - 900 * HOUR)
    publish(database, 2)
    reader = Reader(database)
    whole, short = (walk(reader, f"/feeds/topics/agents.json{query}") for query in ("", "?content=summary"))
    assert {one["id"] for page in whole.values() for one in page["items"]} == {
        one["id"] for page in short.values() for one in page["items"]
    }
    assert [path.replace(".json", ".json?content=summary") for path in whole] == list(short)
    assert not any("content_html" in one for page in short.values() for one in page["items"])
    begun = next(path for path in short if "/archive/3-" in path)
    assert "immutable" in reader.get(begun).headers["cache-control"]
    atom = reader.get("/feeds/topics/agents/archive/2.atom?content=summary").text
    for path in ("/archive/2", "", "/archive/1"):
        assert f'href="{PUBLIC_URL}/feeds/topics/agents{path}.atom?content=summary"' in atom
    for path in ("agents/archive/9.atom?content=summary", "agents/archive/1.atom?lang=en", "agents+llm/archive/1.atom"):
        assert reader.get(f"/feeds/topics/{path}").status_code == 404


def test_every_public_answer_names_itself_and_its_hubs(reader: Reader) -> None:
    for path in ("/feeds/all.rss", "/feeds/topics/agents+llm.json", "/feeds/all.atom?content=summary"):
        expected = f'<{PUBLIC_URL}{path}>; rel="self", <https://hub.example/>; rel="hub"'
        assert reader.get(path).headers["link"] == expected
    assert reader.get("/feeds/all.json").json()["hubs"] == [{"type": "WebSub", "url": "https://hub.example/"}]


def private(database: Database, *topics: str, language: str = "en") -> tuple[int, str]:
    """A reader with a private feed: the subscription and the feed's address without ending."""
    with database.write() as session:
        if not session.exec(select(SubscriptionRow.id)).first():
            rows.add_newsletter(session, "weekly", ["agents", "llm"])
            rows.add_schedule(session, 1)
        subscriber = rows.add_reader(session, 1, topics, language=language)
        subscription = rows.subscription_of(session, subscriber).id or 0
        number = renew_private_feed(session, subscription, NOW)
    return subscription, f"/feeds/me/{KEYS.sign(Purpose.FEED, number)}"


def test_a_reader_has_the_articles_of_their_choice_at_an_address_of_their_own(
    reader: Reader, database: Database
) -> None:
    _, path = private(database, "agents")
    assert len(path.rpartition("/")[2]) <= 50
    answer = reader.get(f"{path}.json")
    assert titles(answer) == ["Article 0", "Article 2"]
    assert answer.json()["feed_url"] == f"{PUBLIC_URL}{path}.json"
    assert answer.headers["cache-control"] == "private, max-age=300"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "link" not in answer.headers
    assert "access-control-allow-origin" not in answer.headers
    for accepted in ("gzip", "gzip, deflate, br", "br, gzip;q=0.5"):
        packed = reader.get(f"{path}.json", **{"accept-encoding": accepted})
        assert packed.headers["content-encoding"] == "gzip"
        assert packed.content == answer.content
    assert reader.get(f"{path}.json", **{"if-none-match": answer.headers["etag"]}).status_code == 304


def test_a_private_feed_has_the_wording_of_its_readers_language(reader: Reader, database: Database) -> None:
    _, english = private(database, "llm")
    _, italian = private(database, "llm", language="it")
    assert "Translated" in titles(reader.get(f"{english}.json"))
    assert "Articolo" in titles(reader.get(f"{italian}.json"))


def test_readers_of_the_same_choice_share_one_document(reader: Reader, database: Database) -> None:
    paths = [private(database, "agents")[1] for _ in range(3)]
    bodies = [reader.get(f"{path}.atom").text.replace(path, "") for path in paths]
    assert len(set(bodies)) == 1
    assert len({reader.get(f"{path}.atom").headers["etag"] for path in paths}) == 1


def test_a_revoked_address_is_gone_and_a_renewed_one_works(reader: Reader, database: Database) -> None:
    subscription, old = private(database, "agents")
    with database.write() as session:
        new = f"/feeds/me/{KEYS.sign(Purpose.FEED, renew_private_feed(session, subscription, NOW))}"
    assert [reader.get(f"{path}.rss").status_code for path in (old, new)] == [410, 200]
    with database.write() as session:
        revoke_private_feed(session, subscription, NOW)
        assert private_feed_of(session, subscription) is None
    assert reader.get(f"{new}.rss").status_code == 410


def test_who_left_has_no_private_feed_and_a_guessed_token_opens_none(reader: Reader, database: Database) -> None:
    _, path = private(database, "agents")
    with database.write() as session:
        session.execute(update(SubscriptionRow).values(status=SubscriptionStatus.UNSUBSCRIBED))
    assert reader.get(f"{path}.rss").status_code == 410
    good = path.removeprefix("/feeds/me/")
    damaged = good[:-9] + ("a" if good[-9] != "a" else "b") + good[-8:]
    for token in (damaged, KEYS.sign(Purpose.PREFERENCES, 1), KEYS.sign(Purpose.FEED, 1), ""):
        assert reader.get(f"/feeds/me/{token}.rss").status_code == 404, token


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # it counts in memory
def test_who_asks_for_too_much_is_told_when_to_come_back(reader: Reader) -> None:
    statuses = [reader.get("/feeds/topics/none+such.rss").status_code for _ in range(601)]
    assert statuses[:600] == [404] * 600
    answer = reader.get("/feeds/topics/none+such.rss")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")
    assert reader.get("/feeds/topics/none+such.rss", address="198.51.100.1").status_code == 404
    assert reader.get("/feeds/all.rss").status_code == 200


def test_what_was_made_is_still_served_when_the_database_is_gone(reader: Reader, database: Database) -> None:
    before = reader.get("/feeds/topics/agents+llm.rss")
    with database.write() as session:
        session.execute(update(TopicRow).where(col(TopicRow.slug) == "agents").values(title="Other"))
    publish(database, 1)
    reader.server.refresh()
    with database.write() as session:
        session.connection().exec_driver_sql("ALTER TABLE topic RENAME TO elsewhere")
    with capture_logs() as logs:
        assert reader.get("/feeds/topics/agents+llm.rss").content == before.content
        other = reader.get("/feeds/topics/agents+llm.atom")
    assert (other.status_code, other.headers["retry-after"]) == (503, "5")
    assert [entry["event"] for entry in logs] == ["feeds_not_made"]
    with database.write() as session:
        session.connection().exec_driver_sql("ALTER TABLE elsewhere RENAME TO topic")
    assert b"Other" in reader.get("/feeds/topics/agents+llm.rss").content


def test_feeds_that_were_made_keep_within_their_memory(database: Database) -> None:
    with database.write() as session:
        fill(session)
    feeds = DemandedFeeds(database, SITE, KEYS, lambda: NOW, most_bytes=1)
    for form in FeedFormat:
        assert isinstance(asyncio.run(feeds.find(Asked("/feeds/topics/agents+llm"), form, 1, "")), Prepared)
    assert feeds.kept == 1
