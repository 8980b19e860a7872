"""Plain words from HTML: text, first sentences, time to read."""

import re
from collections.abc import Iterator
from typing import Final

from lxml import etree

from syndication.html.characters import clean_line, clean_text
from syndication.html.tree import SILENT, parse, word_set

__all__ = ["clean_line", "clean_text", "lead", "paragraphs", "plain_text", "reading_minutes", "shorten"]

_BLOCKS: Final = word_set(
    "address article aside blockquote body br caption center dd details div dl dt fieldset figcaption figure footer form"
    " h1 h2 h3 h4 h5 h6 header hr html legend li main nav ol option p pre section summary table tbody td tfoot th thead"
    " tr ul"
)
_WORDS_A_MINUTE: Final = 220
_LEAD_CHARACTERS: Final = 500
_LABEL_WORDS: Final = 3
_SENTENCE_END: Final = re.compile(r"[.!?…][\"'”’»)\]]*\s+(?=[\"'“‘«(\[¿¡]*[^\Wa-z_])|[。！？]")  # noqa: RUF001 - these marks are meant
# A dot after these ends no sentence: titles, Latin, single capital letters, abbreviated months and companies.
_ABBREVIATION: Final = re.compile(
    r"(?:^|[\s(\"'“‘«])(?:[^\W\d_]|[^\W\d_]\.[^\W\d_]|dr|mr|mrs|ms|prof|sig|dott|ing|avv|st|sr|jr|vs|etc|ecc|cf|nr|art|fig|vol|al"  # noqa: RUF001 - these marks are meant
    r"|inc|ltd|corp|co|approx|ca|es|jan|feb|apr|aug|sept?|oct|nov|dec)\.$",
    re.IGNORECASE,
)


def plain_text(html: str) -> str:
    """The words of HTML, one line a block, without scripts, styles and empty lines."""
    return "\n".join(paragraphs(html))


def paragraphs(html: str) -> list[str]:
    """The words of each block of HTML in order, each one line, none empty."""
    return _lines(parse(html)) if html.strip() else []


def tree_text(root: etree._Element) -> str:
    """As `plain_text`, of a tree."""
    return "\n".join(_lines(root))


def _lines(root: etree._Element) -> list[str]:
    lines = "".join(_words(root)).split("\x00")
    return [line for line in map(clean_line, lines) if line]


def lead(text: str, sentences: int = 2) -> str:
    """The first sentences of the first real paragraph of plain text (at most 500 characters), "" for no text.

    A real paragraph holds a sentence; lines before it without an end mark (headings, credits) are passed over.
    """
    lines = [line for line in map(clean_line, clean_text(text).split("\n")) if line]
    if not lines:
        return ""
    first = next((line for line in lines if _holds_sentence(line)), lines[0])
    return shorten(_sentences(first[: 2 * _LEAD_CHARACTERS], sentences), _LEAD_CHARACTERS)


def reading_minutes(text: str) -> int:
    """Minutes to read plain text at 220 words a minute, at least 1."""
    return max(1, round(len(text.split()) / _WORDS_A_MINUTE))


def shorten(text: str, longest: int) -> str:
    """A line of at most `longest` characters, cut between words and marked with an ellipsis when it was longer."""
    if len(text) <= longest:
        return text
    cut = text[: longest - 1].rsplit(" ", 1)[0]
    return cut.rstrip(" ,;:-–—") + "…"  # noqa: RUF001 - the dashes are meant


def _words(root: etree._Element) -> Iterator[str]:
    """Texts of the tree in order; NUL, which no text can hold, stands where a block begins or ends."""
    silent = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        is_start = event == "start"
        if element.tag in SILENT:
            silent += 1 if is_start else -1
        if element.tag in _BLOCKS:
            yield "\x00"
        text = element.text if is_start else element.tail
        if text and not silent:
            yield text


def _holds_sentence(line: str) -> bool:
    return len(line.split(maxsplit=_LABEL_WORDS)) > _LABEL_WORDS and bool(_SENTENCE_END.search(line + " A"))


def _sentences(line: str, count: int) -> str:
    """The first `count` sentences of a line."""
    start = 0
    for gap in _SENTENCE_END.finditer(line):
        if not _ABBREVIATION.search(line[start : gap.end()].rstrip()):
            start = gap.end()
            count -= 1
        if not count:
            return line[:start].rstrip()
    return line
