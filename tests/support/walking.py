"""A console with years of rows that listens on loopback, and what is wrong with one of its pages in a real browser."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, BrowserContext, Page

from bench._databases import fresh_database
from bench._million import Filled, fill
from bench.console import addresses
from syndication.jobs.uploads import Uploads
from syndication.web.app import create_app
from syndication.web.server import serve
from tests.support.axe import grave_findings, is_wider_than_its_window
from tests.support.console import colleague
from tests.support.website import Website

READERS = 1_000
ARTICLES = 60
NO_PAGE = (".csv", ".json", ".opml", "/schedules/preview", "/mail", "/digest/preview")
# Tells of what the policy forbade; the browser runs it before any script of the page.
WATCH = "window.forbidden = []; addEventListener('securitypolicyviolation', e => forbidden.push(e.violatedDirective + ' ' + e.blockedURI));"


@dataclass(frozen=True)
class Running:
    """A website with years of rows, listening."""

    website: Website
    filled: Filled
    url: str

    @property
    def pages(self) -> list[str]:
        """Every page there is once, but the files and the parts of pages."""
        return [path for path in self.addresses(READERS // 2) if "?" not in path and not path.endswith(NO_PAGE)]

    def addresses(self, middle: int) -> list[str]:
        """Everything that can be opened, searches too."""
        return addresses(self.filled, middle)

    def work(self, upload_id: int) -> None:
        """What the engine would do with a list."""
        deps = self.website.deps()
        Uploads(deps.database, deps.suppression_key, deps.var_folder, deps.clock).work(upload_id)


@contextmanager
def running_console() -> Iterator[Running]:
    """Fill a database and answer until the end of the block."""
    with fresh_database("sqlite") as database, TemporaryDirectory() as folder:
        website = Website(database, Path(folder) / "outbox")
        website.outbox.mkdir()
        website.newsletter()
        filled = fill(website, READERS, ARTICLES)
        with listening(website) as url:
            yield Running(website, filled, url)


@contextmanager
def listening(website: Website) -> Iterator[str]:
    """Answer on loopback until the end of the block; gives the address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    loop, stop = asyncio.new_event_loop(), asyncio.Event()
    serving = serve(create_app(website.deps()), "127.0.0.1", port, stop)
    thread = threading.Thread(target=loop.run_until_complete, args=(serving,))
    thread.start()
    _wait_for(port)
    yield f"http://127.0.0.1:{port}"
    loop.call_soon_threadsafe(stop.set)
    thread.join(10)
    loop.close()


def _wait_for(port: int) -> None:
    for _ in range(200):
        with socket.socket() as probe:
            probe.settimeout(0.1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        threading.Event().wait(0.05)


def entered(browser: Browser, running: Running, name: str, *, scripts: bool = True) -> BrowserContext:
    """A browser of an owner who is logged in."""
    context = watched(browser, running.url, scripts=scripts)
    cookie, _, value = colleague(running.website, name).cookie.partition("=")
    context.add_cookies([{"name": cookie, "value": value, "url": running.url}])
    return context


def watched(browser: Browser, url: str, *, scripts: bool = True) -> BrowserContext:
    """A browser of nobody yet, with paths below an address."""
    context = browser.new_context(java_script_enabled=scripts, base_url=url)
    context.add_init_script(WATCH)
    return context


def judge(page: Page, path: str, *, by_night: bool) -> list[str]:
    """What is wrong with a page, by day on a desk or by night on a phone."""
    page.set_viewport_size({"width": 360, "height": 740} if by_night else {"width": 1440, "height": 900})
    page.emulate_media(color_scheme="dark" if by_night else "light")
    answer = page.goto(path)
    assert answer is not None
    assert answer.status == 200, path
    found = grave_findings(page)
    page.set_viewport_size({"width": 360, "height": 740})
    if is_wider_than_its_window(page):
        found.append("wider than a phone")
    found += page.evaluate("forbidden")
    return [f"{path}: {one}" for one in found]
