"""An article's own page → its item with the whole text, without the page's furniture. The only module that knows trafilatura."""

import importlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from lxml import etree

from syndication.collect.dates import Written, published
from syndication.collect.decoding import decode
from syndication.collect.identity import canonical_url
from syndication.collect.titles import FROM_ADDRESS, FROM_WORDS
from syndication.domain.articles import DateOrigin, Item
from syndication.domain.sources import RawDocument
from syndication.html.links import absolute
from syndication.html.sanitise import sanitise_and_read
from syndication.html.text import clean_line, lead, reading_minutes, shorten
from syndication.html.tree import page_language, parse
from syndication.lang.detect import detect, normalise
from syndication.net.hosts import is_same_site

_FEWEST_WORDS: Final = 40
_GAIN: Final = 1.2
_LONGEST: Final = 1024 * 1024
_ARTICLES: Final = frozenset({"article", "newsarticle", "blogposting", "reportagenewsarticle", "techarticle", "report"})


@dataclass(frozen=True, slots=True)
class _Said:
    """What a page says about its article."""

    title: str = ""
    date: Written | None = None
    author: str = ""
    image: str = ""
    language: str = ""
    canonical: str = ""
    variants: tuple[str, ...] = ()


def with_full_text(item: Item, page: RawDocument) -> Item:
    """The item with its page's text, where that says more than the source did. Never raises for any bytes.

    Title, date, author, picture and language of the source count; the page's fill what it lacks. content_hash stays the
    source's own, so that the next visit sees no change.
    """
    text = decode(page.body, page.content_type)
    root = parse(text)
    said = _said(root, page.url, page_language(text))
    content, words = _extracted(text, page.url)
    is_more = len(words.split()) >= max(_FEWEST_WORDS, _GAIN * len(item.content.split()))
    made = replace(
        item,
        title=said.title if said.title and {FROM_ADDRESS, FROM_WORDS}.intersection(item.repairs) else item.title,
        authors=item.authors or ((said.author,) if said.author else ()),
        image_url=item.image_url or said.image,
        language=item.language or said.language or detect(words),
        canonical_url=said.canonical or item.canonical_url,
        variants=tuple(dict.fromkeys((*item.variants, *said.variants))),
    )
    if said.date and item.published.origin is DateOrigin.FIRST_SEEN:
        made = replace(made, published=published((said.date,), page.now)[0])
    if not is_more:
        return made
    return replace(
        made,
        content=content,
        summary=item.summary or lead(words),
        reading_minutes=reading_minutes(words),
        is_teaser=False,
        repairs=(*item.repairs, "the text was read from the article's own page"),
    )


def _extracted(text: str, url: str) -> tuple[str, str]:
    """Sanitised HTML of the article on a page, and its words."""
    # Half a second and 40 MB (measured), which only sources that ask for whole texts should pay.
    trafilatura = importlib.import_module("trafilatura")
    try:
        found = trafilatura.extract(
            text[:_LONGEST],
            output_format="html",
            include_comments=False,
            include_images=True,
            include_links=True,
            include_tables=True,
            favor_precision=True,
        )
    except Exception:  # noqa: BLE001 - a page is a stranger's; its text is then the source's own
        return "", ""
    return sanitise_and_read(found or "", url)


def _said(root: etree._Element, url: str, language: str) -> _Said:
    meta = _meta(root)
    linked = next(_articles(root), {})
    links = [link for link in root.iter("link") if link.get("href")]
    canonical = next((absolute(link.get("href", ""), url) for link in links if link.get("rel") == "canonical"), "")
    is_ours = bool(canonical) and is_same_site(canonical, url)
    variants = [canonical_url(absolute(link.get("href", ""), url)) for link in links if link.get("hreflang")]
    return _Said(
        title=_text(linked.get("headline")) or meta.get("og:title", ""),
        date=_date(linked, meta),
        author=_name(linked.get("author")) or meta.get("author", ""),
        image=absolute(meta.get("og:image", ""), url),
        language=normalise(_text(linked.get("inLanguage")) or language),
        canonical=canonical_url(canonical) if is_ours else "",
        variants=tuple(variant for variant in variants if variant and variant != canonical_url(url)),
    )


def _meta(root: etree._Element) -> dict[str, str]:
    found: dict[str, str] = {}
    for element in root.iter("meta"):
        key = (element.get("property") or element.get("name") or "").lower()
        if key and element.get("content"):
            found.setdefault(key, shorten(clean_line(element.get("content", "")), 500))
    return found


def _articles(root: etree._Element) -> Iterator[Mapping[str, Any]]:
    """Articles in the page's JSON-LD."""
    for script in root.iter("script"):
        if (script.get("type") or "").lower() != "application/ld+json":
            continue
        try:
            values = json.loads(script.text or "")
        except (ValueError, RecursionError):
            continue
        graph = values.get("@graph") if isinstance(values, dict) else values
        for one in graph if isinstance(graph, list) else [values]:
            kinds = one.get("@type") if isinstance(one, dict) else None
            named = kinds if isinstance(kinds, list) else [kinds]
            if any(isinstance(kind, str) and kind.lower() in _ARTICLES for kind in named):
                yield one


def _date(linked: Mapping[str, Any], meta: Mapping[str, str]) -> Written | None:
    if _text(linked.get("datePublished")):
        return Written(_text(linked.get("datePublished")), DateOrigin.JSON_LD)
    for name in ("article:published_time", "date", "dc.date", "dcterms.date", "publishdate", "parsely-pub-date"):
        if meta.get(name):
            return Written(meta[name], DateOrigin.META)
    return None


def _name(value: object) -> str:
    first = value[0] if isinstance(value, list) and value else value
    return re.sub(r"\s+", " ", _text(first.get("name") if isinstance(first, dict) else first))[:100]


def _text(value: object) -> str:
    return clean_line(value) if isinstance(value, str) else ""
