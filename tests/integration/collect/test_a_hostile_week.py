"""A week against publishers that do everything wrong: each real article once, none lost, nobody asked too often."""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from itertools import pairwise
from typing import Final

import pytest
from sqlmodel import col, func, select

from syndication.collect.fetcher import SourceFetcher
from syndication.jobs.collect import Collecting, collect_due
from syndication.net.client import Limits, SafeClient
from syndication.store.collecting import add_source
from syndication.store.database import Database
from syndication.store.tables import ArticleRow, ArticleTextRow, SourceRow
from tests.support.items import source
from tests.support.web_server import Reply, Seen, WebServer, web_server

BEGIN: Final = datetime(2026, 11, 2, tzinfo=UTC)
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
WEEK: Final = 7 * DAY
EVERY: Final = 17 * HOUR
OLD: Final = 5
"""Articles that a feed holds already at the beginning."""

Answer = Callable[["Week", "Request"], Reply]


@dataclass(frozen=True)
class Request:
    """A request as a publisher sees it: when (simulated), where, and the how many-th of its host."""

    at: datetime
    host: str
    path: str
    number: int


@dataclass
class Week:
    """The clock, and what the publishers were asked. closed: until when each host said that it must be left alone."""

    now: datetime = BEGIN
    asked: dict[str, list[datetime]] = field(default_factory=lambda: defaultdict(list))
    closed: dict[str, datetime] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)

    def serve(self, seen: Seen) -> Reply:
        """Answer as the host does, after writing the request down."""
        host = seen.headers["host"].partition(":")[0]
        if self.now < self.closed.get(host, BEGIN):
            self.broken.append(f"{host} was asked at {self.now}, before {self.closed[host]}")
        times = self.asked[host]
        times.append(self.now)
        return PUBLISHERS[host](self, Request(self.now, host, seen.path, len(times)))

    def hours(self) -> float:
        """Since the beginning."""
        return (self.now - BEGIN) / HOUR


def titles(host: str, until: datetime) -> list[tuple[int, str, datetime]]:
    """The real articles of a host: number, title, when they came out."""
    there = OLD + int((until - BEGIN) / EVERY)
    return [(one, f"Article {one} of {host}: perché", BEGIN + (one - OLD) * EVERY) for one in range(there)]


def feed(
    request: Request,
    *,
    guid: Callable[[int], str] = str,
    date: Callable[[datetime], str] = format_datetime,
    link: bool = True,
    head: str = "",
) -> bytes:
    """The host's whole feed, newest first."""
    items = [
        f"<item><title>{title}</title><guid isPermaLink='false'>{guid(number)}</guid>"
        + (f"<link>http://{request.host}/articles/{number}</link>" if link else "")
        + f"<pubDate>{date(at)}</pubDate><description>Words of article {number}, quite a few of them.</description></item>"
        for number, title, at in reversed(titles(request.host, request.at))
    ]
    return f"<rss version='2.0'><channel><title>{request.host}</title>{head}{''.join(items)}</channel></rss>".encode()


def ok(body: bytes, kind: str = "application/rss+xml; charset=utf-8") -> Reply:
    return Reply(200, {"Content-Type": kind}, body)


def flapping(_: Week, request: Request) -> Reply:
    return ok(feed(request, guid=lambda one: f"{one}-{request.number}"))


def repeating(_: Week, request: Request) -> Reply:
    """Once a day everything comes again under new ids, and it never had addresses."""
    return ok(feed(request, guid=lambda one: f"{one}-{request.at.date()}", link=False))


def moving(_: Week, request: Request) -> Reply:
    return ok(feed(request, date=lambda _: format_datetime(request.at)))


def midnight(_: Week, request: Request) -> Reply:
    return ok(feed(request, date=lambda at: at.strftime("%Y-%m-%d")))


def storm(week: Week, request: Request) -> Reply:
    hour = request.at.hour
    if 8 <= hour < 11:
        week.closed[request.host] = request.at + 2 * HOUR
        return Reply(429, {"Retry-After": str(2 * 3600)})
    if 14 <= hour < 18:
        week.closed[request.host] = request.at + timedelta(minutes=5)
        return Reply(503)
    return ok(feed(request))


def redirecting(week: Week, request: Request) -> Reply:
    if request.path == "/new" or week.hours() < 30:
        return ok(feed(request))
    target = "/feed" if 60 <= week.hours() < 80 else "/new"  # for a while it goes round in circles
    return Reply(301, {"Location": target})


def slow(week: Week, request: Request) -> Reply:
    body = feed(request)
    if not 20 <= week.hours() < 26:
        return ok(body)

    def trickle(handler: BaseHTTPRequestHandler) -> None:
        for byte in body:
            handler.wfile.write(bytes([byte]))
            time.sleep(0.3)

    return Reply(200, {"Content-Length": str(len(body))}, write=trickle)


def resetting(_: Week, request: Request) -> Reply:
    body = feed(request)

    def half(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(body[: len(body) // 2])
        handler.close_connection = True

    return Reply(200, {"Content-Length": str(len(body))}, write=half) if request.number % 2 else ok(body)


def garbled(_: Week, request: Request) -> Reply:
    body = feed(request)
    said = ("application/rss+xml; charset=iso-8859-1", "text/html; charset=utf-16", "text/plain", "")
    prolog = b"<?xml version='1.0' encoding='utf-8'?>"
    return ok(prolog + body, said[request.number % len(said)])


def patient(_: Week, request: Request) -> Reply:
    return ok(feed(request, head="<ttl>720</ttl>"))


PUBLISHERS: Final[dict[str, Answer]] = {
    "flapping.example": flapping,
    "repeating.example": repeating,
    "moving.example": moving,
    "midnight.example": midnight,
    "storm.example": storm,
    "redirecting.example": redirecting,
    "slow.example": slow,
    "resetting.example": resetting,
    "garbled.example": garbled,
    "patient.example": patient,
}


@pytest.fixture
def week() -> Week:
    return Week()


@pytest.fixture
def web(week: Week) -> Iterator[WebServer]:
    with web_server(week.serve) as running:
        yield running


def live(database: Database, week: Week, web: WebServer) -> None:
    """Run the collector for a week and half a day, from one due visit to the next."""
    with database.write() as session:
        for host in PUBLISHERS:
            location = f"http://{host}:{web.port}/feed"
            add_source(session, source(slug=host.partition(".")[0], location=location, internal=True), BEGIN)
    limits = Limits(connect_s=2, first_byte_s=0.4, total_s=1)
    client = SafeClient("Test/1", limits=limits, resolver=lambda _host, _port: ["127.0.0.1"])
    kit = Collecting(database, SourceFetcher("Test/1", client=client), lambda task, key, **_: None)  # noqa: ARG005 - as the seam has it
    while week.now < BEGIN + WEEK + DAY / 2:
        collect_due(kit, lambda: week.now)
        with database.read() as session:
            soonest = session.exec(select(func.min(col(SourceRow.next_poll_at)))).one()
        week.now = max(soonest, week.now + timedelta(minutes=1))


def test_each_real_article_comes_once_and_no_host_is_asked_too_often(
    database: Database, week: Week, web: WebServer
) -> None:
    live(database, week, web)

    with database.read() as session:
        rows = session.exec(
            select(SourceRow.slug, ArticleTextRow.title)
            .join(ArticleRow, col(ArticleRow.source_id) == col(SourceRow.id))
            .join(ArticleTextRow, col(ArticleTextRow.article_id) == col(ArticleRow.id))
        ).all()
    stored = Counter((slug, title) for slug, title in rows)
    assert [one for one, times in stored.items() if times > 1] == []
    for host in PUBLISHERS:
        slug = host.partition(".")[0]
        wanted = {title for _, title, _ in titles(host, BEGIN + WEEK - DAY)}
        there = {title for one, title in stored if one == slug}
        assert wanted - there == set(), host
        assert there <= {title for _, title, _ in titles(host, week.now)}, host

    assert week.broken == []
    for host, times in week.asked.items():
        visits = sorted(set(times))  # redirects are followed within a visit
        shortest = min(later - earlier for earlier, later in pairwise(visits))
        assert shortest >= (12 * HOUR if host == "patient.example" else timedelta(minutes=5)), host
        assert len(visits) <= 150, host
