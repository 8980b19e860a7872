"""Templates by admins: checked before they are kept, used when told, and the way back."""

import html
import re

import pytest

from syndication.compose.templates import load_source
from syndication.domain.templates import TemplateSource
from syndication.store.templates import active_template
from tests.support.console import colleague
from tests.support.website import TEMPLATES, Website

PAGE = "/admin/templates/weekly/digest"


@pytest.fixture
def cookie(website: Website) -> str:
    return colleague(website, "anna").cookie


def shipped_source() -> TemplateSource:
    return load_source(TEMPLATES, "digest")


def keep(website: Website, cookie: str, mjml: str, **other: str) -> tuple[int, str]:
    """Send the form; the status, and where it leads to or what it says."""
    source = shipped_source()
    form = {"subject": source.subject, "text": source.text, "mjml": mjml.replace("\n", "\r\n"), **other}
    answer = website.visitor().post(PAGE, data=form, headers={"cookie": cookie})
    return answer.status_code, answer.headers.get("location") or html.unescape(re.sub(r"\s+", " ", answer.text))


def active(website: Website) -> tuple[int, str]:
    with website.database.read() as session:
        number, template = active_template(session, "digest", 1)
    return number, template.html


def use(website: Website, cookie: str, version: int) -> int:
    return website.visitor().post(f"{PAGE}/use", data={"version": version}, headers={"cookie": cookie}).status_code


def test_a_version_is_kept_previewed_used_and_left_again(website: Website, cookie: str) -> None:
    website.articles("agents", titles=["First"])
    before = active(website)
    mjml = shipped_source().mjml.replace("{{ newsletter.title }}</h1>", "Own words: {{ newsletter.title }}</h1>")
    status, location = keep(website, cookie, mjml)

    assert status == 303
    version = int(location.split("version=")[1].split("#")[0])
    assert active(website) == before
    visitor, headers = website.visitor(), {"cookie": cookie}
    page = visitor.get(location.split("#")[0], headers=headers).text
    assert "Anna" in page or "anna" in page
    preview = visitor.get(f"{PAGE}/preview?version={version}", headers=headers)
    assert "Own words: " in preview.text
    assert "First" in preview.text
    assert "sandbox" in preview.headers["content-security-policy"]
    assert "script-src" not in preview.headers["content-security-policy"]

    assert use(website, cookie, version) == 303
    assert active(website)[0] == version
    assert "Own words: " in visitor.get("/newsletters/weekly/sample/mail").text
    assert f"version {version} by anna" in visitor.get("/admin/templates/", headers=headers).text.lower()
    assert use(website, cookie, 0) == 303
    assert active(website) == before


def test_a_preview_is_that_of_a_reader_in_their_language_and_as_plain_text(website: Website, cookie: str) -> None:
    website.articles("agents", titles=["First"])
    website.articles("local", titles=["Second"])
    website.reader("agents")
    headers = {"cookie": cookie}
    visitor = website.visitor()

    everything = visitor.get(f"{PAGE}/preview", headers=headers).text
    assert "First" in everything
    assert "Second" in everything
    one = visitor.get(f"{PAGE}/preview?topics=local&language=it&part=text", headers=headers)
    assert one.headers["content-type"].startswith("text/plain")
    assert "Leggi nel browser" in one.text
    assert "First" not in one.text
    assert "Second" not in visitor.get(f"{PAGE}/preview?reader=1", headers=headers).text
    assert visitor.get(f"{PAGE}/preview?reader=99", headers=headers).status_code == 404
    assert "@media all" in visitor.get(f"{PAGE}/preview?scheme=dark", headers=headers).text


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # a process decides, half a second each time
@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("{{ links.unsubscribe }}", "https://elsewhere.example/", "the link {{ links.unsubscribe }} is missing"),
        ("{{ newsletter.postal_address }}", "", "{{ newsletter.postal_address }} is missing"),
        ("<mj-title>", "<mj-include path='x' /><mj-title>", "line 3: <mj-include> cannot be used"),
        ("{{ date }}", "{{ 'x' * 1000000000 }}", "templates may not use the operator *"),
        ("{{ date }}", "{% macro f(s) %}{{ f(s) }}{{ f(s) }}{% endmacro %}{{ f('a') }}", ""),
        ("{{ date }}", '<img src="https://x.example/a.png" />', "<img> needs alt"),
        ("{{ date }}", "<b>" * 12_000 + "</b>" * 12_000, ""),
        ("{{ date }}", "{{ date }}" + "wide " * 30_000, "KB"),
    ],
    ids=[
        "unsubscribe",
        "address",
        "include",
        "gigabyte",
        "recursion",
        "alt",
        "nested",
        "large",
    ],
)
def test_a_template_that_breaks_a_check_is_refused_with_the_reason_and_the_old_one_stays(
    website: Website, cookie: str, old: str, new: str, fault: str
) -> None:
    before = active(website)
    assert old in shipped_source().mjml
    status, page = keep(website, cookie, shipped_source().mjml.replace(old, new))

    assert status == 422
    assert "Not kept." in page
    assert "What was in use stays in use." in page
    assert fault in page
    assert active(website) == before
    assert website.visitor().get("/healthz").status_code == 200


def test_a_fault_is_shown_with_its_line_and_what_was_written_stays_in_the_form(website: Website, cookie: str) -> None:
    before = active(website)
    text = shipped_source().text.replace("{{ t.view }}:", "{{ t.veiw }}:")
    status, page = keep(website, cookie, shipped_source().mjml, text=text)

    assert status == 422
    assert re.search(r"Plain text, line \d+: ", page)
    assert page.count("{{ t.veiw }}:") == 2
    assert active(website) == before


def test_versions_of_other_newsletters_and_mails_are_not_found(website: Website, cookie: str) -> None:
    headers = {"cookie": cookie}
    for path in ("/admin/templates/none/digest", "/admin/templates/weekly/none", f"{PAGE}?version=999"):
        assert website.visitor().get(path, headers=headers).status_code == 404
    assert use(website, cookie, 999) == 404
    for path in ("/admin/templates/", PAGE, f"{PAGE}/preview"):
        assert website.visitor().get(path).headers["location"] == "/admin/login"
