"""The check of DKIM signatures agrees with an implementation of others, and finds each damage."""

import base64

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from syndication.deliver.dkim_check import dkim_fault

NAME = "s1._domainkey.news.example.org"
MAIL = (
    b"From: Weekly <weekly@news.example.org>\r\nSubject: News\r\n  of today\r\n"
    b"List-Unsubscribe: <https://news.example.org/u/1>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    b"\r\nHello  you \r\n\r\n"
)
COVERED = [b"from", b"from", b"subject", b"list-unsubscribe", b"list-unsubscribe", b"list-unsubscribe-post"]


@pytest.fixture(scope="module")
def key() -> RSAPrivateKey:
    return generate_private_key(65537, 2048)


def record(key: RSAPrivateKey) -> dict[str, str]:
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return {NAME: f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}"}


def signed(key: RSAPrivateKey, form: bytes = b"simple", covered: list[bytes] | None = None) -> bytes:
    """Signed by dkimpy."""
    private = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    line = dkim.sign(
        MAIL,
        b"s1",
        b"news.example.org",
        private,
        canonicalize=(b"relaxed", form),
        include_headers=covered or COVERED,
    )
    return bytes(line) + MAIL


@pytest.mark.parametrize("form", [b"simple", b"relaxed"])
def test_a_right_signature_holds(key: RSAPrivateKey, form: bytes) -> None:
    assert dkim_fault(signed(key, form), record(key)) == ""


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b"Hello", b"Hallo", "the body is not the one"),
        (b"Subject: News", b"Subject: Old", "does not fit its key"),
        (b"List-Unsubscribe: <", b"List-Unsubscribe: <x>\r\nList-Unsubscribe: <", "does not fit its key"),
        (b"DKIM-Signature:", b"X-Signature:", "no signature"),
        (b"s=s1;", b"s=s9;", "none of ours"),
        (b"c=relaxed/", b"c=simple/", "not the one we write"),
        (b"b=", b"b=!", "does not fit its key"),
    ],
)
def test_a_damage_is_found(key: RSAPrivateKey, old: bytes, new: bytes, words: str) -> None:
    raw = signed(key)
    place = raw.rindex(b"b=") if old == b"b=" else raw.index(old)
    if old == b"b=":
        place = raw[: raw.index(b"From:")].rindex(b" b=") + 1
    assert words in dkim_fault(raw[:place] + raw[place:].replace(old, new, 1), record(key))


def test_a_signature_that_leaves_one_click_out_is_worth_nothing(key: RSAPrivateKey) -> None:
    assert "does not cover list-unsubscribe" in dkim_fault(signed(key, covered=[b"from", b"subject"]), record(key))


def test_another_key_does_not_fit(key: RSAPrivateKey) -> None:
    other = record(generate_private_key(65537, 2048))
    assert "does not fit" in dkim_fault(signed(key), other)
    public = Ed25519PrivateKey.generate().public_key()
    raw = base64.b64encode(public.public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()
    assert "does not fit" in dkim_fault(signed(key), {NAME: f"k=ed25519; p={raw}"})
    der = base64.b64encode(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
    assert "does not fit" in dkim_fault(signed(key), {NAME: f"k=rsa; p={der}"})
