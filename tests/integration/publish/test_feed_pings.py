"""Hubs hear of changes, by the POST that hubs understand; one that is away hears later."""

from collections.abc import Mapping
from datetime import timedelta

from syndication.jobs.ping import ping_hubs
from syndication.net.webhook import post_form
from syndication.store.database import Database
from syndication.store.pinging import due_pings, queue_pings
from tests.support.rows import NOW, add_counters

HUB, OTHER = "https://hub.example/", "https://other.example/"
FEEDS = ["https://news.example/feeds/all.rss", "https://news.example/feeds/all.atom"]


def queue(database: Database, *hubs: str) -> None:
    with database.write() as session:
        add_counters(session)
        queue_pings(session, hubs, FEEDS, NOW)


def waiting(database: Database, minutes: int = 0) -> int:
    with database.read() as session:
        return len(due_pings(session, NOW + timedelta(minutes=minutes), 100))


def test_a_hub_is_told_once_of_each_document(database: Database) -> None:
    told: list[tuple[str, Mapping[str, str]]] = []

    def post(hub: str, form: Mapping[str, str]) -> str:
        told.append((hub, form))
        return ""

    queue(database, HUB)
    assert ping_hubs(database, [HUB], post, NOW) == 2
    assert ping_hubs(database, [HUB], post, NOW) == 0
    assert [(hub, form["hub.mode"], form["hub.url"]) for hub, form in told] == [
        (HUB, "publish", feed) for feed in sorted(FEEDS)
    ]


def test_a_hub_that_is_away_is_asked_once_a_run_and_holds_up_no_other(database: Database) -> None:
    asked: list[str] = []

    def post(hub: str, form: Mapping[str, str]) -> str:
        del form
        asked.append(hub)
        return "it is away" if hub == HUB else ""

    queue(database, HUB, OTHER)
    assert ping_hubs(database, [HUB, OTHER], post, NOW) == 2
    assert asked.count(HUB) == 1
    assert (waiting(database), waiting(database, 1)) == (0, 2)


def test_a_hub_that_was_taken_out_of_the_settings_is_forgotten(database: Database) -> None:
    queue(database, HUB)
    assert ping_hubs(database, [OTHER], post_form, NOW) == 0
    assert waiting(database, 9_999) == 0


def test_an_address_where_nobody_listens_is_a_reason_and_no_crash() -> None:
    assert "cannot be reached" in post_form("http://127.0.0.1:1/", {"hub.mode": "publish"})
    assert "cannot be reached" in post_form("nonsense", {})
