"""A web page that lists articles → drafts, by the selectors an admin gave or by what pages usually do."""

from collections.abc import Sequence
from typing import Final

from cssselect import SelectorError
from lxml import etree
from lxml.cssselect import CSSSelector

from syndication.collect.dates import Written
from syndication.collect.drafts import Draft
from syndication.collect.feed_document import FeedDocument
from syndication.domain.articles import DateOrigin
from syndication.domain.source_options import PageRules
from syndication.html.text import clean_line, plain_text, tree_text
from syndication.html.tree import page_language, parse

_USUAL: Final = ("article", "h2", "h3")
_FEWEST: Final = 2


def read_list(text: str, rules: PageRules, items: int) -> FeedDocument | str:
    """The articles a page lists, in its order; in words for the admin why there are none. Never raises for any text."""
    root = parse(text)
    try:
        found = _select(root, rules.item) if rules.item else _guess(root)
        drafts = [draft for element in found[:items] if (draft := _draft(element, rules)) is not None]
    except SelectorError as error:
        return f"a selector of options.page is no CSS: {error}"
    if not found:
        asked = f"the selector '{rules.item}' (options.page.item)" if rules.item else "a look for articles"
        return f"{asked} finds nothing on this page: name the element around each article in options.page.item"
    if not drafts:
        return "the elements found on this page hold no links: name the link in options.page.link"
    title = next((clean_line(element.text or "") for element in root.iter("title")), "")
    base = next((element.get("href", "") for element in root.iter("base")), "")
    return FeedDocument(title, page_language(text), base, tuple(drafts))


def _guess(root: etree._Element) -> Sequence[etree._Element]:
    """Elements that usually stand around an article and hold a link."""
    for tag in _USUAL:
        found = [element for element in root.iter(tag) if next(element.iter("a"), None) is not None]
        if len(found) >= _FEWEST:
            return found
    return ()


def _select(element: etree._Element, selector: str) -> list[etree._Element]:
    found = CSSSelector(selector, translator="html")(element) if selector else []
    return [one for one in found if isinstance(one, etree._Element)] if isinstance(found, list) else []  # noqa: SLF001 - lxml has no other name for its type


def _first(element: etree._Element, selector: str) -> etree._Element | None:
    return next(iter(_select(element, selector)), None)


def _words(element: etree._Element | None) -> str:
    return clean_line(tree_text(element)) if element is not None else ""


def _draft(element: etree._Element, rules: PageRules) -> Draft | None:
    link = _link(element, rules)
    if link is None:
        return None
    heading = next(element.iter("h1", "h2", "h3", "h4"), None)
    title = _words(_first(element, rules.title)) if rules.title else (_words(heading) or _words(link))
    image = _first(element, rules.image) if rules.image else None
    summary = _html(_first(element, rules.summary))
    title = title or clean_line(link.get("title", ""))
    if not (title or plain_text(summary)):  # a button or an icon
        return None
    written = _date(element, rules)
    return Draft(
        link=link.get("href", ""),
        title=title,
        summary=summary,
        dates=(Written(written, DateOrigin.META),) if written else (),
        image=(image.get("src") or image.get("data-src") or "") if image is not None else "",
    )


def _link(element: etree._Element, rules: PageRules) -> etree._Element | None:
    """The element that names the article's page, itself among them."""
    if rules.link:
        found = _first(element, rules.link)
        return found if found is not None and found.get("href") else None
    heading = next(element.iter("h1", "h2", "h3", "h4"), None)
    places = [place for place in (heading, element) if place is not None]
    return next((link for place in places for link in place.iter("a") if link.get("href")), None)


def _date(element: etree._Element, rules: PageRules) -> str:
    place = _first(element, rules.date) if rules.date else next(element.iter("time"), None)
    if place is None:
        return ""
    return clean_line(place.get("datetime") or place.get("content") or "") or _words(place)


def _html(element: etree._Element | None) -> str:
    return "" if element is None else etree.tostring(element, encoding="unicode", method="html", with_tail=False)
