"""A feed's tree → title, language and drafts: RSS 0.9x, 1.0 and 2.0, RDF, Atom 0.3 and 1.0.

Its repairs are ours, and each entry can be left unread when it is the one of the last visit.
"""

import re
from collections.abc import Sequence
from functools import cache, partial
from typing import Final
from urllib.parse import urljoin

from lxml import etree

from syndication.collect.dates import Written
from syndication.collect.drafts import ITEMS, Draft, Unread
from syndication.collect.elements import (
    Children,
    all_words,
    as_html,
    base_of,
    children_of,
    language_of,
    make_plain,
    name_of,
    title_words,
    words,
)
from syndication.collect.feed_document import FeedDocument, read_by_feedparser
from syndication.collect.xml import repaired
from syndication.domain.articles import DateOrigin, Enclosure

_WEB: Final = ("http://", "https://")
_PUBLISHED: Final = ("pubdate", "published", "issued", "dcterms:issued", "dcterms:available", "dc:date")
_UPDATED: Final = ("updated", "modified", "dcterms:modified")
_CREATED: Final = ("created", "dcterms:created")
_CONTENT: Final = ("content:encoded", "content", "fullitem", "xhtml:body", "xhtml:div", "body")
_SUMMARY: Final = ("description", "summary", "dc:description", "media:description", "itunes:summary")
_PAGES: Final = frozenset({"text/html", "application/xhtml+xml"})
_PERIODS: Final = {"hourly": 60, "daily": 1440, "weekly": 10080, "monthly": 43200, "yearly": 525600}
_DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY_MINUTES: Final = 1440
_LAST_HOUR: Final = 23


def read_feed(text: str, items: int = ITEMS) -> FeedDocument | None:
    """RSS 0.9x, 1.0, 2.0, RDF or Atom; None when it is none of them. Never raises for any text.

    At most `items` items are read, the newest, in the document's order.
    """
    found = repaired(text, items)
    if found is None:
        return None
    root, notes = found
    make_plain(root)
    has_bases = ":base" in text  # no other prefix than xml may stand for it. Source: Namespaces in XML 1.0, section 3
    if name_of(str(root.tag)) == "channel" and not any(name_of(str(child.tag)) == "item" for child in root):
        return read_by_feedparser(etree.tostring(root, encoding="utf-8"))
    place = next((child for child in root if name_of(str(child.tag)) == "channel"), root)
    entries = [element for element in root.iter("*") if name_of(str(element.tag)) in {"item", "entry"}]
    for entry in entries:  # one within another is a fault of the document; each counts for itself
        parent = entry.getparent()
        if parent is not None and any(name_of(str(above.tag)) in {"item", "entry"} for above in entry.iterancestors()):
            parent.remove(entry)
    return _document(root, place, entries, notes, has_bases=has_bases)


def _document(
    root: etree._Element,
    place: etree._Element,
    entries: Sequence[etree._Element],
    notes: tuple[str, ...],
    *,
    has_bases: bool,
) -> FeedDocument | None:
    head = children_of(place)
    is_feed = name_of(str(root.tag)) in {"rss", "rdf", "rdf:rdf", "feed", "channel"}
    if not is_feed and not entries:
        return None
    authors = _authors(head) if name_of(str(root.tag)) == "feed" else ()
    titles = head.get("title", ())
    return FeedDocument(
        title=title_words(titles[0]) if titles else "",
        language=words(head, "language", "dc:language") or language_of(place, root),
        link=_page(head)[0],
        drafts=tuple(_entry(entry, authors, has_bases=has_bases) for entry in entries),
        minutes=_minutes(head),
        hubs=tuple(_links(head, "hub")),
        self_url=next(iter(_links(head, "self")), ""),
        native_id=words(head, "id"),
        skip_hours=_skip_hours(head),
        skip_days=_skip_days(head),
        repairs=notes,
        next_url=next(iter(_links(head, "next")), ""),
    )


def _entry(element: etree._Element, authors: tuple[str, ...], *, has_bases: bool) -> Draft | Unread:
    own = children_of(element)
    if has_bases and any(base_of(one) for one in (element, *element)):
        return _draft(element, own, authors)  # only reading tells which base counts
    native_id = _native_id(element, own)
    said = repr(authors).encode() + etree.tostring(element, encoding="utf-8", with_tail=False)
    link = _link(own, native_id, _enclosures(own))[0]
    return Unread(native_id, link, "", said, cache(partial(_draft, element, own, authors)))


def _native_id(entry: etree._Element, own: Children) -> str:
    return words(own, "guid", "id") or _attribute(entry, "about") or words(own, "dc:identifier")


def _draft(entry: etree._Element, own: Children, authors: tuple[str, ...]) -> Draft:
    content, place = _longest(own, _CONTENT)
    summary, beside = _longest(own, _SUMMARY)
    enclosures = _enclosures(own)
    native_id = _native_id(entry, own)
    link, repairs = _link(own, native_id, enclosures)
    titles = own.get("title") or own.get("dc:title") or own.get("media:title") or ()
    updated = words(own, *_UPDATED)
    written = [*all_words(own, *_PUBLISHED), updated, words(own, *_CREATED)]
    return Draft(
        native_id=native_id,
        link=link,
        title=title_words(titles[0]) if titles else "",
        summary="" if summary == content else summary,
        content=content,
        base=base_of(place if place is not None else beside if beside is not None else entry),
        dates=tuple(Written(raw, DateOrigin.FEED) for raw in written if raw),
        updated=updated,
        language=words(own, "dc:language", "language")
        or language_of(entry, titles[0] if titles else None, place, beside),
        authors=_authors(own) or authors,
        tags=_tags(own),
        enclosures=enclosures,
        image=_image(own, enclosures),
        variants=tuple(_variants(own)),
        repairs=repairs,
    )


def _longest(own: Children, names: Sequence[str]) -> tuple[str, etree._Element | None]:
    """Of several texts the longest HTML, and where it stood."""
    found = [(as_html(element), element) for name in names for element in own.get(name, ())]
    return max(found, key=lambda one: len(one[0]), default=("", None))


def _link(own: Children, native_id: str, enclosures: Sequence[Enclosure]) -> tuple[str, tuple[str, ...]]:
    """The item's page, its id where that is an address, an enclosure in its place, or ""."""
    link, repairs = _page(own)
    original = words(own, "feedburner:origlink")
    if original.startswith(_WEB):
        return original, repairs
    if link:
        return link, repairs
    denied = any(
        guid.get("isPermaLink", guid.get("ispermalink", "")).lower() == "false" for guid in own.get("guid", ())
    )
    if native_id.lower().startswith(_WEB) and not denied:
        return native_id, ()
    if enclosures:
        return enclosures[0].url, ("no link: the enclosure's is used",)
    return "", ("no link",)


def _page(own: Children) -> tuple[str, tuple[str, ...]]:
    """The address of the page an item or a feed stands for, and what was done to it."""
    found: list[tuple[int, str, etree._Element]] = []
    for element in own.get("link", ()):
        href = (element.get("href") or "").strip()
        rel = (element.get("rel") or "alternate").strip().lower()
        if not href:
            found.append((0, "".join(str(text) for text in element.itertext()).strip(), element))
        elif rel in {"alternate", "http://www.iana.org/assignments/relation/alternate"}:
            found.append((1 if (element.get("type") or "text/html").lower() in _PAGES else 2, href, element))
    named = [one for one in found if one[1]]
    if not named:
        return "", ()
    _, address, element = min(named, key=lambda one: one[0])
    if address.lower().startswith(_WEB):
        return address, ()
    joined = _joined(base_of(element), address)
    return joined, () if joined == address else ("a relative link was made absolute",)


def _joined(base: str, address: str) -> str:
    try:
        return urljoin(base, address)
    except ValueError:
        return address


def _links(own: Children, rel: str) -> list[str]:
    found = (element for element in own.get("link", ()) if rel in (element.get("rel") or "").lower().split())
    return [href.strip() for element in found if (href := element.get("href"))]


def _variants(own: Children) -> list[str]:
    """Addresses of the same article in other languages."""
    alternates = (e for e in own.get("link", ()) if (e.get("rel") or "alternate").lower() == "alternate")
    return [
        element.get("href", "").strip() for element in alternates if element.get("hreflang") and element.get("href")
    ]


def _attribute(element: etree._Element, local: str) -> str:
    return next((str(v).strip() for k, v in element.attrib.items() if str(k).rpartition("}")[2].endswith(local)), "")


def _authors(own: Children) -> tuple[str, ...]:
    found = [
        words(inner, "name") or _name(words(inner, "email")) if len(element) else _name((element.text or "").strip())
        for element in own.get("author", ())
        for inner in (children_of(element),)
    ]
    return tuple(name for name in (found or map(_name, all_words(own, "dc:creator", "itunes:author"))) if name)


def _name(written: str) -> str:
    """The name in 'a@example.org (Name)' or 'Name <a@example.org>', without the address."""
    in_brackets = re.search(r"\(([^()]+)\)", written) if "@" in written else None
    bare = in_brackets[1] if in_brackets else re.sub(r"<?\S+@\S+>?", "", written[:500])
    return bare.strip()


def _tags(own: Children) -> tuple[str, ...]:
    found = [element.get("label") or element.get("term") or (element.text or "") for element in own.get("category", ())]
    return tuple(tag.strip() for tag in (*found, *all_words(own, "dc:subject")) if tag.strip())


def _enclosures(own: Children) -> tuple[Enclosure, ...]:
    found = [
        (element.get("url") or element.get("href") or "", element.get("type", ""), element.get("length", ""))
        for element in own.get("enclosure", ())
    ]
    found += [
        (element.get("href", ""), element.get("type", ""), element.get("length", ""))
        for element in own.get("link", ())
        if (element.get("rel") or "").lower() == "enclosure"
    ]
    return tuple(Enclosure(url.strip(), kind.strip(), _number(length)) for url, kind, length in found if url.strip())


def _image(own: Children, enclosures: Sequence[Enclosure]) -> str:
    inner = [children_of(element) for element in (*own.get("media:group", ()), *own.get("media:content", ()))]
    for children in (own, *inner):
        for element in (*children.get("media:thumbnail", ()), *children.get("media:content", ())):
            kind = element.get("medium") or element.get("type") or ""
            if element.get("url") and (not kind or kind.startswith("image")):
                return element.get("url", "").strip()
    shown = next((e.get("href", "").strip() for e in own.get("itunes:image", ()) if e.get("href")), "")
    return shown or next((enclosure.url for enclosure in enclosures if enclosure.media_type.startswith("image/")), "")


def _number(written: str) -> int | None:
    digits = written.strip()
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 15 else None  # noqa: PLR2004 - a petabyte


def _minutes(head: Children) -> int:
    """The longer of what `ttl` and the syndication module ask for, at most a day."""
    period = _PERIODS.get(words(head, "sy:updateperiod").lower(), 0)
    times = max(1, _number(words(head, "sy:updatefrequency")) or 1)
    return min(max(_number(words(head, "ttl")) or 0, period // times), _DAY_MINUTES)


def _skip_hours(head: Children) -> tuple[int, ...]:
    hours = [_number(hour) for skip in head.get("skiphours", ()) for hour in all_words(children_of(skip), "hour")]
    return tuple(sorted({hour % 24 for hour in hours if hour is not None and hour <= _LAST_HOUR + 1}))


def _skip_days(head: Children) -> tuple[int, ...]:
    days = [day.lower() for skip in head.get("skipdays", ()) for day in all_words(children_of(skip), "day")]
    return tuple(sorted({_DAYS.index(day) for day in days if day in _DAYS}))
