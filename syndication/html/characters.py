"""Characters that no text of ours may hold, and how they are taken out."""

import re
from typing import Final

# C0 and C1 without tab and line feed, DEL, surrogates that stand alone, non-characters, byte order mark.
_FORBIDDEN: Final = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufeff"
    + "".join(chr(plane + 0xFFFE) + chr(plane + 0xFFFF) for plane in range(0, 0x110000, 0x10000))
    # Marks that turn the order of letters around, and interlinear annotation: a title must not rewrite its line.
    + "\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f\ufff9-\ufffb"
)
_STRIP: Final = re.compile(f"[{_FORBIDDEN}]")
_LINE_ENDS: Final = re.compile("\r\n?|\x0b|\x0c|\x85|\u2028|\u2029")


def clean_text(text: str) -> str:
    """Text without control and bidi characters, lone surrogates and non-characters; line ends are line feeds.

    Source: XML 1.0 section 2.2 (Char); Unicode UAX 9 (bidi controls).
    """
    if text.replace("\n", " ").isprintable():  # printable in Unicode's sense holds none of these: twenty times as fast
        return text
    return _STRIP.sub("", _LINE_ENDS.sub("\n", text))


def clean_line(text: str) -> str:
    """As `clean_text`, and all white space is one space: for titles, names, header values."""
    return " ".join(clean_text(text).split())
