"""Header fields: human words and addresses → lines that no mail system misreads.

Python's own folding turns a long List-Unsubscribe into encoded words, which kills one-click, and writes encoded words
longer than 75 characters when told not to fold (measured). So the two kinds are written here: words for people are
encoded and folded, fields for machines stay on one line. Source: RFC 5322 section 2.2.3; RFC 2047 sections 2, 5.
"""

import base64
import re
import textwrap
import unicodedata
from typing import Final

from syndication.domain.errors import AddressError

_LINE: Final = 76
# 52 characters of base64; with =?utf-8?b? and ?= 64 of the 75 allowed, which leaves room for the field's name.
_WORD_BYTES: Final = 39
_BIDI: Final = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_ATOMS: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")
_ADDRESS: Final = re.compile(r"[^\s\x00-\x20\x7f-\x9f<>()\[\]\\,;:\"@]+@[^\s\x00-\x20\x7f-\x9f<>()\[\]\\,;:\"@]+")


def is_writable(address: str) -> bool:
    """Whether an address can stand in a header and an envelope without quoting; no other is ever written."""
    return _ADDRESS.fullmatch(address) is not None


def words_line(name: str, text: str) -> str:
    """A field for people, such as Subject: cleaned of control characters, encoded and folded where needed."""
    return _field(name, _words(clean(text), _LINE - len(name) - 2))


def mailbox_line(name: str, title: str, address: str) -> str:
    """A field with one mailbox, such as From. Raises AddressError for an address that is not plain ASCII without quotes."""
    if not (is_writable(address) and address.isascii()):
        message = f"{name}: {address!r} is not an address to send from; write it plainly, its domain in ASCII (xn--…)."
        raise AddressError(message)
    written = clean(title)
    if not written:
        return _field(name, address)
    phrase = _phrase(written)
    last_line = len(name) + 2 + len(phrase) if "\r\n" not in phrase else _LINE
    gap = " " if last_line + len(address) + 3 <= _LINE else "\r\n "
    return _field(name, f"{phrase}{gap}<{address}>")


def machine_line(name: str, value: str) -> str:
    """A field for machines: printable ASCII, whole on one line. Raises ValueError for anything else."""
    if not (value.isascii() and value.isprintable()):
        message = f"{name} must be printable ASCII"
        raise ValueError(message)
    return _field(name, value)


def clean(text: str) -> str:
    """One line without control characters and without marks that reverse the direction of writing."""
    visible = (
        " " if unicodedata.category(one) in {"Cc", "Cs", "Zl", "Zp"} else one for one in text if one not in _BIDI
    )
    return " ".join("".join(visible).split())


def _field(name: str, value: str) -> str:
    return f"{name}: {value}\r\n"


def _words(text: str, room: int) -> str:
    if text.isascii() and "=?" not in text:
        lines = textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False)
        if all(len(line) <= room for line in lines):
            return "\r\n ".join(lines)
    return _encoded(text)


def _phrase(name: str) -> str:
    if name.isascii() and "=?" not in name and len(name) < _LINE // 2:
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        return name if _ATOMS.fullmatch(name) else f'"{escaped}"'
    return _encoded(name)


def _encoded(text: str) -> str:
    """Encoded words, each of whole characters. Source: RFC 2047 section 5 (3)."""
    chunks, chunk = [], b""
    for one in text:
        raw = one.encode()
        if len(chunk) + len(raw) > _WORD_BYTES:
            chunks.append(chunk)
            chunk = b""
        chunk += raw
    chunks.append(chunk)
    return "\r\n ".join(f"=?utf-8?b?{base64.b64encode(chunk).decode('ascii')}?=" for chunk in chunks)
