"""Whether a message's DKIM signatures hold, by the records that publish their keys; asks nobody.

Written apart from the signer, so that both must be right. Source: RFC 6376 sections 3.4, 3.5, 6.1; RFC 8463.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

_FIELD: Final = "dkim-signature"
_EMPTY_B: Final = re.compile(r"(^|;)(\s*b\s*=)[^;]*")
_MUST_COVER: Final = ("from", "list-unsubscribe", "list-unsubscribe-post")


def dkim_fault(raw: bytes, records: Mapping[str, str]) -> str:
    """Why a message's signatures are worth nothing, "" when all of them hold. records: DNS name → TXT record."""
    head, _, body = raw.partition(b"\r\n\r\n")
    fields = header_fields(head)
    signatures = [value for name, value in fields if name.lower() == _FIELD]
    if not signatures:
        return "it carries no signature"
    for value in signatures:
        fault = _fault(value, fields, body, records)
        if fault:
            return fault
    return ""


def header_fields(head: bytes) -> list[tuple[str, str]]:
    """The fields of a header, in order: name, and value with its folds."""
    found: list[tuple[str, str]] = []
    for line in head.decode("utf-8", "surrogateescape").split("\r\n"):
        if line[:1] in {" ", "\t"} and found:
            found[-1] = (found[-1][0], f"{found[-1][1]}\r\n{line}")
        elif line:
            name, _, value = line.partition(":")
            found.append((name, value))
    return found


def tags_of(value: str) -> dict[str, str]:
    """The tags of a signature or of a key record, e.g. p → the key. Source: RFC 6376 section 3.2."""
    pairs = (part.partition("=") for part in value.split(";"))
    return {name.strip(): content.strip() for name, sign, content in pairs if sign}


def _fault(signature: str, fields: list[tuple[str, str]], body: bytes, records: Mapping[str, str]) -> str:
    tags = tags_of(signature)
    name = f"{tags.get('s', '')}._domainkey.{tags.get('d', '')}"
    if name not in records:
        return f"its key {name} is none of ours"
    head_form, _, body_form = tags.get("c", "simple/simple").partition("/")
    if head_form != "relaxed":
        return f"its form {tags.get('c', '')} is not the one we write"
    named = [one.strip().lower() for one in tags.get("h", "").split(":")]
    there = {one.lower() for one, _ in fields}
    missing = [one for one in _MUST_COVER if one in there and one not in named]
    if missing:
        return f"it does not cover {missing[0]}"
    digest = hashlib.sha256(_canonical(body, is_relaxed=body_form == "relaxed")).digest()
    if base64.b64encode(digest).decode("ascii") != "".join(tags.get("bh", "").split()):
        return "the body is not the one that was signed"
    signed = _signed(signature, fields, named)
    return "" if _is_right(tags, signed, tags_of(records[name])) else "the signature does not fit its key"


def _canonical(body: bytes, *, is_relaxed: bool) -> bytes:
    if is_relaxed:
        lines = (re.sub(rb"[ \t]+", b" ", line).rstrip(b" ") for line in body.split(b"\r\n"))
        body = b"\r\n".join(lines)
        if not body.strip(b"\r\n"):
            return b""
    return body.rstrip(b"\r\n") + b"\r\n"


def _relaxed(name: str, value: str) -> str:
    return f"{name.lower().strip()}:{' '.join(value.replace(chr(13), ' ').replace(chr(10), ' ').split())}"


def _signed(signature: str, fields: list[tuple[str, str]], named: list[str]) -> bytes:
    """The header as it was signed: of a repeated field the last one first; one that is not there adds nothing."""
    left = [(name.lower(), value) for name, value in fields]
    lines = []
    for wanted in named:
        place = next((at for at in range(len(left) - 1, -1, -1) if left[at][0] == wanted), None)
        if place is not None:
            lines.append(_relaxed(*left.pop(place)))
    lines.append(_relaxed(_FIELD, _EMPTY_B.sub(r"\1\2", signature)))
    return "\r\n".join(lines).encode("utf-8", "surrogateescape")


def _is_right(tags: Mapping[str, str], signed: bytes, record: Mapping[str, str]) -> bool:
    try:
        signature = base64.b64decode("".join(tags.get("b", "").split()), validate=True)
        public = base64.b64decode("".join(record.get("p", "").split()), validate=True)
        if record.get("k", "rsa") == "ed25519":
            Ed25519PublicKey.from_public_bytes(public).verify(signature, hashlib.sha256(signed).digest())
            return True
        key = load_der_public_key(public)
        if not isinstance(key, RSAPublicKey):
            return False
        key.verify(signature, signed, PKCS1v15(), SHA256())
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, binascii.Error):
        return False
    return True
