"""Rendered mails: what a reader sees."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from syndication.compose.render import render_digest, render_notice
from syndication.compose.values import required_links
from syndication.domain.articles import Mention, Reason
from syndication.domain.digests import Selection
from syndication.domain.splice import Splice, fill
from tests.support.mails import FRAME, NOTICE, SITE, TOKENS, digest, links, listing, page, texts
from tests.support.stories import AGENTS, LLMS, WEEKLY, a_story
from tests.support.templates import shipped


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


def test_a_story_called_by_its_first_words_says_them_once() -> None:
    told = a_story(1, title="It has no title.", summary="It has no title. And it goes on.")
    short = a_story(2, title="All of a short note", summary="All of a short note")

    body = digest(told, short)

    assert "It has no title.\n" in body.text
    assert [body.text.count(words) for words in ("It has no title.", "And it goes on.", "All of a short note")] == [
        1,
        1,
        1,
    ]
    assert "And it goes on." in texts(body, "//p")


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


def test_the_words_of_an_editor_stand_above_the_stories_in_both_parts() -> None:
    words = "Dear <readers>,\r\n\r\nwe **moved** to [Rome](https://rome.example/?a=1&b=2).\x02view\x03"
    frame = replace(FRAME, intro=words, subject="We moved")
    body = digest(a_story(1, title="Alone"), frame=frame)

    assert body.subject == "We moved"
    assert texts(body, "//p[@dir='auto']") == ["Dear <readers>,", "we moved to Rome.view"]
    assert "https://rome.example/?a=1&b=2" in links(body)
    plain = "Dear <readers>,\n\nwe moved to Rome (https://rome.example/?a=1&b=2).view\n"
    assert body.text.index(plain) < body.text.index("Alone\n")
    assert texts(body, "//h2") == [AGENTS.title]


def test_an_announcement_has_its_subject_above_its_words_and_needs_no_stories() -> None:
    frame = replace(FRAME, intro="Dear <readers>,", subject="We <moved>\x02view\x03", is_announcement=True)
    announcement = render_digest(shipped("digest"), frame, Selection((), 0))
    assert announcement.subject == "We <moved>view"
    assert texts(announcement, "//h2") == ["We <moved>view"]
    assert "We <moved>view\n--------------\n\nDear <readers>,\n" in announcement.text
    assert texts(announcement, "//div[contains(@style, 'display:none')]") == ["Dear <readers>,"]


def test_other_sources_of_a_story_are_linked_in_both_parts() -> None:
    also = (
        Mention(7, "uid7", "https://lwn.example/7", "LWN"),
        Mention(8, "uid8", "javascript:alert(1)", "The <Other>"),
    )
    body = digest(a_story(1, also=also))

    assert "Also: LWN, The <Other>" in " ".join(texts(body, "//p"))
    assert {"https://lwn.example/7", f"{SITE}/articles/uid8"} <= set(links(body))
    assert "Also: LWN\nhttps://lwn.example/7\nAlso: The <Other>\n" in body.text


def test_the_look_of_a_newsletter_is_in_every_mail() -> None:
    logo = f"{'a' * 32}-400x400.png"
    look = replace(WEEKLY, logo=logo, header="By hand", footer="One\nTwo", ground="#222222", accent="#ffff00")
    for name in ("digest", "confirm", "welcome", "link"):
        frame = replace(FRAME, newsletter=look)
        body = (
            digest(a_story(1), frame=frame)
            if name == "digest"
            else render_notice(shipped(name), replace(NOTICE, newsletter=look))
        )
        pictures = [dict(picture.attrib) for picture in page(body).xpath("//img")]
        assert [(one["src"], one["width"], one["height"]) for one in pictures] == [
            (f"{SITE}/pictures/{logo}", "80", "80")
        ]
        assert "#222222" in body.html
        for part in (body.text, page(body).text_content()):
            assert part.index("One") < part.index("Two") < part.index(WEEKLY.postal_address)
    without = digest(a_story(1), frame=replace(FRAME, newsletter=replace(look, logo="../x.png")))
    assert page(without).xpath("//img") == []


def test_sixty_stories_stay_below_90_kb_with_a_kb_a_row_and_10_kb_around() -> None:
    stories = [
        a_story(number, title=f"{number} " + "A headline of usual length", summary="x" * 200) for number in range(61)
    ]
    sizes = [len(digest(*stories[:count]).html.encode()) for count in (1, 60, 61)]

    assert sizes[0] < 10_000 + 1_000
    assert sizes[1] < 90_000
    assert sizes[2] - sizes[1] <= 1_000


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


@pytest.mark.parametrize(
    ("name", "required"),
    [
        ("digest", {Splice.UNSUBSCRIBE, Splice.PREFERENCES}),
        ("welcome", {Splice.UNSUBSCRIBE, Splice.PREFERENCES}),
        ("link", {Splice.UNSUBSCRIBE, Splice.PREFERENCES, Splice.YOURS}),
        ("confirm", {Splice.CONFIRM}),
        ("own", {Splice.UNSUBSCRIBE, Splice.PREFERENCES}),
    ],
)
def test_a_template_must_hold_the_ways_out_or_the_one_way_in(name: str, required: set[Splice]) -> None:
    assert required_links(name) == required


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


def test_a_welcome_leads_to_the_page_that_shows_the_other_stories_too() -> None:
    place = f"{SITE}/feeds/topics/ai-agents+on-prem-llms/"
    body = render_notice(shipped("welcome"), NOTICE, replace(listing(a_story(1)), more=5))
    assert texts(body, f"//a[@href='{place}']") == ["And 5 more stories"]

    many = replace(NOTICE, topics=tuple(replace(AGENTS, slug=f"t{number}") for number in range(11)))
    body = render_notice(shipped("welcome"), many, replace(listing(a_story(1)), more=5))
    assert texts(body, f"//a[@href='{SITE}/feeds/all/']") == ["And 5 more stories"]


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
    assert "· in Swahili" in digest(a_story(1, language="sw")).text
    assert "· TLX" in digest(a_story(1, language="tlx")).text


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
