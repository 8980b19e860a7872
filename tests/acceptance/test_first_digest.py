"""docs/first-digest.md, walked as it is written: what it names is there, and its pictures are taken on the way.

SCREENSHOTS=docs/pictures takes them anew; otherwise they go to a folder that is thrown away.
"""

import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, FloatRect, Page, expect

from tests.acceptance.conftest import Service
from tests.support.smtp import SmtpServer
from tests.support.tracked import ROOT, text_of
from tests.support.web_server import Reply, web_server

FEED = """<rss version="2.0"><channel><title>The Lab Notes</title><link>https://lab.example</link>
<item><title>An AI agent that asks before it acts</title><guid>1</guid><link>https://lab.example/1</link>
<pubDate>Mon, 23 Nov 2026 09:00:00 GMT</pubDate><description>Three AI agents share a tool protocol, and log it.</description></item>
</channel></rss>"""
MOST_CLICKS = 15


@dataclass
class Walk:
    """Somebody new with a mouse. said: the words they looked for."""

    page: Page
    folder: Path
    clicks: int = 0
    said: list[str] = field(default_factory=list)

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
        self.page.screenshot(path=self.folder / f"{name}.png", clip=clip)


@pytest.fixture
def trial(tmp_path: Path) -> Iterator[Service]:
    """What `make run` starts: everything as shipped, mail stays on the machine."""
    with SmtpServer() as unused:
        own = {
            "SYNDICATION_MAIL__TRANSPORT": "outbox",
            "SYNDICATION_SITE__INTRANET": "false",
            "SYNDICATION_CONFIG": str(ROOT / "config"),
        }
        service = Service(tmp_path, "", unused, extra=own)
        service.command("init")
        service.start()
        yield service
        service.stop()


def test_the_first_digest_comes_as_the_guide_says(trial: Service, browser: Browser, tmp_path: Path) -> None:
    folder = Path(os.environ.get("SCREENSHOTS", tmp_path / "pictures"))
    page = browser.new_context(viewport={"width": 1000, "height": 720}, base_url=trial.url).new_page()
    walk = Walk(page, folder)

    open_the_console(trial, walk)
    get_a_digest(walk)
    assert walk.clicks <= MOST_CLICKS
    with web_server(lambda _: Reply(200, {"Content-Type": "application/rss+xml"}, FEED.encode())) as web:
        add_a_feed(trial, walk, web.url("/feed.xml"))
    look_at_going_live(walk)
    page.context.close()

    guide = text_of(ROOT / "docs/first-digest.md") + text_of(ROOT / "docs/going-live.md")
    assert [words for words in walk.said if words not in guide] == []
    shown = set(re.findall(r"\]\(pictures/([a-z-]+)\.png\)", guide))
    assert shown == {path.stem for path in folder.glob("*.png")}


def open_the_console(trial: Service, walk: Walk) -> None:
    found = re.search(r"http\S+/admin/setup/\S+", trial.log())
    assert found is not None
    walk.page.goto(found[0])
    walk.fill("Name", "anna")
    walk.fill("Password", "a sentence is better")
    walk.click("button", "Make admin and open the console")
    expect(walk.page.get_by_role("heading", level=1)).to_contain_text("All well.")
    trial.wait_until(lambda: "headline" in httpx.get(trial.url).text)
    walk.page.reload()
    walk.picture("console")


def get_a_digest(walk: Walk) -> None:
    """Sign up as a reader and find the welcome digest."""
    page = walk.page
    page.goto("/")
    walk.picture("home")
    walk.fill("E-mail address", "anna@example.org")
    walk.click("button", "Sign up")
    walk.click("link", "Open the mailbox")
    until(page, "Confirm", walk)
    with page.context.expect_page() as opened:  # links of mails open a page of their own
        page.frame_locator("iframe").get_by_role("link", name="Confirm my subscription").click()
    walk.clicks += 1
    opened.value.get_by_role("button", name="Yes, send it to me").click()
    walk.clicks += 1
    page.goto("/mailbox/")
    until(page, "Welcome", walk)
    expect(page.frame_locator("iframe").get_by_role("heading").first).to_be_visible()
    walk.picture("digest")


def until(page: Page, subject: str, walk: Walk) -> None:
    """Look again until the mail is there, then open it."""
    deadline = time.monotonic() + 20
    while not page.get_by_role("link", name=re.compile(subject)).count():
        assert time.monotonic() < deadline, page.content()
        page.reload()
    walk.clicks += 1
    page.get_by_role("link", name=re.compile(subject)).first.click()


def add_a_feed(trial: Service, walk: Walk, url: str) -> None:
    """Paste an address, look, save: its article is in the feeds ten seconds later."""
    page = walk.page
    page.goto("/admin/")
    walk.click("link", "Sources")
    walk.fill("Address of a site, a feed or a sitemap", url)
    page.get_by_label("It lives on a private network").check()
    walk.click("button", "Look first")
    expect(page.get_by_role("link", name="An AI agent that asks before it acts")).to_be_visible()
    walk.picture("look-first")
    walk.click("button", "Save, and visit it now")
    trial.wait_until(lambda: "asks before it acts" in httpx.get(f"{trial.url}/feeds/all.json").text, 10)


def look_at_going_live(walk: Walk) -> None:
    walk.page.goto("/admin/")
    walk.click("link", "Settings")
    walk.click("link", "Go live")
    walk.click("button", "Look")
    expect(walk.page.get_by_role("status")).to_contain_text("between you and your readers", timeout=60_000)
    walk.picture("go-live", 640)  # below it stands a folder of this machine
    walk.click("link", "Subscribers")
    walk.click("link", "Import a list")
    walk.picture("import")
