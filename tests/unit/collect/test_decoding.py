"""Bytes of unknown encoding."""

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndication.collect.decoding import decode

WORDS = "Größe € naïve"
RSS = "application/rss+xml"


@pytest.mark.parametrize(
    "body",
    [
        codecs.BOM_UTF8 + WORDS.encode(),
        codecs.BOM_UTF16_LE + WORDS.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + WORDS.encode("utf-16-be"),
        codecs.BOM_UTF32_LE + WORDS.encode("utf-32-le"),
        codecs.BOM_UTF32_BE + WORDS.encode("utf-32-be"),
    ],
)
def test_a_byte_order_mark_decides(body: bytes) -> None:
    assert decode(body, f"{RSS}; charset=iso-8859-1") == WORDS


def test_utf8_bytes_win_over_every_declaration() -> None:
    document = f'<?xml version="1.0" encoding="iso-8859-1"?><rss>{WORDS}</rss>'
    assert decode(document.encode(), "text/xml; charset=us-ascii") == document


def test_bytes_that_are_not_utf8_are_what_the_header_says() -> None:
    assert decode("Привет".encode("windows-1251"), "text/xml; charset=windows-1251") == "Привет"


def test_bytes_that_are_not_utf8_are_what_the_document_says() -> None:
    document = '<?xml version="1.0" encoding="windows-1251"?><rss>Привет</rss>'
    assert decode(document.encode("windows-1251")) == document
    page = '<meta charset="shift_jis"><p>日本</p>'
    assert decode(page.encode("shift_jis")) == page


def test_latin_1_means_windows_1252() -> None:
    assert decode(WORDS.encode("cp1252"), "text/xml; charset=iso-8859-1") == WORDS
    assert decode(WORDS.encode("cp1252")) == WORDS


def test_utf16_without_a_mark_is_recognised_by_its_first_letters() -> None:
    document = "<?xml version='1.0'?><rss/>"
    assert decode(document.encode("utf-16-le")) == document
    assert decode(document.encode("utf-16-be")) == document


@pytest.mark.parametrize(
    "charset", ["hex", "zip", "rot13", "unicode_escape", "idna", "punycode", "no-such-thing", "undefined"]
)
def test_a_codec_that_is_no_encoding_is_not_used(charset: str) -> None:
    assert decode(b"\xe9\\n", f"text/xml; charset={charset}") == "é\\n"


@given(st.binary(max_size=200), st.text(max_size=40))
def test_any_bytes_are_text(body: bytes, content_type: str) -> None:
    assert isinstance(decode(body, content_type), str)
