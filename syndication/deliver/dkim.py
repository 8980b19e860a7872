"""Header and body → DKIM-Signature: relaxed/simple, oversigned, the same bytes at every attempt.

A field named once in `h=` can be added a second time without breaking the signature (measured), so the fields that a
forger would add are named once more than they occur. What readers share is hashed once: the signature covers the shared
fields first, so a reader costs the rest of the hash and the signing. Source: RFC 6376; RFC 8463; RFC 8058 section 4.
"""

import base64
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from syndication.domain.errors import ConfigError

OVERSIGNED: Final = (
    "from",
    "to",
    "cc",
    "subject",
    "date",
    "message-id",
    "reply-to",
    "list-id",
    "list-unsubscribe",
    "list-unsubscribe-post",
    "content-type",
    "mime-version",
)
"""Named once more than they occur: nobody can add another one."""

_SPACES: Final = re.compile(r"[ \t\r\n]+")
_PKCS1: Final = PKCS1v15()
_HASHED: Final = Prehashed(SHA256())
_LEAST_BITS: Final = 2048


@dataclass(frozen=True, slots=True)
class DkimKey:
    """A key and the name it is published under: `<selector>._domainkey.<domain>`."""

    selector: str
    key: RSAPrivateKey | Ed25519PrivateKey

    @property
    def algorithm(self) -> str:
        """The value of `a=`."""
        return "rsa-sha256" if isinstance(self.key, RSAPrivateKey) else "ed25519-sha256"

    @property
    def record(self) -> str:
        """The text of the TXT record that publishes it. Source: RFC 6376 section 3.6.1; RFC 8463 section 4."""
        if isinstance(self.key, RSAPrivateKey):
            kind, form = "rsa", PublicFormat.SubjectPublicKeyInfo
            public = self.key.public_key().public_bytes(Encoding.DER, form)
        else:
            kind = "ed25519"
            public = self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return f"v=DKIM1; k={kind}; p={base64.b64encode(public).decode('ascii')}"

    def sign(self, digest: bytes) -> bytes:
        """The signature of a SHA-256 digest; the same each time."""
        if isinstance(self.key, RSAPrivateKey):
            return self.key.sign(digest, _PKCS1, _HASHED)
        return self.key.sign(digest)


@dataclass(frozen=True, slots=True)
class Dkim:
    """What mail is signed with. domain: the value of `d=`. keys: one signature each, RSA first."""

    domain: str
    keys: tuple[DkimKey, ...]

    @property
    def records(self) -> dict[str, str]:
        """What is published: DNS name → TXT record of each key."""
        return {f"{one.selector}._domainkey.{self.domain}": one.record for one in self.keys}

    def covers(self, address: str) -> bool:
        """Whether a sender's address is of the domain or one below it, so that DMARC takes them for the same."""
        domain = address.rpartition("@")[2].lower()
        return domain == self.domain or domain.endswith(f".{self.domain}")


def require_sound(dkim: Dkim) -> Dkim:
    """The same, after a signature of each key was verified. Raises ConfigError for a key that no receiver would accept."""
    digest = hashlib.sha256(dkim.domain.encode()).digest()
    for one in dkim.keys:
        signature = one.sign(digest)
        if isinstance(one.key, RSAPrivateKey):
            if one.key.key_size < _LEAST_BITS:
                message = f"The DKIM key '{one.selector}' has {one.key.key_size} bits; {_LEAST_BITS} are the least."
                raise ConfigError(message)
            one.key.public_key().verify(signature, digest, _PKCS1, _HASHED)
        else:
            one.key.public_key().verify(signature, digest)
    return dkim


class Unsigned(NamedTuple):
    """A DKIM-Signature field up to the signature, and the SHA-256 digest to sign."""

    key: DkimKey
    field: bytes
    digest: bytes

    def sign(self) -> bytes:
        """The whole field. Costs more than all the rest of a mail, nearly all of it without the interpreter's lock."""
        return self.field + base64.b64encode(self.key.sign(self.digest)) + b"\r\n"


class Sealer:
    """Signs the mails that share a body.

    shared: the field lines all of them have, in the order they are written. own: names of each reader's own fields, as
    they are written. at: aware UTC, from the ledger. prefix: the bytes that every body begins with.
    """

    def __init__(self, dkim: Dkim, shared: Sequence[str], own: Sequence[str], at: datetime, prefix: bytes) -> None:
        self._body = hashlib.sha256(prefix)
        fields = [relaxed(line) for line in shared]
        names = [field.partition(":")[0] for field in fields]
        own_names = [name.lower() for name in own]
        again = [name for name in OVERSIGNED if name not in own_names]
        again_own = [name for name in OVERSIGNED if name in own_names]
        covered = ":".join([*names, *again, *own_names, *again_own])
        self._fields = hashlib.sha256("".join(f"{field}\r\n" for field in fields).encode())
        self._keys = [(key, *_frame(dkim.domain, key, int(at.timestamp()), covered)) for key in dkim.keys]

    def unsigned(self, own: bytes, rest: Iterable[bytes]) -> tuple[Unsigned, ...]:
        """The DKIM-Signature fields of one mail, one a key, to be signed. own: its own fields, already relaxed, each with CRLF. rest: of its body."""
        body = self._body.copy()
        for part in rest:
            body.update(part)
        body_hash = base64.b64encode(body.digest())
        own_fields = self._fields.copy()
        own_fields.update(own)
        fields = []
        for key, written, hashed in self._keys:
            digest = own_fields.copy()
            digest.update(hashed + body_hash + b"; b=")
            fields.append(Unsigned(key, written + body_hash + b";\r\n b=", digest.digest()))
        return tuple(fields)


def relaxed(line: str) -> str:
    """A field line as it is hashed, without its line end. Source: RFC 6376 section 3.4.2."""
    name, _, value = line.partition(":")
    return f"{name.strip().lower()}:{_SPACES.sub(' ', value).strip()}"


def _frame(domain: str, key: DkimKey, at: int, covered: str) -> tuple[bytes, bytes]:
    """The field up to the body's hash: as it is written, and as it is hashed."""
    names = ":\r\n  ".join(_folded(covered))
    words = f"v=1; a={key.algorithm}; c=relaxed/simple; d={domain}; s={key.selector}; t={at};\r\n h={names};\r\n bh="
    # White space within h= is part of the hash only as one space. Source: RFC 6376 section 3.4.2.
    return f"DKIM-Signature: {words}".encode("ascii"), relaxed(f"DKIM-Signature:{words}").encode("ascii")


def _folded(covered: str) -> list[str]:
    lines: list[str] = [""]
    for name in covered.split(":"):
        if len(lines[-1]) + len(name) > 66:  # noqa: PLR2004 - with indentation and colons within 76
            lines.append("")
        lines[-1] += f":{name}" if lines[-1] else name
    return lines
