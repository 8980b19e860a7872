"""Readers' pages speak the reader's language: chosen, asked for by the browser, or the only one there is."""

import re
from collections.abc import Iterator

import pytest
from lxml import html
from sqlmodel import select

from syndication.domain.tokens import Purpose
from syndication.lang.words import CATALOGUES
from syndication.store.tables import (
    ConsentEventRow,
    DigestBodyRow,
    NewsletterRow,
)
from tests.support.catalogues import catalogue
from tests.support.reader_pages import furnish, own_pages
from tests.support.website import Website

ITALIAN = {"accept-language": "it-IT,it;q=0.9,en;q=0.5"}
SWITCH = 'aria-label="Lingua"'


def offer(website: Website, *languages: str, own: str = "en") -> None:
    with website.database.write() as session:
        row = session.exec(select(NewsletterRow)).one()
        row.language, row.languages = own, list(languages)
        session.add(row)


def spoken(page: str) -> str:
    found = re.search('<html lang="([^"]*)" dir="ltr">', page)
    return found[1] if found else ""


def test_a_page_speaks_what_the_browser_asks_for(website: Website) -> None:
    page = website.visitor().get("/", headers=ITALIAN)

    assert spoken(page.text) == "it"
    assert "Iscriviti" in page.text
    assert "venerdì 13 novembre, 08:30 Europe/Rome" in page.text
    assert page.headers["vary"] == "Accept-Language, Cookie"
    assert spoken(website.visitor().get("/", headers={"accept-language": "tlh"}).text) == "en"


def test_the_only_language_of_a_newsletter_is_that_of_its_pages(website: Website) -> None:
    offer(website, "it", own="it")

    for path in ("/", "/subscribe", "/feeds/", "/newsletters/weekly/", "/nothing"):
        page = website.visitor().get(path, headers={"accept-language": "en"})
        assert spoken(page.text) == "it", path
        assert SWITCH not in page.text
        assert "vary" not in page.headers


def test_the_switch_is_remembered_and_stronger_than_the_browser(website: Website) -> None:
    visitor = website.visitor()
    page = visitor.get("/subscribe?newsletter=weekly", headers=ITALIAN)
    assert "/subscribe?newsletter=weekly&amp;language=en" in page.text

    switched = visitor.get("/subscribe?newsletter=weekly&language=en", headers=ITALIAN)
    assert spoken(switched.text) == "en"
    assert switched.headers["cache-control"] == "private, no-cache"
    cookie = switched.headers["set-cookie"]
    assert cookie.startswith("language=en;")
    assert "HttpOnly" in cookie
    assert spoken(visitor.get("/feeds/", headers={**ITALIAN, "cookie": "language=en"}).text) == "en"


def test_a_language_that_there_is_not_changes_nothing(website: Website) -> None:
    page = website.visitor().get("/?language=xx", headers={**ITALIAN, "cookie": "language=yy"})

    assert spoken(page.text) == "it"
    assert "set-cookie" not in page.headers


def test_what_caches_may_keep_is_not_kept_with_somebody_s_choice(website: Website) -> None:
    kept = website.visitor().get("/feeds/", headers=ITALIAN)
    chosen = website.visitor().get("/feeds/?language=it")

    assert (kept.headers["cache-control"], kept.headers["vary"]) == ("public, max-age=300", "Accept-Language, Cookie")
    assert chosen.headers["cache-control"] == "private, no-cache"


def test_who_a_link_belongs_to_is_spoken_to_in_their_own_language(website: Website) -> None:
    number = website.reader("agents")
    visitor = website.visitor()
    preferences = website.link(Purpose.PREFERENCES, number)
    assert spoken(visitor.get(preferences, headers=ITALIAN).text) == "en"

    visitor.post(preferences, data={"topics": ["agents"], "language": "it"})

    for purpose in (Purpose.PREFERENCES, Purpose.UNSUBSCRIBE, Purpose.CONFIRM):
        page = visitor.get(website.link(purpose, number), headers={"accept-language": "en", "cookie": "language=en"})
        assert spoken(page.text) == "it", purpose
        assert SWITCH not in page.text


def test_readers_choose_among_the_languages_of_their_newsletter(website: Website) -> None:
    offer(website, "en")
    preferences = website.link(Purpose.PREFERENCES, website.reader("agents"))
    website.visitor().post(preferences, data={"topics": ["agents"], "language": "it"})

    assert 'name="language"' not in website.visitor().get(preferences).text
    assert spoken(website.visitor().get(preferences).text) == "en"


def test_who_signs_up_on_an_italian_page_gets_italian_mail_and_their_consent_says_so(website: Website) -> None:
    form = {"newsletter": "weekly", "topics": ["agents"]}
    visitor = website.visitor()
    sent = visitor.post("/subscribe", data={**form, "email": "ann@example.com", "language": "it"})
    visitor.post("/subscribe", data={**form, "email": "bob@example.com", "language": "en"})

    assert spoken(visitor.get(sent.headers["location"]).text) == "it"
    with website.database.read() as session:
        subjects = [body.subject for body in session.exec(select(DigestBodyRow))]
        versions = {event.text_version for event in session.exec(select(ConsentEventRow))}
    assert sorted(subjects) == ["Conferma l'iscrizione a Weekly", "Confirm your subscription to Weekly"]
    assert len(versions) == 2


def test_the_console_speaks_english_to_everybody(website: Website) -> None:
    page = website.visitor().get("/admin/login?language=it", headers=ITALIAN)

    assert spoken(page.text) in {"en", ""}
    assert SWITCH not in page.text


def test_no_page_of_an_italian_reader_holds_an_english_sentence(website: Website) -> None:
    english = dict(english_sentences())
    seen = 0
    for path, page in italian_pages(website):
        assert spoken(page) == "it", path
        for text in texts(page):
            seen += 1
            found = [one for one, form in english.items() if form.fullmatch(text)]
            assert found == [], (path, text)
    assert seen > 500


def english_sentences() -> Iterator[tuple[str, re.Pattern[str]]]:
    """What Italian says in other words, by its English; a value of one word or more stands in each place."""
    for message in catalogue(CATALOGUES / "it.po"):
        for sentence, said in zip(forms(message.id), forms(message.string), strict=True):
            plain = re.sub("<[^>]*>", "", sentence)
            if plain != re.sub("<[^>]*>", "", said) and re.search("[A-Za-z]{2}", re.sub(r"{\w+}", "", plain)):
                yield plain, re.compile(re.sub(r"\\{\w+\\}", ".+", re.escape(plain)), re.DOTALL)


def forms(words: object) -> list[str]:
    return [str(word) for word in words] if isinstance(words, list | tuple) else [str(words)]


def texts(page: str) -> Iterator[str]:
    """Every piece of text of a page, and what its attributes say."""
    tree = html.fromstring(page)
    for element in tree.iter():
        if isinstance(element.tag, str) and element.tag not in {"script", "style"}:
            yield from (words for words in map(plain, (element.text, element.tail)) if words)
            yield plain("".join(map(str, element.itertext())))
            yield from (
                plain(element.get(name)) for name in ("aria-label", "title", "placeholder", "alt") if element.get(name)
            )


def plain(text: str | None) -> str:
    return " ".join((text or "").split())


def italian_pages(website: Website) -> Iterator[tuple[str, str]]:
    """Every page that visitors and readers can come to, each address with what it shows."""
    visitor = website.visitor()
    for path in furnish(website):
        yield path, visitor.get(path, headers=ITALIAN).text
    for path, data in (
        ("/subscribe", {"email": "x"}),
        ("/subscribe", {"email": "a@b.example"}),
        ("/link", {"email": "x"}),
    ):
        yield f"POST {path}", visitor.post(path, data=data, headers=ITALIAN).text
    confirm, preferences, leave, yours = own_pages(website, "it")
    said = [
        f"{preferences}?saved={one}" for one in ("choice", "schedule", "pause", "resume", "fresh", "feed", "feed-off")
    ]
    for path in (confirm, preferences, *said, leave, yours, f"{yours}?asked=address", f"{leave}x"):
        yield path, visitor.get(path, headers=ITALIAN).text
    wrong = {"topics": ["none"], "until": "2020-01-01", "cadence": "hourly", "email": "x", "sure": "no", "hour": "99"}
    for path in (preferences, f"{preferences}/pause", f"{preferences}/schedule", f"{yours}/address", f"{yours}/erase"):
        yield f"POST {path}", visitor.post(path, data=wrong).text
    yield f"POST {leave}/fewer", visitor.post(f"{leave}/fewer", data={"cadence": "monthly"}).text
    for path in (f"{leave}/pause", f"{leave}?page=1", f"{leave}/return", f"{leave}?page=1"):
        yield f"POST {path}", visitor.post(path).text
    yield confirm, visitor.get(confirm).text
    yield f"{yours}/erase", visitor.post(f"{yours}/erase", data={"sure": "yes"}).text


@pytest.mark.parametrize("language", ["it", "en"])
def test_a_sample_is_shown_in_the_language_of_its_page(website: Website, language: str) -> None:
    website.articles("agents")
    visitor = website.visitor()
    page = visitor.get("/newsletters/weekly/sample", headers={"accept-language": language})

    assert f"/sample/mail?language={language}" in page.text
    mail = visitor.get(f"/newsletters/weekly/sample/mail?language={language}")
    assert f'lang="{language}"' in mail.text
    assert "set-cookie" not in mail.headers
