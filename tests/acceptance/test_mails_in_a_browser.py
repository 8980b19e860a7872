"""Every mail as a mail program on the web shows it: no serious finding of axe-core, nothing cut off on a phone."""

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page

from syndication.compose import samples
from syndication.compose.render import render_digest, render_notice
from syndication.domain.digests import MailBody, Section, Selection
from syndication.domain.splice import fill
from tests.support.axe import grave_findings, is_wider_than_its_window
from tests.support.mails import FRAME, NOTICE, TOKENS, digest, listing
from tests.support.stories import AGENTS, HOSTILE, LLMS, a_story
from tests.support.templates import shipped

COLOURED = replace(
    FRAME,
    newsletter=replace(FRAME.newsletter, accent="#ffe600", ground="#777777", header="By hand", footer="No\nclicks"),
)


def two_sections() -> Selection:
    """What a digest usually holds, with everything that a row can have."""
    first = a_story(1, ai_generated=True)
    foreign = a_story(2, {LLMS.slug: 0.8}, title="Quattro bit bastano", language="it")
    return Selection(
        (Section(AGENTS.slug, AGENTS.title, (first,)), Section(LLMS.slug, LLMS.title, (foreign,))),
        more=4,
        catch_up=True,
        ranked=(1, 2),
    )


def arabic() -> MailBody:
    story = a_story(1, title="وكلاء الذكاء الاصطناعي يتعلمون الانتظار", language="ar")
    frame = replace(FRAME, newsletter=replace(FRAME.newsletter, title="رادار"), language="ar")
    return render_digest(shipped("digest"), frame, listing(story, a_story(2), more=2))


def hostile() -> MailBody:
    titles = (HOSTILE, "Donaudampfschiff" * 20, "\u202egnissap\u202c " * 9, "🤖" * 60, "W" * 300)
    return digest(*(a_story(number, title=title, summary=title) for number, title in enumerate(titles, 1)), more=3)


MAILS: dict[str, Callable[[], MailBody]] = {
    "digest": lambda: render_digest(shipped("digest"), FRAME, two_sections()),
    "coloured": lambda: render_digest(shipped("digest"), COLOURED, two_sections()),
    "arabic": arabic,
    "hostile": hostile,
    "largest": lambda: render_digest(shipped("digest"), FRAME, samples.largest().selection),
    "confirm": lambda: render_notice(shipped("confirm"), NOTICE),
    "welcome": lambda: render_notice(shipped("welcome"), NOTICE, two_sections()),
    "link": lambda: render_notice(shipped("link"), NOTICE),
}


def shown(browser: Browser, body: MailBody, scheme: Literal["light", "dark"], width: int) -> Page:
    """A mail in a window of its own; pictures are blocked, as most programs do at first."""
    page = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 700}).new_page()
    page.route("**/pictures/*", lambda route: route.abort())
    page.set_content(fill(body.html, TOKENS))
    return page


@pytest.mark.parametrize("name", MAILS)
def test_a_mail_has_no_serious_finding_by_day_and_by_night_and_fits_a_phone(browser: Browser, name: str) -> None:
    body = MAILS[name]()
    for scheme, width in (("light", 600), ("dark", 360)):
        page = shown(browser, body, "dark" if scheme == "dark" else "light", width)
        assert grave_findings(page) == []
        assert not is_wider_than_its_window(page)
        page.context.close()


def test_nothing_of_a_hostile_title_runs_or_becomes_a_tag(browser: Browser) -> None:
    page = shown(browser, hostile(), "light", 600)

    assert page.locator("script, img").count() == 0
    assert page.locator("h3").count() == 5
    assert "{{ 7*7 }}" in page.locator("h3").first.inner_text()
    page.context.close()


def test_words_run_from_right_to_left_where_their_language_does(browser: Browser) -> None:
    page = shown(browser, arabic(), "light", 600)
    sides = "element => getComputedStyle(element).direction + ' ' + getComputedStyle(element).textAlign"

    assert [page.locator("h3").nth(number).evaluate(sides) for number in (0, 1)] == ["rtl right", "ltr left"]
    assert page.locator("h1").evaluate(sides) == "rtl right"
    page.context.close()
