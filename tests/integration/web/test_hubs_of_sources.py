"""Subscriptions at hubs, with a real hub on loopback: asked for, confirmed, pushed to, renewed, refused, forgotten."""

import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from httpx import Response
from sqlmodel import select

from syndication.collect.fetcher import SourceFetcher
from syndication.domain.seams import Task
from syndication.domain.states import HubState
from syndication.jobs.collect import collect_source
from syndication.jobs.hubs import ask_hubs, look_for_hubs
from syndication.keys import SecretBox
from syndication.net.client import SafeClient
from syndication.store.collecting import add_source
from syndication.store.database import Database
from syndication.store.managing import remove_source, use_address
from syndication.store.tables import SourceRow, WebSubRow
from tests.support.items import source
from tests.support.web_server import Reply, Seen, WebServer, web_server
from tests.support.website import NOW, SITE, Website

DAY = timedelta(days=1)
BOX = SecretBox({"a": b"k" * 32}, "a")


@dataclass
class Hub:
    """A feed, its hub, and the service that listens. status: what the hub answers. names_hub: whether the feed does."""

    website: Website
    web: WebServer
    source_id: int
    status: int = 202
    names_hub: bool = True
    asked: list[dict[str, str]] = field(default_factory=list)

    def script(self, seen: Seen) -> Reply:
        if seen.path == "/hub":
            self.asked.append({name: values[0] for name, values in parse_qs(seen.body.decode()).items()})
            return Reply(self.status, body=b"Not you")
        links = f'<link rel="hub" href="{self.web.url("/hub")}"/>' if self.names_hub else ""
        feed = (
            '<feed xmlns="http://www.w3.org/2005/Atom"><id>urn:f</id><title>F</title><updated>2026-11-20T07:00:00Z</updated>'
            f'<link rel="self" href="https://a.example/topic"/>{links}<entry><id>urn:1</id><title>One</title>'
            f"<updated>2026-11-20T07:00:00Z</updated><summary>{len(self.web.seen)}</summary></entry></feed>"
        )
        return Reply(200, {"Content-Type": "application/atom+xml"}, feed.encode())

    def collect(self) -> None:
        client = SafeClient("Syndication/test", ["127.0.0.0/8"])
        fetcher = SourceFetcher("Syndication/test", client=client)
        report = collect_source(self.website.database, fetcher, self._enqueue, self.source_id, self.website.now)
        assert report.failure is None

    def ask(self) -> int:
        client = SafeClient("Syndication/test", ["127.0.0.0/8"])
        return ask_hubs(self.website.database, client, BOX, SITE.public_url, self.website.now)

    def is_due(self) -> bool:
        self.website.asked.clear()
        look_for_hubs(self.website.database, self.website.deps().enqueue, self.website.now)
        return self.website.asked == [(Task.HUBS, "hubs")]

    def verify(self, **changed: str) -> Response:
        asked = {
            "hub.mode": "subscribe",
            "hub.topic": "https://a.example/topic",
            "hub.challenge": "<b>c</b>",
            "hub.lease_seconds": "864000",
        }
        return self.website.visitor("203.0.113.9", box=BOX).get(self.callback(), params=asked | changed)

    def push(self, body: bytes = b"news", *, secret: str = "", method: str = "sha256") -> Response:
        key = (secret or self.asked[-1]["hub.secret"]).encode()
        signature = f"{method}={hmac.new(key, body, getattr(hashlib, method)).hexdigest()}"
        visitor = self.website.visitor("203.0.113.9", box=BOX)
        return visitor.post(self.callback(), content=body, headers={"X-Hub-Signature": signature})

    def callback(self) -> str:
        return urlsplit(self.asked[-1]["hub.callback"]).path

    def row(self) -> WebSubRow | None:
        with self.website.database.read() as session:
            return session.exec(select(WebSubRow)).first()

    def standing(self) -> WebSubRow:
        row = self.row()
        assert row is not None
        return row

    def source(self) -> SourceRow:
        with self.website.database.read() as session:
            return session.get_one(SourceRow, self.source_id)

    def _enqueue(self, task: Task, key: str, **ids: int) -> None:
        del task, key, ids


@pytest.fixture
def hub(website: Website) -> Iterator[Hub]:
    with web_server(lambda _: Reply(404)) as web:
        with website.database.write() as session:
            source_id = add_source(session, source(location=web.url(), internal=True), NOW)
        running = Hub(website, web, source_id)
        web.script = running.script
        running.collect()
        yield running


def subscribed(hub: Hub) -> Hub:
    assert hub.ask() == 1
    assert hub.verify().status_code == 200
    return hub


def test_a_source_that_names_a_hub_is_subscribed_to_when_the_hub_has_asked_back(hub: Hub) -> None:
    assert hub.is_due()
    assert hub.standing().state is HubState.WANTED
    assert hub.ask() == 1
    assert not hub.is_due()
    (asked,) = hub.asked
    assert asked["hub.topic"] == "https://a.example/topic"
    assert asked["hub.callback"].startswith(f"{SITE.public_url}/websub/")
    assert hub.standing().state is HubState.ASKED
    assert asked["hub.secret"] not in hub.standing().secret

    answer = hub.verify()
    assert (answer.status_code, answer.text) == (200, "<b>c</b>")
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["x-content-type-options"] == "nosniff"
    row = hub.standing()
    assert (row.state, row.lease_until) == (HubState.ACTIVE, NOW + 10 * DAY)


def test_a_challenge_that_we_did_not_cause_is_refused(hub: Hub) -> None:
    hub.ask()
    for changed in ({"hub.topic": "https://evil.example/"}, {"hub.mode": "unsubscribe"}, {"hub.challenge": ""}):
        assert hub.verify(**changed).status_code == 404
    assert hub.website.visitor().get("/websub/guessed", params={"hub.mode": "subscribe"}).status_code == 404
    assert hub.standing().state is HubState.ASKED


@pytest.mark.parametrize("method", ["sha1", "sha512"])
def test_a_signed_push_has_the_source_read_at_once_and_at_most_once_a_minute(hub: Hub, method: str) -> None:
    subscribed(hub)
    hub.website.now += timedelta(seconds=20)
    assert hub.source().next_poll_at > NOW + timedelta(minutes=5)
    hub.website.asked.clear()
    assert hub.push(method=method).status_code == 202
    assert hub.source().next_poll_at == NOW + timedelta(minutes=1)
    assert (Task.COLLECT, "collect") in hub.website.asked
    hub.website.now = NOW + timedelta(hours=1)
    hub.push()
    assert hub.source().next_poll_at <= hub.website.now


def test_a_push_without_the_secret_changes_nothing(hub: Hub) -> None:
    subscribed(hub)
    before = hub.source().next_poll_at
    assert hub.push(secret="guessed").status_code == 403
    visitor = hub.website.visitor("203.0.113.9", box=BOX)
    assert visitor.post(hub.callback(), content=b"news").status_code == 403
    assert visitor.post("/websub/guessed", content=b"news").status_code == 410
    assert hub.push(b"x" * (10 * 1024 * 1024 + 1)).status_code == 413
    assert hub.source().next_poll_at == before


def test_with_a_hub_a_source_is_read_seldom_and_without_one_as_before(hub: Hub) -> None:
    slow = subscribed(hub)
    before = slow.source().next_poll_at - NOW
    hub.collect()
    assert hub.source().next_poll_at - NOW > 4 * before
    hub.names_hub = False
    hub.collect()
    assert hub.row() is None
    assert hub.push().status_code == 410
    hub.collect()
    assert hub.source().next_poll_at - NOW < 2 * before


def test_a_lease_is_renewed_with_the_same_secret_and_one_that_ends_counts_no_more(hub: Hub) -> None:
    subscribed(hub)
    hub.website.now = NOW + 9 * DAY - timedelta(minutes=1)
    assert not hub.is_due()
    hub.website.now += timedelta(minutes=2)
    assert hub.ask() == 1
    assert hub.asked[0] == hub.asked[1]
    assert hub.standing().state is HubState.ACTIVE
    hub.verify()
    assert hub.standing().lease_until == hub.website.now + 10 * DAY

    hub.status = 500
    for _ in range(12):
        hub.website.now = hub.standing().next_at
        hub.ask()
    assert hub.standing().state is HubState.WANTED
    assert "500 Not you" in hub.standing().words


def test_a_hub_that_never_asks_back_is_asked_less_and_less(hub: Hub) -> None:
    pauses = []
    for _ in range(3):
        hub.ask()
        pauses.append(hub.standing().next_at - hub.website.now)
        hub.website.now = hub.standing().next_at
    assert pauses == [timedelta(minutes=minutes) for minutes in (10, 20, 40)]
    assert "never asked back" in hub.standing().words


def test_a_hub_that_refuses_is_left_alone_for_a_week_and_its_reason_is_shown(hub: Hub) -> None:
    hub.ask()
    assert hub.verify(**{"hub.mode": "denied", "hub.reason": "No such topic"}).status_code == 200
    row = hub.standing()
    assert (row.state, row.words, row.next_at) == (HubState.REFUSED, "No such topic", NOW + 7 * DAY)


def test_a_hub_on_a_private_network_is_not_asked_for_a_public_source(hub: Hub, database: Database) -> None:
    with database.write() as session:
        session.get_one(SourceRow, hub.source_id).internal = False
    assert ask_hubs(database, SafeClient("Syndication/test"), BOX, SITE.public_url, NOW) == 0
    assert "127.0.0.1" in hub.standing().words
    assert hub.asked == []


def test_a_source_that_is_removed_or_read_elsewhere_is_nobodys_topic(hub: Hub, database: Database) -> None:
    subscribed(hub)
    with database.write() as session:
        use_address(session, hub.source_id, hub.web.url("/other"))
    assert hub.push().status_code == 410
    hub.collect()
    assert hub.standing().state is HubState.WANTED
    with database.write() as session:
        remove_source(session, hub.source_id, NOW)
    assert hub.row() is None
