"""Bytes of unknown encoding → text: the bytes count for more than what is said about them."""

import codecs
import re
from typing import Final

_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, which begins the same
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WIDE: Final = ((b"<\x00?\x00", "utf-16-le"), (b"\x00<\x00?", "utf-16-be"))
_DECLARED: Final = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})""")
_META: Final = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?([A-Za-z0-9._:-]{1,40})""", re.IGNORECASE)
_CHARSET: Final = re.compile(r"""charset\s*=\s*["']?([A-Za-z0-9._:-]{1,40})""", re.IGNORECASE)
_HEAD: Final = 4096
_NO_DOCUMENTS: Final = frozenset({"idna", "punycode", "undefined"})
# What pages mean when they say less. Source: WHATWG Encoding, "names and labels".
_WIDER: Final = {
    "iso-8859-1": "cp1252",
    "latin-1": "cp1252",
    "us-ascii": "cp1252",
    "ascii": "cp1252",
    "gb2312": "gb18030",
}


def decode(body: bytes, content_type: str = "") -> str:
    """The text of a document. Never raises.

    A byte order mark decides; else bytes that are UTF-8 are UTF-8, whatever is declared (nothing else looks like it by
    chance); else the charset of the Content-Type header, of the document itself, and at last Windows-1252.
    """
    for mark, encoding in _BOMS:
        if body.startswith(mark):
            return body[len(mark) :].decode(encoding, "replace")
    for begin, encoding in _WIDE:
        if body.startswith(begin):
            return body.decode(encoding, "replace")
    for encoding in ("utf-8", *_declared(body, content_type)):
        try:
            return body.decode(encoding)
        except (UnicodeError, LookupError):
            continue
    return body.decode("cp1252", "replace")


def _declared(body: bytes, content_type: str) -> list[str]:
    """Encodings that header and document claim, those that are text encodings of Python only."""
    head = body[:_HEAD]
    said = [_CHARSET.search(content_type), _DECLARED.search(head), _META.search(head)]
    names = [found[1] if isinstance(found[1], str) else found[1].decode("ascii") for found in said if found]
    return [_WIDER.get(name.lower(), name) for name in names if _is_text_encoding(name)]


def _is_text_encoding(name: str) -> bool:
    """Whether it is an encoding of documents; Python's 'hex', 'unicode_escape' or 'punycode' (quadratic) are codecs, too."""
    try:
        info = codecs.lookup(name)
    except LookupError:
        return False
    return (
        bool(getattr(info, "_is_text_encoding", True)) and "escape" not in info.name and info.name not in _NO_DOCUMENTS
    )
