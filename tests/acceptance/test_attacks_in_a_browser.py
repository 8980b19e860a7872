"""What the sanitiser leaves of an attack, read by a real browser without any further protection: nothing runs, nothing is loaded."""

from playwright.sync_api import Browser, Route

from syndication.html.sanitise import sanitise
from tests.support.attacks import ATTACKS

PAGE = "http://page.test/"
WATCH = "<script>window.ran = []; window.alert = (word) => window.ran.push(word); window.onerror = () => false</script>"


def shown(browser: Browser, parts: list[str]) -> tuple[list[str], list[object]]:
    """What a page of these parts asked for besides itself, and what ran in it, also when it was written and read once more."""
    html = f"<!doctype html>{WATCH}" + "".join(f"<section>{part}</section>" for part in parts)
    asked: list[str] = []

    def answer(route: Route) -> None:
        if route.request.url == PAGE:
            route.fulfill(body=html, content_type="text/html")
        else:
            asked.append(route.request.url)
            route.abort()

    context = browser.new_context()
    page = context.new_page()
    page.route("**/*", answer)
    page.goto(PAGE, wait_until="domcontentloaded")
    page.evaluate("for (const one of document.querySelectorAll('section')) one.innerHTML = one.innerHTML")
    page.evaluate(
        "for (const one of document.querySelectorAll('section *'))"
        " for (const name of ['mouseover', 'focus', 'toggle']) one.dispatchEvent(new Event(name))"
    )
    page.wait_for_timeout(100)
    ran = page.evaluate("window.ran")
    context.close()
    return asked, ran


def test_the_attacks_are_real(browser: Browser) -> None:
    harmful = ["<img src=//evil/x.png width=1 height=1><img src=x onerror=alert(1)>", "<svg onload=alert(1)></svg>"]
    asked, ran = shown(browser, harmful)
    assert (set(asked), ran) == ({"http://evil/x.png", "http://page.test/x"}, [1, 1, 1])


def test_nothing_runs_and_nothing_is_loaded_of_what_is_left(browser: Browser) -> None:
    assert shown(browser, [sanitise(attack, "https://example.org/post") for attack in ATTACKS]) == ([], [])
