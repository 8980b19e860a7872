"""The mailbox of a trial: complete for visitors on this machine, not there for anybody else."""

import os
from email.message import EmailMessage

import pytest

from syndication.domain.site import Profile
from tests.support.website import Website


@pytest.fixture
def letter(website: Website) -> str:
    message = EmailMessage()
    message["From"] = "Weekly <weekly@example.org>"
    message["To"] = "ann@example.com"
    message["Subject"] = "Prêt à lire"
    message.set_content("Hello in plain words")
    message.add_alternative("<html><head><title>x</title></head><body><p>Hello in colour</p></body></html>", "html")
    (website.outbox / "n1-1.eml").write_bytes(message.as_bytes())
    return "n1-1"


def test_the_newest_mail_stands_first(website: Website, letter: str) -> None:
    second = website.outbox / "i2-1.eml"
    second.write_bytes(b"From: a@example.org\r\nTo: b@example.org\r\nSubject: Newer\r\n\r\nx")
    os.utime(website.outbox / f"{letter}.eml", (1_000_000_000, 1_000_000_000))
    page = website.visitor().get("/mailbox/").text
    assert page.index("Newer") < page.index("Prêt à lire")
    assert "9 September 2001" in page


def test_a_mail_is_shown_with_its_two_parts(website: Website, letter: str) -> None:
    client = website.visitor()
    page = client.get(f"/mailbox/{letter}")
    assert "Hello in plain words" in page.text
    assert f'src="/mailbox/{letter}/html"' in page.text
    assert "Hello in colour" not in page.text
    html = client.get(f"/mailbox/{letter}/html")
    assert '<head><base target="_top">' in html.text
    assert "Hello in colour" in html.text
    assert "default-src 'none'" in html.headers["content-security-policy"]
    assert "sandbox" in html.headers["content-security-policy"]
    assert html.headers["cache-control"] == "no-store"


def test_an_empty_mailbox_looks_again_by_itself(website: Website) -> None:
    page = website.visitor().get("/mailbox/").text
    assert "No mail yet" in page
    assert 'http-equiv="refresh"' in page


def test_a_mail_without_a_part_has_no_page_for_it(website: Website) -> None:
    (website.outbox / "i3-1.eml").write_bytes(b"From: a@example.org\r\nTo: b@example.org\r\nSubject: Plain\r\n\r\nx")
    assert website.visitor().get("/mailbox/i3-1").status_code == 200
    assert website.visitor().get("/mailbox/i3-1/html").status_code == 404


@pytest.mark.parametrize("path", ["/mailbox/", "/mailbox/n1-1", "/mailbox/n1-1/html"])
def test_nobody_else_finds_a_mailbox(website: Website, letter: str, path: str) -> None:
    assert letter
    assert website.visitor().get(path).status_code == 200
    assert website.visitor("::1").get(path, headers={"host": "localhost:8000"}).status_code == 200
    strangers = [
        website.visitor("192.0.2.7").get(path),
        website.visitor().get(path, headers={"x-forwarded-for": "192.0.2.7"}),
        website.visitor().get(path, headers={"host": "rebound.example"}),
        website.visitor(profile=Profile.INTRANET).get(path),
        website.visitor(outbox=None).get(path),
    ]
    assert [answer.status_code for answer in strangers] == [404] * 5


@pytest.mark.parametrize("name", ["n9-9", "..%2F..%2Fsecrets", "n1-1.eml", "N1-1"])
def test_only_mails_of_the_outbox_can_be_opened(website: Website, letter: str, name: str) -> None:
    assert letter
    assert website.visitor().get(f"/mailbox/{name}").status_code == 404


def test_only_who_may_open_the_mailbox_is_led_to_it(website: Website) -> None:
    link = '<a href="/mailbox/">'
    assert link in website.visitor().get("/").text
    stranger = website.visitor("10.88.0.1").get("/").text
    assert "This is a trial" in stranger
    assert link not in stranger
