"""The one sanitiser: HTML of a stranger → HTML that executes, loads and tells nothing to anybody."""

from typing import Final

import nh3
from lxml import etree

from syndication.html.characters import clean_line, clean_text
from syndication.html.links import absolute, followable
from syndication.html.text import tree_text
from syndication.html.tree import SILENT, parse, word_set

_TAGS: Final = word_set(
    "a abbr b bdi bdo blockquote br caption cite code dd del details dfn div dl dt em figcaption figure h2 h3 h4 h5 h6 hr"
    " i ins kbd li mark ol p pre q rp rt ruby s samp small strong sub summary sup table tbody td tfoot th thead"
    " time tr u ul var wbr"
)
_ATTRIBUTES: Final = {
    "a": {"href", "title"},
    "abbr": {"title"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
    "time": {"datetime"},
    "*": {"dir", "lang"},
}
_SCHEMES: Final = frozenset({"http", "https", "mailto"})
_NOTHING: Final = "span"  # not on the list above: the sanitiser keeps its words only
_CLEANER: Final = nh3.Cleaner(
    tags=set(_TAGS),
    attributes=_ATTRIBUTES,
    clean_content_tags=set(SILENT),
    url_schemes=set(_SCHEMES),
    url_relative="deny",
    link_rel="noopener nofollow",
)


def sanitise(html: str, base_url: str) -> str:
    """Safe HTML by an allow-list; "" when nothing is left. Never fails.

    base_url: the page's address, what relative links are resolved against; "" makes them plain text. Images become
    links with their alternative text: an image tells its server who reads and when. Headings begin at h2.
    """
    return sanitise_and_read(html, base_url)[0]


def sanitise_and_read(html: str, base_url: str) -> tuple[str, str]:
    """As `sanitise`, with the plain text of the same HTML as `plain_text` reads it, for the price of one parsing."""
    if not html.strip():
        return "", ""
    root = parse(html)
    for element in list(root.iter("img", "a", "h1")):
        _mend(element, base_url)
    text = tree_text(root)
    # Sanitise last: everything above may add HTML.
    return clean_text(_CLEANER.clean(etree.tostring(root, encoding="unicode", method="html"))).strip(), text


def _mend(element: etree._Element, base_url: str) -> None:
    if element.tag == "h1":
        element.tag = "h2"
    elif element.tag == "a":
        _mend_link(element, base_url)
    else:
        _image_to_link(element, base_url)


def _mend_link(element: etree._Element, base_url: str) -> None:
    href = followable(element.get("href", ""), base_url)
    if href:
        element.set("href", href)
    else:
        element.tag = _NOTHING


def _image_to_link(image: etree._Element, base_url: str) -> None:
    source = absolute(image.get("src", ""), base_url)
    words = clean_line(image.get("alt", ""))
    inside_link = next(image.iterancestors("a"), None) is not None
    image.tag = "a" if source and words and not inside_link else _NOTHING
    image.attrib.clear()
    image.text = words
    if image.tag == "a":
        image.set("href", source)
