"""The worst that articles can bring, from their HTML to a rendered mail: it stays a mail, and small enough."""

import re
from dataclasses import replace

import pytest

from syndication.compose.render import render_digest
from syndication.compose.select import select
from syndication.domain.articles import Story
from syndication.domain.digests import MailBody
from syndication.domain.states import Cadence
from syndication.html.sanitise import sanitise_and_read
from syndication.html.text import clean_line
from tests.support.mails import FRAME, digest, links, texts
from tests.support.stories import AGENTS, HOSTILE, LLMS, NOW, a_story
from tests.support.templates import shipped

NESTED = "<p>A sentence comes first. Then comes another one.</p>" + "<div><b>" * 400 + "Deep down." + "</b></div>" * 400
PLAIN = digest(a_story(1)).html
CASES = {
    "markup": (HOSTILE, f"<p>{HOSTILE}</p>"),
    "template code": ("{{ 7*7 }}{% for x in y %}", "{% include 'secret' %} {{ newsletter.__class__ }} is said here."),
    "control characters": (
        "A\x00 title\x02unsubscribe\x03 \x0e0\x0f\x1b[31m",
        "Bell\x07 and \x0c form feed. And more.",
    ),
    "bidi": ("\u202egnissap\u202c and \u2066isolated\u2069", "\u202eEvil.\u202c It turns the line around."),
    "long words": ("W" * 300, "<p>" + "Donaudampfschiff" * 20 + ". And a second sentence.</p>"),
    "right to left": (
        "وكلاء الذكاء الاصطناعي يتعلمون الانتظار",
        "<p dir=rtl>تعرض ثلاث فرق كيف ينقل الوكلاء العمل.</p>",
    ),
    "nested tags": ("Deep", NESTED),
    "broken images": ("Seen", '<p><img src="http://[::1" onerror="alert(1)" alt="A > B"><img> Words. More words.</p>'),
    "nothing": ("Only a title", ""),
    "emoji": ("🤖" * 200, "👩‍👩‍👧‍👦" * 200),
}


def story(number: int, case: str) -> Story:
    """A story as `collect` makes it of an article: the summary is the plain text of its HTML."""
    title, content = CASES[case]
    _, text = sanitise_and_read(content, "https://lab.example/")
    language = "ar" if case == "right to left" else "en"
    score = {AGENTS.slug: 0.5} if number % 2 else {LLMS.slug: 0.5}
    return a_story(
        number, score, title=clean_line(title) or "Untitled", summary=text, language=language, source=f"s{number}"
    )


def digest_of(stories: list[Story], language: str = "en") -> tuple[MailBody, int]:
    """The mail of what a digest lists of these, and how many those are."""
    selection = select(stories, (AGENTS, LLMS), window=None, cadence=Cadence.WEEKLY, now=NOW, source_count=len(stories))
    return render_digest(shipped("digest"), replace(FRAME, language=language), selection), len(selection.stories)


def judge(body: MailBody, listed: int) -> None:
    assert len(body.html.encode()) <= min(90_000, 10_000 + 1_000 * listed)
    assert len(texts(body, "//h3")) == listed
    assert all(link.startswith(("https://", "http://")) for link in links(body))
    tags = set(re.findall(r"<(\w+)", body.html))
    assert not tags & {"script", "iframe", "object", "form", "input", "svg", "mj-raw", "mj-text"}
    # What Outlook reads stays whole: a comment of an article would take tables with it.
    assert body.html.count("<!--[if ") == PLAIN.count("<!--[if ")
    assert body.html.count("<![endif]-->") == PLAIN.count("<![endif]-->")
    for part in (body.subject, body.text, body.html):
        # Splice marks stay where the template put them; nothing else that a terminal or a line obeys.
        assert not re.search("[\x00\x01\x04-\x08\x0b-\x1f\u202a-\u202e\u2066-\u2069]", part)
        assert re.findall("\x02[^\x03]*\x03", part) == re.findall("\x02(?:view|preferences|unsubscribe)\x03", part)
    assert "\n" not in body.subject


@pytest.mark.parametrize("case", CASES)
def test_one_hostile_article_is_a_row_like_any_other(case: str) -> None:
    body, listed = digest_of([story(1, case), a_story(2)])

    judge(body, listed)
    assert listed == 2
    assert "Story 2 about agents at work" in body.text


@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_hundred_hostile_articles_are_a_small_mail_and_a_number(language: str) -> None:
    names = list(CASES)
    stories = [story(number, names[number % len(names)]) for number in range(100)]

    body, listed = digest_of(stories, language)

    judge(body, listed)
    assert listed < 100
    assert f"And {100 - listed} more stories" in body.text


def test_what_comes_before_tags_nested_hundreds_deep_is_kept() -> None:
    body, _ = digest_of([story(1, "nested tags")])

    assert "A sentence comes first. Then comes another one." in body.text


def test_no_article_brings_a_picture_into_the_mail() -> None:
    body, _ = digest_of([story(number, case) for number, case in enumerate(CASES)])

    assert "<img" not in body.html
    assert "A > B Words." in body.text
