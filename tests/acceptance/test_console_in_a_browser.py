"""The console in a real browser: every page sound in light and dark, wide and narrow; its forms by keyboard and without scripts."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Literal

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlmodel import Session, col, select

import syndication
from syndication.domain.roles import Role
from syndication.domain.states import SubscriptionStatus
from syndication.store.admins import hash_of, offer_setup
from syndication.store.people import invite, offer_reset
from syndication.store.tables import AuditEntryRow, SubscriberRow, SubscriptionRow
from tests.support.axe import dead_controls
from tests.support.walking import Running, entered, judge, listening, running_console, watched
from tests.support.website import Website

STYLE: Final = Path(syndication.__file__).parent / "web" / "static" / "site.css"


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with running_console() as running:
        yield running


@pytest.mark.parametrize("time_of_day", ["day", "night"])
def test_every_page_is_sound_and_asks_nobody_else(browser: Browser, running: Running, time_of_day: str) -> None:
    """Every second page by night on a phone, the others by day; `python -m bench walks` opens each in both ways."""
    with entered(browser, running, "olga") as context:
        asked: list[str] = []
        context.on("request", lambda request: asked.append(request.url))
        page = context.new_page()
        by_night = time_of_day == "night"
        pages = running.pages[by_night::2]
        assert len(pages) > 14
        assert [one for path in pages for one in judge(page, path, by_night=by_night)] == []
        assert {url for url in asked if not url.startswith((running.url, "data:"))} == set()


def test_every_page_opens_without_scripts(browser: Browser, running: Running) -> None:
    with entered(browser, running, "olga", scripts=False) as context:
        page = context.new_page()
        for path in running.pages:
            answer = page.goto(path)
            assert answer is not None
            assert answer.status == 200, path
            expect(page.get_by_role("heading", level=1)).to_be_visible()
            assert dead_controls(page) == [], path


def press_to(page: Page, name: str, *keys: str) -> None:
    """Go on by Tab until the thing with this name has the focus, visibly, and press these keys there."""
    for _ in range(120):
        page.keyboard.press("Tab")
        if page.evaluate(f"({NAMED})()") == name:
            assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none", name
            for key in keys:
                page.keyboard.press(key) if key in {"Enter", "Space", "ArrowDown"} else page.keyboard.type(key)
            return
    raise AssertionError(name)


NAMED = """() => {
  const one = document.activeElement;
  return ((one.labels && one.labels.length ? one.labels[0] : one).innerText || '').trim();
}"""


def test_a_keyboard_is_enough(browser: Browser, running: Running) -> None:
    with entered(browser, running, "kim") as context:
        page = context.new_page()
        page.goto("/admin/")
        page.keyboard.press("Tab")
        assert page.evaluate(f"({NAMED})()") == "Skip to the content"
        press_to(page, "Subscribers", "Enter")
        page.wait_for_url("**/admin/subscribers/")
        press_to(page, "Add a subscriber", "Enter")
        page.wait_for_url("**/new")
        press_to(page, "E-mail address", "zoe@example.org")
        press_to(page, "The agents", "Space")
        press_to(page, "Ask them by mail. They are a reader once they press the button in it.", "ArrowDown")
        press_to(page, "Where and when they agreed", "at the fair", "Enter")
        page.wait_for_url("**/admin/subscribers/?q=zoe%40example.org")
        press_to(page, "zoe@example.org", "Enter")
        page.wait_for_url("**/admin/subscribers/*")
        expect(page.get_by_role("heading", level=1)).to_contain_text("zoe@example.org")
        press_to(page, "Newsletters", "Enter")
        page.wait_for_url("**/admin/newsletters/")
        press_to(page, "Log out", "Enter")
        page.wait_for_url("**/admin/login")
        page.goto("/admin/")
        assert page.url == f"{running.url}/admin/login"
    assert status_of(running, "zoe@example.org") is SubscriptionStatus.CONFIRMED


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("around", ["", "card"])
def test_a_table_that_goes_on_beyond_its_edge_shows_it(
    browser: Browser, scheme: Literal["light", "dark"], around: str
) -> None:
    page = browser.new_page(color_scheme=scheme)
    page.set_content(
        f'<div class="console {around}"><div class="scroll" style="width: 20rem"><div style="height: 3rem"></div></div></div>'
    )
    page.add_style_tag(path=STYLE)
    table = page.locator(".scroll")
    place = table.bounding_box()
    assert place is not None

    def edges() -> list[bool]:
        """Whether something is to be seen at the left and at the right edge."""
        parts = [place["x"], place["x"] + place["width"] - 8, place["x"] + place["width"] / 2]
        clips = [{"x": x, "y": place["y"], "width": 8.0, "height": 40.0} for x in parts]
        left, right, middle = (page.screenshot(clip=clip) for clip in clips)  # type: ignore[arg-type] # a dict of its fields
        return [left != middle, right != middle]

    assert edges() == [False, False]
    table.locator("div").evaluate("content => content.style.width = '60rem'")
    assert edges() == [False, True]
    table.evaluate("table => table.scrollLeft = 200")
    assert edges() == [True, True]
    table.evaluate("table => table.scrollLeft = 9999")
    assert edges() == [True, False]
    page.close()


def status_of(running: Running, address: str) -> SubscriptionStatus:
    with running.website.database.read() as session:
        chosen = select(SubscriptionRow.status).join(
            SubscriberRow, col(SubscriberRow.id) == col(SubscriptionRow.subscriber_id)
        )
        return SubscriptionStatus(session.exec(chosen.where(SubscriberRow.address == address)).one())


def import_a_list(page: Page, running: Running, path: Path) -> None:
    """Upload, look, import."""
    path.write_text("email\nyves@example.org\nnobody\n", "utf-8")
    page.goto("/admin/subscribers/")
    page.get_by_role("link", name="Import a list").click()
    page.get_by_label("CSV file").set_input_files(path)
    page.get_by_label("How these people agreed").fill("at the fair")
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_text("Being looked through.")).to_be_visible()
    upload_id = int(page.url.rpartition("/")[2])
    running.work(upload_id)
    page.get_by_role("link", name="Look again").click()
    page.get_by_role("button", name="Import 1 new reader").click()
    expect(page.get_by_text("Being imported.")).to_be_visible()
    running.work(upload_id)
    page.get_by_role("link", name="Look again").click()
    expect(page.get_by_role("heading", name="Imported")).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_links_that_work_once_are_sound_and_need_no_mouse(browser: Browser, website: Website, *, scripts: bool) -> None:
    """The first admin's, an invitation, a new password."""
    with listening(website) as url:
        page = watched(browser, url, scripts=scripts).new_page()

        def arrive(kind: str, offer: Callable[[Session, str], object], name: str) -> None:
            path = f"/admin/{kind}/{kind}-secret"
            with website.database.write() as session:
                offer(session, hash_of(f"{kind}-secret"))
            if scripts:
                assert [one for night in (False, True) for one in judge(page, path, by_night=night)] == []
            page.goto(path)
            if name:
                press_to(page, "Name", name)
            press_to(page, "Password", "short", "Enter")
            assert page.url == url + path
            page.get_by_label("Password").fill("a sentence is better")
            page.keyboard.press("Enter")
            page.wait_for_url("**/admin/")
            press_to(page, "Log out", "Enter")
            page.wait_for_url("**/admin/login")

        arrive("setup", lambda session, key: offer_setup(session, key, website.now), "anna")
        arrive("invite", lambda session, key: invite(session, key, "Bea", Role.EDITOR, website.now), "bea")
        arrive("reset", lambda session, key: offer_reset(session, key, "bea", website.now), "")
        page.context.close()


def test_every_way_is_open_without_scripts(browser: Browser, running: Running, tmp_path: Path) -> None:
    with entered(browser, running, "nick", scripts=False) as context:
        page = context.new_page()
        import_a_list(page, running, tmp_path / "list.csv")

        page.goto("/admin/schedules/1")
        page.get_by_label("Cron words").fill("0 25 * * *")
        page.get_by_role("button", name="Show the next issues").click()
        expect(page.get_by_label("Cron words")).to_have_value("0 25 * * *")
        page.get_by_label("Cron words").fill("0 6 * * MON")
        page.get_by_role("button", name="Save").click()
        page.goto("/admin/topics/1")
        page.get_by_role("button", name="Save").first.click()
        page.goto("/admin/")
        page.get_by_role("button", name="Skip this one").last.click()
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        page.goto("/admin/issues/")
        page.get_by_role("link", name=str(running.filled.sending)).first.click()
        page.get_by_role("link", name="Pause").click()
        page.get_by_role("button", name="Pause").click()
        page.goto("/admin/")
        page.get_by_role("link", name="Resume it").click()
        page.get_by_role("button", name="Resume").click()
        page.goto("/admin/log/")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert status_of(running, "yves@example.org") is SubscriptionStatus.CONFIRMED
    with running.website.database.read() as session:
        done = set(session.exec(select(AuditEntryRow.action)))
    assert {"readers.import", "schedule.change", "schedule.skip", "issue.pause", "issue.resume"} <= done
