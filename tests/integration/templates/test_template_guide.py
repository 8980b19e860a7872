"""docs/templates.md says what is so: values, filters, limits, and an example that can be used."""

import re
from dataclasses import fields
from pathlib import Path
from typing import Final

import pytest

from syndication.compose import lint, samples
from syndication.compose.check import HTML_LIMIT, OUTPUT_LIMIT
from syndication.compose.render import render_digest
from syndication.compose.sandbox import FILTERS
from syndication.compose.templates import MAILS, SOURCE_LIMIT, compile_template, load_source
from syndication.compose.values import Cards, common_values, required_links
from syndication.domain.templates import TemplateSource
from syndication.lang.sentences import Sentences
from syndication.lang.words import words_in
from tests.support.stories import WEEKLY, a_story

ROOT: Final = Path(__file__).parents[3]
GUIDE: Final = (ROOT / "docs" / "templates.md").read_text("utf-8")
SHIPPED: Final = load_source(ROOT / "templates" / "email", "digest")


def part(name: str) -> str:
    """What stands behind a mark, up to the next empty line but one: a table, a list of words, a block of code."""
    found = re.search(rf"<!-- {name} -->\n((?:```.*?```)|(?:.+\n)+)", GUIDE, re.DOTALL if name == "example" else 0)
    assert found, name
    return found[1]


def first_column(name: str) -> set[str]:
    cells = [line.split("|")[1] for line in part(name).splitlines()[2:]]
    return {word for cell in cells for word in re.findall(r"`([\w-]+)`", cell)}


def words(name: str) -> set[str]:
    return set(re.findall(r"`([\w-]+)`", part(name)))


def given() -> dict[str, object]:
    return {**common_values("digest", WEEKLY, "https://news.example", "en"), "subject": "", "once": ""}


def test_the_values_are_those_that_templates_get() -> None:
    assert first_column("values") == set(given())


@pytest.mark.parametrize("name", ["colour", "newsletter", "links"])
def test_the_members_of_a_value_are_those_that_it_has(name: str) -> None:
    (line,) = [line for line in part("values").splitlines() if line.startswith(f"| `{name}` ")]
    members = given()[name]
    assert isinstance(members, dict)
    assert set(re.findall(r"`(\w+)`", line)) - {"url", "width", "height", name} == set(members)


def test_a_story_has_what_the_guide_lists() -> None:
    card = Cards("en", "https://news.example", words_in("en")).card(a_story(1), "ai-agents")

    assert first_column("story") == set(card) - {"key"}


def test_sentences_filters_and_what_is_refused_are_listed() -> None:
    assert words("sentences") == {field.name for field in fields(Sentences)}
    assert words("filters") == FILTERS
    assert set(lint._FORBIDDEN) <= words("forbidden")
    for tag, name, value in lint._WITHOUT_EFFECT:
        assert f'`{tag} {name}="{value}"`' in part("forbidden")


def test_the_links_that_each_mail_must_hold_and_the_limits_are_listed() -> None:
    rows = [re.findall(r"`(\w+)`", line) for line in part("required").splitlines()[2:]]

    assert {row[0]: set(row[1:]) for row in rows} == {name: set(map(str, required_links(name))) for name in MAILS}
    numbers = [int(number) for number in re.findall(r"\| (\d+) ", part("limits"))]
    assert numbers == [SOURCE_LIMIT, HTML_LIMIT, OUTPUT_LIMIT]


def test_the_example_is_a_template_that_can_be_used() -> None:
    body = part("example").strip().removeprefix("```").removesuffix("```").strip()
    source = TemplateSource("digest", SHIPPED.subject, SHIPPED.text, body)

    template = compile_template(source)

    sample = samples.largest()
    assert "🤖" in render_digest(template, sample.digest, sample.selection).html
