"""What a browser or a mail program would fetch from elsewhere when it shows this: pictures, fonts, styles, scripts."""

import re
from typing import Final

_ADDRESS: Final = r"""((?:https?:)?//[^\s"'<>)]+)"""
_LOADS: Final = (
    # Pictures, scripts and frames, in HTML and MJML.
    re.compile(rf"""\s(?:src|srcset|poster|background|background-url|data)\s*=\s*["']?\s*{_ADDRESS}""", re.IGNORECASE),
    # A link of a page is followed by people; one of its head is loaded.
    re.compile(rf"""<(?:link|mj-font|image|use)\b[^>]*?\s(?:xlink:)?href\s*=\s*["']?\s*{_ADDRESS}""", re.IGNORECASE),
    # Styles.
    re.compile(rf"""(?:@import\s+|url\(\s*)["']?{_ADDRESS}""", re.IGNORECASE),
    # Scripts.
    re.compile(rf"""\b(?:fetch|import|importScripts|EventSource|WebSocket)\s*\(?\s*["'`]{_ADDRESS}"""),
)
# A name space is only a name.
_NAMESPACE: Final = re.compile(r"@namespace[^;]*;", re.IGNORECASE)


def foreign_loads(text: str) -> tuple[str, ...]:
    """The addresses in HTML, MJML, CSS or a script that are fetched without anybody asking, in order, none twice."""
    plain = _NAMESPACE.sub("", text)
    found = sorted((match.start(), match[1]) for pattern in _LOADS for match in pattern.finditer(plain))
    return tuple(dict.fromkeys(address for _, address in found))
