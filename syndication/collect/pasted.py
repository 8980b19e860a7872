"""A text copied from a web page → title and HTML: headings, paragraphs, lists and links found again."""

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from syndication.collect.furniture import without_furniture
from syndication.html.links import absolute
from syndication.html.text import clean_line, clean_text

_WRAPPED: Final = range(50, 101)
_HEADING_CHARACTERS: Final = 120
_HEADING_WORDS: Final = 16
_FINAL: Final = tuple(".!?…:;,。！？")  # noqa: RUF001 - these marks are meant
_BULLET: Final = re.compile(r"[-*•–]\s+(?=\S)")  # noqa: RUF001 - these marks are meant
# '/llm-onpremise' in a sentence, but not 'and/or', '10 /month' or a path of a file system.
_LINK: Final = re.compile(
    r"(?P<web>https?://[^\s<>\"]*[^\s<>\".,;:!?)\]}'’»”])"  # noqa: RUF001 - these marks are meant
    r"|(?<![^\s(\[«“\"'])(?<!\d )(?P<own>/[A-Za-z0-9][\w-]*(?:/[\w-]+)*/?(?:\?[\w=&%-]+)?)(?![\w/.])"
    r"|(?<![^\s(\[«“\"'])(?<!\d )(?P<end>/[A-Za-z0-9][\w-]*(?:/[\w-]+)*)(?=\.(?:\s|$))"
)
_FILE_SYSTEM: Final = re.compile(
    r"/(?:bin|boot|dev|etc|home|lib|lib64|media|mnt|opt|proc|root|run|sbin|srv|sys|tmp|usr|var)(?:/|$)"
)


@dataclass(frozen=True, slots=True)
class Pasted:
    """A copied page without its furniture. content: HTML, not yet sanitised."""

    title: str
    content: str


def read_pasted(text: str, base_url: str) -> Pasted:
    """The first line is the title; the rest becomes paragraphs under their section headings.

    base_url: what links such as '/llm-onpremise' are resolved against; "" leaves them words.
    """
    title, *rest = _lines(clean_text(text)) or [""]
    body = without_furniture(rest)
    return Pasted(title, "".join(_blocks(body, base_url)))


def _lines(text: str) -> list[str]:
    """The paragraphs of a text, one line each; lines that an editor wrapped are joined."""
    lines: list[str] = []
    for blank, block in groupby(text.split("\n"), key=lambda line: not line.strip()):
        if not blank:
            lines.extend(_paragraphs([clean_line(line) for line in block]))
    return lines


def _paragraphs(block: Sequence[str]) -> Sequence[str]:
    """A block is one wrapped paragraph when all its lines but the last are about as long as a page is wide."""
    is_wrapped = len(block) > 1 and all(len(line) in _WRAPPED for line in block[:-1]) and len(block[-1]) in range(101)
    return [" ".join(block)] if is_wrapped and not any(map(_BULLET.match, block)) else block


def _blocks(lines: Sequence[str], base_url: str) -> Iterator[str]:
    for is_list, group in groupby(enumerate(lines), key=lambda numbered: bool(_BULLET.match(numbered[1]))):
        if is_list:
            items = "".join(f"<li>{_linked(_BULLET.sub('', line, 1), base_url)}</li>" for _, line in group)
            yield f"<ul>{items}</ul>"
            continue
        for place, line in group:
            is_last = place == len(lines) - 1
            if _is_heading(line) and not is_last:
                yield f"<h2>{html.escape(line, quote=False)}</h2>"
            else:
                yield f"<p>{_linked(line, base_url)}</p>"


def _is_heading(line: str) -> bool:
    is_short = len(line) <= _HEADING_CHARACTERS and len(line.split()) <= _HEADING_WORDS
    is_open = not line.rstrip("\"'”’»)").endswith(_FINAL)  # noqa: RUF001 - these marks are meant
    return is_short and is_open and any(map(str.isalpha, line))


def _linked(line: str, base_url: str) -> str:
    """The line as HTML with its addresses as links; the link shows what was written."""
    made: list[str] = []
    position = 0
    for found in _LINK.finditer(line):
        target = "" if _FILE_SYSTEM.match(found[0]) else absolute(found[0], base_url)
        if target:
            made.append(html.escape(line[position : found.start()], quote=False))
            made.append(f'<a href="{html.escape(target)}">{html.escape(found[0], quote=False)}</a>')
            position = found.end()
    made.append(html.escape(line[position:], quote=False))
    return "".join(made)
