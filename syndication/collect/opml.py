"""OPML in and out: addresses of feeds with what else is known of them. Source: OPML 2.0, opml.org/spec2.opml."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from lxml import etree

from syndication.domain.errors import SourceError
from syndication.html.text import clean_line
from syndication.net.hosts import host_of

_MOST_BYTES: Final = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Outline:
    """One feed. folder: the headings it stands under, joined by '/'."""

    url: str
    title: str = ""
    site: str = ""
    folder: str = ""
    language: str = ""


def read_opml(data: bytes) -> list[Outline]:
    """The feeds of a document, each address once. Raises SourceError for what is no OPML."""
    if len(data) > _MOST_BYTES:
        message = "This file is larger than 10 MiB, which is no list of feeds."
        raise SourceError(message)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=True, huge_tree=False)
    root = etree.fromstring(data, parser) if data.strip() else None
    body = root.find("{*}body") if root is not None and etree.QName(root).localname.lower() == "opml" else None
    if body is None:
        message = "This is no OPML file: it has no <opml> with a <body>. Export it again from the other program."
        raise SourceError(message)
    found: dict[str, Outline] = {}
    for outline in _outlines(body, ""):
        found.setdefault(outline.url, outline)
    return list(found.values())


def write_opml(title: str, outlines: Sequence[Outline]) -> bytes:
    """A document that other readers take."""
    root = etree.Element("opml", version="2.0")
    etree.SubElement(etree.SubElement(root, "head"), "title").text = title
    body = etree.SubElement(root, "body")
    for one in outlines:
        known = {"text": one.title, "title": one.title, "type": "rss", "xmlUrl": one.url}
        known |= {"htmlUrl": one.site} if one.site else {}
        known |= {"language": one.language} if one.language else {}
        etree.SubElement(body, "outline", {name: clean_line(value) for name, value in known.items()})
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _outlines(element: etree._Element, folder: str) -> Iterator[Outline]:
    for child in element.iterchildren("{*}outline"):
        values = {str(name).lower(): clean_line(str(value)) for name, value in child.attrib.items()}
        title = values.get("title") or values.get("text", "")
        url = values.get("xmlurl", "")
        if host_of(url):
            yield Outline(url, title, values.get("htmlurl", ""), folder, values.get("language", ""))
        yield from _outlines(child, f"{folder}/{title}".strip("/"))
