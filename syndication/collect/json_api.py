"""JSON of any shape → drafts, by dotted paths; and where its next page is."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from syndication.collect.dates import Written
from syndication.collect.drafts import Draft
from syndication.collect.elements import as_paragraphs
from syndication.collect.feed_document import FeedDocument
from syndication.domain.articles import DateOrigin, Wording
from syndication.domain.source_options import ApiRules, Paging, Preset

_AI_RADAR: Final = ApiRules(
    preset=Preset.AI_RADAR,
    items="articles",
    id="slug",
    url="/article/{slug}",
    date="created_at",
    tags="tags",
    image="image_url",
    ai_generated="ai_generated",
    languages=("en",),
    paging=Paging.OFFSET,
    parameter="offset",
    size_parameter="limit",
)
"""Its own texts are Italian, title_en and the like English."""

_FIELD: Final = re.compile(r"\{([A-Za-z0-9_.-]+)\}")
_DEEPEST: Final = 20
_TAG: Final = re.compile(r"<[a-zA-Z/!][^>]*>")


def rules_of(rules: ApiRules) -> ApiRules:
    """The rules with their preset filled in; what the admin wrote beside it counts."""
    if rules.preset is not Preset.AI_RADAR:
        return rules
    default = ApiRules()
    own = {
        name: getattr(rules, name)
        for name in ApiRules.__slots__
        if name != "preset" and getattr(rules, name) != getattr(default, name)
    }
    return replace(_AI_RADAR, **own)


def read_api(text: str, rules: ApiRules, items: int) -> FeedDocument | str:
    """The articles in a JSON document; in words for the admin why there are none. Never raises for any text."""
    try:
        values = json.loads(text.lstrip("\ufeff \t\r\n"))
    except (ValueError, RecursionError):
        return "the answer is no JSON: check the address"
    found = value_at(values, rules.items)
    if not isinstance(found, list):
        place = f"at '{rules.items}'" if rules.items else "at the top"
        keys = f"; the document has: {', '.join(list(map(str, values))[:10])}" if isinstance(values, dict) else ""
        return f"there is no list {place} (options.api.items){keys}"
    drafts = [_draft(item, rules) for item in found if isinstance(item, dict)]
    language = "it" if rules.preset is Preset.AI_RADAR else ""
    more = _next_cursor(values, rules)
    return FeedDocument("", language, "", tuple(drafts[:items]), next_url=more)


def first_page(url: str, rules: ApiRules) -> str:
    """The address of the first page: with the size of a page, where the API is told one."""
    if rules.paging is Paging.NONE or not rules.size_parameter:
        return url
    return _with(url, {rules.size_parameter: str(rules.size)})


def next_page(url: str, rules: ApiRules, found: int, cursor: str) -> str:
    """The address of the page behind `url`, which held `found` articles; "" when that was the last."""
    if not found or rules.paging is Paging.NONE:
        return ""
    if rules.paging is Paging.CURSOR:
        if not cursor or cursor.startswith(("http://", "https://", "/")):
            return cursor
        return _with(url, {rules.parameter or "cursor": cursor})
    if found < rules.size:
        return ""
    parameter = rules.parameter or ("page" if rules.paging is Paging.PAGE else "offset")
    here = dict(parse_qsl(urlsplit(url).query)).get(parameter, str(rules.first))
    step = 1 if rules.paging is Paging.PAGE else found
    return _with(url, {parameter: str(int(here) + step)}) if here.isascii() and here.isdigit() else ""


def value_at(values: Any, path: str) -> Any:  # noqa: ANN401 - JSON
    """What stands at a dotted path, None when nothing does. A number is a place in a list; "" is the whole."""
    for part in path.split(".")[:_DEEPEST] if path else ():
        if isinstance(values, dict):
            values = values.get(part)
        elif isinstance(values, list) and part.isascii() and part.isdigit() and len(part) < 6:  # noqa: PLR2004 - no list is longer
            values = values[int(part)] if int(part) < len(values) else None
        else:
            return None
    return values


def _next_cursor(values: Any, rules: ApiRules) -> str:  # noqa: ANN401 - JSON
    return _word(value_at(values, rules.next)) if rules.paging is Paging.CURSOR and rules.next else ""


def _draft(item: Mapping[str, Any], rules: ApiRules) -> Draft:
    def at(path: str) -> str:
        return _word(value_at(item, path)) if path else ""

    claim = value_at(item, rules.ai_generated) if rules.ai_generated else None
    translations = (
        Wording(code, at(f"{rules.title}_{code}"), at(f"{rules.summary}_{code}"), _html(at(f"{rules.content}_{code}")))
        for code in rules.languages
    )
    return Draft(
        native_id=at(rules.id),
        link=_address(item, rules.url),
        title=at(rules.title),
        summary=_html(at(rules.summary)),
        content=_html(at(rules.content)),
        dates=tuple(Written(raw, DateOrigin.FEED) for raw in (at(rules.date), at(rules.updated)) if raw),
        updated=at(rules.updated),
        language=at(rules.language),
        authors=_words(value_at(item, rules.authors)) if rules.authors else (),
        tags=_words(value_at(item, rules.tags)) if rules.tags else (),
        image=at(rules.image),
        ai_generated=claim if isinstance(claim, bool) else None,
        translations=tuple(wording for wording in translations if wording.title),
    )


def _address(item: Mapping[str, Any], rule: str) -> str:
    """A field, or a pattern with fields in braces."""
    if "{" not in rule:
        return _word(value_at(item, rule)) if rule else ""
    fields = {name: _word(value_at(item, name)) for name in _FIELD.findall(rule)}
    return _FIELD.sub(lambda found: quote(fields[found[1]], safe="/"), rule) if all(fields.values()) else ""


def _word(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    try:
        return str(value).strip()
    except ValueError:  # a number of thousands of digits
        return ""


def _words(value: object) -> tuple[str, ...]:
    """A list of words or of things with a name, or words with commas."""
    if isinstance(value, list):
        found = (_word(one.get("name") or one.get("title")) if isinstance(one, dict) else _word(one) for one in value)
        return tuple(word for word in found if word)
    return tuple(part.strip() for part in _word(value).split(",") if part.strip())


def _html(written: str) -> str:
    return written if _TAG.search(written) else as_paragraphs(written)


def _with(url: str, parameters: Mapping[str, str]) -> str:
    parts = urlsplit(url)
    query = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name not in parameters]
    return urlunsplit(parts._replace(query=urlencode([*query, *parameters.items()])))
