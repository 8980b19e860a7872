"""Rendered mails: what an article cannot do to them, how large they get, what is rendered only once."""

import html
import re
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from syndication.compose import samples
from syndication.compose.check import compile_mjml
from syndication.compose.colour import palette
from syndication.compose.render import IssueRenderer, render_digest, render_notice
from syndication.compose.templates import MAILS, load_source
from syndication.domain.articles import Story
from syndication.domain.digests import Section, Selection
from syndication.domain.errors import TemplateError
from syndication.domain.splice import Splice, fill
from syndication.domain.templates import Template
from tests.support.mails import FRAME, SITE, TOKENS, digest, every_mail, links, listing, page, texts
from tests.support.stories import AGENTS, HOSTILE, LLMS, WEEKLY, a_story
from tests.support.templates import SHIPPED, shipped

pytestmark = pytest.mark.no_cover  # tracing doubles its time and finds no module here that only decides


@pytest.mark.parametrize(
    "story", [a_story(1, title=HOSTILE), a_story(1, summary=HOSTILE), a_story(1, source_title=HOSTILE)]
)
def test_hostile_words_of_an_article_stay_text(story: Story) -> None:
    body = digest(story)

    assert page(body).xpath("//script | //img | //*[@onerror]") == []
    assert "&lt;script&gt;alert(1)&lt;/script&gt;{{ 7*7 }}{% for %}" in body.html
    # Its control characters are gone, so it holds no splice mark.
    assert body.html.count(Splice.VIEW.mark) == digest(a_story(1)).html.count(Splice.VIEW.mark)
    assert body.text.count(Splice.VIEW.mark) == 1
    assert Splice.VIEW.mark not in body.subject


def test_a_title_cannot_add_lines_to_the_text_part_or_turn_its_letters_around() -> None:
    body = digest(a_story(1, title="One\n\nUnsubscribe:\r\nhttps://evil.example/\u202egnissap"))

    assert "\nhttps://evil.example/" not in body.text
    assert "\u202e" not in body.text + body.html + body.subject
    assert "\n" not in body.subject


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "vbscript:x", "", "//x"]
)
def test_a_link_that_is_not_of_the_web_becomes_our_own_page(url: str) -> None:
    body = digest(a_story(7, url=url))

    assert texts(body, f"//h3/a[@href='{SITE}/articles/uid0000000000007']") == ["Story 7 about agents at work"]
    assert "script:" not in body.html.lower()


def test_every_link_of_every_mail_is_of_the_web() -> None:
    for _, body in every_mail():
        assert {urlsplit(link).scheme for link in links(body)} <= {"https"}


def test_rendering_leaves_nothing_of_the_compiler_and_asks_no_stranger() -> None:
    for name, body in every_mail():
        assert body.html.count("[if mso") == shipped(name).html.count("[if mso"), name
        assert body.html.count("<![endif]") == shipped(name).html.count("<![endif]"), name
        pictures = [(picture.get("src"), picture.get("alt")) for picture in page(body).xpath("//img")]
        assert pictures == [(f"https://news.example/pictures/{'0' * 32}-560x160.png", "")], name
        markup = re.sub(r">[^<]*<", "><", re.sub(r"<img[^>]*>", "", body.html))
        for foreign in ("googleapis", "mailjet", "<mj-", "{{", "{%", "<img", "<script", "@import", "src="):
            assert foreign not in markup, (name, foreign)


@pytest.mark.parametrize("name", MAILS)
def test_compiling_once_gives_the_same_page_as_rendering_first(name: str) -> None:
    source = load_source(SHIPPED, name)
    written = Template(name, source.subject, source.text, source.mjml, hash=f"written {name}")
    for sample in samples.tryouts():
        if name == "digest":
            after = render_digest(shipped(name), sample.digest, sample.selection).html
            before = render_digest(written, sample.digest, sample.selection).html
        else:
            after = render_notice(shipped(name), sample.notice, sample.selection).html
            before = render_notice(written, sample.notice, sample.selection).html
        # Marks are no XML characters: MJML takes only what is spliced already.
        assert _unspaced(compile_mjml(fill(before, TOKENS))) == _unspaced(fill(after, TOKENS))


def _unspaced(markup: str) -> str:
    """Without white space beside tags, which the compiler takes away, and with entities as characters."""
    return re.sub(r"\s*([<>])\s*", r"\1", html.unescape(markup))


@pytest.mark.parametrize("count", [0, 1, 60, 100])
def test_a_mail_stays_small(count: int) -> None:
    title, summary = (
        "A title of sixty characters, as most titles in the news have",
        "Twelve words make a sentence of the usual length, more or less. " * 2,
    )

    def size(number: int) -> int:
        stories = [a_story(seq, title=title, summary=summary) for seq in range(number)]
        return len(digest(*stories).html.encode())

    assert size(0) <= 10_000
    assert size(count) <= 10_000 + count * 1_000
    assert count > 60 or size(count) < 90_000


def test_the_largest_digest_there_can_be_is_not_cut_off() -> None:
    sample = samples.largest()

    assert len(render_digest(shipped("digest"), sample.digest, sample.selection).html.encode()) < 90_000


def test_a_row_is_rendered_once_an_issue() -> None:
    renderer = IssueRenderer(shipped("digest"), FRAME)
    both = renderer.digest(listing(a_story(1), a_story(2)))
    changed = a_story(1, title="This would be a second rendering")

    again = renderer.digest(listing(changed))

    assert "second rendering" not in again.html.split("</head>")[1].replace(f'"{again.subject}"', "") + again.text
    assert texts(again, "//h3") == texts(both, "//h3")[:1]
    assert "Story 1 about agents" in again.text


def test_a_row_under_another_topic_is_another_row() -> None:
    renderer = IssueRenderer(shipped("digest"), FRAME)
    story = a_story(1, {AGENTS.slug: 0.5, LLMS.slug: 0.4})
    renderer.digest(listing(story))

    other = renderer.digest(Selection((Section(LLMS.slug, LLMS.title, (story,)),), 0))

    assert "because you follow On-prem LLMs" in other.text
    assert "because you follow On-prem LLMs" in other.html


def test_without_a_ranking_the_first_story_shown_is_the_strongest() -> None:
    assert render_digest(
        shipped("digest"), FRAME, replace(listing(a_story(3), a_story(1)), ranked=())
    ).subject.startswith("Story 3")


def test_the_text_part_keeps_lines_short_and_links_whole() -> None:
    url = "https://news.example/" + "very-long-path/" * 20
    body = digest(a_story(1, url=url, title="Some words " * 12, summary="Some words " * 20))

    assert url in body.text.splitlines()
    assert all(len(line) <= 74 or line.startswith("https://") for line in body.text.splitlines())


def test_both_parts_have_the_same_stories_in_the_same_order() -> None:
    body = digest(*(a_story(seq, title=f"Title number {seq} here") for seq in (4, 2, 9)))

    assert texts(body, "//h3") == re.findall(r"^Title number \d here$", body.text, re.MULTILINE)


def test_a_template_that_fails_says_where() -> None:
    template = replace(shipped("digest"), text="fine\n{{ nobody.knows }}", hash="broken")

    with pytest.raises(TemplateError, match="'nobody' is undefined") as caught:
        render_digest(template, FRAME, listing(a_story(1)))

    assert (caught.value.part, caught.value.line) == ("text", 2)


def test_the_colour_of_the_newsletter_is_used_and_readable() -> None:
    pale = replace(FRAME, newsletter=replace(WEEKLY, accent="#ffee00"))

    markup = digest(a_story(1), frame=pale).html

    assert "#ffee00" not in markup.split("</head>")[1]
    assert f"color:{palette('#ffee00')['accent']}" in markup
