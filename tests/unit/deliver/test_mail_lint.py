"""The check of a finished mail: silent about a right one, and each fault is found."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from syndication.deliver.mail_lint import LARGEST_HTML, lint_mail
from syndication.deliver.message import MessageBuilder, Occasion, Reader, Secrets
from syndication.domain.delivery import DeliveryKind, DeliveryName
from syndication.domain.digests import MailBody
from syndication.domain.newsletters import Newsletter
from syndication.domain.preflight import Demands, Finding, verdict
from syndication.domain.site import Site
from syndication.domain.splice import Splice
from syndication.domain.tokens import KeyRing

AT = datetime(2026, 11, 20, 7, 30, tzinfo=UTC)
SITE = Site("News", "", "https://news.example.org", "en", "UTC", "tag:news.example.org,2026-11-01:abc")
LETTER = Newsletter(
    slug="weekly",
    title="Weekly",
    description="",
    sender_name="Wöchentlich",
    sender_address="weekly@news.example.org",
    reply_to="",
    postal_address="1 Main Street, Springfield & Co",
    language="en",
    accent="#0b5fa5",
    topics=(),
)
DEMANDS = Demands(https=True, postal_address=LETTER.postal_address, dkim={})
LINKS = "".join(
    f"https://news.example.org/{one.value}/{one.mark}\n" for one in (Splice.UNSUBSCRIBE, Splice.PREFERENCES)
)
TEXT = f"News.\n{LINKS}{LETTER.postal_address}\n"
HTML = (
    f'<p>News.</p><a href="https://news.example.org/unsubscribe/{Splice.UNSUBSCRIBE.mark}">Leave</a>'
    f'<a href="https://news.example.org/preferences/{Splice.PREFERENCES.mark}">Change</a>'
    '<a href="mailto:us@example.org">Write</a><p>1 Main Street,\n Springfield &amp; Co</p>'
)


def mail(*, subject: str = "Neuigkeiten für alle", text: str = TEXT, html: str = HTML, site: Site = SITE) -> bytes:
    occasion = Occasion("digest", "i1", AT, to_list=True)
    builder = MessageBuilder(
        MailBody(subject, text, html), LETTER, site, occasion, Secrets(KeyRing({"a": b"k" * 32}, "a"), b"s" * 32)
    )
    name = DeliveryName(DeliveryKind.ISSUE, 1, 0)
    return builder.build(name, Reader(2**40 - 1, "reader@example.org")).message


def checks(raw: bytes, demands: Demands = DEMANDS) -> set[str]:
    return {one.check for one in lint_mail(raw, demands)}


def problems(raw: bytes) -> str:
    return " ".join(one.problem for one in lint_mail(raw, DEMANDS))


def test_a_right_mail_has_no_fault() -> None:
    assert lint_mail(mail(), DEMANDS) == []


@pytest.mark.parametrize("name", [b"List-Unsubscribe", b"Subject", b"Message-ID", b"From"])
def test_a_field_that_stands_there_twice_is_found(name: bytes) -> None:
    line = re.search(b"^" + name + rb": .*?\r\n(?![ \t])", mail(), re.MULTILINE | re.DOTALL)
    assert line
    assert f"{name.decode().lower()} stands there 2 times" in problems(line[0] + mail())


@pytest.mark.parametrize("name", [b"Message-ID", b"Date", b"From", b"List-ID", b"List-Unsubscribe-Post"])
def test_a_field_that_is_missing_is_found(name: bytes) -> None:
    raw = re.sub(b"^" + name + rb": .*?\r\n(?![ \t])", b"", mail(), count=1, flags=re.MULTILINE | re.DOTALL)
    assert checks(raw) & {"header", "unsubscribe"}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b"List-Archive: <", b"List-Archive: =?utf-8?q?=3Chttps?= <", "holds an encoded word"),
        (b"Subject: ", b"Subject: =?utf-8?b?" + b"QUFB" * 30 + b"?= ", "75 are allowed"),
        (b"From: ", b"From: eve@example.org, ", "more than one sender"),
        (b"Message-ID: <", b"Message-ID: <a b", "not of the form"),
        (b"Subject: ", b"Subject: \xc3\xbc", "not ASCII"),
        (b"Subject: ", b"X-Long: " + b"x" * 999 + b"\r\nSubject: ", "998 are allowed"),
        (b"MIME-Version: 1.0\r\n", b"MIME-Version: 1.0\n", "lone CR or LF"),
        (b"One-Click", b"Two-Click", "does not say One-Click"),
        (b"List-Unsubscribe: <https", b"List-Unsubscribe: <http", "exactly one https address"),
    ],
)
def test_a_wrong_header_is_found(old: bytes, new: bytes, words: str) -> None:
    raw = mail()
    assert old in raw
    assert words in problems(raw.replace(old, new, 1))


def test_inside_an_intranet_http_will_do_and_no_address_is_asked_for() -> None:
    raw = mail(text=LINKS, html=HTML.replace("Main", ""), site=replace(SITE, public_url="http://news.lan"))
    assert checks(raw, Demands(https=False, postal_address="", dkim={})) == set()
    assert "unsubscribe" in checks(raw)


@pytest.mark.parametrize(
    ("text", "html", "check"),
    [
        (" ", HTML, "text"),
        (TEXT, HTML + "x" * LARGEST_HTML, "size"),
        (TEXT + "{{ name }}", HTML, "template"),
        (TEXT, HTML + "{% if %}", "template"),
        (TEXT, HTML + "\x02nothing", "template"),
        (TEXT, HTML.replace("/preferences/", "/x/"), "links"),
        (TEXT.replace("/unsubscribe/", "/x/"), HTML, "links"),
        (TEXT, HTML + '<a href="javascript:alert(1)">', "links"),
        (TEXT, HTML + '<img src="data:image/png;base64,AA">', "links"),
        (TEXT, HTML + '<a href="/relative">', "links"),
        (TEXT, HTML.replace("Main", "Other"), "address"),
        (TEXT.replace("Main", "Other"), HTML, "address"),
    ],
)
def test_a_wrong_content_is_found(text: str, html: str, check: str) -> None:
    assert checks(mail(text=text, html=html)) == {check}


def test_the_verdict_names_the_first_fault_and_counts_the_others() -> None:
    one, two = Finding("a", "One.", "Mend."), Finding("b", "Two.", "Mend.")
    warning = Finding("c", "Three.", "See.", holds=False)
    assert verdict([]) == verdict([warning]) == ""
    assert verdict([warning, one]) == "Held before sending: One. Mend."
    assert verdict([one, two]) == "Held before sending: One. Mend. And 1 more."
