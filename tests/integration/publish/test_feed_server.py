"""Feeds over HTTP, asked as readers ask."""

import asyncio
import gzip
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlmodel import update
from structlog.testing import capture_logs

from syndication.domain.site import Site
from syndication.domain.tokens import KeyRing
from syndication.publish.documents import documents
from syndication.store.database import Database, open_database
from syndication.store.feed_documents import Edition, published, retire_documents, save_documents
from syndication.store.tables import FeedDocumentRow
from syndication.web.feed_answers import BROTLI, GZIP, IDENTITY, liked_codings
from syndication.web.feeds import FeedServer
from tests.support.feeds import PREFIX, PUBLIC_URL, a_feed, an_item
from tests.support.rows import NOW, add_counters

PLAIN = {"accept-encoding": "identity"}
PACKED = {"accept-encoding": "gzip"}
SMALLEST = {"accept-encoding": "gzip, br"}


def publish(database: Database, title: str = "Title") -> None:
    made = documents(a_feed(an_item(title=title)))
    with database.read() as session:
        seen = published(session, ["/feeds/all"])["/feeds/all"].version
    with database.write() as session:
        save_documents(session, [Edition(made, title, seen)])


SITE = Site("News", "", PUBLIC_URL, "en", "UTC", PREFIX)


def a_server(database: Database) -> FeedServer:
    return FeedServer(database, SITE, KeyRing({"a": b"k" * 32}, "a"), lambda: NOW)


@pytest.fixture
def server(database: Database) -> FeedServer:
    with database.write() as session:
        add_counters(session)
    publish(database)
    server = a_server(database)
    server.refresh()
    return server


def ask(
    server: FeedServer,
    path: str = "/feeds/all.rss",
    headers: dict[str, str] | list[tuple[str, str]] | None = None,
    method: str = "GET",
) -> httpx.Response:
    async def answer() -> httpx.Response:
        transport = httpx.ASGITransport(server)
        async with httpx.AsyncClient(transport=transport, base_url="http://news.example.org") as client:
            return await client.request(method, path, headers=PLAIN if headers is None else headers)

    return asyncio.run(answer())


def test_a_feed_comes_with_all_that_caches_and_readers_need(server: FeedServer) -> None:
    answer = ask(server)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/rss+xml; charset=utf-8"
    assert answer.headers["last-modified"] == "Fri, 06 Nov 2026 07:30:00 GMT"
    assert answer.headers["vary"] == "accept-encoding, sec-fetch-dest"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cache-control"].startswith("public, max-age=300, stale-while-revalidate=")
    assert answer.headers["content-length"] == str(len(answer.content))
    assert "set-cookie" not in answer.headers
    assert b"<title>Title</title>" in answer.content


@pytest.mark.parametrize(
    ("form", "media_type"),
    [
        ("rss", "application/rss+xml; charset=utf-8"),
        ("atom", "application/atom+xml; charset=utf-8"),
        ("json", "application/feed+json"),
    ],
)
def test_each_format_has_its_media_type_whatever_is_accepted(server: FeedServer, form: str, media_type: str) -> None:
    assert ask(server, f"/feeds/all.{form}", {"accept": "text/html"}).headers["content-type"] == media_type


def test_a_browser_gets_the_same_bytes_as_xml_that_it_can_style(server: FeedServer) -> None:
    for path in ("/feeds/all.rss", "/feeds/all.atom"):
        plain, opened = ask(server, path), ask(server, path, {**PLAIN, "sec-fetch-dest": "document"})
        assert opened.headers["content-type"] == "application/xml; charset=utf-8"
        assert (opened.content, opened.headers["etag"]) == (plain.content, plain.headers["etag"])
        assert b'<?xml-stylesheet type="text/css" href="https://news.example.org/static/feed.css"?>' in opened.content
    assert (
        ask(server, "/feeds/all.json", {"sec-fetch-dest": "document"}).headers["content-type"]
        == "application/feed+json"
    )


def test_a_coding_has_its_own_strong_tag(server: FeedServer) -> None:
    plain, packed, smallest = (ask(server, headers=headers) for headers in (PLAIN, PACKED, SMALLEST))
    assert [answer.headers.get("content-encoding") for answer in (plain, packed, smallest)] == [None, "gzip", "br"]
    assert packed.content == smallest.content == plain.content
    assert int(smallest.headers["content-length"]) < int(packed.headers["content-length"]) < len(plain.content)
    tag = plain.headers["etag"][:-1]
    assert [packed.headers["etag"], smallest.headers["etag"]] == [f'{tag}-gz"', f'{tag}-br"']


def test_an_unchanged_feed_is_not_sent_again(server: FeedServer) -> None:
    for coding in (PLAIN, PACKED, SMALLEST):
        first = ask(server, headers=coding)
        again = ask(server, headers={**coding, "if-none-match": first.headers["etag"]})
        assert again.status_code == 304
        assert again.content == b""
        for name in ("etag", "last-modified", "cache-control", "vary"):
            assert again.headers[name] == first.headers[name]
        assert "content-length" not in again.headers


def test_conditions_are_read_as_http_says(server: FeedServer) -> None:
    tag = ask(server).headers["etag"]
    for condition in (tag, f"W/{tag}", f'"other", {tag}', f'"a,b" , W/{tag},"c"', "*", " * "):
        assert ask(server, headers={**PLAIN, "if-none-match": condition}).status_code == 304, condition
    for condition in ('"other"', tag.strip('"'), "", '"', tag[:-1] + '-gzip"'):
        assert ask(server, headers={**PLAIN, "if-none-match": condition}).status_code == 200, condition


def test_a_header_that_comes_twice_is_one_list(server: FeedServer) -> None:
    tag = ask(server).headers["etag"]
    others = [("accept-encoding", "identity"), ("x-first", "1"), ("x-first", "2")]
    for conditions in ((tag, '"other"'), ('"other"', tag)):
        twice = [*others, *(("if-none-match", one) for one in conditions)]
        assert ask(server, headers=twice).status_code == 304, conditions
    assert (
        ask(server, headers=[("accept-encoding", "gzip;q=0"), ("accept-encoding", "br")]).headers["content-encoding"]
        == "br"
    )


def test_a_client_that_holds_another_coding_of_the_same_feed_keeps_it(server: FeedServer) -> None:
    tag = ask(server, headers=PACKED).headers["etag"]
    answer = ask(server, headers={**PLAIN, "if-none-match": tag})
    assert (answer.status_code, answer.headers["etag"]) == (304, tag)


def test_a_date_counts_only_when_no_tag_is_named(server: FeedServer) -> None:
    modified = ask(server).headers["last-modified"]
    later, earlier = "Sat, 07 Nov 2026 07:30:00 GMT", "Fri, 06 Nov 2026 07:29:59 GMT"
    for date, status in ((modified, 304), (later, 304), (earlier, 200), ("yesterday", 200), ("", 200)):
        assert ask(server, headers={**PLAIN, "if-modified-since": date}).status_code == status, date
    both = {**PLAIN, "if-modified-since": modified, "if-none-match": '"other"'}
    assert ask(server, headers=both).status_code == 200


def test_head_has_the_headers_of_get_and_no_body(server: FeedServer) -> None:
    for path in ("/feeds/all.atom", "/feeds/none.atom"):
        get, head = ask(server, path), ask(server, path, method="HEAD")
        assert head.headers == get.headers
        assert head.status_code == get.status_code
        assert head.content == b""


def test_nothing_but_reading_is_allowed(server: FeedServer) -> None:
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        answer = ask(server, method=method)
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


def test_an_unknown_feed_is_not_found_and_a_removed_one_is_gone(server: FeedServer, database: Database) -> None:
    assert ask(server, "/feeds/topics/none.rss").status_code == 404
    with database.write() as session:
        retire_documents(session, ["/feeds/all"])
    server.refresh()
    assert ask(server).status_code == 410


def test_a_change_is_served_after_the_next_look(server: FeedServer, database: Database) -> None:
    before = ask(server)
    publish(database, "News")
    assert ask(server).content == before.content
    server.refresh()
    after = ask(server, headers={**PLAIN, "if-none-match": before.headers["etag"]})
    assert after.status_code == 200
    assert b"<title>News</title>" in after.content


def test_the_last_good_bytes_are_served_when_the_database_is_gone_and_that_is_logged_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'gone.db'}"
    database = open_database(url)
    server = a_server(database)
    with capture_logs() as logs:
        server.refresh()  # no tables yet
        server.refresh()
    assert [entry["event"] for entry in logs] == ["feeds_not_refreshed"]
    answer = ask(server)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    database.close()


def test_served_bytes_survive_the_loss_of_the_tables(server: FeedServer, database: Database) -> None:
    before = ask(server)
    with database.write() as session:
        session.connection().exec_driver_sql("ALTER TABLE feed_document RENAME TO elsewhere")
    with capture_logs() as logs:
        server.refresh()
        server.refresh()
        assert ask(server).content == before.content
        with database.write() as session:
            session.connection().exec_driver_sql("ALTER TABLE elsewhere RENAME TO feed_document")
        server.refresh()
    assert [entry["event"] for entry in logs] == ["feeds_not_refreshed", "feeds_refreshed_again"]


@pytest.mark.parametrize(
    ("header", "coding"),
    [
        (b"gzip", GZIP),
        (b"gzip, deflate, br, zstd", BROTLI),
        (b"br;q=0.9, gzip", GZIP),
        (b"GZIP;q=0.5", GZIP),
        (b"*", BROTLI),
        (b"br;q=0, *;q=0.1", GZIP),
        (b"gzip;q=1.0, *;q=0.1", GZIP),
        (b"x-gzip", GZIP),
        (b"identity", IDENTITY),
        (b"identity;q=0, gzip", GZIP),
        (b"identity;q=1, gzip;q=0.5", IDENTITY),
        (b"gzip;q=0", IDENTITY),
        (b"gzip; q=0.000", IDENTITY),
        (b"*;q=0", IDENTITY),
        (b"br;q=0, gzip;q=0, *", IDENTITY),
        (b"br", BROTLI),
        (b"", IDENTITY),
        (b"gzipped", IDENTITY),
        (b"\xff;q=\xff, gzip", GZIP),
    ],
)
def test_a_client_gets_the_coding_it_likes_best(header: bytes, coding: str) -> None:
    assert next(iter(liked_codings(header)), IDENTITY) == coding


def test_feeds_are_ours_and_everything_else_is_the_routers(server: FeedServer) -> None:
    for path in ("/feeds/all.rss", "/feeds/topics/none.atom", "/feeds/sources/radar.json", "/feeds/me/token.rss"):
        assert server.handles(path)
    for path in ("/", "/feeds/", "/feeds/all", "/feeds.opml", "/articles/a.rss"):
        assert not server.handles(path)


def raw_body(server: FeedServer, method: str) -> bytes:
    """What the server hands to ASGI; httpx would unpack it, and drop it from an answer to HEAD."""
    sent: list[MutableMapping[str, Any]] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "method": method, "path": "/feeds/all.rss", "headers": [(b"accept-encoding", b"gzip")]}
    asyncio.run(server(scope, None, send))
    return bytes(sent[1]["body"])


def test_the_bytes_are_those_that_were_stored_and_none_for_head(server: FeedServer) -> None:
    assert gzip.decompress(raw_body(server, "GET")) == ask(server).content
    assert raw_body(server, "HEAD") == b""


def test_a_look_reads_only_what_is_newer(server: FeedServer, database: Database) -> None:
    with database.write() as session:
        session.execute(update(FeedDocumentRow).values(gzip=b"", brotli=b""))
    server.refresh()
    assert ask(server).status_code == 200
