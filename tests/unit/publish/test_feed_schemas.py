"""Every kind of document, with the content that breaks feeds, against the schemas and the rules validators check."""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from lxml import etree

from syndication.domain.feeds import Feed, FeedFormat
from syndication.publish.documents import document
from tests.support.feeds import PUBLIC_URL, a_feed, an_item, nasty_feed

DATA = Path(__file__).parents[2] / "data" / "publish"
ATOM = "{http://www.w3.org/2005/Atom}"
HISTORY = "{http://purl.org/syndication/history/1.0}"
HUBS = ("https://hub.example/",)
KINDS = {
    "plain": a_feed(an_item(1), an_item(2)),
    "empty": a_feed(),
    "nasty": nasty_feed(),
    "hubs": a_feed(an_item(), hubs=HUBS, older="/feeds/all/archive/2"),
    "archive": a_feed(an_item(), path="/feeds/all/archive/2", older="/feeds/all/archive/1", current="/feeds/all"),
    "summary": a_feed(an_item(content=""), query="?content=summary"),
}


def tree(feed: Feed, form: FeedFormat) -> etree._Element:
    return etree.fromstring(document(feed, form).body)


def complaints(feed: Feed) -> Iterator[str]:
    """What the profile of the RSS Advisory Board forbids."""
    channel = tree(feed, FeedFormat.RSS)[0]
    for name in ("title", "link", "description"):
        if not channel.findtext(name):
            yield f"channel without {name}"
    own = [link.get("href") for link in channel.findall(f"{ATOM}link") if link.get("rel") == "self"]
    if own != [feed.self_url(FeedFormat.RSS)]:
        yield f"self link {own}"
    items = channel.findall("item")
    if len({item.findtext("guid") for item in items}) != len(items):
        yield "a guid twice"
    for item in items:
        yield from item_faults(item)


def item_faults(item: etree._Element) -> Iterator[str]:
    """What is wrong with one item."""
    tags = [child.tag for child in item]
    encoded = "{http://purl.org/rss/1.0/modules/content/}encoded"
    date = item.findtext("pubDate") or ""
    checks = {
        "markup in the title": re.search(r"</\w+>|&(amp|lt|gt|#\d+);", item.findtext("title") or ""),
        "two enclosures": len(item.findall("enclosure")) > 1,
        "relative link": not re.match(r"https?://", item.findtext("link") or ""),
        "author without address": item.find("author") is not None,
        "no creator": not item.findtext("{http://purl.org/dc/elements/1.1/}creator"),
        f"date {date!r}": not re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", date),
        "wrong day of the week": f"{parsedate_to_datetime(date):%a}" != date[:3],
        "content before description": encoded in tags and tags.index("description") > tags.index(encoded),
    }
    yield from (fault for fault, is_wrong in checks.items() if is_wrong)


@pytest.mark.parametrize("kind", KINDS)
def test_rss_is_as_the_profile_wants_it(kind: str) -> None:
    assert list(complaints(KINDS[kind])) == []


@pytest.mark.parametrize("kind", KINDS)
def test_atom_is_valid_and_its_entries_have_instants_and_ids_of_their_own(kind: str) -> None:
    root = tree(KINDS[kind], FeedFormat.ATOM)
    schema = etree.RelaxNG(etree.parse(DATA / "atom.rng"))
    assert schema.validate(root), schema.error_log
    for name in ("id", "updated"):
        found = [entry.findtext(f"{ATOM}{name}") for entry in root.findall(f"{ATOM}entry")]
        assert len(set(found)) == len(found)
    assert datetime.fromisoformat(root.findtext(f"{ATOM}updated") or "").tzinfo


def schema() -> Any:  # noqa: ANN401 - a JSON document
    return json.loads((DATA / "json_feed.schema.json").read_text("utf-8"))


@pytest.mark.parametrize("kind", KINDS)
def test_json_feed_is_valid_against_its_schema(kind: str) -> None:
    jsonschema.validate(json.loads(document(KINDS[kind], FeedFormat.JSON).body), schema())


@pytest.mark.parametrize(
    ("place", "value"), [("version", "1.1"), ("items", [{"id": 1}]), ("feed_url", "/all.json"), ("x", 1)]
)
def test_the_schema_of_json_feed_refuses_what_is_wrong(place: str, value: object) -> None:
    right = json.loads(document(KINDS["plain"], FeedFormat.JSON).body)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**right, place: value}, schema())


def test_heads_name_hubs_archives_and_the_newest_articles() -> None:
    for form in (FeedFormat.RSS, FeedFormat.ATOM):
        links = {
            (link.get("rel"), link.get("href"))
            for link in tree(KINDS["hubs"], form).iter(f"{ATOM}link")
            if link.get("rel")
        }
        assert {("hub", HUBS[0]), ("prev-archive", f"{PUBLIC_URL}/feeds/all/archive/2.{form}")} <= links
        page = tree(KINDS["archive"], form)
        assert len(list(page.iter(f"{HISTORY}archive"))) == 1
        assert ("current", f"{PUBLIC_URL}/feeds/all.{form}") in {
            (link.get("rel"), link.get("href")) for link in page.iter(f"{ATOM}link")
        }
