"""Markdown as people write it → safe HTML, and its words line by line for plain text."""

import re
from collections.abc import Iterator
from typing import Final

from lxml import etree
from markdown_it import MarkdownIt

from syndication.html.characters import clean_line, clean_text
from syndication.html.sanitise import sanitise
from syndication.html.tree import parse

_MARKDOWN: Final = MarkdownIt("commonmark", {"html": False, "breaks": True})
# An address that stands by itself is a link too; trailing marks belong to the sentence.
_BARE: Final = re.compile(r"(?<!\]\()(?<![\w<\[\"'=/])https?://[^\s<>()\[\]]+[^\s<>()\[\].,;:!?'\"]")
_BLOCKS: Final = frozenset({"p", "li", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "ul", "ol"})


def from_markdown(words: str) -> str:
    """Safe HTML; tags that were written out are shown as they were typed. Relative links are plain words."""
    clean = clean_text(words)
    linked = clean if "`" in clean else _BARE.sub(r"<\g<0>>", clean)
    return sanitise(_MARKDOWN.render(linked), "")


def markdown_lines(words: str) -> list[str]:
    """The words without marks, a line a paragraph or entry of a list; a link's address stands behind its words."""
    return [line for line in map(clean_line, "".join(_lines(parse(from_markdown(words)))).split("\x00")) if line]


def _lines(element: etree._Element) -> Iterator[str]:
    """The element's words in order; NUL where a line begins or ends."""
    is_block = element.tag in _BLOCKS
    if is_block or element.tag == "br":
        yield "\x00"
    if element.tag == "li":
        yield "- "
    yield str(element.text or "")
    for child in element:
        # The paragraph of a loose list goes on behind the dash.
        yield from (part for part in _lines(child) if part != "\x00" or element.tag != "li" or child.tag != "p")
        yield str(child.tail or "")
    href = element.get("href", "") if element.tag == "a" else ""
    if href and href not in {words := "".join(map(str, element.itertext())), f"mailto:{words}"}:
        yield f" ({href})"
    if is_block:
        yield "\x00"
