"""Documents that mean harm cost no more than a few honest ones of their size."""

import time
from collections.abc import Callable

import pytest

from syndication.collect.drafts import Context, finish
from syndication.collect.feed_tree import read_feed
from syndication.html.sanitise import sanitise
from tests.support.items import NOW

FACTOR = 6
"""What costs more than in proportion to its length costs twenty times as much."""
HONEST = "".join(
    f"<item><guid>{number}</guid><title>Title</title><description>{'&lt;p&gt;Some words.&lt;/p&gt; ' * 120}</description></item>"
    for number in range(75)
)
WHOLE = f"<rss><channel>{HONEST}</channel></rss>"


def read(text: str) -> None:
    found = read_feed(text)
    if found is not None:
        finish(found.drafts, Context(NOW))


def cost(work: Callable[[], object]) -> float:
    """Seconds of this thread's processor time; other processes do not count."""
    begin = time.thread_time()
    work()
    return time.thread_time() - begin


def is_harmless(work: Callable[[], object]) -> bool:
    """Whether it costs no more than a few honest documents, measured beside it; other work on the machine may spoil a try."""
    return any(cost(work) < FACTOR * cost(lambda: read(WHOLE)) for _ in range(3))


HOSTILE = [
    "<rss><channel><item><description>" + "<b>" * 50_000,
    "<rss><channel>" + "<item><title>x</title></item>" * 7_500,
    "<rss><channel><item><title>" + "&" * 125_000,
    "<rss>" + "<![CDATA[" * 25_000,
    "<rss " + 'a="' * 75_000,
    "<rss><channel><item>" + '<x y="' * 25_000,
    "<" * 250_000,
    "<rss " * 50_000,
    "<rss>" + "<!--" * 62_500,
    "<rss><channel><item><description><![CDATA[" + "<div>" * 50_000,
    "<rss>" + "</x>" * 62_500,
    "<rss>" + "<a:b>" * 50_000,
    "<rss><channel>" + "<a/>" * 62_500 + "</channel></rss>",
    "<rss><channel><item>" + "<title/>" * 30_000,
    "<rss><channel><item>" + "<title>" * 35_000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: str(text[:40]))
def test_a_hostile_document_costs_no_more_than_a_few_honest_ones(text: str) -> None:
    assert is_harmless(lambda: read(text))


DEEP = ["<div>" * 25_000, "<b>x" * 25_000, "<table><tr><td>x" * 12_500, "<a href=x>" * 12_500, "<p><b>x" * 12_500]


@pytest.mark.parametrize("html", DEEP, ids=lambda html: str(html[:20]))
def test_deep_nesting_costs_no_more(html: str) -> None:
    assert is_harmless(lambda: sanitise(html, "https://e.org/"))
