"""Feeds over HTTP: conditional requests, answers that are no feed, pauses that are asked for."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from syndication.collect.fetcher import SourceFetcher
from syndication.domain.sources import Fetched, FetchFailed, FetchResult, NotModified, Source
from tests.support.items import NOW, source
from tests.support.web_server import Reply, WebServer, web_server

FEED = (
    b"<rss version='2.0'><channel><title>S</title><link>https://e.org/</link><ttl>30</ttl>"
    b"<item><guid>1</guid><title>T</title><link>/1</link></item></channel></rss>"
)


@pytest.fixture
def server() -> Iterator[WebServer]:
    with web_server(
        lambda _: Reply(200, {"ETag": 'W/"a b"', "Last-Modified": "yesterday, about noon"}, FEED)
    ) as running:
        yield running


def visit(server: WebServer, **changes: object) -> FetchResult:
    where: Source = replace(source(location=server.url(), internal=True), **changes)  # type: ignore[arg-type] # any field
    return SourceFetcher("Test/1").fetch(where, NOW)


def failed(result: FetchResult) -> FetchFailed:
    assert isinstance(result, FetchFailed), result
    return result


def test_a_first_visit_brings_items_and_validators(server: WebServer) -> None:
    found = visit(server)
    assert isinstance(found, Fetched)
    assert [(item.native_key, item.url) for item in found.items] == [("1", "https://e.org/1")]
    assert (found.etag, found.last_modified, found.title) == ('W/"a b"', "yesterday, about noon", "S")
    assert found.min_wait_s == 1800
    assert not {"if-none-match", "if-modified-since"} & set(server.seen[0].headers)
    assert server.seen[0].headers["accept"].startswith("application/atom+xml")


def test_validators_are_echoed_to_the_letter(server: WebServer) -> None:
    server.script = lambda _: Reply(304)
    found = visit(server, etag='W/"a b"', last_modified="yesterday, about noon", fetched_before=True)
    assert found == NotModified('W/"a b"', "yesterday, about noon")
    assert server.seen[0].headers["if-none-match"] == 'W/"a b"'
    assert server.seen[0].headers["if-modified-since"] == "yesterday, about noon"


def test_a_newer_validator_of_a_304_is_kept(server: WebServer) -> None:
    server.script = lambda _: Reply(304, {"Last-Modified": "today"})
    assert visit(server, etag="a", last_modified="yesterday", fetched_before=True) == NotModified("a", "today")


def test_a_validator_that_cannot_stand_in_a_header_is_not_sent(server: WebServer) -> None:
    assert isinstance(visit(server, etag="caf\xe9", last_modified="a\nb", fetched_before=True), Fetched)
    assert not {"if-none-match", "if-modified-since"} & set(server.seen[0].headers)


def test_the_same_body_is_no_news_whatever_the_server_says(server: WebServer) -> None:
    first = visit(server)
    assert isinstance(first, Fetched)
    server.script = lambda _: Reply(200, {"ETag": "new"}, FEED)
    assert visit(server, body_hash=first.body_hash, fetched_before=True) == NotModified("new", "")


def test_the_same_etag_on_a_200_is_no_news(server: WebServer) -> None:
    assert isinstance(visit(server, etag='W/"a b"', body_hash="other", fetched_before=True), NotModified)


def test_not_modified_on_a_first_visit_is_a_fault_of_the_server(server: WebServer) -> None:
    server.script = lambda _: Reply(304)
    assert "first visit" in failed(visit(server)).reason


def test_a_web_page_is_no_feed_and_the_feed_it_names_is_told(server: WebServer) -> None:
    page = (
        b"<!doctype html><html><head><link rel='alternate' type='application/rss+xml' href='/real.xml'></head></html>"
    )
    server.script = lambda _: Reply(200, {"Content-Type": "application/rss+xml"}, page)
    assert (
        failed(visit(server)).reason == f"this is a web page, not a feed: it names {server.url('/real.xml')}: use that"
    )
    server.script = lambda _: Reply(200, {}, b"<html><body>x</body></html>")
    assert "look on it for a link called RSS" in failed(visit(server)).reason


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "empty answer"),
        (b"  \n", "empty answer"),
        (b"<urlset xmlns='x'/>", "sitemap"),
        (b'{"a": 1}', "choose the kind 'api'"),
        (b"plain words", "neither RSS, Atom nor JSON Feed"),
        (b"\x00\xff\xfe\x00", "neither RSS, Atom nor JSON Feed"),
    ],
)
def test_an_answer_that_is_no_feed_says_what_it_is(server: WebServer, body: bytes, said: str) -> None:
    server.script = lambda _: Reply(200, {}, body)
    assert said in failed(visit(server)).reason


def test_a_json_feed_is_read(server: WebServer) -> None:
    server.script = lambda _: Reply(
        200, {}, b'{"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "1", "title": "T"}]}'
    )
    found = visit(server)
    assert isinstance(found, Fetched)
    assert found.items[0].title == "T"


@pytest.mark.parametrize(
    ("status", "said"),
    [(401, "log-in"), (403, "refuses us"), (404, "nothing at this address"), (500, "status 500"), (418, "418")],
)
def test_a_refusal_says_how_to_mend_it(server: WebServer, status: int, said: str) -> None:
    server.script = lambda _: Reply(status)
    found = failed(visit(server))
    assert said in found.reason
    assert (found.status, found.gone, found.retry_at) == (status, False, None)


def test_a_riddle_for_people_is_named(server: WebServer) -> None:
    server.script = lambda _: Reply(403, {"cf-mitigated": "challenge"})
    assert "Cloudflare" in failed(visit(server)).reason


def test_410_is_gone(server: WebServer) -> None:
    server.script = lambda _: Reply(410)
    assert failed(visit(server)).gone


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("asked", "wait"),
    [
        ("3600", timedelta(hours=1)),
        ("1", timedelta(minutes=5)),
        ("999999999999", timedelta(hours=24)),
        ((NOW + timedelta(hours=2)).strftime("%a, %d %b %Y %H:%M:%S GMT"), timedelta(hours=2)),
        ((NOW - timedelta(hours=2)).strftime("%a, %d %b %Y %H:%M:%S GMT"), timedelta(minutes=5)),
        ("soon", None),
    ],
)
def test_retry_after_is_kept_within_five_minutes_and_a_day(
    server: WebServer, status: int, asked: str, wait: timedelta | None
) -> None:
    server.script = lambda _: Reply(status, {"Retry-After": asked})
    assert failed(visit(server)).retry_at == (NOW + wait if wait else None)


def test_cache_control_asks_for_time(server: WebServer) -> None:
    server.script = lambda _: Reply(200, {"Cache-Control": "public, s-maxage=9, max-age=7200"}, FEED)
    assert visit(server).min_wait_s == 7200  # type: ignore[union-attr] # a failure has none and fails here


def test_links_are_relative_to_the_place_a_redirect_led_to(server: WebServer) -> None:
    body = b"<rss version='2.0'><channel><title>S</title><item><guid>1</guid><title>T</title><link>a</link></item></channel></rss>"
    server.script = lambda seen: Reply(301, {"Location": "/new/feed"}) if seen.path == "/feed" else Reply(200, {}, body)
    found = visit(server)
    assert isinstance(found, Fetched)
    assert found.items[0].url == server.url("/new/a")
    assert found.final_url == server.url("/new/feed")


def test_the_sources_language_and_base_url_count_before_the_feeds(server: WebServer) -> None:
    found = visit(server, base_url="https://other.org/", language="it")
    assert isinstance(found, Fetched)
    assert (found.items[0].url, found.items[0].language) == ("https://other.org/1", "it")


def test_a_port_that_an_admin_wrote_is_open_to_its_source(server: WebServer) -> None:
    where = source(location=server.url())
    assert isinstance(SourceFetcher("Test/1", ["127.0.0.0/8"]).fetch(where, NOW), Fetched)
    assert "closed to sources" in failed(SourceFetcher("Test/1").fetch(where, NOW)).reason


def test_an_impossible_address_is_told_and_not_visited() -> None:
    assert "not a web address" in failed(SourceFetcher("Test/1").fetch(source(location="https://e.org:x/"), NOW)).reason


def test_two_visits_to_the_same_bytes_give_the_same_items(server: WebServer) -> None:
    assert visit(server) == visit(server)
