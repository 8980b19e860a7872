"""What axe-core finds in a page."""

from typing import Final

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

_GRAVE: Final = frozenset({"serious", "critical"})


def grave_findings(page: Page) -> list[str]:
    """The serious and critical ones, each with the rule and the first element."""
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found if one["impact"] in _GRAVE]


def is_wider_than_its_window(page: Page) -> bool:
    """Whether a reader has to scroll sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth > window.innerWidth"))
