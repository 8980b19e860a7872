"""Encoding a body once: what a reader gets is what was rendered, in lines that every mail system passes on."""

from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syndication.deliver.encode import LONGEST_VALUE, EncodedBody, encode_body
from syndication.domain.digests import MailBody
from syndication.domain.splice import Splice, fill

VALUES = {
    Splice.UNSUBSCRIBE: "a" * 33,
    Splice.PREFERENCES: "b" * 33,
    Splice.CONFIRM: "c" * LONGEST_VALUE,
    Splice.VIEW: "i12-345-" + "d" * 33,
    Splice.YOURS: "e" * 33,
}
BYTES = {mark: value.encode() for mark, value in VALUES.items()}
TEXT = st.lists(
    st.one_of(
        st.text(st.characters(codec="utf-8", exclude_characters="\x02\x03\r\x00")),
        st.sampled_from([splice.mark for splice in Splice]),
        st.sampled_from(["\n", ".", "..\n.", "From ", "\nFrom me", " ", "=", "x" * 75, "ü" * 40, " \n", "\t\n"]),
    )
).map("".join)
# A text and an HTML part each, with lines that are just full or begin with what mail systems misread.
HARD = [
    ("x" * 75 + Splice.VIEW.mark, "x" * 76),
    ("a " + Splice.VIEW.mark + " \n", "." * 80),
    ("", Splice.VIEW.mark),
    ("x" * 73 + "ü" + Splice.CONFIRM.mark + "\nx", ""),
    ("x" * 75 + Splice.VIEW.mark, "." * 80),
    ("." + "x" * 75, "." * 300),
    ("x" * 74 + " \n", "." + "x" * 73 + "\t\n"),
]


def parts_of(encoded: EncodedBody) -> list[str]:
    head = f'MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary="{encoded.boundary}"\r\n\r\n'
    message = message_from_bytes(head.encode() + encoded.fill(BYTES), policy=policy.default)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    payloads = [part.get_payload(decode=True) for part in message.iter_parts()]
    return [payload.decode().replace("\r\n", "\n") for payload in payloads if isinstance(payload, bytes)]


def assert_short_and_safe(encoded: EncodedBody) -> None:
    for line in encoded.fill(BYTES).split(b"\r\n"):
        assert len(line) <= 76
        assert b"\n" not in line
        assert b"\r" not in line
        assert not line.startswith((b".", b"From "))
        assert line.isascii()


@settings(deadline=None)
@given(TEXT, TEXT)
def test_a_reader_gets_what_was_rendered(text: str, html: str) -> None:
    assert parts_of(encode_body(MailBody("", text, html))) == [fill(text, VALUES), fill(html, VALUES)]


@settings(deadline=None)
@given(TEXT, TEXT)
def test_lines_are_short_and_safe(text: str, html: str) -> None:
    assert_short_and_safe(encode_body(MailBody("", text, html)))


@pytest.mark.parametrize(("text", "html"), HARD)
def test_hard_lines_arrive_and_are_short_and_safe(text: str, html: str) -> None:
    encoded = encode_body(MailBody("", text, html))
    assert parts_of(encoded) == [fill(text, VALUES), fill(html, VALUES)]
    assert_short_and_safe(encoded)


def test_one_body_has_one_encoding() -> None:
    body = MailBody("s", f"Hallo\n{Splice.VIEW.mark}\n", "<p>Grüße</p>")
    assert encode_body(body) == encode_body(body)


def test_bodies_that_differ_have_different_boundaries() -> None:
    assert encode_body(MailBody("", "a", "")).boundary != encode_body(MailBody("", "b", "")).boundary


def test_plain_text_comes_first() -> None:
    body = encode_body(MailBody("", "one", "two")).fill({})
    assert body.index(b"text/plain") < body.index(b"text/html")
