"""Readers' pages in a real browser, with a script and without: axe-core finds nothing serious, a phone shows all, nothing leaves."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from typing import Literal
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from syndication.domain.states import SubscriptionStatus
from syndication.domain.tokens import Purpose
from tests.support.axe import SEEN_ONLY, dead_controls, grave_findings, is_wider_than_its_window
from tests.support.console import colleague
from tests.support.reader_pages import furnish, monthly_too, on_loopback, own_pages
from tests.support.web_server import Reply, web_server
from tests.support.website import Website


@contextmanager
def visiting(
    browser: Browser, language: str, width: int, scheme: Literal["light", "dark"], *, scripts: bool = True
) -> Iterator[tuple[Page, list[str]]]:
    """A page of a visitor, and what it should not have done: asked other hosts, offended its policy, failed."""
    context = browser.new_context(
        locale=language, viewport={"width": width, "height": 800}, color_scheme=scheme, java_script_enabled=scripts
    )
    wrong = watched(context)
    yield context.new_page(), wrong
    context.close()


def watched(context: BrowserContext) -> list[str]:
    wrong: list[str] = []
    context.on("request", lambda request: wrong.extend([request.url] if is_foreign(request.url) else []))
    context.on("console", lambda said: wrong.extend([said.text] if "Content Security Policy" in said.text else []))
    context.on("weberror", lambda error: wrong.append(str(error.error)))
    return wrong


def is_foreign(url: str) -> bool:
    return urlsplit(url).hostname not in {"127.0.0.1", "localhost", None}


@pytest.mark.parametrize(
    ("language", "width", "scheme", "rules"),
    [("en-GB", 1440, "light", ()), ("it-IT", 360, "dark", SEEN_ONLY)],
    ids=["by day on a desk", "by night on a phone"],
)
def test_every_page_can_be_read_by_everybody(
    website: Website,
    browser: Browser,
    language: str,
    width: int,
    scheme: Literal["light", "dark"],
    rules: tuple[str, ...],
) -> None:
    paths = (*furnish(website), *own_pages(website, language[:2]))
    with on_loopback(website) as address, visiting(browser, language, width, scheme) as (page, wrong):
        for path in paths:
            page.goto(address + path)
            assert page.locator("html").get_attribute("lang") == language[:2], path
            assert grave_findings(page, rules) == [], path
            assert not is_wider_than_its_window(page), path
        assert wrong == []


def test_every_page_says_the_same_without_a_script(website: Website, browser: Browser) -> None:
    paths = (*furnish(website), *own_pages(website, "it"))
    with on_loopback(website) as address, visiting(browser, "it-IT", 360, "light", scripts=False) as (page, wrong):
        for path in paths:
            page.goto(address + path)
            expect(page.get_by_role("heading", level=1)).to_be_visible()
            assert dead_controls(page) == [], path
            assert not is_wider_than_its_window(page), path
        assert wrong == []


def press(page: Page, name: str) -> None:
    """Reach a button by the keyboard and press it."""
    page.get_by_role("button", name=name, exact=True).first.focus()
    page.keyboard.press("Enter")


def test_a_reader_signs_up_changes_their_mind_and_leaves_without_a_script_or_a_mouse(
    website: Website, browser: Browser
) -> None:
    monthly_too(website)
    with on_loopback(website) as address, visiting(browser, "it-IT", 360, "light", scripts=False) as (page, wrong):
        page.goto(address)
        page.get_by_label("Il tuo indirizzo e-mail").focus()
        page.keyboard.type("anna@example.org")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Guarda nella tua casella")).to_be_visible()

        page.goto(address + website.link(Purpose.CONFIRM, 1))
        press(page, "Sì, mandamela")
        expect(page.get_by_role("heading", name="Ci sei")).to_be_visible()
        page.get_by_role("link", name="Cambia i tuoi argomenti, o sospendi").click()
        page.get_by_role("checkbox", name="The local").uncheck()
        press(page, "Salva")
        expect(page.get_by_role("status")).to_have_text("Salvato. Vale dal prossimo numero.")
        press(page, "Sospendi")
        expect(page.get_by_role("status")).to_have_text("Sei in pausa.")
        press(page, "Termina subito la pausa")

        page.get_by_role("link", name="Annulla l'iscrizione").click()
        press(page, "Solo una volta al mese")
        expect(page.get_by_role("heading", name="D'ora in poi meno mail")).to_be_visible()
        page.get_by_role("link", name="Annulla l'iscrizione").click()
        press(page, "Annulla l'iscrizione")
        expect(page.get_by_role("heading", name="L'iscrizione è annullata")).to_be_visible()
        assert website.subscription().status is SubscriptionStatus.UNSUBSCRIBED
        press(page, "È stato uno sbaglio: continuate a mandarla")
        expect(page.get_by_role("heading", name="Sei di nuovo qui")).to_be_visible()
        assert website.subscription().status is SubscriptionStatus.CONFIRMED
        assert not is_wider_than_its_window(page)
        assert wrong == []


def test_the_switch_changes_the_language_of_this_browser_and_it_stays(website: Website, browser: Browser) -> None:
    with on_loopback(website) as address, visiting(browser, "en-GB", 360, "light") as (page, _):
        page.goto(f"{address}/subscribe?newsletter=weekly")
        page.get_by_role("link", name="Italiano").click()
        expect(page.get_by_role("button", name="Iscriviti")).to_be_visible()
        page.get_by_role("link", name="Archivio").click()
        expect(page.get_by_text("Numeri passati")).to_be_visible()
        page.get_by_role("link", name="English").click()
        expect(page.get_by_text("Past issues")).to_be_visible()


def test_the_form_for_other_sites_signs_up_from_one_whose_policy_forbids_scripts(
    website: Website, browser: Browser
) -> None:
    with on_loopback(website) as address:
        code = embedded(website).replace("http://127.0.0.1:8000", address)
        policy = f"default-src 'none'; form-action {address}"
        head = {"content-type": "text/html; charset=utf-8", "content-security-policy": policy}
        blog = Reply(200, head, f"<!doctype html><html lang=en><title>Blog</title><main>{code}</main>".encode())
        with web_server(lambda _: blog) as elsewhere, visiting(browser, "en-GB", 360, "light") as (page, wrong):
            page.goto(elsewhere.url("/", "localhost"))
            expect(page.get_by_text("Leave this empty")).to_be_hidden()
            page.get_by_role("checkbox", name="The local").uncheck()
            page.get_by_label("Your e-mail address").fill("anna@example.org")
            assert not is_wider_than_its_window(page)
            page.get_by_role("button", name="Sign up").click()
            expect(page.get_by_role("heading", name="Look into your mailbox")).to_be_visible()
            assert page.url.startswith(address)
            assert wrong == []
    assert website.subscription().status is SubscriptionStatus.UNCONFIRMED


def test_the_page_that_gives_the_form_can_be_read_by_everybody(website: Website, browser: Browser) -> None:
    name, _, value = colleague(website).cookie.partition("=")
    with on_loopback(website) as address, visiting(browser, "en-GB", 360, "dark") as (page, wrong):
        page.context.add_cookies([{"name": name, "value": value, "url": address}])
        page.goto(f"{address}/admin/newsletters/weekly/form")
        page.get_by_label("Language of the form").select_option("it")
        page.get_by_role("button", name="Show this one").click()
        expect(page.get_by_label("The HTML")).to_have_value(re.compile("Il tuo indirizzo e-mail"))
        assert grave_findings(page) == []
        assert not is_wider_than_its_window(page)
        assert wrong == []


def embedded(website: Website) -> str:
    """What the console gives to paste."""
    page = colleague(website).get("/admin/newsletters/weekly/form").text
    return unescape(page.partition('<textarea id="code"')[2].partition(">")[2].partition("</textarea>")[0])
