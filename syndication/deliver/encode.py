"""Rendered body → MIME body in pieces: encoded once for all its readers, one join for each of them.

Text and HTML are written as quoted-printable and cut at their splice marks. A soft line break stands before and after
each spliced value, so what surrounds it never has to be wrapped again. Source: RFC 2045 section 6.7; RFC 2046.
"""

import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from syndication.domain.digests import MailBody
from syndication.domain.splice import Splice, pieces

LONGEST_VALUE: Final = 75
"""Bytes of a spliced value: a line holds 76, the soft line break's '=' among them."""

_LINE: Final = 76
_SOFT_BREAK: Final = b"=\r\n"
_MISREAD: Final = (b".", b"From ")


@dataclass(frozen=True, slots=True)
class EncodedBody:
    """A multipart/alternative body, with the values of each reader still missing.

    boundary: of the multipart, for the Content-Type header. literals: pre-encoded bytes around the values, one more than
    `marks`. marks: which value goes between two literals.
    """

    boundary: str
    literals: tuple[bytes, ...]
    marks: tuple[Splice, ...]

    def fill(self, values: Mapping[Splice, bytes]) -> bytes:
        """The body for one reader. Raises KeyError when a value is missing."""
        parts = [self.literals[0]]
        for mark, literal in zip(self.marks, self.literals[1:], strict=True):
            parts += (values[mark], literal)
        return b"".join(parts)


def encode_body(body: MailBody) -> EncodedBody:
    """The text and the HTML of a mail as multipart/alternative, plain text first; the same body gives the same bytes."""
    # Quoted-printable never writes '=_', so no content can hold the boundary. Source: RFC 2045 section 6.7, rule 1.
    boundary = "=_" + hashlib.sha256(f"{body.text}\0{body.html}".encode()).hexdigest()[:32]
    literals: list[bytes] = [b""]
    marks: list[Splice] = []
    for subtype, content in (("plain", body.text), ("html", body.html)):
        literals[-1] += _part_head(boundary, subtype)
        _append(literals, marks, content)
        literals[-1] += b"\r\n"
    literals[-1] += f"--{boundary}--\r\n".encode("ascii")
    return EncodedBody(boundary, tuple(literals), tuple(marks))


def _part_head(boundary: str, subtype: str) -> bytes:
    lines = (
        f"--{boundary}",
        f'Content-Type: text/{subtype}; charset="utf-8"',
        "Content-Transfer-Encoding: quoted-printable",
        "",
        "",
    )
    return "\r\n".join(lines).encode("ascii")


def _append(literals: list[bytes], marks: list[Splice], content: str) -> None:
    text = content.replace("\r\n", "\n").replace("\r", "\n")
    found = pieces(text)
    for index in range(0, len(found), 2):
        is_last = index + 1 == len(found)
        if index:
            marks.append(Splice(found[index - 1]))
            line_ends_itself = found[index].startswith("\n") or (is_last and not found[index])
            literals.append(b"" if line_ends_itself else _SOFT_BREAK)
        literals[-1] += _quoted(found[index]) if is_last else _quoted_before_value(found[index])


def _quoted_before_value(text: str) -> bytes:
    """Quoted-printable that ends where a line begins, so that a value of any length may follow."""
    # The X keeps the place of the soft break's '=', and a space before it from being encoded as one at a line's end.
    encoded = _quoted(text + "X").removesuffix(b"X")
    return encoded if not encoded or encoded.endswith(b"\n") else encoded + _SOFT_BREAK


def _quoted(text: str) -> bytes:
    """Quoted-printable in lines of at most 76 bytes, none of which starts with '.' or 'From '."""
    lines = binascii.b2a_qp(text.encode()).split(b"\n")
    return b"\r\n".join(
        [_guarded(_fitted(line)) if len(line) > _LINE or line.startswith(_MISREAD) else line for line in lines]
    )


def _fitted(line: bytes) -> bytes:
    """The encoder writes 77 bytes when a full line ends in an encoded space (measured)."""
    return line if len(line) <= _LINE else line[:-3] + _SOFT_BREAK + line[-3:]


def _guarded(line: bytes) -> bytes:
    """A line whose first byte mail systems would misread gets that byte encoded. Source: RFC 2049 section 3."""
    if not line.startswith(_MISREAD):
        return line
    first, rest = b"=%02X" % line[0], line[1:]
    return first + rest if len(first) + len(rest) <= _LINE else first + _SOFT_BREAK + _guarded(rest)
