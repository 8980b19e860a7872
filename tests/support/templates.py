"""The shipped e-mail templates, compiled in this process: they are ours, so they cannot harm it; and what was compiled before."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

from syndication.compose.check import compile_mjml
from syndication.compose.templates import compile_all, load_source
from syndication.domain.errors import TemplateError
from syndication.domain.templates import Template, TemplateSource

SHIPPED: Final = Path(__file__).parents[2] / "templates" / "email"

_COMPILED: Final[dict[TemplateSource, Template | TemplateError]] = {}


def compile_once(sources: Sequence[TemplateSource]) -> list[Template | TemplateError]:
    """As `compile_all`, but no source a second time."""
    fresh = [source for source in sources if source not in _COMPILED]
    _COMPILED.update(zip(fresh, compile_all(fresh), strict=True))
    return [_COMPILED[source] for source in sources]


@lru_cache
def shipped(name: str) -> Template:
    """One shipped template, ready to render."""
    source = load_source(SHIPPED, name)
    return Template(name, source.subject, source.text, compile_mjml(source.mjml), hash=name)
