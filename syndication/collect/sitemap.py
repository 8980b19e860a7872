"""A sitemap, a news sitemap, an index of sitemaps or a plain list of addresses → drafts and further documents.

Source: sitemaps.org protocol 0.9; Google's news and image extensions.
"""

import re
from collections.abc import Sequence
from typing import Final

from lxml import etree

from syndication.collect.dates import Written, parse_date
from syndication.collect.drafts import Draft
from syndication.collect.elements import Children, children_of, name_of, words
from syndication.collect.feed_document import FeedDocument
from syndication.collect.titles import FROM_ADDRESS, title_from
from syndication.collect.xml import tree_of
from syndication.domain.articles import DateOrigin

LEVELS: Final = 2
"""How deep indexes may be nested."""

_SITEMAPS: Final = 20
_FEWEST_DATES: Final = 3


def read_sitemap(text: str, items: int) -> tuple[FeedDocument, tuple[str, ...]] | None:
    """The newest `items` pages, and the addresses of further sitemaps as written; None when it is no sitemap.

    Never raises for any text. `lastmod` is believed only where it differs from page to page.
    """
    listed = _plain_list(text)
    if listed:
        return FeedDocument("", "", "", tuple(_draft_of({"loc": ()}, link) for link in listed[:items])), ()
    root = tree_of(text)
    if root is None:
        return None
    name = name_of(str(root.tag))
    if name == "sitemapindex":
        return FeedDocument("", "", "", ()), _sitemaps(root)
    if name != "urlset":
        return None
    pages = [children_of(page) for page in root if name_of(str(page.tag)) == "url"]
    pages = [page for page in pages if words(page, "loc")]
    dates = [words(page, "lastmod") for page in pages]
    believed = len(dates) < _FEWEST_DATES or len(set(dates)) > 1
    newest = _newest(pages, items) if believed else pages[:items]
    notes = (
        () if len(newest) == len(pages) else (f"{len(pages) - len(newest)} older pages of the sitemap were left out",)
    )
    drafts = tuple(_draft_of(page, words(page, "loc"), believed=believed) for page in newest)
    return FeedDocument("", "", "", drafts, repairs=notes), ()


def _plain_list(text: str) -> list[str]:
    lines = [line.strip() for line in text.strip("\ufeff \n\r\t").splitlines() if line.strip()]
    is_list = bool(lines) and all(re.match(r"https?://\S+$", line) for line in lines[:50])
    return [line for line in lines if line.startswith("http")] if is_list else []


def _sitemaps(root: etree._Element) -> tuple[str, ...]:
    """The newest first; those for images and videos list no articles."""
    found = [children_of(child) for child in root if name_of(str(child.tag)) == "sitemap"]
    named = [(words(child, "lastmod"), words(child, "loc")) for child in found if words(child, "loc")]
    named.sort(key=lambda one: parsed[0].timestamp() if (parsed := parse_date(one[0])) else 0.0, reverse=True)
    return tuple(loc for _, loc in named if not re.search(r"(?:image|video)[^/]*$", loc))[:_SITEMAPS]


def _newest(pages: Sequence[Children], items: int) -> Sequence[Children]:
    def age(page: Children) -> float:
        written = words(page, "lastmod") or _news(page)[1]
        found = parse_date(written)
        return found[0].timestamp() if found else 0.0

    return sorted(pages, key=age, reverse=True)[:items] if len(pages) > items else pages


def _news(page: Children) -> tuple[str, str, str, str]:
    """Title, date, language and keywords of a news sitemap's page."""
    for element in page.get("news:news", ()):
        inner = children_of(element)
        publication = next(iter(inner.get("news:publication", ())), None)
        language = words(children_of(publication), "news:language") if publication is not None else ""
        return (
            words(inner, "news:title"),
            words(inner, "news:publication_date"),
            language,
            words(inner, "news:keywords"),
        )
    return "", "", "", ""


def _draft_of(page: Children, link: str, *, believed: bool = True) -> Draft:
    title, published, language, keywords = _news(page)
    lastmod = words(page, "lastmod") if believed else ""
    images = [words(children_of(image), "image:loc") for image in page.get("image:image", ())]
    variants = [link.get("href", "") for link in page.get("xhtml:link", ()) if link.get("hreflang")]
    return Draft(
        link=link,
        title=title or title_from(link),
        dates=tuple(Written(raw, DateOrigin.FEED) for raw in (published, lastmod) if raw),
        updated=lastmod,
        language=language,
        tags=tuple(tag.strip() for tag in keywords.split(",") if tag.strip()),
        image=next(filter(None, images), ""),
        variants=tuple(variants),
        repairs=() if title else (FROM_ADDRESS,),
    )
