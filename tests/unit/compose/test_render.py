"""Rendered mails: what a reader sees, what an article cannot do to them, and how large they get."""

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from lxml import html as lxml_html

from syndication.compose import samples
from syndication.compose.check import compile_mjml
from syndication.compose.render import DigestFrame, IssueRenderer, NoticeFrame, render_digest, render_notice
from syndication.compose.templates import MAILS, load_source
from syndication.domain.articles import Reason, Story
from syndication.domain.digests import MailBody, Section, Selection
from syndication.domain.errors import TemplateError
from syndication.domain.splice import Splice, fill
from syndication.domain.templates import Template
from tests.support.stories import AGENTS, HOSTILE, LLMS, NOW, WEEKLY, a_story
from tests.support.templates import SHIPPED, shipped

SITE: Final = "https://news.example.org"
FRAME: Final = DigestFrame(WEEKLY, SITE, "Europe/Rome", NOW, f"{SITE}/newsletters/weekly/12", NOW + timedelta(days=7))
NOTICE: Final = NoticeFrame(WEEKLY, SITE, "Europe/Rome", (AGENTS, LLMS), NOW + timedelta(days=7))
TOKENS: Final = {splice: f"token-{splice}" for splice in Splice}


def listing(*stories: Story, more: int = 0, catch_up: bool = False) -> Selection:
    section = Section(AGENTS.slug, AGENTS.title, stories)
    return Selection((section,), more, catch_up, tuple(story.article_id for story in stories))


def digest(*stories: Story, frame: DigestFrame = FRAME, more: int = 0) -> MailBody:
    return render_digest(shipped("digest"), frame, listing(*stories, more=more))


def page(body: MailBody) -> Any:  # noqa: ANN401 - lxml's xpath answers anything
    return lxml_html.document_fromstring(body.html)


def texts(body: MailBody, path: str) -> list[str]:
    return [" ".join(element.text_content().split()) for element in page(body).xpath(path)]


def links(body: MailBody) -> list[str]:
    return [str(link) for link in page(body).xpath("//a/@href")]


def every_mail() -> Iterator[tuple[str, MailBody]]:
    for sample in samples.tryouts():
        yield "digest", render_digest(shipped("digest"), sample.digest, sample.selection)
        for name in MAILS[1:]:
            yield name, render_notice(shipped(name), sample.notice, sample.selection)


def test_the_subject_is_the_strongest_headline_and_how_many_others() -> None:
    stories = (a_story(1, title="Weak"), a_story(2, title="Strong"), a_story(3, title="Middling"))
    selection = replace(listing(*stories), ranked=(2, 3, 1))

    body = render_digest(shipped("digest"), FRAME, selection)

    assert body.subject == "Strong · +2"
    assert page(body).xpath("//title")[0].text == "Strong · +2"


def test_a_long_headline_is_cut_at_a_word() -> None:
    body = digest(a_story(1, title="A headline " * 20))

    assert body.subject == "A headline A headline A headline A headline A headline A…"


def test_a_single_story_has_no_count_and_its_summary_is_the_preheader() -> None:
    body = digest(a_story(1, title="Alone", summary="First. Second."))

    assert body.subject == "Alone"
    assert texts(body, "//div[contains(@style, 'display:none')]") == ["First. Second."]


def test_the_preheader_is_the_next_two_headlines() -> None:
    body = digest(a_story(1, title="One"), a_story(2, title="Two"), a_story(3, title="Three"), a_story(4, title="Four"))

    assert texts(body, "//div[contains(@style, 'display:none')]") == ["Two · Three"]


def test_the_top_line_counts_and_dates_in_the_zone_of_the_newsletter() -> None:
    late = replace(FRAME, issued_at=datetime(2026, 11, 27, 23, 30, tzinfo=UTC))

    body = digest(a_story(1, reading_minutes=3), a_story(2, reading_minutes=4), frame=late)

    line = "Saturday 28 November 2026 · 2 stories · 7 min"
    assert line in body.text
    assert line in " ".join(page(body).text_content().split())
    assert "1 story · 3 min" in digest(a_story(1, reading_minutes=3)).text


def test_an_item_has_link_summary_source_minutes_label_and_reason() -> None:
    body = digest(a_story(1, ai_generated=True, reading_minutes=4))

    assert texts(body, "//h1") == ["The AI Weekly"]
    assert texts(body, "//h2") == ["AI agents"]
    assert texts(body, "//h3/a[@href='https://news.example/stories/1']") == ["Story 1 about agents at work"]
    expected = [
        "What story 1 says first. And then it says more.",
        "The Lab · 4 min · Written with AI",
        "Why: because you follow AI agents — matched “agentic”, “tool calling”",
    ]
    for line in expected:
        assert line in body.text
    assert expected[0] in texts(body, "//p")
    assert "".join(expected[1:]) in texts(body, "//p[@class='dim']")


def test_a_story_that_nobody_calls_machine_made_has_no_label() -> None:
    bodies = [digest(a_story(1, ai_generated=said)) for said in (None, False)]

    assert all("Written with AI" not in body.html + body.text for body in bodies)


def test_the_reason_is_that_of_the_section_and_shows_three_terms_without_their_signs() -> None:
    reasons = (
        Reason(LLMS.slug, LLMS.title, ("ollama",), 0.9),
        Reason(AGENTS.slug, AGENTS.title, ("title:agent*", "plan NEAR act", '"a b"', "fourth"), 0.5),
    )

    assert (
        "because you follow AI agents — matched “agent…”, “plan … act”, “a b”"
        in digest(a_story(1, reasons=reasons)).text
    )


def test_terms_that_say_the_same_are_shown_once() -> None:
    reasons = (Reason(AGENTS.slug, AGENTS.title, ("Agent", "agents", "agent*", "agentic"), 0.5),)

    assert "matched “Agent”, “agentic”\n" in digest(a_story(1, reasons=reasons)).text


def test_a_reason_without_terms_says_only_the_topic() -> None:
    body = digest(a_story(1, reasons=(Reason(AGENTS.slug, AGENTS.title, (), 0.5),)))

    assert "Why: because you follow AI agents\n" in body.text


def test_a_topic_without_a_reason_has_no_reason_line() -> None:
    body = digest(a_story(1, {LLMS.slug: 0.5}))

    assert "Why:" not in body.text + body.html


def test_a_summary_has_two_sentences_at_most() -> None:
    assert "Three." not in digest(a_story(1, summary="One comes first. Two is next. Three.")).text


def test_more_links_to_the_page_of_the_issue() -> None:
    body = digest(a_story(1), more=5)

    assert texts(body, f"//a[@href='{FRAME.issue_url}']") == ["And 5 more stories"]
    assert f"And 5 more stories:\n{FRAME.issue_url}\n" in body.text
    assert "more stor" not in digest(a_story(1)).text


def test_a_catch_up_says_so() -> None:
    body = render_digest(shipped("digest"), FRAME, listing(a_story(1), catch_up=True))

    assert "While you were away" in texts(body, "//h2")
    assert "While you were away" in body.text
    assert "While you were away" not in digest(a_story(1)).text


@pytest.mark.parametrize("name", ["digest", "welcome", "link"])
def test_every_mail_to_a_subscriber_has_the_ways_out_in_both_parts(name: str) -> None:
    body = render_notice(shipped(name), NOTICE, listing(a_story(1))) if name != "digest" else digest(a_story(1))

    for splice in (Splice.UNSUBSCRIBE, Splice.PREFERENCES):
        link = f"{SITE}/{splice}/token-{splice}"
        assert link in fill(body.text, TOKENS).splitlines()
        assert link in links(replace(body, html=fill(body.html, TOKENS)))
    for part in (body.text, page(body).text_content()):
        assert WEEKLY.postal_address in part
        assert "You get this mail because you subscribed to The AI Weekly." in part
        assert "Next issue: Friday 4 December 2026, 07:30" in part
    assert f"{SITE}/feeds/" in links(body)


def test_a_digest_can_be_viewed_in_the_browser() -> None:
    body = digest(a_story(1))

    assert f"{SITE}/view/token-view" in links(replace(body, html=fill(body.html, TOKENS)))
    assert f"{SITE}/view/token-view" in fill(body.text, TOKENS)


def test_a_confirmation_has_one_link_to_press_and_no_other_way() -> None:
    body = render_notice(shipped("confirm"), NOTICE)
    sent = replace(body, html=fill(body.html, {Splice.CONFIRM: "tok"}), text=fill(body.text, {Splice.CONFIRM: "tok"}))

    assert body.subject == "Confirm your subscription to The AI Weekly"
    assert set(links(sent)) == {f"{SITE}/confirm/tok"}
    assert f"\n{SITE}/confirm/tok\n" in sent.text
    assert "AI agents, On-prem LLMs" in sent.text
    assert "AI agents, On-prem LLMs" in page(sent).text_content()


def test_a_welcome_lists_stories_with_reasons_and_names_the_next_issue() -> None:
    body = render_notice(shipped("welcome"), NOTICE, listing(a_story(1)))

    assert "because you follow AI agents" in body.text
    assert "Next issue: Friday 4 December 2026, 07:30" in body.text.split("AI agents\n---")[0]
    assert "because you follow AI agents" in page(body).text_content()


def test_a_welcome_without_stories_says_so() -> None:
    assert "nothing new on your topics right now" in render_notice(shipped("welcome"), NOTICE).text


def test_a_mail_without_a_next_issue_does_not_name_one() -> None:
    assert "Next issue" not in digest(a_story(1), frame=replace(FRAME, next_slot=None)).text


def test_an_italian_mail_is_italian_and_marks_english_stories() -> None:
    body = digest(a_story(1), a_story(2, language="it-IT"), frame=replace(FRAME, language="it"), more=1)

    assert "venerdì 27 novembre 2026 · 2 articoli · 8 min" in body.text
    assert "perché segui AI agents — contiene «agentic»" in body.text
    assert "E 1 altro articolo" in body.text
    assert body.text.count("in inglese") == 1
    assert page(body).get("lang") == "it"
    assert [element.get("lang") for element in page(body).xpath("//div[@lang][h3]")] == ["en"]


def test_a_language_without_a_name_is_shown_by_its_code() -> None:
    assert "· SW" in digest(a_story(1, language="sw")).text


def test_what_is_no_language_is_not_shown() -> None:
    body = digest(a_story(1, language='en" onload="x'))

    assert "onload" not in body.html


def test_from_right_to_left_no_text_cell_keeps_to_the_left() -> None:
    body = digest(a_story(1, language="ar"), frame=replace(FRAME, language="ar"))

    assert page(body).get("dir") == "rtl"
    cells = page(body).xpath("//td[@align and div[contains(@style, 'text-align')]]")
    assert cells
    assert all(cell.get("align") == "right" for cell in cells)
    assert all("text-align:right" in cell.find("div").get("style") for cell in cells)
    assert "direction:ltr" not in body.html


def test_a_story_from_right_to_left_turns_around_in_a_mail_from_left_to_right() -> None:
    (wrapper,) = page(digest(a_story(1, language="ar"))).xpath("//div[@lang='ar']")

    assert (wrapper.get("dir"), wrapper.get("style")) == ("rtl", "text-align:right")


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
        markup = re.sub(r">[^<]*<", "><", body.html)
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
    assert "color:#7a7200" in markup or "color:#7f7700" in markup or "color:#807700" in markup
