"""Feed → RSS 2.0 and Atom 1.0: all but the entries by feedgen; the subclass closes the gaps of feedgen 1.0.0 that tests name.

Sources: RSS Advisory Board profile 1.0; RFC 4287; RFC 5988 relations in RSS as in RFC 5005, appendix B.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from email.utils import format_datetime
from typing import Final

from feedgen.ext.base import BaseExtension
from feedgen.feed import FeedGenerator
from lxml import etree

from syndication.domain.feeds import Feed, FeedFormat
from syndication.publish.entries import Entry

GENERATOR: Final = "Syndication"
MEDIA_TYPES: Final = {FeedFormat.RSS: "application/rss+xml", FeedFormat.ATOM: "application/atom+xml"}
_ATOM: Final = "http://www.w3.org/2005/Atom"
_DC: Final = "http://purl.org/dc/elements/1.1/"
_MEDIA: Final = "http://search.yahoo.com/mrss/"
_HISTORY: Final = "http://purl.org/syndication/history/1.0"
_STYLE: Final = "/static/feed.css"
_XML_LANG: Final = "{http://www.w3.org/XML/1998/namespace}lang"


def rss(feed: Feed, entries: Sequence[Entry]) -> bytes:
    """The bytes of a fitted feed in RSS 2.0. A pure function of the feed. entries: its items."""
    return _filled(generator_of(feed, FeedFormat.RSS).rss_str(), b"</channel></rss>", [entry.rss for entry in entries])


def atom(feed: Feed, entries: Sequence[Entry]) -> bytes:
    """The bytes of a fitted feed in Atom 1.0. A pure function of the feed. entries: its items."""
    return _filled(generator_of(feed, FeedFormat.ATOM).atom_str(), b"</feed>", [entry.atom for entry in entries])


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


def _filled(shell: bytes, end: bytes, entries: Sequence[bytes]) -> bytes:
    """The document with entries at its end, which is where both formats have them."""
    return b"".join([shell.removesuffix(end), *entries, end])


def generator_of(feed: Feed, form: FeedFormat) -> Generator:
    """Feedgen's feed with everything but the entries."""
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
    return generator


def _head(feed: Feed, form: FeedFormat) -> Iterator[dict[str, str]]:
    """Relations that feedgen does not know. Sources: RFC 5005 section 4; WebSub, section 4."""
    for hub in feed.hubs:
        yield {"rel": "hub", "href": hub}
    for relation, path in (("current", feed.current), ("prev-archive", feed.older)):
        if path:
            yield {"rel": relation, "href": feed.address(path, form), "type": MEDIA_TYPES[form]}
