"""Documents that mean harm cost no more than a few honest ones of their size."""

import time
from collections.abc import Callable

import pytest

from syndication.collect.drafts import Context, finish
from syndication.collect.feed_tree import read_feed
from syndication.html.sanitise import sanitise
from tests.support.items import NOW

FACTOR = 6
"""What costs more than in proportion to its length costs a hundred times as much."""
HONEST = "".join(
    f"<item><guid>{number}</guid><title>Title</title><description>{'&lt;p&gt;Some words.&lt;/p&gt; ' * 120}</description></item>"
    for number in range(300)
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
    """Whether it costs no more than some honest megabytes, measured beside it; other work on the machine may spoil a try."""
    return any(cost(work) < FACTOR * cost(lambda: read(WHOLE)) for _ in range(3))


HOSTILE = [
    "<rss><channel><item><description>" + "<b>" * 200_000,
    "<rss><channel>" + "<item><title>x</title></item>" * 30_000,
    "<rss><channel><item><title>" + "&" * 500_000,
    "<rss>" + "<![CDATA[" * 100_000,
    "<rss " + 'a="' * 300_000,
    "<rss><channel><item>" + '<x y="' * 100_000,
    "<" * 1_000_000,
    "<rss " * 200_000,
    "<rss>" + "<!--" * 250_000,
    "<rss><channel><item><description><![CDATA[" + "<div>" * 200_000,
    "<rss>" + "</x>" * 250_000,
    "<rss>" + "<a:b>" * 200_000,
    "<rss><channel>" + "<a/>" * 250_000 + "</channel></rss>",
    "<rss><channel><item>" + "<title/>" * 120_000,
    "<rss><channel><item>" + "<title>" * 140_000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: str(text[:40]))
def test_a_hostile_megabyte_costs_no_more_than_a_few_honest_ones(text: str) -> None:
    assert is_harmless(lambda: read(text))


DEEP = ["<div>" * 100_000, "<b>x" * 100_000, "<table><tr><td>x" * 50_000, "<a href=x>" * 50_000, "<p><b>x" * 50_000]


@pytest.mark.parametrize("html", DEEP, ids=lambda html: str(html[:20]))
def test_deep_nesting_costs_no_more(html: str) -> None:
    assert is_harmless(lambda: sanitise(html, "https://e.org/"))
