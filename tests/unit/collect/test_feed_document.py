"""Feeds of every quality → items, with the traps that feeds set."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syndication.collect.decoding import decode
from syndication.collect.drafts import Context, finish
from syndication.collect.feed_document import FeedDocument
from syndication.collect.feed_tree import read_feed
from syndication.domain.articles import DateOrigin, Enclosure, Item, beyond
from tests.support.items import NOW


def rss(*items: str, head: str = "") -> str:
    return (
        '<?xml version="1.0"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:media="http://search.yahoo.com/mrss/"><channel>'
        f"<title>Site</title><link>https://e.org/</link>{head}{''.join(f'<item>{one}</item>' for one in items)}</channel></rss>"
    )


def document(text: str) -> FeedDocument:
    found = read_feed(text)
    assert found is not None
    return found


def items(text: str, base_url: str = "https://e.org/feed.xml") -> Sequence[Item]:
    found = document(text)
    return finish(found.drafts, Context(NOW, base_url, found.language))


def one(text: str, base_url: str = "https://e.org/feed.xml") -> Item:
    (found,) = items(text, base_url)
    return found


def test_an_rss_item_is_read_whole() -> None:
    found = one(
        rss(
            "<guid isPermaLink='false'>7</guid><title>T</title><link>https://e.org/7</link>"
            "<pubDate>Mon, 23 Nov 2026 10:00:00 CEST</pubDate><description>Short.</description>"
            "<content:encoded><![CDATA[<p>Long <a href='x'>text</a>.</p>]]></content:encoded>"
            "<category>a</category><category>b</category><dc:creator>Ann</dc:creator>"
            "<enclosure url='/a.mp3' type='audio/mpeg' length='12'/><media:thumbnail url='/t.png'/>"
        )
    )
    assert (found.native_key, found.url, found.title, found.summary) == ("7", "https://e.org/7", "T", "Short.")
    assert found.content == '<p>Long <a href="https://e.org/x" rel="noopener nofollow">text</a>.</p>'
    assert found.published.at == datetime(2026, 11, 23, 8, tzinfo=UTC)
    assert (found.tags, found.authors, found.image_url) == (("a", "b"), ("Ann",), "https://e.org/t.png")
    assert found.enclosures == (Enclosure("https://e.org/a.mp3", "audio/mpeg", 12),)


def test_an_atom_entry_is_read_whole() -> None:
    found = one(
        '<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="it" xml:base="https://e.org/blog/"><title>S</title>'
        '<entry><id>urn:1</id><title type="html">A &amp;amp; B</title><link href="post"/>'
        "<published>2026-11-20T10:00:00Z</published><updated>2026-11-21T10:00:00Z</updated><author><name>Ann</name></author>"
        '<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Ciao <a href="q">q</a></p></div></content>'
        "</entry></feed>"
    )
    assert (found.native_key, found.url, found.title, found.language) == (
        "urn:1",
        "https://e.org/blog/post",
        "A & B",
        "it",
    )
    assert found.content == '<p>Ciao <a href="https://e.org/blog/q" rel="noopener nofollow">q</a></p>'
    assert found.published.at == datetime(2026, 11, 20, 10, tzinfo=UTC)
    assert found.updated_at == datetime(2026, 11, 21, 10, tzinfo=UTC)


def test_rdf_is_read() -> None:
    found = one(
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="https://e.org/"><title>S</title></channel>'
        '<item rdf:about="https://e.org/1"><title>T</title><link>https://e.org/1</link><dc:date>2026-11-20</dc:date></item>'
        "</rdf:RDF>"
    )
    assert (found.title, found.url) == ("T", "https://e.org/1")
    assert found.published.at == datetime(2026, 11, 20, tzinfo=UTC)


@pytest.mark.parametrize("version", ["0.91", "0.92", "0.94"])
def test_old_rss_is_read(version: str) -> None:
    text = f'<rss version="{version}"><channel><title>S</title><item><title>T</title><link>https://e.org/1</link></item></channel></rss>'
    assert one(text).title == "T"


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("AT&T", "AT&T"),
        ("AT&amp;T", "AT&T"),
        ("AT&amp;amp;T", "AT&T"),
        ("a &lt;b&gt;bold&lt;/b&gt; word", "a bold word"),
        ("5 &lt; 6", "5 < 6"),
        ("one&nbsp;two&mdash;three", "one two—three"),
        ("&undefined; x", "&undefined; x"),
        ("<![CDATA[A <i>b</i> &amp; c]]>", "A b & c"),
        ("a&#2;b&#x202e;c", "abc"),
        ("  two\n lines ", "two lines"),
    ],
)
def test_a_title_is_plain_text_however_it_is_written(written: str, title: str) -> None:
    assert one(rss(f"<guid>1</guid><title>{written}</title>")).title == title


def test_guids_that_repeat_do_not_swallow_articles() -> None:
    found = items(rss(*(f"<guid>same</guid><title>T{n}</title><link>https://e.org/{n}</link>" for n in range(3))))
    assert len({item.native_key for item in found}) == 3


def test_a_guid_does_not_depend_on_the_feeds_own_address() -> None:
    text = rss("<guid>relative/guid</guid><title>T</title>")
    assert one(text, "https://a.org/").native_key == one(text, "https://b.org/").native_key == "relative/guid"


def test_a_relative_link_is_made_absolute_and_told() -> None:
    found = one(rss("<guid>1</guid><title>T</title><link>/a</link>"))
    assert found.url == "https://e.org/a"
    assert "a relative link was made absolute" in found.repairs


def test_an_item_without_a_link_takes_its_enclosure_else_has_none() -> None:
    assert one(rss("<guid>x</guid><title>T</title><enclosure url='https://e.org/a.mp3' type='audio/mpeg'/>")).url == (
        "https://e.org/a.mp3"
    )
    assert one(rss("<guid isPermaLink='false'>x</guid><title>T</title>")).url == ""


def test_a_title_that_is_missing_is_the_first_words() -> None:
    found = one(rss("<guid>1</guid><description>One sentence here. Another one.</description>"))
    assert found.title == "One sentence here."
    assert "no title: the first words are used" in found.repairs


@pytest.mark.parametrize(
    ("description", "title", "summary"),
    [
        ("<p>A short remark</p><p>and what it is about</p>", "A short remark…", "…and what it is about"),
        ("<p>A short remark</p>", "A short remark", ""),
        (f"<p>A short remark</p><p>{'and so on ' * 60}</p>", "A short remark…", ""),
        ("<p>A whole sentence of a remark.</p><p>and more</p>", "A whole sentence of a remark.", "and more"),
    ],
)
def test_first_words_without_an_end_are_marked_as_cut_where_more_follows(
    description: str, title: str, summary: str
) -> None:
    found = one(rss(f"<guid>1</guid><description><![CDATA[{description}]]></description>"))
    assert (found.title, beyond(found.title, found.summary)) == (title, summary)


def test_an_item_that_says_and_points_at_nothing_is_left_out() -> None:
    assert not items(rss("<guid>1</guid><pubDate>Mon, 02 Nov 2026 10:00:00 GMT</pubDate>"))


def test_files_without_words_and_ids_are_articles_of_their_own() -> None:
    files = (f'<enclosure url="https://e.org/{name}.mp3" type="audio/mpeg" length="1"/>' for name in ("one", "two"))
    assert [item.title for item in items(rss("</item><item>".join(files)))] == ["One mp3", "Two mp3"]


def test_a_missing_date_is_first_seen() -> None:
    found = one(rss("<guid>1</guid><title>T</title><pubDate>0000-00-00</pubDate>"))
    assert (found.published.at, found.published.origin) == (NOW, DateOrigin.FIRST_SEEN)


def test_an_authors_address_is_not_kept() -> None:
    found = one(rss("<guid>1</guid><title>T</title><author>ann@e.org (Ann)</author>"))
    assert found.authors == ("Ann",)


def test_a_long_description_is_the_content_and_its_first_sentences_the_summary() -> None:
    found = one(rss(f"<guid>1</guid><title>T</title><description>{'One more sentence here. ' * 50}</description>"))
    assert found.summary == "One more sentence here. One more sentence here."
    assert found.content.count("sentence") == 50


def test_a_new_date_is_no_new_content_but_a_new_word_is() -> None:
    base = "<guid>1</guid><title>T</title><description>{}</description><pubDate>{}</pubDate>"
    first = one(rss(base.format("word", "2026-11-20"))).content_hash
    assert one(rss(base.format("word", "2026-11-21"))).content_hash == first
    assert one(rss(base.format("other", "2026-11-20"))).content_hash != first


def test_of_several_contents_the_longest_counts_and_plain_text_keeps_its_brackets() -> None:
    found = one(
        '<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>1</id><title>T</title><content type="text">a &lt; b</content>'
        "<content type='html'>x</content></entry></feed>"
    )
    assert found.content == "<p>a &lt; b</p>"


def test_a_video_is_no_image() -> None:
    video = "<media:content url='/v.mp4' type='video/mp4'/>"
    assert one(rss(f"<guid>1</guid><title>T</title>{video}")).image_url == ""
    assert one(rss(f"<guid>1</guid><title>T</title>{video}<enclosure url='/i.png' type='image/png'/>")).image_url == (
        "https://e.org/i.png"
    )


def test_scripts_do_not_survive() -> None:
    found = one(
        rss(
            "<guid>1</guid><title>T</title><description>&lt;script&gt;x()&lt;/script&gt;&lt;p onclick='x'&gt;a</description>"
        )
    )
    assert found.content == "<p>a</p>"


def test_only_the_newest_three_hundred_items_are_read() -> None:
    entry = "<guid>{0}</guid><title>T{0}</title><pubDate>2026-{1:02}-{2:02}</pubDate>"
    forward = [entry.format(n, n // 28 % 10 + 1, n % 28 + 1) for n in range(280)] + [
        entry.format(n, 11, 20) for n in range(280, 400)
    ]
    found = items(rss(*forward))
    assert len(found) == 300
    assert found[-1].title == "T399"
    assert items(rss(*reversed(forward)))[0].title == "T399"


def test_a_feeds_own_wish_for_a_pause_is_read() -> None:
    assert document(rss(head="<ttl>90</ttl>")).minutes == 90
    assert document(rss(head="<ttl>x</ttl>")).minutes == 0


def test_an_entity_bomb_does_not_go_off() -> None:
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    bomb = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "lol">{levels}]><rss version="2.0"><channel><title>&l11;</title></channel></rss>'
    assert document(bomb).title == "&l11;"


def test_an_external_entity_is_not_read() -> None:
    text = '<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/hostname">]>' + rss("<guid>1</guid><title>a&x;b</title>")
    assert one(text).title == "a&x;b"


def test_junk_before_and_after_the_feed_is_ignored() -> None:
    assert (
        one("\ufeff\n<b>Warning</b>: x in y.php\n" + rss("<guid>1</guid><title>T</title>") + "<!-- x --> junk").title
        == "T"
    )


def test_a_feed_that_breaks_off_gives_the_items_that_are_whole() -> None:
    text = rss("<guid>1</guid><title>T1</title>", "<guid>2</guid><title>T2</title>")
    cut = text[: text.index("T2") + 2]
    assert [item.title for item in items(cut)] == ["T1"]
    assert document(cut).repairs == ("the document breaks off; its last item was left for the next visit",)


def test_utf8_bytes_win_over_a_wrong_declaration() -> None:
    text = rss("<guid>1</guid><title>Größe</title>").replace('version="1.0"', 'version="1.0" encoding="iso-8859-1"', 1)
    assert one(decode(text.encode(), "text/xml")).title == "Größe"


@pytest.mark.parametrize(
    "text", ["", "x", "<rss", "<html><body>x</body></html>", '{"a": 1}', "/etc/passwd", "http://127.0.0.1/"]
)
def test_what_is_no_feed_is_none(text: str) -> None:
    assert read_feed(text) is None


PARTS = [
    *(
        "<rss>",
        "<channel>",
        "<item>",
        "</item>",
        "<title>",
        "</title>",
        "<feed xmlns='http://www.w3.org/2005/Atom'>",
        "<entry>",
    ),
    *("<link href='x'/>", "<guid>", "<![CDATA[", "]]>", "&", "&amp;", "&#0;", "&nbsp;", "<pubDate>x", "<x:y>"),
    *("\x00", "\ud800", "é"),
]


@settings(max_examples=60)
@given(st.lists(st.one_of(st.sampled_from(PARTS), st.text(max_size=5)), max_size=30))
def test_any_text_is_read_or_refused(parts: list[str]) -> None:
    found = read_feed("".join(parts))
    if found is not None:
        for item in finish(found.drafts, Context(NOW, "https://e.org/")):
            assert item.title
            assert item.published.at <= NOW


@settings(max_examples=60)
@given(st.binary(max_size=300), st.sampled_from([b"", b"<rss><channel><item>", b"<feed><entry>"]))
def test_any_bytes_are_read_or_refused(body: bytes, begin: bytes) -> None:
    found = read_feed(decode(begin + body))
    assert found is None or finish(found.drafts, Context(NOW)) is not None


def test_an_item_whose_letters_tell_its_language_is_not_in_that_of_the_feed() -> None:
    words = "<title>وكلاء الذكاء الاصطناعي AI agents</title><description>يعمل الوكيل على خادم محلي.</description>"
    english = "<title>Agents at work</title><description>The agent is at work on a server.</description>"

    found = items(rss(words, english, head="<language>en</language>"))

    assert [item.language for item in found] == ["ar", "en"]
