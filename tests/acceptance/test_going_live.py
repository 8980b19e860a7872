"""docs/going-live.md, walked as it is written: from a trial to a list that is green, and the first mail through the relay.

The relay wants STARTTLS and a log-in and takes mail from one address; the house has an authority of its own, a server with
https in front, and a name server in which records appear as the page gives them. Nothing here depends on the database.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import dkim as judge
import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.acceptance.conftest import CHROMIUM, PATIENCE_S, QUIET, Newcomer, free_port
from tests.support.axe import grave_findings
from tests.support.certificates import make_house
from tests.support.guide import Walk
from tests.support.name_server import NameServer
from tests.support.relay import Relay
from tests.support.web_server import Reply, Script, Seen, WebServer, web_server

HOST, SENDER = "news.publisher.test", "digest@publisher.test"
NOT_HANDED_ON = {"accept-encoding", "connection", "content-length", "transfer-encoding", "x-forwarded-for"}


@dataclass(frozen=True)
class House:
    """What stands around an installation. trusted: its authority. records: what its name server publishes."""

    service: Newcomer
    trusted: Path
    relay: Relay
    front: WebServer
    names: NameServer
    records: dict[str, list[str]]

    @property
    def url(self) -> str:
        return f"https://{HOST}:{self.front.port}"

    def settings(self, password: str) -> dict[str, dict[str, object]]:
        """As the guide has them."""
        url = f"smtp://news:{password}@localhost:{self.relay.port}?ca={self.trusted}"
        return {
            "site": {"title": "The Reading Room", "public_url": self.url},
            "mail": {"transport": url, "dkim_domain": "publisher.test", "name_servers": [self.names.address]},
            "backup": {"folder": str(self.service.folder / "elsewhere")},
            "alerts": {"command": "true"},
        }


def passing_on(target: str, *, is_right: bool) -> Script:
    """A web server in front; a wrong one does not say who visits, and redirects one-click posts."""

    def script(seen: Seen) -> Reply:
        if seen.path.startswith("/unsubscribe/") and not is_right:
            return Reply(308, {"Location": "/"})
        headers = {name: value for name, value in seen.headers.items() if name not in NOT_HANDED_ON}
        headers |= {"x-forwarded-for": "192.0.2.7"} if is_right else {}
        answer = httpx.request(seen.method, target + seen.path, headers=headers, content=seen.body, timeout=PATIENCE_S)
        kept = {name: answer.headers.get_list(name) for name in answer.headers if name not in NOT_HANDED_ON}
        return Reply(answer.status_code, kept, answer.content)

    return script


@pytest.fixture
def house(newcomer: Newcomer, tmp_path: Path) -> Iterator[House]:
    """A trial that was just started, and everything that it will need."""
    trusted, certificate = make_house(tmp_path, "localhost", HOST)
    newcomer.extra["SSL_CERT_FILE"] = str(trusted)
    with ExitStack() as open_now:
        tls = certificate.server_context()
        relay = open_now.enter_context(Relay(free_port(), tls, "news", "secret", SENDER))
        blind = passing_on(newcomer.url, is_right=False)
        front = open_now.enter_context(web_server(blind, tls=tls))
        records: dict[str, list[str]] = {}
        names = open_now.enter_context(NameServer(records, [HOST]))
        newcomer.start()
        yield House(newcomer, trusted, relay, front, names, records)


def test_a_trial_goes_live_as_the_guide_says(house: House, browser: Browser, tmp_path: Path) -> None:
    rules = f"--host-resolver-rules=MAP {HOST} 127.0.0.1"
    chromium = browser.browser_type.launch(executable_path=CHROMIUM, args=[*QUIET, "--no-sandbox", rules])
    context = chromium.new_context(viewport={"width": 1000, "height": 720}, ignore_https_errors=True)
    walk = Walk(context.new_page(), "going-live.md", tmp_path)

    a_trial_is_told_what_is_missing(house, walk)
    the_newsletter_gets_a_sender_and_an_address(walk)
    the_settings_are_written_and_it_starts_again(house, walk)
    what_is_wrong_outside_is_told_and_mended(house, walk)
    everything_is_green(house, walk)
    a_list_can_be_imported(walk)
    the_first_mail_goes_through_the_relay(house, walk.page)
    chromium.close()
    walk.require_told()


def look(walk: Walk) -> dict[str, tuple[str, str]]:
    """Press the button; by title, the verdict and the words of each line. Every line that is red says what mends it."""
    walk.click("button", "Look")
    expect(walk.page.get_by_role("status")).to_contain_text(re.compile("stand|Ready"))
    found = {}
    for line in walk.page.locator("tr[data-verdict]").all():
        verdict, words = line.get_attribute("data-verdict") or "", line.locator("td").nth(1).inner_text()
        assert verdict not in {"fault", "warning"} or line.locator("td strong").last.inner_text() in words
        assert verdict not in {"fault", "warning"} or line.locator("td").nth(1).locator("strong").count() == 1
        found[line.locator("th").inner_text()] = verdict, words
    return found


def missing(found: Mapping[str, tuple[str, str]]) -> set[str]:
    return {title for title, (verdict, _) in found.items() if verdict == "fault"}


def a_trial_is_told_what_is_missing(house: House, walk: Walk) -> None:
    link = re.search(r"http\S+/admin/setup/\S+", house.service.log())
    assert link
    walk.page.goto(link[0])
    walk.page.get_by_label("Name").fill("anna")
    walk.page.get_by_label("Password").first.fill("a sentence is better")
    walk.page.get_by_role("button", name="Make admin and open the console").click()
    walk.click("link", "Settings")
    walk.click("link", "Go live")
    assert missing(look(walk)) == {
        "Public address",
        "Sender of 'The AI Weekly'",
        "Postal address of 'The AI Weekly'",
        "Way out",
    }
    walk.picture("go-live", 640)  # below it stands a folder of this machine
    assert grave_findings(walk.page) == []


def the_newsletter_gets_a_sender_and_an_address(walk: Walk) -> None:
    walk.click("link", "Newsletters")
    walk.page.locator("main").get_by_role("link").first.click()
    walk.fill("Sender's address", "hello@publisher.test")
    walk.fill("Postal address", "1 Printing House Square, Rome")
    walk.page.get_by_role("button", name="Save").click()


def the_settings_are_written_and_it_starts_again(house: House, walk: Walk) -> None:
    house.service.stop()
    house.service.configure(**house.settings("guessed"))
    house.service.command("init")
    house.service.start()
    walk.page.goto(f"{house.url}/admin/")
    walk.page.get_by_label("Name").fill("anna")
    walk.page.get_by_label("Password").fill("a sentence is better")
    walk.page.get_by_role("button", name="Log in").click()
    expect(walk.page.get_by_role("button", name="Log out")).to_be_visible()
    walk.page.goto(f"{house.url}/admin/live/")


def what_is_wrong_outside_is_told_and_mended(house: House, walk: Walk) -> None:
    found = look(walk)
    kinds = ("SPF", "DKIM", "DMARC")
    assert missing(found) == {"Web server in front", "Unsubscribe address", "Way out"} | {
        f"{kind} of publisher.test" for kind in kinds
    }
    assert "535" in found["Way out"][1]
    assert "guessed" not in walk.page.content()
    assert "X-Forwarded-For" in found["Web server in front"][1]
    assert "redirected (308)" in found["Unsubscribe address"][1]
    walk.page.locator("tr[data-verdict]", has_text="SPF of").evaluate("line => line.scrollIntoView()")
    walk.picture("records")

    house.front.script = passing_on(house.service.url, is_right=True)
    house.service.configure(**house.settings("secret"))  # no restart
    names = ("publisher.test", "s1._domainkey.publisher.test", "_dmarc.publisher.test")
    for kind, name in zip(kinds, names, strict=True):
        line = walk.page.locator("tr[data-verdict]", has_text=f"{kind} of publisher.test")
        text = line.locator("code").inner_text()
        house.records[name] = [text.replace("THE-DOMAIN-YOUR-RELAY-NAMES", "relay.test")]
    assert house.records[names[1]][0] in house.service.command("dkim").replace("\n", "")

    found = look(walk)
    assert missing(found) == {"Way out"}
    assert "hello@publisher.test is refused: 550 5.7.1" in found["Way out"][1]
    walk.click("link", "Newsletters")
    walk.page.locator("main").get_by_role("link").first.click()
    walk.fill("Sender's address", SENDER)
    walk.page.get_by_role("button", name="Save").click()


def everything_is_green(house: House, walk: Walk) -> None:
    house.service.command("backup")
    walk.click("link", "Settings")
    walk.click("link", "Go live")
    assert {verdict for verdict, _ in look(walk).values()} == {"ok"}
    expect(walk.page.get_by_role("status")).to_have_text("Ready: nothing stands in the way.")
    walk.picture("ready", 420)
    found = json.loads(house.service.command("doctor", "--json"))
    assert {one["verdict"] for one in found} == {"ok"}
    assert {one["name"] for one in found} >= {"clock", "zone", "disk", "caps", "alerts", "backup"}


def a_list_can_be_imported(walk: Walk) -> None:
    walk.click("link", "Subscribers")
    walk.click("link", "Import a list")
    walk.picture("import")


def the_first_mail_goes_through_the_relay(house: House, page: Page) -> None:
    page.goto(house.url)
    page.get_by_label("E-mail address").fill("anna@example.org")
    page.get_by_role("button", name="Sign up").click()
    house.service.wait_until(lambda: house.relay.messages)
    sender, recipients, raw = house.relay.messages[0]
    assert (sender, recipients) == (SENDER, ["anna@example.org"])
    assert judge.verify(raw, dnsfunc=lambda name, **_: house.records[name.decode().rstrip(".")][0].encode())
    assert f"{house.url}/confirm/".encode() in raw.replace(b"=\r\n", b"")
