"""Links as strangers write them → absolute addresses that are safe to follow."""

import re
from typing import Final
from urllib.parse import urljoin, urlsplit

WEB: Final = frozenset({"http", "https"})
_MAIL: Final = re.compile(r"mailto:[^\s<>\"]+", re.IGNORECASE)
# What browsers drop inside an address, and what may not stand in one. Source: WHATWG URL, "basic URL parser".
_DROPPED: Final = re.compile(r"[\t\n\r]")
# Most links: nothing in them is to be joined, dropped or encoded.
_PLAIN: Final = re.compile(
    r"https?://[A-Za-z0-9.-]*[A-Za-z0-9](?:/[\w.~%+,=@:!$&'()*/-]*)?(?:\?[\w.~%+,=@:!$&'()*/-]+)?", re.ASCII
)
_ENCODED: Final = re.compile(r"[\x00-\x20\x7f\"<>`{}|^\\]")


def absolute(link: str, base_url: str) -> str:
    """The absolute http(s) address a link means on the page `base_url`, "" when it means none.

    base_url: absolute http(s), or "" when nobody knows it: then only absolute links are answered.
    """
    if _PLAIN.fullmatch(link):
        return link
    written = _DROPPED.sub("", link.strip("\x00 \t\n\r\f\v"))
    if not written:
        return ""
    try:
        joined = urljoin(base_url, written)
        parts = urlsplit(joined)
        usable = parts.scheme in WEB and bool(parts.hostname) and "\\" not in parts.netloc
        _ = parts.port  # raises for a port that is no number
    except ValueError:
        return ""
    return _ENCODED.sub(lambda found: f"%{ord(found[0]):02X}", joined) if usable else ""


def followable(link: str, base_url: str) -> str:
    """As `absolute`, and mailto: addresses are answered as they are."""
    mail = _MAIL.fullmatch(link.strip())
    return mail[0] if mail else absolute(link, base_url)
