"""`syndication sources`: a look at any address before saving, lists in and out, and a new source's articles in the feeds."""

import json
from collections.abc import Iterator

import pytest

from tests.acceptance.conftest import Service
from tests.support.web_server import Reply, Seen, WebServer, web_server

SITE = b"""<!doctype html><title>Site</title><link rel=alternate type=application/rss+xml title=News href=/news.xml>"""
FEED = b"""<rss version='2.0'><channel><title>The News</title><item><guid isPermaLink='false'>1</guid>
<title>AI agents that plan</title><link>/one</link><pubDate>Mon, 23 Nov 2026 10:00:00 GMT</pubDate></item><item><guid
isPermaLink='false'>2</guid><title>A day without a date</title><link>/two</link></item></channel></rss>"""


def answer(seen: Seen) -> Reply:
    pages = {"/": Reply(200, {"Content-Type": "text/html"}, SITE), "/news.xml": Reply(200, {}, FEED)}
    return pages.get(seen.path, Reply(404))


@pytest.fixture
def publisher() -> Iterator[WebServer]:
    with web_server(answer) as running:
        yield running


def test_a_look_tells_what_would_come_and_saves_nothing(service: Service, publisher: WebServer) -> None:
    said = service.command("sources", "check", publisher.url("/"), "--internal")
    assert "The News" in said
    assert "AI agents that plan" in said
    assert "Nothing was saved." in said
    found = json.loads(service.command("sources", "check", publisher.url("/"), "--internal", "--json"))
    assert (found["url"], found["title"], found["failure"]) == (publisher.url("/news.xml"), "The News", None)
    first, second = found["items"]
    assert first["published_at"] == "2026-11-23T10:00:00+00:00"
    assert [each["topic"] for each in first["topics"]] == ["AI agents"]
    assert first["url"] == publisher.url("/one")
    assert second["published_from"] == "first_seen"
    assert second["repairs"]
    refused = service.command("sources", "check", publisher.url("/"), status=1)
    assert "closed to sources" in refused
    assert "collect.allowed_networks" in refused
    assert "answered with status 404" in service.command(
        "sources", "check", publisher.url("/no"), "--internal", status=1
    ) or "nothing at this address" in service.command("sources", "check", publisher.url("/no"), "--internal", status=1)
    assert service.ask("SELECT slug FROM source") == [("desk",)]


def test_a_list_of_feeds_comes_in_and_is_visited_at_once(service: Service, publisher: WebServer) -> None:
    service.extra["SYNDICATION_COLLECT__ALLOWED_NETWORKS"] = '["127.0.0.0/8"]'
    service.start()
    opml = service.folder / "feeds.opml"
    opml.write_text(
        f'<opml version="2.0"><body><outline type="rss" text="News" xmlUrl="{publisher.url("/news.xml")}"/></body></opml>',
        "utf-8",
    )
    assert "1 feed added, 0 known already" in service.command("sources", "import", str(opml))
    service.wait_until(lambda: "AI agents that plan" in service.get("/feeds/topics/ai-agents.atom").text)
    assert "0 feeds added, 1 known already" in service.command("sources", "import", str(opml))
    assert publisher.url("/news.xml") in service.command("sources", "export")
