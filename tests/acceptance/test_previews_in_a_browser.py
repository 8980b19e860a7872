"""Each page of preview and archive in a real browser: it says what it should, axe-core finds nothing serious, a phone shows all."""

import email
import email.policy
import json
import re
from html import unescape

import pytest
from playwright.sync_api import Browser, Page, expect

from syndication.store.tables import metadata
from tests.acceptance.conftest import Service
from tests.support.axe import grave_findings, is_wider_than_its_window

ARTICLE = """---
title: Tool calling grows up as agentic teams share one protocol
date: 2026-11-22
---
The AI agents of three teams now hand work to each other over the model context protocol. Each agent keeps a log.
"""
PASSWORD = "a long sentence"


def link_in(service: Service, number: int, name: str) -> str:
    """The link of this kind in the n-th mail that was sent."""
    message = email.message_from_bytes(service.smtp.messages[number].message, policy=email.policy.default)
    body = message.get_body(("plain",))
    assert body is not None
    found = re.search(rf"{re.escape(service.url)}/{name}/\S+", str(body.get_content()))
    assert found is not None
    return found[0]


def send_an_issue(service: Service) -> None:
    """Anna subscribes and gets an issue with one article."""
    service.sign_up("anna@example.org")
    service.wait_for_mails(1)
    assert service.post(link_in(service, 0, "confirm")).status_code < 400
    assert service.ask("SELECT status FROM subscription") == [("confirmed",)]
    (service.articles / "agents.md").write_text(ARTICLE, "utf-8")
    service.command("collect", "--source", "desk")
    service.wait_until(lambda: "Tool calling grows up" in service.get("/feeds/all.json").text)
    service.command("issues", "send", "weekly")
    service.wait_for_mails(2)


def judged(page: Page, address: str, words: str) -> Page:
    """Open a page that says something, and judge it at both widths."""
    page.goto(address)
    expect(page.get_by_text(words).first).to_be_attached()
    assert grave_findings(page) == [], address
    page.set_viewport_size({"width": 360, "height": 700})
    assert not is_wider_than_its_window(page), address
    page.set_viewport_size({"width": 1000, "height": 700})
    return page


def judged_mail(service: Service, page: Page, address: str, words: str) -> None:
    """Open a mail's own page, where no script may run, and judge a copy of it, where axe-core may."""
    page.goto(address)
    expect(page.get_by_text(words).first).to_be_visible()
    copy = page.context.new_page()
    copy.set_content(service.get(address).text)
    assert grave_findings(copy) == [], address
    copy.set_viewport_size({"width": 360, "height": 700})
    assert not is_wider_than_its_window(copy), address
    copy.close()


def log_in(service: Service, page: Page) -> None:
    found = re.search(r"http\S+/admin/setup/\S+", service.log())
    assert found is not None
    page.goto(found[0])
    page.locator("input[name=name]").fill("anna")
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("main button[type=submit]").first.click()
    expect(page).to_have_url(f"{service.url}/admin/")


def try_a_look(service: Service, page: Page) -> None:
    """Show a look before it is saved, then save it."""
    look = judged(page, f"{service.url}/admin/newsletters/weekly/look", "The look of The AI Weekly")
    look.get_by_label("Line under the title").fill("Chosen by hand")
    look.get_by_role("button", name="Show it first").click()
    expect(page.frame_locator("iframe[title='The digest by day']").get_by_text("Chosen by hand")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()


def try_a_template(service: Service, page: Page, title: str) -> None:
    """See the mail on a phone by night, then write a template with a mistake."""
    judged(page, f"{service.url}/admin/templates/", "E-mail templates")
    template = judged(page, f"{service.url}/admin/templates/weekly/digest", "Write another version")
    frame = template.frame_locator("iframe[title='The mail on a phone, by night']")
    template.locator("iframe[title='The mail on a phone, by night']").scroll_into_view_if_needed()
    expect(frame.get_by_role("link", name=title)).to_be_visible()
    template.get_by_label("Subject").fill("{{ heldline }}")
    template.get_by_role("button", name="Check and keep").click()
    expect(page.get_by_text("'heldline' is not known here")).to_be_visible()


def announce(service: Service, page: Page, title: str) -> None:
    """Write an announcement by command, look at it in review, change it, send it."""
    said = service.command(
        "issues", "announce", "weekly", "We move", "--words", "Dear *all*,", "--article", "1", "--json"
    )
    told = json.loads(said)
    assert (told["issue"], told["readers"]) == (2, 1)
    service.wait_until(lambda: service.ask("SELECT state FROM issue WHERE id = 2") == [("review",)])
    assert f"{title}\n" in service.command("issues", "preview", "2")
    assert "accepted" in service.command("issues", "test", "2", "me@example.org")
    service.wait_until(lambda: len(service.smtp.messages) == 3)

    review = judged(page, f"{service.url}/admin/issues/2/review", "It waits for you.")
    expect(review.frame_locator("iframe[title='The mail']").get_by_role("heading", name="We move")).to_be_visible()
    review.get_by_label("Words").fill("Dear **all**, we move to [Rome](https://rome.example).")
    review.get_by_role("button", name="Save").click()
    judged(page, page.url, "Saved.")
    expect(page.frame_locator("iframe[title='The mail']").get_by_role("link", name="Rome")).to_be_visible()
    page.get_by_role("link", name="Send now").click()
    page.get_by_role("button", name="Send now").click()
    service.wait_for_mails(4)
    judged_mail(service, page, link_in(service, 3, "view"), "Rome")
    judged(page, f"{service.url}/newsletters/weekly/2", "We move")


def addresses_in(service: Service, message: bytes) -> set[str]:
    """Every address of ours that a mail holds, in its head and both parts."""
    mail = email.message_from_bytes(message, policy=email.policy.default)
    parts = [str(part.get_content()) for part in mail.walk() if part.get_content_maintype() == "text"]
    everything = unescape("\n".join([*map(str, mail.values()), *parts]))
    return set(re.findall(rf"{re.escape(service.url)}/[^\s<>\"')]*", everything))


def everything_about_readers(service: Service) -> dict[str, list[tuple[object, ...]]]:
    """Every row that a reader's own act could change."""
    names = ("subscriber", "subscription", "subscription_topic", "consent_event", "suppression", "private_feed")
    with service.database.read() as session:
        found = {
            name: sorted((tuple(row) for row in session.execute(metadata.tables[name].select())), key=str)
            for name in (*names, "delivery", "notice", "issue")
        }
    service.database.close()
    return found


def scan_the_mails(service: Service, page: Page) -> None:
    """What a scanner does with all mails of a reader: HEAD, GET and a whole browser. Nothing of anybody changes."""
    count = len(service.smtp.messages)
    assert service.post("/link", {"email": "anna@example.org"}).status_code == 303
    service.wait_for_mails(count + 1)
    mails = [mail.message for mail in service.smtp.messages if b"\nTo: anna@example.org" in mail.message]
    followed = sorted(set().union(*(addresses_in(service, mail) for mail in mails)))
    kinds = {address.removeprefix(service.url).split("/")[1] for address in followed}
    assert {"confirm", "preferences", "unsubscribe", "view", "yours"} <= kinds

    before = everything_about_readers(service)
    for address in followed:
        assert service.get(address, "HEAD").status_code == 200, address
        assert service.get(address).status_code == 200, address
        page.goto(address)
    assert everything_about_readers(service) == before


@pytest.mark.parametrize("service", ["sqlite"], indirect=True)
def test_every_page_of_preview_and_archive(service: Service, browser: Browser) -> None:
    service.start()
    send_an_issue(service)
    page = browser.new_context().new_page()
    title = "Tool calling grows up as agentic teams share one protocol"

    archive = judged(page, f"{service.url}/newsletters/weekly/", "Past issues")
    archive.get_by_role("link", name="Tool calling").click()
    judged(page, page.url, title)
    judged(page, f"{service.url}/newsletters/weekly/sample", "A sample issue")
    expect(page.frame_locator("iframe").get_by_role("link", name=title)).to_be_visible()

    view = link_in(service, 1, "view")
    judged_mail(service, page, view, title)
    headers = service.get(view).headers
    assert headers["referrer-policy"] == "no-referrer"
    assert (headers["cache-control"], headers["x-robots-tag"]) == ("no-store", "noindex, nofollow")
    assert service.get(view[:-1] + ("a" if view[-1] != "a" else "b")).status_code == 404

    log_in(service, page)
    try_a_look(service, page)
    try_a_template(service, page, title)
    judged(page, f"{service.url}/admin/newsletters/1/preview", "As a reader of")
    judged(page, f"{service.url}/admin/newsletters/1/announce", "Nothing is sent yet.")
    announce(service, page, title)
    scan_the_mails(service, page)
    page.context.close()
