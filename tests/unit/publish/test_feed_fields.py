"""Feed → fitted feed: what every format may rely on."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from syndication.html import characters
from syndication.publish.fit import absolute_url, clean_line, clean_text, distinct, fitted, plain_line
from tests.support.feeds import AT, a_feed, an_item


@pytest.mark.parametrize(
    ("title", "plain"),
    [
        ("<b>Bold</b> news", "Bold news"),
        ("AT&amp;T", "AT&T"),
        ("&lt;b&gt;Bold&lt;/b&gt;", "Bold"),
        ("vector<int> and x < y", "vector<int> and x < y"),
        ("Q&A;", "Q&A;"),
        (" two\n lines ", "two lines"),
        ("bell\x07 and \ud800", "bell and"),
    ],
)
def test_a_title_that_looks_like_markup_becomes_its_words(title: str, plain: str) -> None:
    assert plain_line(title) == plain


@given(st.text())
def test_every_text_can_stand_in_xml_once_it_is_plain(text: str) -> None:
    element = etree.Element("title")
    element.text = plain_line(text)
    assert etree.fromstring(etree.tostring(element)).text == (plain_line(text) or None)


@given(st.text() | st.text(alphabet=" ab\n\t\x00\u00a0\u202e\ufeff"))
def test_the_fast_way_cleans_as_the_slow_one(text: str) -> None:
    assert clean_text(text) == characters.clean_text(text)
    assert clean_line(text) == characters.clean_line(text)


@pytest.mark.parametrize(
    ("url", "absolute"),
    [
        ("https://example.org/a?b=c&d=%20#e", "https://example.org/a?b=c&d=%20#e"),
        ("https://müller.example/straße", "https://xn--mller-kva.example/stra%C3%9Fe"),
        ("https://example.org/a b", "https://example.org/a%20b"),
        ("/relative", ""),
        ("javascript:alert(1)", ""),
        ("https://", ""),
        ("http://[::1", ""),
        (f"https://{'ü' * 70}.example/", ""),
        ("", ""),
    ],
)
def test_an_address_is_an_absolute_uri_or_nothing(url: str, absolute: str) -> None:
    assert absolute_url(url) == absolute


@pytest.mark.parametrize(
    ("title", "summary", "left"),
    [
        ("It has no title.", "It has no title. And it goes on.", "And it goes on."),
        ("All of a short note", "All of a short note", ""),
        ("A title", "A title of its own and a summary.", "A title of its own and a summary."),
    ],
)
def test_a_summary_does_not_say_again_what_the_title_says(title: str, summary: str, left: str) -> None:
    assert fitted(a_feed(an_item(title=title, summary=summary))).items[0].summary == left


def test_a_title_made_of_a_long_summary_ends_between_words_and_the_summary_goes_on_there() -> None:
    (item,) = fitted(a_feed(an_item(title="", summary="All work and no play. " * 9))).items
    assert item.title == "All work and no play. All work and no play. All work and no play. All work and…"
    assert item.summary == "…no play. " + "All work and no play. " * 4 + "All work and no play."


def test_two_articles_of_one_bulk_import_have_distinct_instants_within_the_same_second() -> None:
    first, second = distinct(AT, "tag:a"), distinct(AT, "tag:b")
    assert first != second
    assert first.replace(microsecond=0) == second.replace(microsecond=0) == AT


def test_an_article_looks_the_same_in_every_feed_that_holds_it() -> None:
    alone, in_company = fitted(a_feed(an_item(2))), fitted(a_feed(an_item(1), an_item(2), an_item(3)))
    assert alone.items[0] == in_company.items[1]


def test_an_article_was_never_changed_before_it_came_out() -> None:
    item = fitted(a_feed(an_item(published_at=AT, updated_at=AT - timedelta(days=1)))).items[0]
    assert item.updated_at >= item.published_at


def test_an_edit_a_second_later_is_later_for_every_reader() -> None:
    before, after = (distinct(datetime(2026, 1, 1, second=second, tzinfo=UTC), "tag:a") for second in (1, 2))
    assert after - before == timedelta(seconds=1)


def test_an_author_is_always_present() -> None:
    assert fitted(a_feed(an_item(authors=("", "\x00")))).items[0].authors == ("Radar",)


def test_an_item_without_title_is_called_by_its_summary_and_else_by_its_address() -> None:
    by_summary, by_address = fitted(a_feed(an_item(title=""), an_item(title="", summary=""))).items
    assert by_summary.title == "Summary 1."
    assert by_address.title == "https://radar.example/1"


def test_an_item_without_any_word_is_called_by_the_page_of_its_feed() -> None:
    (item,) = fitted(a_feed(an_item(url="", title="", summary="", content=""))).items
    assert item.title == item.url == "https://news.example.org/"


def test_a_language_that_is_none_is_left_out() -> None:
    feed = fitted(a_feed(an_item(language="not a language!"), language="?"))
    assert feed.language == feed.items[0].language == ""
