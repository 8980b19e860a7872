"""Nothing that executes, loads or tells anybody anything survives."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html as lxml_html

from syndication.html.sanitise import sanitise
from syndication.html.text import plain_text
from tests.support.attacks import ATTACKS

BASE = "https://example.org/blog/post"


def assert_harmless(clean: str) -> None:
    if not clean:
        return
    for element in lxml_html.fragment_fromstring(clean, create_parent="section").iter():
        assert element.tag in ALLOWED, clean
        for name, value in element.attrib.items():
            assert name in {"href", "title", "start", "colspan", "rowspan", "datetime", "dir", "lang", "rel"}, clean
            if name == "href":
                assert re.match(r"(?:https?://|mailto:)", str(value)), clean


ALLOWED = set(
    "section a abbr b bdi bdo blockquote br caption cite code dd del details dfn div dl dt em figcaption figure h2 h3 h4 h5"  # noqa: SIM905 - a list of words
    " h6 hr i ins kbd li mark ol p pre q rp rt ruby s samp small strong sub summary sup table tbody td tfoot th thead time"
    " tr u ul var wbr".split()
)


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_comes_to_nothing(attack: str) -> None:
    assert_harmless(sanitise(attack, BASE))


@given(
    st.lists(st.sampled_from([*ATTACKS, "<p>", "</p>", "<b>", "</div>", "<table>", "<!--", "-->", "'", '"', ">", "x"]))
)
def test_attacks_in_any_mixture_come_to_nothing(parts: list[str]) -> None:
    assert_harmless(sanitise("".join(parts), BASE))


@given(
    st.lists(
        st.sampled_from([*ATTACKS, "<p>", "</p>", "<a href=/x>", "<img src=/y alt=z>", "<ul><li>", "<h1>", "x & y"])
    )
)
def test_sanitising_twice_loses_no_word(parts: list[str]) -> None:
    once = sanitise("".join(parts), BASE)
    assert plain_text(sanitise(once, BASE)).split() == plain_text(once).split()


def test_ordinary_html_stays_as_it_is() -> None:
    html = "<p>One <em>two</em> <strong>three</strong><br>four</p>\n<ul><li>five</li></ul><pre><code>six\n  seven</code></pre>"
    assert sanitise(html, BASE) == html


def test_links_become_absolute_and_give_nothing_away() -> None:
    assert sanitise('<a href="../about?a=1&amp;b=2">x</a>', BASE) == (
        '<a href="https://example.org/about?a=1&amp;b=2" rel="noopener nofollow">x</a>'
    )
    assert 'href="https://cdn.example/x"' in sanitise('<a href="//cdn.example/x">x</a>', BASE)


def test_a_relative_link_without_a_base_is_plain_text() -> None:
    assert sanitise('<p>see <a href="/about">about</a></p>', "") == "<p>see about</p>"
    assert 'href="https://e.org/"' in sanitise('<a href="https://e.org/">x</a>', "")


def test_an_image_becomes_a_link_with_its_words() -> None:
    assert sanitise('<p><img src="/a b.png" alt="A chart"></p>', BASE) == (
        '<p><a href="https://example.org/a%20b.png" rel="noopener nofollow">A chart</a></p>'
    )
    assert sanitise('<p>x<img src="/spacer.gif"></p>', BASE) == "<p>x</p>"
    assert sanitise('<a href="/q"><img src="/a.png" alt="chart"></a>', BASE).count("<a ") == 1


def test_headings_begin_at_the_second_level() -> None:
    assert sanitise("<h1>x</h1>", BASE) == "<h2>x</h2>"


def test_control_and_bidi_characters_are_gone_even_when_written_as_references() -> None:
    assert sanitise("<p title='&#2;'>a&#2;b&#x202e;c&#3;</p>", BASE) == "<p>abc</p>"


@pytest.mark.parametrize("html", ["", "   ", "<!-- only a comment -->", "<script>x</script>"])
def test_nothing_stays_nothing(html: str) -> None:
    assert sanitise(html, BASE) == ""
