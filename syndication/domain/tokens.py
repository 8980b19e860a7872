"""Tokens in links: who and for what, signed, at most 50 characters, lower case (mail systems fold the case of addresses).

A token is `<key id><id, 8 characters><signature, 24 characters>`: 33 characters of base32. The purpose is signed but
not written, so a token for one purpose is worthless for another. Tokens do not expire by themselves: people
unsubscribe years later. Source: RFC 8058; architecture, section 7.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from syndication.domain.errors import TokenError

_ID_BYTES: Final = 5
_SIGNATURE_BYTES: Final = 15
_FORM: Final = re.compile(r"([a-z2-7])([a-z2-7]{8})([a-z2-7]{24})")


class Purpose(StrEnum):
    """What a link may do."""

    CONFIRM = "confirm"
    PREFERENCES = "preferences"
    UNSUBSCRIBE = "unsubscribe"
    VIEW = "view"
    FEED = "feed"


def _encode(raw: bytes) -> str:
    return base64.b32encode(raw).decode("ascii").lower()


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Signing keys by one-character id (a-z, 2-7). New tokens use `current`; the others still verify."""

    keys: Mapping[str, bytes]
    current: str

    def sign(self, purpose: Purpose, number: int) -> str:
        """The token for one row id (below 2**40)."""
        raw = number.to_bytes(_ID_BYTES, "big")
        return self.current + _encode(raw) + _encode(self._signature(self.current, purpose, raw))

    def open(self, purpose: Purpose, token: str) -> int:
        """The row id a token was made for. Raises TokenError, always with the same words, for anything else."""
        found = _FORM.fullmatch(token)
        if found and found[1] in self.keys:
            raw = base64.b32decode(found[2].upper())
            if hmac.compare_digest(found[3], _encode(self._signature(found[1], purpose, raw))):
                return int.from_bytes(raw, "big")
        message = "This link is not valid. Use the newest mail, or ask for a new link."
        raise TokenError(message)

    def _signature(self, key_id: str, purpose: Purpose, raw: bytes) -> bytes:
        return hmac.digest(self.keys[key_id], f"{purpose}\0".encode() + raw, "sha256")[:_SIGNATURE_BYTES]


def suppression_mark(key: bytes, address_key: str) -> str:
    """What is kept of an address that must never be mailed again: HMAC-SHA256 in hex under the suppression key."""
    return hmac.new(key, address_key.encode(), hashlib.sha256).hexdigest()
