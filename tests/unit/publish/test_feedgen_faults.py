"""Each fault of feedgen 1.0.0 that we close: the bare library has it, ours has not.

A test fails when our repair is taken out, and also when a new feedgen no longer needs it.
"""

import json
import locale
from typing import Any

import pytest
from feedgen.entry import FeedEntry
from feedgen.feed import FeedGenerator
from lxml import etree

from syndication.domain.articles import Enclosure
from syndication.domain.feeds import Feed, FeedFormat
from syndication.publish.documents import document, documents
from syndication.publish.xml import Generator
from tests.support.feeds import AT, a_feed, an_item

Feedgen = Any  # feedgen ships no types
ATOM = "{http://www.w3.org/2005/Atom}"
MEDIA = "{http://search.yahoo.com/mrss/}"
DC = "{http://purl.org/dc/elements/1.1/}"


def rss(feed: Feed) -> bytes:
    return document(feed, FeedFormat.RSS).body


def atom(feed: Feed) -> bytes:
    return document(feed, FeedFormat.ATOM).body


def bare_generator() -> Feedgen:
    generator = FeedGenerator()
    generator.id("tag:x")
    generator.title("News")
    generator.description("What is new.")
    return generator


def bare_entry() -> Feedgen:
    entry = FeedEntry()
    entry.id("tag:y")
    entry.title("Title")
    return entry


def our_generator() -> Feedgen:
    generator = Generator(AT)
    generator.id("tag:x")
    generator.title("News")
    generator.description("What is new.")
    return generator


def channel_of(generator: Feedgen) -> etree._Element:
    return etree.fromstring(generator.rss_str())[0]


def test_row_1_links_of_an_atom_entry_keep_their_attributes() -> None:
    entry = bare_entry()
    entry.link(href="https://radar.example/1", rel="alternate", type="text/html")
    entry.enclosure("https://radar.example/1.mp3", 5, "audio/mpeg")
    assert [dict(link.attrib) for link in entry.atom_entry().findall("link")] == [
        {"href": "https://radar.example/1"},
        {"href": "https://radar.example/1.mp3"},
    ]
    written = etree.fromstring(
        atom(a_feed(an_item(enclosures=(Enclosure("https://radar.example/1.mp3", "audio/mpeg", 5),))))
    )
    assert [dict(link.attrib) for link in written.findall(f"{ATOM}entry/{ATOM}link")] == [
        {"href": "https://radar.example/1", "rel": "alternate", "type": "text/html"},
        {"href": "https://radar.example/1.mp3", "rel": "enclosure", "type": "audio/mpeg", "length": "5"},
    ]


def with_links(generator: Feedgen) -> Feedgen:
    generator.link(href="https://site/", rel="alternate")
    generator.link(href="https://site/feed", rel="self")
    generator.link(href="https://hub/", rel="hub")
    return generator


def test_row_2_the_channel_links_to_its_page_whatever_was_added_last() -> None:
    assert channel_of(with_links(bare_generator())).findtext("link") == "https://hub/"
    assert channel_of(with_links(our_generator())).findtext("link") == "https://site/"


def test_row_3_every_relation_is_in_the_head_of_rss() -> None:
    def relations(generator: Feedgen) -> list[str | None]:
        return [link.get("rel") for link in channel_of(generator).findall(f"{ATOM}link")]

    assert relations(with_links(bare_generator())) == ["self"]
    assert relations(with_links(our_generator())) == ["self", "hub"]


def test_row_4_each_format_names_itself() -> None:
    feed = a_feed(an_item())
    written = [etree.fromstring(write(feed)).find(f".//{ATOM}link[@rel='self']") for write in (rss, atom)]
    assert [link.get("href") for link in written if link is not None] == [
        "https://news.example.org/feeds/all.rss",
        "https://news.example.org/feeds/all.atom",
    ]


def test_row_5_content_is_html_and_never_the_invalid_cdata() -> None:
    entry = bare_entry()
    entry.content("<p>x</p>", type="CDATA")
    assert entry.atom_entry().find("content").get("type") == "CDATA"
    content = etree.fromstring(atom(a_feed(an_item()))).find(f".//{ATOM}content")
    assert content is not None
    assert content.get("type") == "html"


def test_row_6_a_thumbnail_stands_alone() -> None:
    generator = bare_generator()
    generator.link(href="https://site/")
    generator.load_extension("media")
    entry = generator.add_entry()
    entry.title("Title")
    entry.media.thumbnail(url="https://e/1.png")
    assert channel_of(generator).find(f"item/{MEDIA}group") is not None
    for write in (rss, atom):
        root = etree.fromstring(write(a_feed(an_item(image_url="https://e/1.png"))))
        assert root.find(f".//{MEDIA}group") is None
        assert [image.get("url") for image in root.iter(f"{MEDIA}thumbnail")] == ["https://e/1.png"]


def test_row_7_an_author_without_address_is_in_rss() -> None:
    entry = bare_entry()
    entry.author(name="Ada Lovelace")
    assert "Ada" not in etree.tostring(entry.rss_entry(), encoding="unicode")
    item = etree.fromstring(rss(a_feed(an_item(authors=("Ada", "Charles")))))[0].find("item")
    assert item is not None
    assert [creator.text for creator in item.findall(f"{DC}creator")] == ["Ada", "Charles"]
    assert item.find("author") is None


def test_row_8_the_clock_is_nowhere_in_the_bytes() -> None:
    assert bare_generator().updated() != bare_generator().updated()
    feed = a_feed(an_item())
    for write, path in ((rss, "channel/lastBuildDate"), (atom, f"{ATOM}updated")):
        assert etree.fromstring(write(feed)).findtext(path) in {
            "Fri, 06 Nov 2026 07:30:00 GMT",
            "2026-11-06T07:30:00+00:00",
        }


def test_row_9_entries_keep_their_order() -> None:
    generator = bare_generator()
    generator.link(href="https://site/", rel="alternate")
    for title in ("Title 1", "Title 2"):
        entry = bare_entry()
        entry.title(title)
        generator.add_entry(entry)
    assert [item.findtext("title") for item in channel_of(generator).findall("item")] == ["Title 2", "Title 1"]
    written = etree.fromstring(rss(a_feed(an_item(1), an_item(2))))
    assert [item.findtext("title") for item in written.iter("item")] == ["Title 1", "Title 2"]


@pytest.mark.parametrize("character", ["\x00", "\x0b", "\ud800", "\ufffe"])
def test_row_10_an_illegal_character_does_not_kill_the_feed(character: str) -> None:
    entry = bare_entry()
    entry.title(f"a{character}b")
    with pytest.raises(ValueError):  # noqa: PT011 - lxml's own words differ
        entry.rss_entry()
    feed = a_feed(
        an_item(
            title=f"a{character}b", summary=f"a{character}b", content=f"a{character}b", authors=(f"a{character}b",)
        ),
        title=f"a{character}b",
    )
    rss_document, atom_document, json_document = documents(feed)
    assert etree.fromstring(rss_document.body).findtext("channel/title") in {"ab", "a b"}
    assert etree.fromstring(atom_document.body).findtext(f"{ATOM}title") in {"ab", "a b"}
    assert json.loads(json_document.body)["title"] in {"ab", "a b"}


def test_row_12_a_title_holds_no_markup() -> None:
    entry = bare_entry()
    entry.title("<b>Bold</b>")
    assert entry.rss_entry().findtext("title") == "<b>Bold</b>"
    for written in documents(a_feed(an_item(title="<b>Bold</b>"))):
        assert b"Bold" in written.body
        assert b"&lt;/b" not in written.body
        assert b"</b>" not in written.body


def test_row_13_the_origin_has_id_and_date_and_self_link() -> None:
    entry = bare_entry()
    entry.link(href="https://e/1")
    entry.source("https://radar.example/feed.xml", "Radar")
    assert [child.tag for child in entry.atom_entry().find("source")] == ["title", "link"]
    source = etree.fromstring(atom(a_feed(an_item()))).find(f".//{ATOM}source")
    assert source is not None
    assert [child.tag.removeprefix(ATOM) for child in source] == ["id", "title", "updated", "link"]
    assert source[3].items() == [("href", "https://radar.example/feed.xml"), ("rel", "self")]


def test_row_14_the_first_file_is_the_enclosure_of_rss_and_all_are_in_atom_in_their_order() -> None:
    entry = bare_entry()
    entry.enclosure("https://e/1.mp3", 1, "audio/mpeg")
    entry.enclosure("https://e/2.mp3", 2, "audio/mpeg")
    assert entry.rss_entry().find("enclosure").get("url") == "https://e/2.mp3"
    files = (Enclosure("https://e/1.mp3", "audio/mpeg", 1), Enclosure("https://e/2.mp3", "audio/mpeg"))
    feed = a_feed(an_item(enclosures=files))
    enclosures = [dict(found.attrib) for found in etree.fromstring(rss(feed)).iter("enclosure")]
    assert enclosures == [{"url": "https://e/1.mp3", "length": "1", "type": "audio/mpeg"}]
    links = etree.fromstring(atom(feed)).findall(f".//{ATOM}link[@rel='enclosure']")
    assert [link.get("href") for link in links] == ["https://e/1.mp3", "https://e/2.mp3"]


def test_row_16_a_category_is_term_and_label_in_atom_and_label_in_rss() -> None:
    feed = a_feed(an_item())
    category = etree.fromstring(atom(feed)).find(f".//{ATOM}category")
    assert category is not None
    assert category.items() == [("term", "ai-agents"), ("label", "AI agents")]
    assert [found.text for found in etree.fromstring(rss(feed)).iter("category")] == ["AI agents"]


def test_dates_are_written_without_switching_the_locale_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    switched: list[object] = []

    def setlocale(*words: object) -> str:
        switched.append(words)
        return "C"

    monkeypatch.setattr(locale, "setlocale", setlocale)
    entry = bare_entry()
    entry.published(AT)
    entry.rss_entry()
    assert switched
    switched.clear()
    rss(a_feed(an_item()))
    assert not switched
