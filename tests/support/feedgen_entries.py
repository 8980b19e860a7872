"""RSS and Atom written by feedgen alone, entries and all: what `publish` must equal byte for byte."""

from datetime import datetime
from email.utils import format_datetime
from typing import Any, Final

from feedgen.entry import FeedEntry
from lxml import etree

from syndication.domain.feeds import Feed, FeedFormat, FeedItem, Origin
from syndication.publish.xml import generator_of

_DC: Final = "http://purl.org/dc/elements/1.1/"
_MEDIA: Final = "http://search.yahoo.com/mrss/"
_XML_LANG: Final = "{http://www.w3.org/XML/1998/namespace}lang"


def by_feedgen(feed: Feed, form: FeedFormat) -> bytes:
    """A fitted feed in RSS or Atom."""
    generator: Any = generator_of(feed, form)
    for item in feed.items:
        generator.add_entry(_entry(item, feed.language, form), order="append")
    written: bytes = generator.rss_str() if form is FeedFormat.RSS else generator.atom_str()
    return written


class _Entry(FeedEntry):  # type: ignore[misc]  # feedgen ships no types
    """feedgen's entry with all its links' attributes, the origin as a source, dates, languages and images."""

    def __init__(self, published: datetime, updated: datetime) -> None:
        super().__init__()
        self.updated(updated)  # feedgen's default is the clock
        self.first_published = published
        self.language = ""
        self.creators: tuple[str, ...] = ()
        self.thumbnail = ""
        self.origin: Origin | None = None

    def atom_entry(self, extensions: bool = True) -> etree._Element:  # noqa: FBT001, FBT002 - feedgen's signature
        """The entry as an Atom element."""
        entry: etree._Element = super().atom_entry(extensions)
        for element, link in zip(entry.findall("link"), self.link() or [], strict=True):
            for name in ("rel", "type", "hreflang", "title", "length"):
                if link.get(name):
                    element.set(name, link[name])
        _add(entry, "published", self.first_published.isoformat())
        if self.origin:
            _add_source(entry, self.origin)
        self._add_common(entry)
        if self.language:
            entry.set(_XML_LANG, self.language)
        return entry

    def rss_entry(self, extensions: bool = True) -> etree._Element:  # noqa: FBT001, FBT002 - feedgen's signature
        """The entry as an RSS item."""
        item: etree._Element = super().rss_entry(extensions)
        _add(item, "pubDate", format_datetime(self.first_published, usegmt=True))
        if self.origin and self.origin.url:
            _add(item, "source", self.origin.title, url=self.origin.url)
        for name in self.creators:
            _add(item, f"{{{_DC}}}creator", name)
        self._add_common(item)
        if self.language:
            _add(item, f"{{{_DC}}}language", self.language)
        return item

    def _add_common(self, element: etree._Element) -> None:
        if self.thumbnail:
            _add(element, f"{{{_MEDIA}}}thumbnail", url=self.thumbnail)


def _entry(item: FeedItem, feed_language: str, form: FeedFormat) -> _Entry:
    entry = _Entry(item.published_at, item.updated_at)
    entry.id(item.id)
    entry.title(item.title)
    entry.link(href=item.url, rel="alternate", type="text/html")
    if item.summary:
        entry.summary(item.summary)
    if item.content:
        entry.content(item.content, type="html")
    entry.author([{"name": name} for name in item.authors])
    entry.category([{"term": topic.slug, "label": topic.title} for topic in item.topics])
    # RSS has room for one, and of several feedgen writes the last there.
    for file in item.enclosures[:1] if form is FeedFormat.RSS else item.enclosures:
        entry.enclosure(file.url, file.length or 0, file.media_type)
    entry.creators = item.authors
    entry.thumbnail = item.image_url
    entry.origin = item.origin
    entry.language = item.language if item.language != feed_language else ""
    return entry


def _add(parent: etree._Element, name: str, text: str | None = None, **attributes: str) -> etree._Element:
    element = etree.SubElement(parent, name, attributes)
    element.text = text
    return element


def _add_source(entry: etree._Element, origin: Origin) -> None:
    source = _add(entry, "source")
    _add(source, "id", origin.feed_id)
    _add(source, "title", origin.title)
    _add(source, "updated", origin.updated_at.replace(microsecond=0).isoformat())
    if origin.url:
        _add(source, "link", href=origin.url, rel="self" if origin.is_feed else "alternate")
