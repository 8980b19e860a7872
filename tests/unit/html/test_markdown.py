"""An editor's Markdown becomes HTML that runs nothing, and plain lines that lose nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndication.html.markdown import from_markdown, markdown_lines


def test_marks_become_tags_and_links() -> None:
    html = from_markdown("# Hi\n\nA **bold** word, [a page](https://example.org/?a=1&b=2).\n\n- one\n- two")

    assert "<h2>Hi</h2>" in html
    assert "<strong>bold</strong>" in html
    assert 'href="https://example.org/?a=1&amp;b=2"' in html
    assert "<li>one</li>" in html


@pytest.mark.parametrize(
    "words", ["See https://a.example/x.", "See (https://a.example/x), now", "<https://a.example/x>"]
)
def test_an_address_that_stands_alone_is_a_link(words: str) -> None:
    assert 'href="https://a.example/x"' in from_markdown(words)


@pytest.mark.parametrize(
    "words", ["<script>alert(1)</script>", "[x](javascript:alert(1))", "![x](https://a.example/p.png)", "<img src=x>"]
)
def test_nothing_runs_and_nothing_is_loaded(words: str) -> None:
    html = from_markdown(words)

    assert "<script" not in html
    assert "<img" not in html
    assert 'href="javascript' not in html


def test_plain_lines_say_where_links_lead() -> None:
    words = "Dear *all*,\nsee [us](https://a.example) or <us@a.example>.\n\n- one\n\n- two\n\n> said"

    assert markdown_lines(words) == [
        "Dear all,",
        "see us (https://a.example) or us@a.example.",
        "- one",
        "- two",
        "said",
    ]
    assert markdown_lines(" \n ") == []


@given(st.text(max_size=200))
def test_whatever_is_written_has_no_control_character_and_no_stray_tag(words: str) -> None:
    html = from_markdown(words)

    assert not {"\x02", "\x03", "\x0e", "\x0f"} & set(html)
    assert not {"\x02", "\x03"} & set("".join(markdown_lines(words)))
    assert "<script" not in html.lower()
