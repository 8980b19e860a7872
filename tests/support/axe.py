"""What axe-core finds in a page, and what it does not look for."""

from collections.abc import Sequence
from typing import Final

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

_AXE: Final = Axe()
_GRAVE: Final = frozenset({"serious", "critical"})


SEEN_ONLY: Final = ("color-contrast", "target-size", "scrollable-region-focusable", "html-lang-valid")
"""The rules whose finding depends on how a page is shown: colours, width, language. The others read its structure alone."""


def grave_findings(page: Page, rules: Sequence[str] = ()) -> list[str]:
    """The serious and critical ones, each with the rule and the first element. rules: names of some, () for all."""
    options: dict[str, object] = {"resultTypes": ["violations"]}
    if rules:
        options["runOnly"] = {"type": "rule", "values": list(rules)}
    page.evaluate(_AXE.axe_script)
    found = page.evaluate("options => axe.run(options).then(found => found.violations)", options)
    return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found if one["impact"] in _GRAVE]


def dead_controls(page: Page) -> list[str]:
    """The names of buttons that are seen and belong to no form: without a script they do nothing."""
    return [one.inner_text() for one in page.locator("button:visible").all() if not one.evaluate("one => one.form")]


def is_wider_than_its_window(page: Page) -> bool:
    """Whether a reader has to scroll sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth > window.innerWidth"))
