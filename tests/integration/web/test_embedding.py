"""A sign-up form that stands on another site: what the console gives to paste does what our own form does."""

from html import unescape

import pytest
from lxml import html
from sqlmodel import select

from syndication.domain.states import NoticeKind
from syndication.store.tables import ConsentEventRow, NewsletterRow, SubscriptionRow
from tests.support.console import colleague
from tests.support.website import Website

PAGE = "/admin/newsletters/weekly/form"
ELSEWHERE = {"origin": "https://blog.example", "referer": "https://blog.example/"}


def given(website: Website, query: str = "") -> str:
    """The HTML that the console gives."""
    page = colleague(website).get(PAGE + query).text
    return unescape(page.partition('<textarea id="code"')[2].partition(">")[2].partition("</textarea>")[0])


def fields(code: str) -> dict[str, list[str]]:
    """What a browser sends of the form, unless somebody changes it."""
    found: dict[str, list[str]] = {}
    for field in html.fromstring(code).iter("input"):
        if field.get("type") != "checkbox" or field.get("checked") is not None:
            found.setdefault(str(field.get("name")), []).append(field.get("value") or "")
    return found


def test_the_form_works_from_any_site_without_a_script(website: Website) -> None:
    code = given(website)
    assert '<form method="post" action="http://127.0.0.1:8000/subscribe"' in code
    assert not {"<script", "style=", "<img", "<iframe"} & set(code.replace(" ", "\n").split("\n"))

    answer = website.visitor().post("/subscribe", data={**fields(code), "email": "ann@example.com"}, headers=ELSEWHERE)

    assert (answer.status_code, answer.headers["location"]) == (303, "/subscribe/sent?newsletter=weekly")
    assert website.notices() == [NoticeKind.CONFIRM]
    with website.database.read() as session:
        assert session.exec(select(ConsentEventRow.page)).one() == "https://blog.example/"


def test_a_form_in_italian_is_answered_and_followed_by_mail_in_italian(website: Website) -> None:
    code = given(website, "?language=it")
    assert "Il tuo indirizzo e-mail" in code
    assert fields(code)["topics"] == ["agents", "local"]
    assert "checkbox" not in code

    answer = website.visitor().post("/subscribe", data={**fields(code), "email": "ann@example.com"}, headers=ELSEWHERE)

    assert "Guarda nella tua casella" in website.visitor().get(answer.headers["location"]).text
    with website.database.read() as session:
        assert session.exec(select(SubscriptionRow.language)).one() == "it"


def test_a_mistake_is_shown_on_our_own_form_with_what_was_typed(website: Website) -> None:
    form = {**fields(given(website)), "email": "ann@nowhere"}

    answer = website.visitor().post("/subscribe", data=form, headers=ELSEWHERE)

    assert answer.status_code == 422
    assert 'value="ann@nowhere"' in answer.text


def test_a_program_that_fills_in_the_hidden_field_is_ignored(website: Website) -> None:
    form = {**fields(given(website)), "email": "ann@example.com", "website": "https://spam.example"}

    assert website.visitor().post("/subscribe", data=form, headers=ELSEWHERE).status_code == 303
    assert website.notices() == []


@pytest.mark.parametrize("path", ["/link", "/admin/login", "/admin/newsletters/new", "/subscribe/sent"])
def test_other_forms_are_still_refused_from_elsewhere(website: Website, path: str) -> None:
    assert website.visitor().post(path, data={"email": "ann@example.com"}, headers=ELSEWHERE).status_code in {403, 405}
    assert website.notices() == []


def test_no_answer_can_be_read_by_a_script_of_another_site(website: Website) -> None:
    answer = website.visitor().post("/subscribe", data={"email": "x"}, headers=ELSEWHERE)

    assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_the_form_offers_the_languages_of_its_newsletter(website: Website) -> None:
    with website.database.write() as session:
        row = session.exec(select(NewsletterRow)).one()
        row.languages = ["en"]
        session.add(row)

    assert 'lang="en"' in given(website, "?language=it")


def test_an_unknown_newsletter_has_no_form(website: Website) -> None:
    assert colleague(website).get("/admin/newsletters/other/form").status_code == 404
