"""docs/first-digest.md, walked as it is written."""

import re
import time
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.acceptance.conftest import PATIENCE_S, Newcomer
from tests.support.guide import Walk
from tests.support.web_server import Reply, web_server

FEED = """<rss version="2.0"><channel><title>The Lab Notes</title><link>https://lab.example</link>
<item><title>An AI agent that asks before it acts</title><guid>1</guid><link>https://lab.example/1</link>
<pubDate>Mon, 23 Nov 2026 09:00:00 GMT</pubDate><description>Three AI agents share a tool protocol, and log it.</description></item>
</channel></rss>"""
MOST_CLICKS = 15


def test_the_first_digest_comes_as_the_guide_says(newcomer: Newcomer, browser: Browser, tmp_path: Path) -> None:
    newcomer.start()
    page = browser.new_context(viewport={"width": 1000, "height": 720}, base_url=newcomer.url).new_page()
    walk = Walk(page, "first-digest.md", tmp_path)

    open_the_console(newcomer, walk)
    get_a_digest(walk)
    assert walk.clicks <= MOST_CLICKS
    with web_server(lambda _: Reply(200, {"Content-Type": "application/rss+xml"}, FEED.encode())) as web:
        add_a_feed(newcomer, walk, web.url("/feed.xml"))
    page.context.close()
    walk.require_told()


def open_the_console(trial: Newcomer, walk: Walk) -> None:
    found = re.search(r"http\S+/admin/setup/\S+", trial.log())
    assert found is not None
    walk.page.goto(found[0])
    walk.fill("Name", "anna")
    walk.fill("Password", "a sentence is better")
    walk.click("button", "Make admin and open the console")
    expect(walk.page.get_by_role("heading", level=1)).to_contain_text("All well.")
    trial.wait_until(lambda: "headline" in trial.get("/").text)
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
    deadline = time.monotonic() + PATIENCE_S
    while not page.get_by_role("link", name=re.compile(subject)).count():
        assert time.monotonic() < deadline, page.content()
        page.reload()
    walk.clicks += 1
    page.get_by_role("link", name=re.compile(subject)).first.click()


def add_a_feed(trial: Newcomer, walk: Walk, url: str) -> None:
    """Paste an address, look, save: it is visited at once, and its article is in the feeds."""
    page = walk.page
    page.goto("/admin/")
    walk.click("link", "Sources")
    walk.fill("Address of a site, a feed or a sitemap", url)
    page.get_by_label("It lives on a private network").check()
    walk.click("button", "Look first")
    expect(page.get_by_role("link", name="An AI agent that asks before it acts")).to_be_visible()
    walk.picture("look-first")
    walk.click("button", "Save, and visit it now")
    trial.wait_until(lambda: "asks before it acts" in trial.get("/feeds/all.json").text)
