"""A feed's bytes → title, language and drafts. The only module that knows feedparser."""

import html
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import feedparser

from syndication.collect.dates import Written
from syndication.collect.drafts import ITEMS, Draft
from syndication.collect.xml import well_formed
from syndication.domain.articles import DateOrigin, Enclosure
from syndication.html.text import clean_line, plain_text

_HTML: Final = frozenset({"text/html", "application/xhtml+xml"})


@dataclass(frozen=True, slots=True)
class FeedDocument:
    """What one feed says. link: of the site, as written. minutes: its own wish for a pause (ttl), 0 when it has none."""

    title: str
    language: str
    link: str
    drafts: tuple[Draft, ...]
    minutes: int = 0


def read_feed(text: str) -> FeedDocument | None:
    """RSS 0.9x, 1.0, 2.0, RDF or Atom; None when it is none of them. Never raises for any text.

    At most 300 items are read, in the document's order.
    """
    data = well_formed(text, ITEMS)
    # A stream, never a string or bytes: those are opened as an address or a file's name. No base address: a relative
    # guid would be resolved and change with the place the feed was fetched from.
    parsed = feedparser.parse(
        io.BytesIO(data),
        response_headers={"content-type": "application/xml; charset=utf-8"},
        sanitize_html=False,
        resolve_relative_uris=False,
    )
    if not parsed.get("version") and not parsed.get("entries"):
        return None
    feed: Mapping[str, Any] = parsed["feed"]
    link = _text(feed, "link")
    drafts = tuple(_draft(entry) for entry in parsed["entries"])
    return FeedDocument(_title(feed), _text(feed, "language"), link, drafts, _minutes(_text(feed, "ttl")))


def _draft(entry: Mapping[str, Any]) -> Draft:
    summary, content = _texts(entry)
    enclosures = _enclosures(entry)
    link, repairs = _link(entry, enclosures)
    return Draft(
        native_id=_text(entry, "id"),
        link=link,
        title=_title(entry),
        summary=summary,
        content=content,
        base=_base(entry),
        dates=tuple(
            Written(_text(entry, name), DateOrigin.FEED)
            for name in ("published", "updated", "created")
            if _text(entry, name)
        ),
        updated=_text(entry, "updated"),
        language=_language(entry),
        authors=tuple(_name(_text(author, "name")) for author in entry.get("authors", ()) if author),
        tags=tuple(_text(tag, "label") or _text(tag, "term") for tag in entry.get("tags", ())),
        enclosures=enclosures,
        image=_image(entry, enclosures),
        repairs=repairs,
    )


def _text(values: Mapping[str, Any], name: str) -> str:
    # `get` of feedparser's mapping invents values for some absent names; a plain look-up does not.
    found = dict.get(values, name) if isinstance(values, dict) else None
    return found.strip() if isinstance(found, str) else ""


def _title(values: Mapping[str, Any]) -> str:
    """Plain text, whether the source wrote text, HTML or HTML that says it is text."""
    written = _text(values, "title")
    detail = values.get("title_detail") or {}
    is_html = detail.get("type") in _HTML or "</" in written or ("&" in written and ";" in written)
    return clean_line(plain_text(written)) if is_html else clean_line(written)


def _texts(entry: Mapping[str, Any]) -> tuple[str, str]:
    """Summary and content; HTML. Of several contents the longest HTML counts."""
    contents = [_as_html(content) for content in entry.get("content", ())]
    content = max(contents, key=len, default="")
    summary = _as_html(entry.get("summary_detail") or {"value": _text(entry, "summary"), "type": "text/html"})
    return ("" if summary == content else summary), content


def _as_html(detail: Mapping[str, Any]) -> str:
    value = _text(detail, "value")
    if detail.get("type") == "text/plain":
        return as_paragraphs(value)
    return value


def as_paragraphs(text: str) -> str:
    """Plain text as HTML, a paragraph for each block between empty lines."""
    blocks = (block.strip() for block in text.replace("\r\n", "\n").split("\n\n"))
    return "".join(f"<p>{html.escape(block, quote=False)}</p>" for block in blocks if block)


def _link(entry: Mapping[str, Any], enclosures: tuple[Enclosure, ...]) -> tuple[str, tuple[str, ...]]:
    """The item's page, an enclosure in its place, or "": then our own page of it is the best there is."""
    link = _text(entry, "link")
    if entry.get("guidislink") and link == _text(entry, "id") and not link.startswith(("http://", "https://")):
        link = ""  # feedparser takes every guid for an address that does not deny it
    if link or not enclosures:
        return link, () if link else ("no link",)
    return enclosures[0].url, ("no link: the enclosure's is used",)


def _base(entry: Mapping[str, Any]) -> str:
    for detail in (*entry.get("content", ()), entry.get("summary_detail"), entry.get("title_detail")):
        if detail and _text(detail, "base"):
            return _text(detail, "base")
    return ""


def _language(entry: Mapping[str, Any]) -> str:
    details = (entry.get("title_detail"), *entry.get("content", ()), entry.get("summary_detail"))
    return _text(entry, "language") or next((_text(d, "language") for d in details if d and _text(d, "language")), "")


def _enclosures(entry: Mapping[str, Any]) -> tuple[Enclosure, ...]:
    return tuple(
        Enclosure(_text(link, "href"), _text(link, "type"), _number(_text(link, "length")))
        for link in entry.get("enclosures", ())
        if _text(link, "href")
    )


def _image(entry: Mapping[str, Any], enclosures: tuple[Enclosure, ...]) -> str:
    for image in (*entry.get("media_thumbnail", ()), *entry.get("media_content", ())):
        kind = _text(image, "medium") or _text(image, "type")
        if _text(image, "url") and (not kind or kind.startswith("image")):
            return _text(image, "url")
    return next((enclosure.url for enclosure in enclosures if enclosure.media_type.startswith("image/")), "")


def _name(written: str) -> str:
    """The name in 'a@example.org (Name)' or 'Name <a@example.org>', without the address."""
    in_brackets = re.search(r"\(([^()]+)\)", written) if "@" in written else None
    bare = in_brackets[1] if in_brackets else re.sub(r"<?\S+@\S+>?", "", written)
    return bare.strip()


def _number(written: str) -> int | None:
    return int(written) if written.isascii() and written.isdigit() and len(written) <= 15 else None  # noqa: PLR2004 - a petabyte


def _minutes(written: str) -> int:
    return min(_number(written) or 0, 24 * 60)
