"""The shipped e-mail templates, compiled in this process: they are ours, so they cannot harm it."""

from functools import lru_cache
from pathlib import Path
from typing import Final

from syndication.compose.check import compile_mjml
from syndication.compose.templates import load_source
from syndication.domain.templates import Template

SHIPPED: Final = Path(__file__).parents[2] / "templates" / "email"


@lru_cache
def shipped(name: str) -> Template:
    """One shipped template, ready to render."""
    source = load_source(SHIPPED, name)
    return Template(name, source.subject, source.text, compile_mjml(source.mjml), hash=name)
