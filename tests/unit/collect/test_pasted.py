"""A text copied from a web page, and the furniture that comes with it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndication.collect.drafts import Context, finish
from syndication.collect.files import read_file
from syndication.collect.furniture import is_furniture, without_furniture
from syndication.collect.pasted import read_pasted
from syndication.domain.articles import Item
from syndication.html.text import plain_text
from tests.support.items import NOW

PAGE = Path(__file__).parents[2] / "data/collect/ai-radar-article.txt"
SITE = "https://ai-radar.it"


@pytest.fixture
def radar() -> Item:
    draft = read_file(PAGE.name, PAGE.read_text("utf-8"), SITE)
    (item,) = finish([draft], Context(NOW, SITE))  # type: ignore[list-item] # a text is always readable
    return item


def test_the_first_line_is_the_title(radar: Item) -> None:
    assert radar.title == "A Leadership Change at Meta's AI Division"


def test_the_summary_is_the_first_two_sentences(radar: Item) -> None:
    assert radar.summary.startswith("Meta has announced the departure of Emily Dalton Smith, an executive who")
    assert radar.summary.endswith("comes just two months after Smith assumed this role.")


def test_the_section_headings_are_found(radar: Item) -> None:
    headings = [part.partition("</h2>")[0] for part in radar.content.split("<h2>")[1:]]
    assert headings == [
        "The Context of AI Reorganization and Deployment Implications",
        "Leadership Stability and Infrastructure Choices",
        "Future Prospects and Leadership Challenges in the AI Sector",
    ]
    assert radar.content.count("<p>") == 8


def test_the_page_furniture_is_gone(radar: Item) -> None:
    assert radar.content.endswith("to assess these trade-offs in a structured manner.</p>")
    for word in ("comment", "log in", "💬", "🔒"):
        assert word not in plain_text(radar.content).lower()


def test_the_relative_link_leads_to_the_site(radar: Item) -> None:
    assert '<a href="https://ai-radar.it/llm-onpremise" rel="noopener nofollow">/llm-onpremise</a>' in radar.content


def test_without_a_site_the_relative_link_stays_words() -> None:
    text = PAGE.read_text("utf-8")
    assert "available at /llm-onpremise to assess" in read_pasted(text, "").content
    assert "<a" not in read_pasted(text, "").content


def test_the_language_is_found_from_the_words(radar: Item) -> None:
    assert radar.language == "en"


FURNITURE = [
    "💬 Comments (0)",
    "Comments (12)",
    "3 comments",
    "0 commenti",
    "Commenti (4)",
    "🔒 Log in or register to comment on articles.",
    "Log in to continue",
    "Please sign in to leave a comment",
    "Accedi o registrati per commentare.",
    "No comments yet. Be the first to comment!",
    "Nessun commento. Sii il primo a commentare!",
    "Leave a reply",
    "Lascia un commento",
    "Share",
    "Share this article on Facebook",
    "Condividi su WhatsApp",
    "Facebook Twitter LinkedIn",
    "Subscribe to our newsletter",
    "Iscriviti alla newsletter",
    "Seguici su Telegram",
    "📧 Get the weekly digest",
    "⭐ 4.5",
    "© 2026 Example Ltd",
    "Tutti i diritti riservati",
    "All rights reserved.",
    "Privacy Policy",
    "Back to top",
    "Torna su",
    "Related articles",
    "Leggi anche:",
    "5 min read",
    "Tempo di lettura: 3 minuti",
]
ARTICLE = [
    "He gave no comment.",
    "The comments of the minister were short.",
    "The company announced the change in its newsletter.",
    "Participants must register by the end of May.",
    "Terms of the deal were not disclosed.",
    "Copyright law is about to change in Europe.",
    "They share the work and the blame.",
    "More from less is an old promise of engineers.",
    "Who logged in last night is not known.",
    "La società non ha rilasciato commenti sulla vicenda.",
    "Il manager ha accettato di condividere i dati.",
]


@pytest.mark.parametrize("line", FURNITURE)
def test_a_line_of_the_site_is_recognised(line: str) -> None:
    assert is_furniture(line)
    assert without_furniture(["One sentence of the article.", line]) == ["One sentence of the article."]


@pytest.mark.parametrize("line", ARTICLE)
def test_a_line_of_the_article_is_kept_even_at_the_end(line: str) -> None:
    assert not is_furniture(line)
    assert without_furniture(["One sentence of the article.", line]) == ["One sentence of the article.", line]


def test_strangers_comments_go_with_their_counter() -> None:
    lines = ["One sentence.", "Comments (2)", "Great article, I learned a lot.", "Me too, thank you very much."]
    assert without_furniture(lines) == ["One sentence."]


def test_a_list_of_other_articles_goes_with_its_heading() -> None:
    assert without_furniture(["One sentence.", "Leggi anche", "Un altro articolo.", "Un terzo."]) == ["One sentence."]


def test_furniture_before_the_article_goes_too() -> None:
    assert without_furniture(["5 min read", "Share", "One sentence."]) == ["One sentence."]


def test_a_line_inside_the_article_stays_whatever_it_says() -> None:
    lines = ["One sentence.", "Subscribe to our newsletter", "Another sentence."]
    assert without_furniture(lines) == lines


def test_wrapped_lines_are_one_paragraph() -> None:
    line = "This line is as long as the page of an editor is wide, so"
    assert read_pasted(f"Title\n\n{line}\n{line}\nit is wrapped.", "").content == f"<p>{line} {line} it is wrapped.</p>"


def test_bullets_become_a_list() -> None:
    content = read_pasted("Title\n\nWe need:\n- a < b\n• two\n\nThat is all.", "").content
    assert content == "<p>We need:</p><ul><li>a &lt; b</li><li>two</li></ul><p>That is all.</p>"


def test_a_last_short_line_is_no_heading() -> None:
    assert (
        read_pasted("Title\nA sentence here.\nAnn Example", "").content == "<p>A sentence here.</p><p>Ann Example</p>"
    )


@pytest.mark.parametrize(
    ("words", "links"),
    [
        ("See /llm-onpremise for more.", ["https://ai-radar.it/llm-onpremise"]),
        ("It is at /topics/agents.", ["https://ai-radar.it/topics/agents"]),
        ("(/about) and /a/b?x=1, too", ["https://ai-radar.it/about", "https://ai-radar.it/a/b?x=1"]),
        ("See https://e.org/x?y=1. Or not.", ["https://e.org/x?y=1"]),
        ("either/or, 24/7, $10 /month, 1/2", []),
        ("Put it into /etc/hosts and /usr/bin.", []),
        ("a // comment and /", []),
    ],
)
def test_what_looks_like_a_link_becomes_one(words: str, links: list[str]) -> None:
    content = read_pasted(f"Title\n{words}", SITE).content
    assert [part.partition('"')[0] for part in content.split('href="')[1:]] == links
    assert plain_text(content) == words


@given(st.text(), st.sampled_from(["", SITE]))
def test_any_text_is_a_page(text: str, base_url: str) -> None:
    found = read_pasted(text, base_url)
    assert "\n" not in found.title


@given(st.lists(st.sampled_from([*FURNITURE, *ARTICLE])))
def test_no_sentence_of_an_article_is_lost_but_after_the_articles_end(lines: list[str]) -> None:
    kept = without_furniture(lines)
    assert not kept or not is_furniture(kept[-1])
    assert len(kept) <= len(lines)
