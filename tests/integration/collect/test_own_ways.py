"""How a source lets us in: certificates of its own, headers, a log-in, a proxy; and what its robots.txt forbids."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from syndication.collect.fetcher import SourceFetcher
from syndication.domain.source_options import PageRules, SourceOptions
from syndication.domain.sources import Access, Fetched, FetchFailed, FetchResult, Source
from syndication.domain.states import SourceKind
from syndication.net.client import SafeClient
from tests.support.certificates import make_certificate
from tests.support.items import NOW, source
from tests.support.web_server import Reply, Seen, WebServer, web_server

FEED = (
    b"<rss version='2.0'><channel><title>S</title><link>https://e.org/</link>"
    b"<item><guid>1</guid><title>T</title><link>/1</link></item></channel></rss>"
)
SITEMAP = (
    b"<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'><url><loc>http://site.example/a</loc></url></urlset>"
)
LIST = b"<html><body><article><a href='/a'>A heading of a story</a></article></body></html>"
LOG_IN = Access("anna", "geheim", (("X-Key", "42"),), user_agent="House reader/1")


def loopback(host: str, port: int) -> Sequence[str]:
    del host, port
    return ["127.0.0.1"]


def reader() -> SourceFetcher:
    client = SafeClient("Syndication/1 (+https://news.example)", ["127.0.0.0/8"], resolver=loopback)
    return SourceFetcher("Syndication/1", client=client, pause=lambda _: None)


def feed(location: str, access: Access, *, internal: bool = True) -> Source:
    return source(location=location, internal=internal, access=access)


def reason(result: FetchResult) -> str:
    assert isinstance(result, FetchFailed), result
    return result.reason


def test_a_source_behind_a_private_authority_is_read_with_its_certificate_and_not_without(tmp_path: Path) -> None:
    made = make_certificate(tmp_path)
    with web_server(lambda _: Reply(body=FEED), tls=made.server_context()) as server:
        location = f"https://localhost:{server.port}/feed"
        refused = reason(reader().fetch(feed(location, Access()), NOW))
        assert "the certificate of localhost is not trusted" in refused
        assert not server.seen
        trusting = Access(ca=made.certificate.read_text("ascii"))
        assert isinstance(reader().fetch(feed(location, trusting), NOW), Fetched)
        nonsense = reason(reader().fetch(feed(location, Access(ca="nonsense")), NOW))
        assert "certificates given for localhost cannot be used" in nonsense


def test_a_log_in_its_headers_and_the_name_we_go_by_are_sent_to_the_source_alone() -> None:
    with web_server(lambda _: Reply(body=FEED)) as elsewhere, web_server(lambda _: Reply()) as server:
        server.script = lambda _: Reply(302, {"Location": elsewhere.url(host="elsewhere.example")})
        assert isinstance(reader().fetch(feed(server.url(), LOG_IN), NOW), Fetched)
        sent = server.seen[0].headers
        assert (sent["authorization"], sent["x-key"]) == ("Basic YW5uYTpnZWhlaW0=", "42")
        assert sent["user-agent"] == "House reader/1"
        followed = elsewhere.seen[0].headers
        assert not {"authorization", "x-key"} & set(followed)


def test_a_redirect_to_the_same_host_keeps_the_log_in() -> None:
    def script(seen: Seen) -> Reply:
        return Reply(body=FEED) if seen.path == "/new" else Reply(302, {"Location": "/new"})

    with web_server(script) as server:
        assert isinstance(reader().fetch(feed(server.url(), LOG_IN), NOW), Fetched)
        assert [seen.headers.get("x-key") for seen in server.seen] == ["42", "42"]


def test_a_source_behind_a_proxy_is_asked_for_through_it_with_the_proxys_own_log_in() -> None:
    with web_server(lambda _: Reply(body=FEED)) as proxy:
        through = Access("anna", "geheim", proxy=f"http://house:word@127.0.0.1:{proxy.port}")
        assert isinstance(reader().fetch(feed("http://far.example/feed", through), NOW), Fetched)
        (seen,) = proxy.seen
        assert seen.path == "http://far.example/feed"
        assert seen.headers["proxy-authorization"] == "Basic aG91c2U6d29yZA=="
        assert seen.headers["authorization"] == "Basic YW5uYTpnZWhlaW0="


@pytest.mark.parametrize(
    "host",
    [
        "10.0.0.1",
        "169.254.169.254",
        "[::1]",
        "2130706433",
        "0x7f.1",
        "017700000001",
        "127.1",
        "localhost",
        "a.localhost.",
    ],
)
def test_a_proxy_does_not_open_the_house_to_a_number_that_a_document_names(host: str) -> None:
    with web_server(lambda _: Reply(302, {"Location": f"http://{host}/secret"})) as proxy:
        through = Access(proxy=f"http://127.0.0.1:{proxy.port}")
        closed = SourceFetcher("Syndication/1", pause=lambda _: None)
        at = feed("http://far.example/feed", through, internal=False)
        assert "closed to sources" in reason(closed.fetch(at, NOW))
        assert {seen.path for seen in proxy.seen} == {"http://far.example/robots.txt", at.location}


def site(rules: str, status: int = 200) -> Callable[[Seen], Reply]:
    """A site with a feed, a sitemap and a page that lists articles."""
    bodies = {"/sitemap.xml": SITEMAP, "/news": LIST, "/feed": FEED}

    def answer(seen: Seen) -> Reply:
        if seen.path == "/robots.txt":
            return Reply(status, {}, rules.encode())
        return Reply(body=bodies.get(seen.path, b"<p>x</p>"))

    return answer


def on_site(server: WebServer, path: str) -> Source:
    kinds = {"/sitemap.xml": SourceKind.SITEMAP, "/news": SourceKind.PAGE, "/feed": SourceKind.FEED}
    options = {"/news": SourceOptions(page=PageRules(item="article"))}.get(path, SourceOptions())
    return source(location=server.url(path, "site.example"), kind=kinds[path], options=options)


@pytest.mark.parametrize("path", ["/sitemap.xml", "/news"])
@pytest.mark.parametrize("named", ["*", "Syndication"])
def test_a_page_or_sitemap_that_robots_may_not_read_is_not_read(path: str, named: str) -> None:
    with web_server(site(f"User-agent: {named}\nDisallow: {path}\n")) as server:
        assert "asks robots such as this service not to read" in reason(reader().fetch(on_site(server, path), NOW))
        assert [seen.path for seen in server.seen] == ["/robots.txt"]


@pytest.mark.parametrize(("named", "is_read"), [("*", True), ("syndication # us", False), ("Other", True)])
def test_a_feed_is_refused_by_rules_that_name_us_alone(named: str, *, is_read: bool) -> None:
    with web_server(site(f"User-agent: {named}\nDisallow: /\n")) as server:
        assert isinstance(reader().fetch(on_site(server, "/feed"), NOW), Fetched) is is_read


@pytest.mark.parametrize("path", ["/sitemap.xml", "/news"])
def test_a_host_that_cannot_say_what_robots_may_read_is_asked_again_after_ten_minutes(path: str) -> None:
    with web_server(site("", 503)) as server:
        mine = reader()
        said = reason(mine.fetch(on_site(server, path), NOW))
        assert "cannot say what robots may read" in said
        assert "status 503" in said
        server.script = site("")
        assert "cannot say" in reason(mine.fetch(on_site(server, path), NOW + timedelta(minutes=9)))
        assert isinstance(mine.fetch(on_site(server, path), NOW + timedelta(minutes=11)), Fetched)


def test_a_host_without_rules_allows_everything_and_is_asked_once_a_day() -> None:
    with web_server(site("", 404)) as server:
        mine = reader()
        for hours in (0, 1, 23, 25):
            assert isinstance(mine.fetch(on_site(server, "/news"), NOW + timedelta(hours=hours)), Fetched)
        assert [seen.path for seen in server.seen].count("/robots.txt") == 2


def test_an_internal_source_is_the_admins_own_and_asks_nobody() -> None:
    with web_server(site("User-agent: *\nDisallow: /\n")) as server:
        assert isinstance(reader().fetch(replace(on_site(server, "/news"), internal=True), NOW), Fetched)
        assert [seen.path for seen in server.seen] == ["/news"]
