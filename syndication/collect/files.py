"""One file of articles → draft: Markdown with front matter, HTML, plain text."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import PurePosixPath
from typing import Any, Final

import yaml
from lxml import etree
from markdown_it import MarkdownIt

from syndication.collect.dates import Written
from syndication.collect.drafts import Draft
from syndication.collect.pasted import read_pasted
from syndication.domain.articles import DateOrigin
from syndication.html.text import clean_line, clean_text, plain_text
from syndication.html.tree import page_language, parse

KINDS: Final = frozenset({".md", ".markdown", ".html", ".htm", ".txt"})
_FRONT_MATTER: Final = re.compile(r"\A---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*$\n?", re.DOTALL | re.MULTILINE)
_FRONT_MATTER_CHARACTERS: Final = 65536
_FIRST_HEADING: Final = re.compile(r"\A\s*(?:#[ \t]+(.+?)[ \t]*#*|(.+)\n=+)[ \t]*(?:\n|\Z)")
_MARKDOWN: Final = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
_NO_ARTICLE: Final = ("script", "style", "nav", "header", "footer", "aside", "form", "noscript")


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file that gave no article. reason: for the admin."""

    reason: str


def read_file(name: str, text: str, base_url: str) -> Draft | Unreadable:
    """The draft of one file. name: its path within the folder, also its id. base_url: absolute or "". Never raises."""
    suffix = PurePosixPath(name).suffix.lower()
    if suffix == ".txt":
        pasted = read_pasted(text, base_url)
        return Draft(native_id=name, title=pasted.title, content=pasted.content)
    if suffix in {".html", ".htm"}:
        return _from_html(name, text)
    return _from_markdown(name, text)


def _from_markdown(name: str, text: str) -> Draft | Unreadable:
    clean = clean_text(text)
    values, body = _front_matter(clean)
    if isinstance(values, Unreadable):
        return values
    heading = _FIRST_HEADING.match(body)
    title = _value(values, "title")
    if not title and heading:
        title = plain_text(_MARKDOWN.renderInline(heading[1] or heading[2]))
        body = body[heading.end() :]
    return Draft(
        native_id=name,
        link=_value(values, "url", "link", "canonical", "canonical_url"),
        title=title or PurePosixPath(name).stem.replace("-", " ").replace("_", " "),
        summary=_MARKDOWN.render(_value(values, "summary", "description", "excerpt")),
        content=_MARKDOWN.render(body),
        dates=_dates(_value(values, "published", "date", "created"), _value(values, "updated", "modified", "lastmod")),
        updated=_value(values, "updated", "modified", "lastmod"),
        language=_value(values, "language", "lang"),
        authors=_values(values, "authors", "author"),
        tags=_values(values, "tags", "keywords", "categories"),
        image=_value(values, "image", "image_url", "cover"),
        ai_generated=_claim(values.get("ai_generated")),
    )


def _front_matter(text: str) -> tuple[dict[str, Any] | Unreadable, str]:
    found = _FRONT_MATTER.match(text)
    if not found:
        return {}, text
    if len(found[1]) > _FRONT_MATTER_CHARACTERS:
        return Unreadable("the front matter is larger than 64 KiB"), ""
    try:
        values = yaml.safe_load(found[1])
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 2 if error.problem_mark else 1
        return Unreadable(f"line {line}: the front matter is no YAML: {error.problem}"), ""
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        return Unreadable(f"the front matter is no YAML: {error}"), ""
    if values is not None and not isinstance(values, dict):
        return Unreadable("the front matter must be lines of 'key: value'"), ""
    return {str(key).lower(): value for key, value in (values or {}).items()}, text[found.end() :]


def _value(values: Mapping[str, Any], *names: str) -> str:
    """The first of these that is a single value; YAML reads dates and numbers itself, so they are written out again."""
    return next((_scalar(values[name]) for name in names if _scalar(values.get(name))), "")


def _scalar(found: object) -> str:
    if isinstance(found, date):  # a datetime is one, too
        return found.isoformat()
    return str(found).strip() if isinstance(found, (str, int, float)) and not isinstance(found, bool) else ""


def _values(values: Mapping[str, Any], *names: str) -> tuple[str, ...]:
    """A list, or words with commas."""
    for name in names:
        found = values.get(name)
        if isinstance(found, list):
            return tuple(filter(None, map(_scalar, found[:100])))
        if _scalar(found):
            return tuple(part.strip() for part in _scalar(found).split(","))
    return ()


def _claim(found: object) -> bool | None:
    return found if isinstance(found, bool) else None


def _dates(*written: str) -> tuple[Written, ...]:
    return tuple(Written(raw, DateOrigin.FILE) for raw in written if raw)


def _from_html(name: str, text: str) -> Draft:
    root = parse(text)
    meta = _meta(root)
    title = _first_text(root, "title")
    heading = next(root.iter("h1"), None)
    if heading is not None:
        title = clean_line(plain_text(etree.tostring(heading, encoding="unicode", with_tail=False))) or title
        _take_out(heading)
    published = meta.get("article:published_time") or meta.get("date") or meta.get("dcterms.date") or _time(root)
    modified = meta.get("article:modified_time", "")
    canonical = next((link.get("href", "") for link in root.iter("link") if link.get("rel", "") == "canonical"), "")
    return Draft(
        native_id=name,
        link=canonical or meta.get("og:url", ""),
        title=title or meta.get("og:title", "") or PurePosixPath(name).stem.replace("-", " "),
        summary=_escaped(meta.get("description") or meta.get("og:description", "")),
        content=_article(root),
        dates=_dates(*filter(None, (published, modified))),
        updated=modified,
        language=page_language(text),
        authors=tuple(filter(None, (meta.get("author", ""),))),
        tags=tuple(part.strip() for part in meta.get("keywords", "").split(",") if part.strip()),
        image=meta.get("og:image", ""),
    )


def _meta(root: etree._Element) -> dict[str, str]:
    found: dict[str, str] = {}
    for element in root.iter("meta"):
        key = (element.get("name") or element.get("property") or "").lower()
        if key:
            found.setdefault(key, clean_line(element.get("content", "")))
    return found


def _first_text(root: etree._Element, tag: str) -> str:
    return next((clean_line(element.text or "") for element in root.iter(tag)), "")


def _time(root: etree._Element) -> str:
    return next((element.get("datetime", "") for element in root.iter("time") if element.get("datetime")), "")


def _article(root: etree._Element) -> str:
    """The HTML of <article>, <main> or the whole page, without what surrounds an article on a page."""
    place = next(root.iter("article"), None)
    if place is None:
        place = next(root.iter("main"), root)
    for element in list(place.iter(*_NO_ARTICLE)):
        if element is not place:
            _take_out(element)
    return etree.tostring(place, encoding="unicode", method="html", with_tail=False)


def _take_out(element: etree._Element) -> None:
    """Remove an element, not the text behind it."""
    parent = element.getparent()
    if parent is None:
        return
    before = element.getprevious()
    if before is not None:
        before.tail = (before.tail or "") + (element.tail or "")
    else:
        parent.text = (parent.text or "") + (element.tail or "")
    parent.remove(element)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
