"""How one source is read: what an admin may set for each kind, as values and as the words of config/ and the database."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any, Final
from zoneinfo import ZoneInfo

from syndication.domain.errors import ConfigError


class Identity(StrEnum):
    """What an item of a source is recognised by. AUTO: its own id, until the source proves that it cannot keep ids."""

    AUTO = "auto"
    ID = "id"
    URL = "url"
    URL_PATH = "url-path"
    TITLE_DATE = "title-date"


class Paging(StrEnum):
    """How a JSON API hands out its next page."""

    NONE = "none"
    OFFSET = "offset"
    PAGE = "page"
    CURSOR = "cursor"


class Preset(StrEnum):
    """APIs whose shape is known."""

    NONE = ""
    AI_RADAR = "ai-radar"


@dataclass(frozen=True, slots=True)
class PageRules:
    """Where a list page keeps its articles: CSS selectors. item: one a match; the others are looked for within it.

    link: "" is the first link of the item. title: "" is the link's words. date, summary, image: "" is none.
    """

    item: str = ""
    link: str = ""
    title: str = ""
    date: str = ""
    summary: str = ""
    image: str = ""


@dataclass(frozen=True, slots=True)
class ApiRules:
    """Where a JSON API keeps its articles: dotted paths such as `data.articles` or `links.0.href`.

    items: "" is the whole document, which must be a list. Fields: "" is none. url may hold fields in braces:
    `https://example.org/news/{slug}`. languages: further wordings are read from fields with `_` and such a code behind
    their name. paging: `first` and `size` are what its parameters begin with; parameter names as the API calls them.
    next: the path of the next cursor, or of the next page's address.
    """

    preset: Preset = Preset.NONE
    items: str = ""
    id: str = "id"
    url: str = "url"
    title: str = "title"
    summary: str = "summary"
    content: str = "content"
    date: str = "published_at"
    updated: str = ""
    authors: str = ""
    tags: str = ""
    image: str = ""
    language: str = ""
    ai_generated: str = ""
    languages: tuple[str, ...] = ()
    paging: Paging = Paging.NONE
    parameter: str = ""
    size_parameter: str = ""
    size: int = 50
    first: int = 0
    next: str = ""
    pages: int = 1


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """What an admin set for one source beyond its address.

    full_text: read each new article's own page when the source gives a teaser only. identity: see Identity. zone: IANA
    name, of dates that name none. max_items: how many items one visit reads. page, api: for sources of these kinds.
    """

    full_text: bool = False
    identity: Identity = Identity.AUTO
    zone: str = "UTC"
    max_items: int = 300
    page: PageRules = field(default_factory=PageRules)
    api: ApiRules = field(default_factory=ApiRules)


_DEFAULTS: Final = SourceOptions()
_LARGEST: Final = {"max_items": 2000, "size": 1000, "first": 1_000_000, "pages": 50}


def options_from(values: Mapping[str, Any]) -> SourceOptions:
    """Options from the keys of config/ or of the database. Raises ConfigError that names the key at fault."""
    if not values:
        return _DEFAULTS
    made = dict(values)
    for name, kind in (("page", PageRules), ("api", ApiRules)):
        if name in made:
            if not isinstance(made[name], Mapping):
                message = f"options.{name} must be a table"
                raise ConfigError(message)
            made[name] = _read(kind, made[name], f"{name}.")
    options: SourceOptions = _read(SourceOptions, made, "")
    try:
        ZoneInfo(options.zone)
    except (ValueError, OSError, KeyError) as error:
        message = f"options.zone: there is no time zone '{options.zone}'; write one as in Europe/Rome"
        raise ConfigError(message) from error
    return options


def options_to(options: SourceOptions) -> dict[str, Any]:
    """The keys that differ from the defaults, ready for JSON."""
    return _written(options)


def _written(value: Any) -> dict[str, Any]:  # noqa: ANN401 - one of the dataclasses above
    found: dict[str, Any] = {}
    default = type(value)()
    for one in fields(value):
        mine = getattr(value, one.name)
        if mine == getattr(default, one.name):
            continue
        if isinstance(mine, PageRules | ApiRules):
            found[one.name] = _written(mine)
        else:
            found[one.name] = list(mine) if isinstance(mine, tuple) else mine
    return found


def _read(kind: Any, values: Mapping[str, Any], path: str) -> Any:  # noqa: ANN401 - one of the dataclasses above
    default = kind()
    known = {one.name: getattr(default, one.name) for one in fields(kind)}
    made: dict[str, Any] = {}
    for name, value in values.items():
        if name not in known:
            message = f"unknown key 'options.{path}{name}'; there are: {', '.join(known)}"
            raise ConfigError(message)
        made[name] = _checked(f"options.{path}{name}", known[name], value)
    return kind(**made)


def _checked(place: str, default: Any, value: Any) -> Any:  # noqa: ANN401 - a value of a table
    """The value in the type of its default. Raises ConfigError."""
    if isinstance(default, StrEnum):
        words = [word.value for word in type(default)]
        if value not in words:
            message = f"{place} must be one of: {', '.join(filter(None, words))}"
            raise ConfigError(message)
        return type(default)(value)
    if isinstance(default, tuple):
        if not isinstance(value, list | tuple) or not all(isinstance(one, str) for one in value):
            message = f"{place} must be a list of words"
            raise ConfigError(message)
        return tuple(value)
    if type(value) is not type(default):
        kinds = {bool: "true or false", int: "a whole number", str: "a text"}
        message = f"{place} must be {kinds.get(type(default), 'a table')}"
        raise ConfigError(message)
    largest = _LARGEST.get(place.rsplit(".", 1)[-1])
    if largest is not None and not 0 <= value <= largest:
        message = f"{place} must be between 0 and {largest}"
        raise ConfigError(message)
    return value
