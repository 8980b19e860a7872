"""A scanner of a mail gateway follows every link of every mail, as programs do and as a browser does, and changes nothing."""

import re
from html import unescape

from playwright.sync_api import Browser

from tests.acceptance.conftest import Service
from tests.acceptance.test_whole_way import AGENTS, arrive, fire, read, text_of

READERS = ("subscriber", "subscription", "subscription_topic", "consent_event", "suppression", "notice", "delivery")
ADDRESS = "anna@example.org"


def what_is_known(service: Service) -> dict[str, list[str]]:
    """Every row about readers and their mail."""
    return {name: sorted(map(str, service.ask(f"SELECT * FROM {name}"))) for name in READERS}  # noqa: S608 - names above


def links_of(raw: bytes, site: str) -> set[str]:
    """The addresses of ours in a mail: in its headers, its text and its HTML."""
    mail = read(raw)
    html = mail.get_body(("html",))
    words = f"{mail['List-Unsubscribe'] or ''} {text_of(mail)} {html.get_content() if html else ''}"
    return {unescape(found) for found in re.findall(rf"{re.escape(site)}[^\s\"<>)]*", words)}


def scan(service: Service, browser: Browser, raw: bytes) -> set[str]:
    """Follow every link with GET, HEAD and a browser that runs scripts; answers their kinds, such as 'confirm'."""
    links, page = links_of(raw, service.url), browser.new_page()
    for link in links:
        for method in ("GET", "HEAD"):
            assert service.get(link, method).status_code == 200, link
        page.goto(link)
    page.close()
    return {link.removeprefix(service.url).split("/")[1] for link in links if link != service.url}


def test_every_link_of_every_mail_can_be_opened_by_a_scanner_and_changes_nothing(
    service: Service, browser: Browser
) -> None:
    service.start()
    mails = service.smtp.messages

    def scanned(number: int) -> set[str]:
        """Wait until so many mails came, and scan the last."""
        service.wait_for_mails(number)
        known = what_is_known(service)
        kinds = scan(service, browser, mails[-1].message)
        assert what_is_known(service) == known
        assert len(mails) == number
        return kinds

    arrive(service, "agents.md", AGENTS, "Tool calling grows up")
    service.sign_up(ADDRESS)
    assert "confirm" in scanned(1)
    assert service.ask("SELECT status FROM subscription") == [("unconfirmed",)]

    confirm = next(link for link in links_of(mails[0].message, service.url) if "/confirm/" in link)
    assert service.post(confirm).status_code in {200, 303}
    assert {"preferences", "unsubscribe"} <= scanned(2)  # the welcome

    arrive(service, "more.md", AGENTS.replace("grows up", "grows older"), "grows older")
    fire(service)
    assert {"preferences", "unsubscribe"} <= scanned(3)  # the digest

    assert service.post("/link", {"email": ADDRESS}).status_code in {200, 303}
    assert {"preferences", "yours"} <= scanned(4)  # the link that was asked for
    assert service.ask("SELECT status FROM subscription") == [("confirmed",)]
