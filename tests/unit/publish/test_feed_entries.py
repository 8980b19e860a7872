"""Entries are written by us: byte for byte what feedgen with lxml, and json, write of the same feed."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndication.domain.articles import Enclosure
from syndication.domain.feeds import Feed, FeedFormat, FeedItem, FeedTopic, Origin
from syndication.publish.documents import document, documents, documents_of
from syndication.publish.fit import fitted
from tests.support.feedgen_entries import by_feedgen
from tests.support.feeds import PUBLIC_URL, a_feed, an_item, nasty_feed

# What has a meaning in XML or JSON, or ends a line, far more often than chance would.
TEXTS: Final = st.text(st.characters(codec="utf-8") | st.sampled_from("&<>\"'\\]/\r\n\t\x7f\x85\u2028é🤖"))
URLS: Final = st.sampled_from(
    ("", "/relative", 'https://e.example/?a=1&b="2"\'', "https://müller.example/ß", f"{PUBLIC_URL}/articles/x")
)
INSTANTS: Final = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
SLUGS: Final = st.from_regex(r"[a-z][a-z0-9-]{0,9}", fullmatch=True)
ITEMS: Final = st.builds(
    FeedItem,
    id=TEXTS.map(lambda text: f"tag:example.org,2026-01-01:{text.encode().hex()}&<>"),
    url=URLS,
    title=TEXTS,
    summary=TEXTS,
    content=TEXTS,
    authors=st.lists(TEXTS, max_size=3).map(tuple),
    topics=st.lists(st.builds(FeedTopic, SLUGS, TEXTS, st.lists(TEXTS, max_size=2).map(tuple)), max_size=2).map(tuple),
    origin=st.builds(Origin, st.just("tag:x,2026-01-01:&"), TEXTS, URLS, INSTANTS, st.booleans()),
    published_at=INSTANTS,
    updated_at=INSTANTS,
    language=st.sampled_from(("", "en", "ar", "not one!")),
    enclosures=st.lists(
        st.builds(Enclosure, URLS, st.sampled_from(("audio/mpeg", "no type")), st.none() | st.integers(0, 2**40)),
        max_size=3,
    ).map(tuple),
    image_url=URLS,
    ai_generated=st.none() | st.booleans(),
)


def json_of(feed: Feed) -> bytes:
    """A fitted feed with its entries as the written ones say, by json alone."""
    written = json.loads(document(feed, FeedFormat.JSON).body)
    return json.dumps(written, ensure_ascii=False, separators=(",", ":")).encode()


@pytest.mark.parametrize("form", [FeedFormat.RSS, FeedFormat.ATOM])
@pytest.mark.parametrize("feed", [nasty_feed(), a_feed(), a_feed(an_item(1), an_item(2, language="de"))])
def test_a_document_has_the_bytes_that_feedgen_writes(form: FeedFormat, feed: Feed) -> None:
    assert document(feed, form).body == by_feedgen(fitted(feed), form)


@given(st.lists(ITEMS, max_size=2), st.sampled_from(("", "en")))
def test_whatever_an_item_holds_its_bytes_are_those_of_feedgen_and_of_json(
    items: list[FeedItem], language: str
) -> None:
    feed = replace(a_feed(*items), language=language)
    ready = fitted(feed)
    for form in (FeedFormat.RSS, FeedFormat.ATOM):
        assert document(feed, form).body == by_feedgen(ready, form)
    assert document(feed, FeedFormat.JSON).body == json_of(feed)


@given(st.lists(ITEMS, min_size=1, max_size=2))
def test_feeds_that_share_articles_have_the_bytes_they_have_alone(items: list[FeedItem]) -> None:
    plain = a_feed(*items)
    home = f"{PUBLIC_URL}/feeds/topics/x/"
    feeds = [
        plain,
        replace(plain, title="X", home_url=home),
        replace(plain, language="ar", public_url="https://e.example"),
    ]
    assert documents_of([*feeds, plain]) == [documents(feed) for feed in [*feeds, plain]]


def test_an_article_of_two_feeds_has_the_same_bytes_in_both() -> None:
    one = a_feed(an_item(1))
    other = replace(one, title="X", home_url=f"{PUBLIC_URL}/feeds/topics/x/")
    assert documents_of([one, other]) == [documents(one), documents(other)]


def test_no_feeds_are_no_documents() -> None:
    assert documents_of([]) == []
