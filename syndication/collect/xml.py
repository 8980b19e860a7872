"""XML of any quality → XML that is well-formed, without a DTD and not too deep; and what kind of document it is."""

import html
import re
from collections.abc import Iterator, Sequence
from enum import StrEnum
from itertools import islice
from typing import Final

from lxml import etree

from syndication.collect.dates import parse_date
from syndication.html.characters import clean_text


class Form(StrEnum):
    """What a document is, by its first element."""

    XML_FEED = "xml feed"
    JSON = "json"
    PAGE = "page"
    SITEMAP = "sitemap"
    EMPTY = "empty"
    OTHER = "other"


_ROOT: Final = re.compile(
    r"<(?:[a-z][\w.-]*:)?(rss|rdf|feed|channel|urlset|sitemapindex|html|head|body)(?=[\s>/])|<!doctype\s+(html)\b",
    re.IGNORECASE,
)
_FORMS: Final = {
    "rss": Form.XML_FEED,
    "rdf": Form.XML_FEED,
    "feed": Form.XML_FEED,
    "channel": Form.XML_FEED,
    "urlset": Form.SITEMAP,
    "sitemapindex": Form.SITEMAP,
}
_ITEMS: Final = ("{*}item", "{*}entry")
_DATES: Final = ("{*}pubDate", "{*}published", "{*}updated", "{*}modified", "{*}date")
_ELEMENTS: Final = 30_000  # feedparser needs 30 µs for each (measured)
_BYTES_AN_ELEMENT: Final = 50  # honest documents have fewer elements than one in so many bytes
_SEARCHED: Final = 65536
_CDATA: Final = ("<![CDATA[", "]]>")
_REFERENCE: Final = re.compile(
    r"&(?!(?:amp|lt|gt|quot|apos);)(?:(?:#(\d{1,8})|#[xX]([0-9a-fA-F]{1,7})|([A-Za-z][A-Za-z0-9]{1,31}));)?"
)
_COMMENT: Final = re.compile(r"<!--.*?-->", re.DOTALL)
_COMMENTS: Final = 10_000
# Fields that hold words; the end of another field inside means that the own end is missing. The look-ahead keeps it linear.
_TEXTS: Final = re.compile(
    rb"<(title|description|summary|content:encoded|content|subtitle|tagline)((?:\s[^<>]{0,500})?)>((?:(?!<\1[\s>])[^\0])*?)</\1>"
)
_TAG: Final = re.compile(rb"<[A-Za-z][^<>]{0,2000}>")
_ATTRIBUTE: Final = re.compile(rb"\"[^\"]*\"|'[^']*'|=([^\s\"'<>/]+)")
_FIELDS: Final = re.compile(rb"<(?:item|entry|guid|pubDate|published|updated|/item|/entry)[\s>]")
_HIGHEST: Final = 0x10FFFF


def form_of(text: str) -> Form:
    """What kind of document a text is; junk before the first element counts for nothing."""
    head = text[:_SEARCHED].lstrip("\ufeff \t\r\n")
    if not head:
        return Form.EMPTY
    if head[0] in "{[":
        return Form.JSON
    found = _ROOT.search(head)
    return _FORMS.get((found[1] or found[2]).lower(), Form.PAGE) if found else Form.OTHER


def repaired(text: str, items: int) -> tuple[etree._Element, tuple[str, ...]] | None:
    """A feed's text as a tree, and what had to be left out in words; None when it has no root. Never raises.

    Taken out: what stands before the root (a DTD with its entities among it, so no entity bomb is ever unfolded),
    characters that XML forbids. HTML's entities become characters, a bare & becomes &amp;. HTML that stands unescaped
    where a text belongs is escaped. What is still broken is repaired as far as libxml2 can, which ends at 256 levels. No
    more than `items` items are left, the newest, no more elements than an honest feed has, and no item that breaks off.
    """
    text = _COMMENT.sub("", text) if 0 < text.count("<!--") <= _COMMENTS else text
    found = _ROOT.search(text)
    if not found:
        return None
    begun = text[found.start() :]
    data = "".join(_mended(clean_text(begun))).encode()
    root = _strict(data)
    notes: tuple[str, ...] = ()
    if root is None:
        data = _escaped(data)
        root = _strict(data)
    if root is None:
        notes = ("the XML is not well-formed and was repaired",)
        # A text that begins with a root element always has something to save.
        root = etree.fromstring(data, _parser(recover=True))
        if _breaks_off(data):
            found_items = list(root.iter(*_ITEMS))
            _remove(found_items[-1:])
            notes = ("the document breaks off; its last item was left for the next visit",)
    _trim(root, items, max(_ELEMENTS, len(data) // _BYTES_AN_ELEMENT))
    return root, notes


def tree_of(text: str) -> etree._Element | None:
    """Any XML as a tree, repaired as `repaired` does; None when it has no root that is known."""
    found = _ROOT.search(text)
    if not found:
        return None
    data = "".join(_mended(clean_text(text[found.start() :]))).encode()
    root = _strict(data)
    return etree.fromstring(data, _parser(recover=True)) if root is None else root


def _parser(*, recover: bool) -> etree.XMLParser:
    return etree.XMLParser(
        recover=recover, resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True
    )


def _strict(data: bytes) -> etree._Element | None:
    try:
        return etree.fromstring(data, _parser(recover=False))
    except etree.XMLSyntaxError:
        return None


def _escaped(data: bytes) -> bytes:
    """HTML where a text belongs, as text; CDATA stays as it is. Values of attributes get their quotes."""

    def escape(found: re.Match[bytes]) -> bytes:
        inner = found[3]
        if b"<" not in inner or inner.lstrip().startswith(b"<![CDATA[") or _FIELDS.search(inner):
            return found[0]
        inner = inner.replace(b"<", b"&lt;").replace(b">", b"&gt;")
        return b"<" + found[1] + found[2] + b">" + inner + b"</" + found[1] + b">"

    quoted = _TAG.sub(lambda tag: _ATTRIBUTE.sub(_quoted, tag[0]), data)
    return _TEXTS.sub(escape, quoted)


def _quoted(attribute: re.Match[bytes]) -> bytes:
    return b'="' + attribute[1] + b'"' if attribute[1] else attribute[0]


def _breaks_off(data: bytes) -> bool:
    """Whether the last item has no end and neither has the document."""
    tail = data[-200:].lower()
    if any(end in tail for end in (b"</rss", b"</feed", b"</rdf:rdf", b"</channel")):
        return False
    begun = max(data.rfind(b"<item"), data.rfind(b"<entry"))
    return begun > max(data.rfind(b"</item"), data.rfind(b"</entry"))


def _mended(text: str) -> Iterator[str]:
    """The text with its references put right, but in CDATA sections, where & is a letter like any other."""
    opening, closing = _CDATA
    position = 0
    while (start := text.find(opening, position)) >= 0 and (end := text.find(closing, start)) >= 0:
        yield _REFERENCE.sub(_reference, text[position:start])
        yield text[start : end + len(closing)]
        position = end + len(closing)
    yield _REFERENCE.sub(_reference, text[position:])


def _trim(root: etree._Element, items: int, elements: int) -> None:
    """Take out the items beyond the limit (the last ones, or the first where the document runs forward), then elements."""
    found = list(root.iter(*_ITEMS))
    if len(found) > items:
        first, last = (parse_date(_date(element)) for element in (found[0], found[-1]))
        runs_forward = first is not None and last is not None and first[0] < last[0]
        _remove(found[:-items] if runs_forward else found[items:])
    _remove(list(islice(root.iter("*"), elements, None)))


def _remove(elements: Sequence[etree._Element]) -> None:
    for element in reversed(elements):
        parent = element.getparent()
        if parent is not None:  # the root stays
            parent.remove(element)


def _date(item: etree._Element) -> str:
    return next((element.text or "" for element in item.iterchildren(*_DATES)), "")


def _reference(found: re.Match[str]) -> str:
    decimal, hexadecimal, name = found.groups()
    if name:
        return _named(found[0])
    if not decimal and not hexadecimal:
        return "&amp;"
    code = int(decimal) if decimal else int(hexadecimal, 16)
    return found[0] if code <= _HIGHEST and clean_text(chr(code)) else ""


def _named(reference: str) -> str:
    character = html.unescape(reference)
    return f"&amp;{reference[1:]}" if character == reference else html.escape(character)
