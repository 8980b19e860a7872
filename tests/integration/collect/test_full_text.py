"""Teasers get the text of their own pages, without the pages' furniture."""

from dataclasses import replace

from syndication.collect.fetcher import SourceFetcher
from syndication.domain.source_options import SourceOptions
from syndication.domain.sources import Fetched
from tests.support.items import NOW, source
from tests.support.web_server import Reply, Seen, web_server

WORDS = "The company has shown a model that developers can run on their own machines, and it answers quickly. "
PAGE = (
    "<!DOCTYPE html><html lang='en'><head><title>A model | Site</title><meta property='og:image' content='/o.png'>"
    '<script type="application/ld+json">{"@type":"NewsArticle","headline":"A model for home",'
    '"datePublished":"2026-11-20T10:00:00Z","author":{"name":"Ann"}}</script></head><body>'
    "<nav><a href='/'>Home</a><a href='/about'>About us</a></nav><article><h1>A model for home</h1>"
    + "".join(f"<p>{WORDS * 3}Part {n}.</p>" for n in range(5))
    + "<p><img src='/chart.png' alt='A chart'></p></article><footer>Copyright, subscribe to our newsletter</footer></body></html>"
)
FEED = (
    "<rss version='2.0'><channel><title>S</title><item><guid>1</guid><title>T</title><link>{}</link>"
    "<description>A short teaser…</description></item></channel></rss>"
)


def visit(page: Reply, *, full_text: bool) -> Fetched:
    def answer(request: Seen) -> Reply:
        if request.path == "/robots.txt":
            return Reply(404)
        return page if request.path == "/a" else Reply(200, {}, FEED.format(server.url("/a")).encode())

    with web_server(lambda _: Reply(404)) as server:
        server.script = answer
        where = replace(source(location=server.url("/feed"), internal=True), options=SourceOptions(full_text=full_text))
        found = SourceFetcher("Test/1", pause=lambda _: None).fetch(where, NOW)
    assert isinstance(found, Fetched), found
    return found


def test_a_teaser_gets_its_pages_text_and_what_the_page_says_of_it() -> None:
    (item,) = visit(Reply(200, {"Content-Type": "text/html"}, PAGE.encode()), full_text=True).items
    assert "Part 4." in item.content
    assert "subscribe to our newsletter" not in item.content
    assert (item.title, item.summary, item.authors) == ("T", "A short teaser…", ("Ann",))
    assert item.published.at.isoformat() == "2026-11-20T10:00:00+00:00"
    assert "the text was read from the article's own page" in item.repairs


def test_pages_are_read_only_where_the_admin_says_so() -> None:
    (item,) = visit(Reply(200, {}, PAGE.encode()), full_text=False).items
    assert item.content == "A short teaser…"


def test_the_sources_own_words_decide_about_changes() -> None:
    answers = {"/a": PAGE.encode(), "/feed": b""}
    with web_server(lambda seen: Reply(200, {}, answers[seen.path]) if seen.path in answers else Reply(404)) as server:
        answers["/feed"] = FEED.format(server.url("/a")).encode()
        where = source(location=server.url("/feed"), internal=True)
        fetcher = SourceFetcher("Test/1", pause=lambda _: None)
        teaser = fetcher.fetch(where, NOW)
        whole = fetcher.fetch(replace(where, options=SourceOptions(full_text=True)), NOW)
    assert isinstance(teaser, Fetched)
    assert isinstance(whole, Fetched)
    assert len(whole.items[0].content) > len(teaser.items[0].content)
    assert whole.items[0].content_hash == teaser.items[0].content_hash
