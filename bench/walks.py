"""Every page of the console in a browser by day on a desk and by night on a phone: axe-core, width, policy.

Pages a second; it fails at the first run with a serious or critical finding. Needs Debian's chromium.
"""

import time
from collections.abc import Iterator
from typing import Final

from playwright.sync_api import sync_playwright

from bench import Case
from tests.support.walking import NO_PAGE, READERS, entered, judge, running_console

CHROMIUM: Final = "/usr/bin/chromium"


def run() -> Iterator[Case]:
    """By day and by night, the pages with searches too."""
    with running_console() as running, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        with entered(browser, running, "olga") as context:
            page = context.new_page()
            paths = [path for path in running.addresses(READERS // 2) if not path.partition("?")[0].endswith(NO_PAGE)]
            for by_night in (False, True):
                begun = time.perf_counter()
                found = [one for path in paths for one in judge(page, path, by_night=by_night)]
                assert found == [], found
                name = "by night on a phone" if by_night else "by day on a desk"
                yield Case(name, len(paths) / (time.perf_counter() - begun), "pages/s")
        browser.close()
