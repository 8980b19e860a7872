"""Feed → RSS 2.0 and Atom 1.0, by feedgen; the subclasses close the gaps of feedgen 1.0.0 that tests name one by one.

Sources: RSS Advisory Board profile 1.0; RFC 4287; RFC 5988 relations in RSS as in RFC 5005, appendix B.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from email.utils import format_datetime
from typing import Final

from feedgen.entry import FeedEntry
from feedgen.ext.base import BaseExtension
from feedgen.feed import FeedGenerator
from lxml import etree

from syndication.domain.feeds import Feed, FeedFormat, FeedItem, Origin

GENERATOR: Final = "Syndication"
MEDIA_TYPES: Final = {FeedFormat.RSS: "application/rss+xml", FeedFormat.ATOM: "application/atom+xml"}
_ATOM: Final = "http://www.w3.org/2005/Atom"
_DC: Final = "http://purl.org/dc/elements/1.1/"
_MEDIA: Final = "http://search.yahoo.com/mrss/"
_HISTORY: Final = "http://purl.org/syndication/history/1.0"
_STYLE: Final = "/static/feed.css"
_XML_LANG: Final = "{http://www.w3.org/XML/1998/namespace}lang"


def rss(feed: Feed, entries: "Sequence[Entry] | None" = None) -> bytes:
    """The bytes of a fitted feed in RSS 2.0. A pure function of the feed. entries: its own, if they are made already."""
    written: bytes = _generator(feed, FeedFormat.RSS, entries).rss_str()
    return written


def atom(feed: Feed, entries: "Sequence[Entry] | None" = None) -> bytes:
    """The bytes of a fitted feed in Atom 1.0. A pure function of the feed. entries: as of `rss`."""
    written: bytes = _generator(feed, FeedFormat.ATOM, entries).atom_str()
    return written


def entries_of(feed: Feed) -> "list[Entry]":
    """The entries of a fitted feed, which RSS and Atom are both written from."""
    return [_entry(item, feed.language) for item in feed.items]


class Entry(FeedEntry):  # type: ignore[misc]  # feedgen ships no types
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


class Generator(FeedGenerator):  # type: ignore[misc]  # feedgen ships no types
    """feedgen's feed with its page as the channel's link, every link in the head, and dates from data."""

    def __init__(self, updated: datetime) -> None:
        super().__init__()
        self.changed = updated
        self.head: tuple[dict[str, str], ...] = ()
        self.is_archive = False
        self.style_url = ""
        self.updated(updated)  # feedgen's default is the clock
        # feedgen would write this date by switching the locale of the whole process, which other threads see.
        self._FeedGenerator__rss_lastBuildDate = None
        self.register_extension("prefixes", _Prefixes)

    def add_entry(self, feedEntry: Entry, order: str = "append") -> Entry:  # noqa: N803 - feedgen's signature
        """Add an entry after the others; feedgen's default turns the order round."""
        super().add_entry(feedEntry, order)
        return feedEntry

    def _create_rss(self, extensions: bool = True) -> tuple[etree._Element, etree._ElementTree]:  # noqa: FBT001, FBT002 - feedgen's signature
        root, document = super()._create_rss(extensions)
        channel = root[0]
        links = [*(self.link() or []), *self.head]
        for written in channel.findall(f"{{{_ATOM}}}link"):
            channel.remove(written)
        place = channel.index(channel.find("description")) + 1
        for offset, link in enumerate(link for link in links if link["rel"] != "alternate"):
            channel.insert(place + offset, etree.Element(f"{{{_ATOM}}}link", link))
        channel.find("link").text = next(link["href"] for link in links if link["rel"] == "alternate")
        built = etree.Element("lastBuildDate")
        built.text = format_datetime(self.changed, usegmt=True)
        channel.insert(channel.index(channel.find("generator")) + 1, built)
        self._finish(root, channel, channel.index(built) + 1)
        return root, document

    def _create_atom(self, extensions: bool = True) -> tuple[etree._Element, etree._ElementTree]:  # noqa: FBT001, FBT002 - feedgen's signature
        root, document = super()._create_atom(extensions)
        place = root.index(root.findall("link")[-1]) + 1
        for offset, link in enumerate(self.head):
            root.insert(place + offset, etree.Element("link", link))
        self._finish(root, root, place + len(self.head))
        return root, document

    def _finish(self, root: etree._Element, head: etree._Element, place: int) -> None:
        """Mark an archive document; name the style sheet that browsers show it with. Source: RFC 5005 section 4."""
        if self.is_archive:
            head.insert(place, etree.Element(f"{{{_HISTORY}}}archive"))
        root.addprevious(etree.ProcessingInstruction("xml-stylesheet", f'type="text/css" href="{self.style_url}"'))


class _Prefixes(BaseExtension):  # type: ignore[misc]  # feedgen ships no types
    """Declares the prefixes of extensions once, in the root."""

    def extend_ns(self) -> dict[str, str]:
        return {"dc": _DC, "media": _MEDIA, "fh": _HISTORY}


def _generator(feed: Feed, form: FeedFormat, entries: Sequence[Entry] | None) -> Generator:
    generator = Generator(feed.updated_at)
    generator.id(feed.id)
    generator.title(feed.title)
    generator.description(feed.description)
    generator.generator(GENERATOR)
    generator.author(name=feed.title)
    if feed.language:
        generator.language(feed.language)
    generator.link(href=feed.home_url, rel="alternate", type="text/html")
    generator.link(href=feed.self_url(form), rel="self", type=MEDIA_TYPES[form])
    if feed.logo:
        # Atom's logo, too. RSS wants title and link of the channel again.
        generator.image(url=feed.logo, title=feed.title, link=feed.home_url)
    generator.head = tuple(_head(feed, form))
    generator.is_archive = bool(feed.current)
    generator.style_url = f"{feed.public_url}{_STYLE}"
    for entry in entries_of(feed) if entries is None else entries:
        generator.add_entry(entry)
    return generator


def _head(feed: Feed, form: FeedFormat) -> Iterator[dict[str, str]]:
    """Relations that feedgen does not know. Sources: RFC 5005 section 4; WebSub, section 4."""
    for hub in feed.hubs:
        yield {"rel": "hub", "href": hub}
    for relation, path in (("current", feed.current), ("prev-archive", feed.older)):
        if path:
            yield {"rel": relation, "href": feed.address(path, form), "type": MEDIA_TYPES[form]}


def _entry(item: FeedItem, feed_language: str) -> Entry:
    entry = Entry(item.published_at, item.updated_at)
    entry.id(item.id)
    entry.title(item.title)
    entry.link(href=item.url, rel="alternate", type="text/html")
    if item.summary:
        entry.summary(item.summary)
    if item.content:
        entry.content(item.content, type="html")
    entry.author([{"name": name} for name in item.authors])
    entry.category([{"term": topic.slug, "label": topic.title} for topic in item.topics])
    # The first file last: RSS has room for one and feedgen writes the last.
    for file in reversed(item.enclosures):
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
