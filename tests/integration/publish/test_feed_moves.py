"""What becomes of an address: a renamed topic answers 301 for good, a removed one 410; hubs hear of every change."""

from datetime import timedelta

from sqlmodel import col, select, update

from syndication.domain.site import Site
from syndication.jobs.publish import publish_feeds
from syndication.store.database import Database
from syndication.store.feed_documents import Stored, documents_since
from syndication.store.pinging import due_pings, postpone_ping, queue_pings, settle_ping
from syndication.store.tables import HubPingRow, TopicRow
from tests.support.feeds import PREFIX, PUBLIC_URL
from tests.support.rows import NOW, add_article, add_counters, add_source, add_topic

SITE = Site("News", "What is new.", PUBLIC_URL, "en", "UTC", PREFIX)
HUB = "https://hub.example/"
HUBBED = Site("News", "What is new.", PUBLIC_URL, "en", "UTC", PREFIX, (HUB,))
HOUR = timedelta(hours=1)


def fill(database: Database) -> None:
    with database.write() as session:
        add_counters(session)
        add_topic(session, "agents")
        add_article(session, add_source(session), ["agents"])
    publish_feeds(database, SITE, NOW)


def rename(database: Database, old: str, new: str) -> None:
    with database.write() as session:
        session.execute(update(TopicRow).where(col(TopicRow.slug) == old).values(slug=new))
    publish_feeds(database, SITE, NOW + HOUR)


def stored(database: Database) -> dict[str, Stored]:
    with database.read() as session:
        return {f"{found.document.path}.{found.document.form}": found for found in documents_since(session, 0)}


def test_the_old_addresses_of_a_renamed_topic_lead_to_the_newest_without_a_chain(database: Database) -> None:
    fill(database)
    rename(database, "agents", "ai-agents")
    rename(database, "ai-agents", "robots")
    found = stored(database)
    for old in ("agents", "ai-agents"):
        for form in ("rss", "atom", "json"):
            gone = found[f"/feeds/topics/{old}.{form}"]
            assert (gone.is_gone, gone.moved_to) == (True, "/feeds/topics/robots")
    assert b"<item>" in found["/feeds/topics/robots.rss"].document.body


def test_a_topic_that_gets_its_old_name_back_is_served_there_again(database: Database) -> None:
    fill(database)
    rename(database, "agents", "robots")
    rename(database, "robots", "agents")
    found = stored(database)
    assert (found["/feeds/topics/agents.rss"].is_gone, found["/feeds/topics/agents.rss"].moved_to) == (False, "")
    assert found["/feeds/topics/robots.rss"].moved_to == "/feeds/topics/agents"


def test_when_a_renamed_topic_is_switched_off_its_old_addresses_are_gone_too(database: Database) -> None:
    fill(database)
    rename(database, "agents", "robots")
    with database.write() as session:
        session.execute(update(TopicRow).values(enabled=False))
    publish_feeds(database, SITE, NOW + HOUR)
    found = stored(database)
    assert {found[f"/feeds/topics/{slug}.rss"].moved_to for slug in ("agents", "robots")} == {""}
    assert publish_feeds(database, SITE, NOW + HOUR).written == 0


def test_a_new_topic_may_take_an_old_name(database: Database) -> None:
    fill(database)
    rename(database, "agents", "robots")
    with database.write() as session:
        add_topic(session, "agents", title="Agents of change")
    publish_feeds(database, SITE, NOW + HOUR)
    assert b"Agents of change" in stored(database)["/feeds/topics/agents.rss"].document.body


def test_a_change_of_the_public_address_keeps_every_id(database: Database) -> None:
    fill(database)
    before = stored(database)["/feeds/all.atom"].document
    moved = Site("News", "What is new.", "https://elsewhere.example", "en", "UTC", PREFIX)
    publish_feeds(database, moved, NOW + HOUR)
    after = stored(database)["/feeds/all.atom"].document
    assert b"https://elsewhere.example/feeds/all.atom" in after.body
    assert PUBLIC_URL.encode() not in after.body
    ids = [[part.partition(b"<")[0] for part in body.split(b"<id>")[1:]] for body in (before.body, after.body)]
    assert ids[0] == ids[1] != []


def test_a_hub_is_told_of_every_document_that_changed_and_of_no_other(database: Database) -> None:
    fill(database)
    publish_feeds(database, HUBBED, NOW)
    with database.read() as session:
        pings = due_pings(session, NOW, 100)
    assert {ping.hub for ping in pings} == {HUB}
    assert {f"{PUBLIC_URL}{path}" for path in stored(database)} == {ping.topic for ping in pings}
    with database.write() as session:
        for ping in pings:
            settle_ping(session, ping)
    publish_feeds(database, HUBBED, NOW + HOUR)
    with database.read() as session:
        assert due_pings(session, NOW + HOUR, 100) == []


def test_a_ping_that_failed_comes_back_later_and_is_given_up_in_the_end(database: Database) -> None:
    with database.write() as session:
        add_counters(session)
        queue_pings(session, [HUB], ["https://a/feed"], NOW)
    at, tries = NOW, 0
    while True:
        with database.write() as session:
            (ping,) = due_pings(session, at, 10)
            if not postpone_ping(session, ping, at):
                break
            assert due_pings(session, at, 10) == []
            tries += 1
            at = session.exec(select(HubPingRow.due_at)).one()
    assert tries == 6
    assert timedelta(hours=12) < at - NOW < timedelta(days=2)
    with database.read() as session:
        assert due_pings(session, at + 99 * HOUR, 10) == []


def test_a_change_while_a_hub_is_being_told_is_told_again(database: Database) -> None:
    with database.write() as session:
        add_counters(session)
        queue_pings(session, [HUB], ["https://a/feed"], NOW)
        (ping,) = due_pings(session, NOW, 10)
    publish_feeds(database, SITE, NOW)  # raises the version
    with database.write() as session:
        queue_pings(session, [HUB], ["https://a/feed"], NOW)
        settle_ping(session, ping)
        assert len(due_pings(session, NOW, 10)) == 1
