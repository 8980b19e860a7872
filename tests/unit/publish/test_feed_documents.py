"""Published feeds are read back by parsers that did not write them."""

import gzip
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import feedparser
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from syndication.domain.feeds import Feed, FeedFormat, FeedTopic
from syndication.publish.documents import document, documents
from tests.support.feeds import AT, ORIGIN, PUBLIC_URL, a_feed, an_item, nasty_feed

Parsed = Any  # what feedparser and json answer has no types
DATA = Path(__file__).parents[2] / "data" / "publish"
ATOM = "{http://www.w3.org/2005/Atom}"
RSS_ORDER = ["title", "link", "description", "{http://purl.org/rss/1.0/modules/content/}encoded"]
LOGO = f"{PUBLIC_URL}/pictures/logo.png"
FEEDS: list[Callable[[], Feed]] = [a_feed, lambda: a_feed(an_item(1), an_item(2), logo=LOGO), nasty_feed]


def parsed(feed: Feed, form: FeedFormat) -> Parsed:
    return feedparser.parse(document(feed, form).body)


def as_json(feed: Feed) -> Parsed:
    return json.loads(document(feed, FeedFormat.JSON).body)


def relax_ng() -> etree.RelaxNG:
    return etree.RelaxNG(etree.parse(DATA / "atom.rng"))


@pytest.mark.parametrize("feed", FEEDS)
def test_atom_is_valid_against_the_schema_of_rfc_4287(feed: Callable[[], Feed]) -> None:
    schema = relax_ng()
    assert schema.validate(etree.fromstring(document(feed(), FeedFormat.ATOM).body)), schema.error_log


def test_a_logo_stands_in_the_head_of_every_format() -> None:
    feed = a_feed(an_item(), logo=LOGO)
    image = etree.fromstring(document(feed, FeedFormat.RSS).body).find("channel/image")
    assert image is not None
    assert [(child.tag, child.text) for child in image] == [
        ("url", LOGO),
        ("title", feed.title),
        ("link", feed.home_url),
    ]
    assert etree.fromstring(document(feed, FeedFormat.ATOM).body).findtext(f"{ATOM}logo") == LOGO
    assert as_json(feed)["icon"] == LOGO
    assert all(b"image" not in document(a_feed(), form).body for form in FeedFormat)


def test_the_schema_refuses_what_is_wrong() -> None:
    right = document(a_feed(an_item()), FeedFormat.ATOM).body
    for old, new in ((b'type="html"', b'type="CDATA"'), (b"<updated>2026", b"<updated>26"), (b"<id>", b"<id/><id>")):
        assert old in right
        assert not relax_ng().validate(etree.fromstring(right.replace(old, new)))


@pytest.mark.parametrize("feed", FEEDS)
def test_feedparser_reads_rss_and_atom_without_complaint(feed: Callable[[], Feed]) -> None:
    for form in (FeedFormat.RSS, FeedFormat.ATOM):
        assert not parsed(feed(), form).bozo


@pytest.mark.parametrize("feed", FEEDS)
def test_all_formats_hold_the_same_articles_in_the_same_order(feed: Callable[[], Feed]) -> None:
    rss, atom = (
        [(entry.id, entry.link, entry.title) for entry in parsed(feed(), form).entries]
        for form in (FeedFormat.RSS, FeedFormat.ATOM)
    )
    json_feed = [(item["id"], item["url"], item["title"]) for item in as_json(feed())["items"]]
    assert rss == atom == json_feed
    assert [item_id for item_id, _, _ in rss] == [item.id for item in feed().items]


def test_every_atom_entry_has_its_own_id_and_its_own_instant() -> None:
    root = etree.fromstring(document(nasty_feed(), FeedFormat.ATOM).body)
    for name in ("id", "updated"):
        found = [entry.findtext(f"{ATOM}{name}") for entry in root.findall(f"{ATOM}entry")]
        assert len(set(found)) == len(nasty_feed().items)


def test_every_item_has_an_author_in_every_format() -> None:
    feed = nasty_feed()
    for form in (FeedFormat.RSS, FeedFormat.ATOM):
        assert all(entry.author.strip() for entry in parsed(feed, form).entries)
    assert all(item["authors"][0]["name"] and item["author"] == item["authors"][0] for item in as_json(feed)["items"])


def test_every_address_is_absolute() -> None:
    addresses = re.compile(rb'(?:href|src|url|"[a-z_]*url")[=:]"([^"]*)"|<link>([^<]*)</link>')
    for made in documents(nasty_feed()):
        found = [first or second for first, second in addresses.findall(made.body)]
        assert found
        assert all(re.match(rb"https?://[a-z0-9.-]+(/|$)", address) for address in found)


def test_rss_has_the_summary_before_the_content() -> None:
    item = etree.fromstring(document(a_feed(an_item()), FeedFormat.RSS).body).find("channel/item")
    assert item is not None
    assert [child.tag for child in item][:4] == RSS_ORDER
    assert (item[2].text, item[3].text) == ("Summary 1.", "<p>Content <em>1</em></p>")


def test_rss_has_the_content_as_description_when_there_is_no_summary() -> None:
    item = etree.fromstring(document(a_feed(an_item(summary="")), FeedFormat.RSS).body).find("channel/item")
    assert item is not None
    assert item.findtext("description") == "<p>Content <em>1</em></p>"
    assert item.find(RSS_ORDER[3]) is None


def test_rss_gives_credit_to_the_source_and_never_calls_an_id_a_link() -> None:
    item = etree.fromstring(document(a_feed(an_item()), FeedFormat.RSS).body).find("channel/item")
    assert item is not None
    source, guid = item.find("source"), item.find("guid")
    assert source is not None
    assert guid is not None
    assert (source.text, source.get("url")) == ("Radar", ORIGIN.url)
    assert guid.get("isPermaLink") == "false"


def test_a_language_of_its_own_is_said_of_the_entry() -> None:
    feed = a_feed(an_item(1), an_item(2, language="it"))
    entries = etree.fromstring(document(feed, FeedFormat.ATOM).body).findall(f"{ATOM}entry")
    assert [entry.get("{http://www.w3.org/XML/1998/namespace}lang") for entry in entries] == [None, "it"]
    assert [item.get("language") for item in as_json(feed)["items"]] == [None, "it"]


def check_json_feed(feed: Parsed) -> None:
    """What the text of JSON Feed 1.1 demands."""
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert feed["title"]
    assert feed["feed_url"].endswith(".json")
    assert isinstance(feed["items"], list)
    for item in feed["items"]:
        assert isinstance(item["id"], str)
        assert item.get("content_html") or item.get("content_text")
        for name in ("date_published", "date_modified"):
            assert datetime.fromisoformat(item[name]).tzinfo
        for attachment in item.get("attachments", []):
            assert attachment["url"]
            assert attachment["mime_type"]
        assert all(name and isinstance(name, str) for name in item.get("tags", []))
        assert item["_syndication"]["about"]
        assert not any("." in name for name in item)


@pytest.mark.parametrize("feed", FEEDS)
def test_json_feed_is_what_its_text_demands(feed: Callable[[], Feed]) -> None:
    check_json_feed(as_json(feed()))


def test_json_feed_says_why_an_article_is_in_it_and_where_it_was_read() -> None:
    item = as_json(a_feed(an_item(ai_generated=False)))["items"][0]
    assert item["tags"] == ["AI agents"]
    assert item["_syndication"]["topics"] == [
        {"slug": "ai-agents", "title": "AI agents", "terms": ["agent", "tool use"]}
    ]
    assert item["_syndication"]["source"]["title"] == "Radar"
    assert item["_syndication"]["ai_generated"] is False


def test_json_feed_calls_the_original_external_and_our_own_page_not() -> None:
    ours = f"{PUBLIC_URL}/articles/abc"
    original, own = as_json(a_feed(an_item(1), an_item(2, url=ours)))["items"]
    assert original["url"] == original["external_url"] == "https://radar.example/1"
    assert own["url"] == ours
    assert "external_url" not in own


def test_ids_do_not_depend_on_the_public_address() -> None:
    for form in FeedFormat:
        here, there = (document(a_feed(an_item(), public_url=url), form).body for url in (PUBLIC_URL, "http://a.test"))
        assert here != there
        ids = re.compile(rb"tag:example[^\"<]+")
        assert ids.findall(here) == ids.findall(there) != []


def test_an_etag_is_strong_and_follows_the_bytes() -> None:
    feed = a_feed(an_item())
    first, again, other = (
        document(feed, FeedFormat.RSS),
        document(feed, FeedFormat.RSS),
        document(feed, FeedFormat.ATOM),
    )
    assert first == again
    assert re.fullmatch(r'"[0-9a-f]{32}"', first.etag)
    assert first.etag != other.etag
    assert first.last_modified == AT
    assert gzip.decompress(first.gzip) == first.body
    assert first.gzip[4:8] == b"\0\0\0\0"


def test_another_process_makes_the_same_bytes() -> None:
    program = (
        "from syndication.publish.documents import documents\n"
        "from tests.support.feeds import nasty_feed\n"
        "print([made.etag for made in documents(nasty_feed())])"
    )
    root = Path(__file__).parents[3]
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "TZ": "Asia/Tokyo"}
        printed = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-c", program], cwd=root, env=environment, capture_output=True, text=True, check=True
        ).stdout
        assert printed.strip() == str([made.etag for made in documents(nasty_feed())])


@given(st.text(), st.text(), st.text(), st.lists(st.text()), st.text())
def test_no_text_breaks_a_feed(title: str, summary: str, content: str, authors: list[str], tag: str) -> None:
    topics = (FeedTopic("t", tag, (tag,)),)
    feed = a_feed(
        an_item(title=title, summary=summary, content=content, authors=tuple(authors), topics=topics), title=title
    )
    rss, atom, json_feed = documents(feed)
    assert etree.fromstring(rss.body).findtext("channel/item/guid")
    assert relax_ng().validate(etree.fromstring(atom.body))
    check_json_feed(json.loads(json_feed.body))


def test_a_feed_without_a_language_says_none() -> None:
    for made in documents(a_feed(an_item(language=""), language="")):
        assert b"language" not in made.body
        assert b"xml:lang" not in made.body
