"""Elements of feeds under one name each, whatever namespace or case a source writes; their words and their HTML."""

import base64
import binascii
import html
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

from lxml import etree

from syndication.html.text import clean_line, plain_text

# Namespaces as sources write them, in lower case and without a slash at the end → the usual prefix. "" is a feed's own.
_PREFIXES: Final = {
    "": "",
    "http://www.w3.org/2005/atom": "",
    "http://purl.org/atom/ns#": "",
    "http://example.com/newformat#": "",
    "http://purl.org/rss/1.0": "",
    "http://backend.userland.com/rss2": "",
    "http://backend.userland.com/rss": "",
    "http://blogs.law.harvard.edu/tech/rss": "",
    "http://purl.org/rss/2.0": "",
    "http://purl.org/net/rss1.1#": "",
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#": "rdf",
    "http://purl.org/dc/elements/1.1": "dc",
    "http://purl.org/dc/elements/1.0": "dc",
    "http://purl.org/dc/terms": "dcterms",
    "http://purl.org/rss/1.0/modules/content": "content",
    "http://purl.org/rss/1.0/modules/syndication": "sy",
    "http://rssnamespace.org/feedburner/ext/1.0": "feedburner",
    "http://search.yahoo.com/mrss": "media",
    "https://search.yahoo.com/mrss": "media",
    "http://search.yahoo.com/rss": "media",
    "http://www.itunes.com/dtds/podcast-1.0.dtd": "itunes",
    "http://www.w3.org/1999/xhtml": "xhtml",
    "http://www.sitemaps.org/schemas/sitemap/0.9": "",
    "https://www.sitemaps.org/schemas/sitemap/0.9": "",
    "http://www.google.com/schemas/sitemap/0.84": "",
    "http://www.google.com/schemas/sitemap/0.9": "",
    "http://www.google.com/schemas/sitemap-news/0.9": "news",
    "http://www.google.com/schemas/sitemap-image/1.1": "image",
}
_NETSCAPE: Final = ("http://my.netscape.com/", "http://channel.netscape.com/")  # RSS 0.9
_KNOWN: Final = frozenset(_PREFIXES.values()) | {"a10", "atom"}
XML_LANG: Final = "{http://www.w3.org/XML/1998/namespace}lang"
XML_BASE: Final = "{http://www.w3.org/XML/1998/namespace}base"
_TAGGED: Final = re.compile(
    r"</[a-z]|<(?:br|hr|wbr|img|b|i|u|em|strong|span|a|sup|sub|p|div|font|code|small)\b[^<>]*>", re.IGNORECASE
)
_ENTITY: Final = re.compile(r"&(?:#\d{1,8}|#[xX][0-9a-fA-F]{1,7}|[A-Za-z][A-Za-z0-9]{1,31});")

Children = Mapping[str, Sequence[etree._Element]]  # noqa: SLF001 - lxml has no other name for its type


@lru_cache(maxsize=4096)
def name_of(tag: str) -> str:
    """'title', 'dc:creator', 'media:thumbnail': in lower case, a feed's own elements without a prefix."""
    namespace, _, local = tag.rpartition("}")
    namespace = namespace.removeprefix("{").strip().lower().rstrip("/")
    local = local.lower()
    if namespace.startswith(_NETSCAPE):
        prefix = ""
    elif namespace in _PREFIXES:
        prefix = _PREFIXES[namespace]
    elif namespace:
        return f"?:{local}"
    else:
        prefix = ""
    if ":" in local:  # a prefix that nobody declared
        prefix, _, local = local.partition(":")
        if prefix not in _KNOWN:
            return f"?:{local}"
        prefix = "" if prefix in {"a10", "atom"} else prefix
    return f"{prefix}:{local}" if prefix else local


def make_plain(root: etree._Element) -> None:
    """Take a namespace that nobody knows, and that the root is in, for a feed's own."""
    namespace, closing, _ = str(root.tag).rpartition("}")
    if closing and name_of(str(root.tag)).startswith("?:"):
        for element in root.iter(f"{namespace}}}*"):
            element.tag = str(element.tag).rpartition("}")[2]


def children_of(element: etree._Element) -> Children:
    """An element's children by name, in order."""
    found: defaultdict[str, list[etree._Element]] = defaultdict(list)
    for child in element:
        found[name_of(str(child.tag))].append(child)
    return found


def words(children: Children, *names: str) -> str:
    """The text of the first of these children that has any; "" when none has."""
    for name in names:
        for element in children.get(name, ()):
            text = _inner_text(element)
            if text:
                return text
    return ""


def all_words(children: Children, *names: str) -> list[str]:
    """The texts of all these children, without empty ones."""
    return [text for name in names for element in children.get(name, ()) if (text := _inner_text(element))]


def title_words(element: etree._Element) -> str:
    """Plain text, whether the source wrote text, HTML or HTML that says it is text."""
    kind = element.get("type", "").strip().lower()
    if len(element):
        return clean_line(plain_text(as_html(element)))
    text = _decoded(element, kind) or _unpacked(element.text or "")
    if kind in {"text", "text/plain"}:
        return clean_line(text)
    is_html = kind in {"html", "text/html", "xhtml", "application/xhtml+xml"}
    marked = is_html or bool(_TAGGED.search(text) or _ENTITY.search(text))
    return clean_line(plain_text(text)) if marked else clean_line(text)


def as_html(element: etree._Element) -> str:
    """What an element holds as HTML: escaped, in CDATA, as elements of its own, base64 or plain text."""
    kind = element.get("type", "").strip().lower()
    if len(element):
        return _inner_html(element)
    text = _decoded(element, kind)
    if kind in {"text", "text/plain"} or _is_plain(text):
        return as_paragraphs(text)
    return text


def as_paragraphs(text: str) -> str:
    """Plain text as HTML, a paragraph for each block between empty lines."""
    blocks = (block.strip() for block in text.replace("\r\n", "\n").split("\n\n"))
    return "".join(f"<p>{html.escape(block, quote=False)}</p>" for block in blocks if block)


def language_of(*elements: etree._Element | None) -> str:
    """The first xml:lang of these elements."""
    return next((lang for element in elements if element is not None and (lang := element.get(XML_LANG, ""))), "")


def base_of(element: etree._Element) -> str:
    """The xml:base chain of an element, "" when there is none; absolute or relative to the document."""
    return element.base or ""


def _inner_text(element: etree._Element) -> str:
    if len(element):
        return clean_line("".join(str(text) for text in element.itertext()))
    return (element.text or "").strip()


def _decoded(element: etree._Element, kind: str) -> str:
    """The element's text; Atom 0.3's base64 is unpacked. Other media than text have no words."""
    text = (element.text or "").strip()
    is_text = not kind or "/" not in kind or kind.startswith("text/") or kind.endswith(("xml", "html"))
    if element.get("mode", "").lower() == "base64":
        try:
            return base64.b64decode(text, validate=False).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            return ""
    return text if is_text else ""


def _unpacked(text: str) -> str:
    """A title of a kind that has no words: base64 as Atom asks, or words all the same."""
    try:
        return base64.b64decode("".join(text.split()), validate=True).decode()
    except ValueError:
        return text.strip()


def _inner_html(element: etree._Element) -> str:
    """The elements within, under their plain names: prefixes of XHTML mean nothing to a reader of HTML."""
    for inner in element.iterdescendants():
        tag = str(inner.tag)
        inner.tag = tag.rpartition("}")[2].rpartition(":")[2] or "span"
    only = element[0]
    if len(element) == 1 and only.tag == "div" and not (element.text or "").strip() and not (only.tail or "").strip():
        element = only  # Atom's wrapper is no part of the content. Source: RFC 4287 section 4.1.3.3
    parts = [html.escape(element.text or "", quote=False)]
    parts += [etree.tostring(child, encoding="unicode", method="html") for child in element]
    return "".join(parts).strip()


def _is_plain(text: str) -> bool:
    """Whether a text without any markup has paragraphs that HTML would run together."""
    return "\n\n" in text and "<" not in text and not _ENTITY.search(text)
