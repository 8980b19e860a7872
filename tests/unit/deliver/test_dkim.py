"""DKIM signatures, judged by dkimpy; what a forger adds breaks them."""

import base64
import hashlib
from dataclasses import replace
from email import message_from_bytes

import dkim as judge
import dkim.util
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from dkim.canonicalization import Relaxed
from hypothesis import given, settings
from hypothesis import strategies as st

from syndication.deliver.dkim import OVERSIGNED, Dkim, DkimKey, require_sound
from syndication.deliver.message import MessageBuilder, Reader, Secrets
from syndication.domain.delivery import ReturnAddresses
from syndication.domain.digests import MailBody
from syndication.domain.errors import ConfigError
from tests.unit.deliver.test_message import ANNA, BODY, CONFIRM, DIGEST, KEYS, NAME, NEWSLETTER, SITE

RSA = DkimKey("s1", generate_private_key(65537, 2048))
ED = DkimKey("e1", Ed25519PrivateKey.generate())
BOTH = Dkim("news.example.org", (RSA, ED))
RECORDS = {f"{key.selector}._domainkey.news.example.org.": key.record.encode() for key in BOTH.keys}
BACK = ReturnAddresses("bounces@news.example.org", verp=True, unsubscribe_address="unsubscribe@news.example.org")


def signed(body: MailBody = BODY, dkim: Dkim = BOTH, reader: Reader = ANNA, *, to_list: bool = True) -> bytes:
    secrets = Secrets(KEYS, b"m" * 32, dkim)
    occasion = DIGEST if to_list else CONFIRM
    return MessageBuilder(body, NEWSLETTER, SITE, occasion, secrets, BACK).build(NAME, reader).message


def is_valid(message: bytes, signature: int = 0) -> bool:
    def records(name: bytes, timeout: int = 5) -> bytes | None:
        assert timeout
        return RECORDS.get(name.decode())

    try:
        return bool(judge.DKIM(message).verify(signature, dnsfunc=records))
    except judge.ValidationError:
        return False


def holds_by_ed25519(message: bytes) -> bool:
    """The judge cannot verify Ed25519 by itself; it selects and writes the fields that are hashed. Source: RFC 8463."""
    raw, body = judge.rfc822_parse(message)
    fields = Relaxed.canonicalize_headers(raw)
    place = next(place for place, (_, value) in enumerate(fields) if b"a=ed25519" in value)
    tags = judge.util.parse_tag_value(fields[place][1])
    names = [name.strip().lower() for name in tags[b"h"].split(b":")]
    chosen = judge.select_headers(fields[place + 1 :], names)
    empty = fields[place][1].partition(b"; b=")[0] + b"; b="
    hashed = b"".join(name + b":" + value for name, value in chosen) + b"dkim-signature:" + empty
    assert isinstance(ED.key, Ed25519PrivateKey)
    ED.key.public_key().verify(base64.b64decode(tags[b"b"]), hashlib.sha256(hashed).digest())
    return base64.b64decode(tags[b"bh"]) == hashlib.sha256(body).digest()


@pytest.mark.parametrize("to_list", [True, False])
def test_both_signatures_hold_before_an_independent_judge(*, to_list: bool) -> None:
    message = signed(to_list=to_list)
    assert is_valid(message)
    assert holds_by_ed25519(message)


WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\x02\x03"), max_size=120)


@settings(max_examples=40, deadline=None)
@given(WORDS, WORDS, WORDS)
def test_a_signature_holds_whatever_is_written(subject: str, text: str, html: str) -> None:
    assert is_valid(signed(MailBody(subject, text, html)), 0)


def test_it_is_the_same_at_every_attempt() -> None:
    assert signed() == signed()


@pytest.mark.parametrize(
    "line",
    [
        b"List-Unsubscribe: <https://evil.example/x>",
        b"List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        b"From: evil@example.net",
        b"Subject: Buy",
        b"Cc: everybody@example.net",
        b"Reply-To: evil@example.net",
        b"Content-Type: text/plain",
    ],
)
def test_a_field_that_is_added_breaks_it(line: bytes) -> None:
    message = signed()
    assert not is_valid(line + b"\r\n" + message)
    head, _, body = message.partition(b"\r\n\r\n")
    assert not is_valid(head + b"\r\n" + line + b"\r\n\r\n" + body)


def test_every_field_that_can_be_forged_is_signed_and_oversigned() -> None:
    parsed = message_from_bytes(signed())
    covered = "".join(parsed["DKIM-Signature"].partition("h=")[2].partition(";")[0].split()).split(":")
    present = [name.lower() for name in parsed if name.lower() != "dkim-signature"]
    assert set(present) <= set(covered)
    for name in OVERSIGNED:
        assert covered.count(name) == present.count(name) + 1


def test_a_changed_body_breaks_it() -> None:
    assert not is_valid(signed().replace(b"Leave", b"Stay!"))


def test_its_instant_is_the_ledgers() -> None:
    assert f"t={int(DIGEST.at.timestamp())};".encode() in signed()


def test_lines_of_the_signature_are_short_but_for_the_signature_itself() -> None:
    lines = signed().partition(b"\r\nFrom:")[0].split(b"\r\n")
    assert all(len(line) <= 120 for line in lines if not line.startswith(b" b="))
    assert all(len(line) < 998 for line in lines)


def test_a_sender_elsewhere_is_not_signed_for() -> None:
    secrets = Secrets(KEYS, b"m" * 32, replace(BOTH, domain="example.com"))
    mail = MessageBuilder(BODY, NEWSLETTER, SITE, DIGEST, secrets).build(NAME, ANNA)
    assert b"DKIM-Signature" not in mail.message
    assert BOTH.covers("digest@sub.news.example.org")
    assert not BOTH.covers("digest@badnews.example.org")


def test_a_weak_key_is_refused() -> None:
    weak = Dkim("news.example.org", (DkimKey("s1", generate_private_key(65537, 1024)),))  # noqa: S505 - on purpose
    with pytest.raises(ConfigError, match="1024 bits"):
        require_sound(weak)
    assert require_sound(BOTH) is BOTH


def test_a_reader_can_leave_by_mail_where_mail_comes_in() -> None:
    secrets = Secrets(KEYS, b"m" * 32)
    found = message_from_bytes(MessageBuilder(BODY, NEWSLETTER, SITE, DIGEST, secrets, BACK).build(NAME, ANNA).message)
    link, mailto = found["List-Unsubscribe"].split(", ")
    token = link.rpartition("/")[2].removesuffix(">")
    assert mailto == f"<mailto:unsubscribe+{token}@news.example.org?subject=unsubscribe>"


@pytest.mark.parametrize(("verp", "sender"), [(True, "bounces+i12-345-"), (False, "bounces@")])
def test_bounces_come_back_to_their_delivery_where_the_relay_allows_it(*, verp: bool, sender: str) -> None:
    back = replace(BACK, verp=verp)
    mail = MessageBuilder(BODY, NEWSLETTER, SITE, DIGEST, Secrets(KEYS, b"m" * 32), back).build(NAME, ANNA)
    assert mail.sender.startswith(sender)
    assert mail.sender.endswith("@news.example.org")
    assert mail.envelope_id.startswith("i12-345-")
