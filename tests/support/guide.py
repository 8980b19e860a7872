"""Walking a page of docs/ in a browser: what it names is there, and its pictures are taken on the way.

SCREENSHOTS=docs/pictures takes them anew; otherwise they go to a folder that is thrown away.
"""

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import FloatRect, Page

from tests.support.tracked import ROOT, text_of


@dataclass
class Walk:
    """Somebody new with a mouse and one page of the docs. unused: a folder to throw away. said: the words they looked for."""

    page: Page
    guide: str
    unused: Path
    clicks: int = 0
    said: list[str] = field(default_factory=list)
    shown: set[str] = field(default_factory=set)

    def click(self, role: str, name: str) -> None:
        """Press the first thing with this name."""
        self.clicks += 1
        self.said.append(name)
        self.page.get_by_role(role, name=name).first.click()  # type: ignore[arg-type] # a role of ARIA

    def fill(self, label: str, words: str) -> None:
        """Write into a field."""
        self.said.append(label)
        self.page.get_by_label(label).first.fill(words)

    def picture(self, name: str, height: int = 720) -> None:
        """Take a picture of what is seen, down to a height in pixels."""
        clip: FloatRect = {"x": 0, "y": 0, "width": 1000, "height": height}
        self.page.screenshot(path=Path(os.environ.get("SCREENSHOTS", self.unused)) / f"{name}.png", clip=clip)
        self.shown.add(name)

    def require_told(self) -> None:
        """Everything that was looked for stands in the guide, and its pictures are those that were taken."""
        guide = text_of(ROOT / "docs" / self.guide)
        assert [words for words in self.said if words not in guide] == []
        assert self.shown == set(re.findall(r"\]\(pictures/([a-z-]+)\.png\)", guide))
