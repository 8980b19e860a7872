"""The rules for templates: each names the line, and none finds fault with the shipped ones."""

from dataclasses import replace

import pytest

from syndication.compose.lint import NAMES, Problem, lint
from syndication.compose.templates import MAILS, load_source
from syndication.compose.values import common_values
from syndication.domain.templates import TemplateSource
from tests.support.stories import WEEKLY
from tests.support.templates import SHIPPED

GOOD = """<mjml>
  <mj-body>
    <mj-section>
      <mj-column>
        <mj-text>{{ subject }}</mj-text>
      </mj-column>
    </mj-section>
  </mj-body>
</mjml>
"""


def problems(mjml: str) -> list[Problem]:
    return lint(TemplateSource("digest", "{{ headline }}", "{{ top_line }}", mjml))


def around(tag: str) -> str:
    """A good body with this in place of its text, on line 5."""
    return GOOD.replace("<mj-text>{{ subject }}</mj-text>", tag)


@pytest.mark.parametrize("name", MAILS)
def test_the_shipped_templates_break_no_rule(name: str) -> None:
    assert lint(load_source(SHIPPED, name)) == []


def test_a_plain_template_breaks_no_rule() -> None:
    assert problems(GOOD) == []


@pytest.mark.parametrize(
    ("mjml", "line", "words"),
    [
        (around("{% if subject %}<mj-text>a</mj-text>{% endif %}"), 5, "stands in its own <mj-raw>"),
        (around("{{ subject }}"), 5, "stands in its own <mj-raw>"),
        (GOOD.replace("<mj-column>", "<mj-raw>{% for s in sections %}</mj-raw><mj-column>"), 4, "a loop around <mj-column>"),
        (around('<mj-text padding="{{ others }}px">a</mj-text>'), 5, "padding must be a plain number"),
        (around('<mj-text font-size="{{ others }}px">a</mj-text>'), 5, "font-size must be a plain number"),
        (around('<mj-image alt="" width="{{ others }}px" />'), 5, "width must be a plain number"),
        (around("<mj-social>{% for s in sections %}<mj-social-element />{% endfor %}</mj-social>"), 5, "no Jinja inside"),
        (around("<mj-text>{% if others < 3 %}a{% endif %}</mj-text>"), 5, "write > instead of <"),
        (around("<mj-text>{# a <b> #}</mj-text>"), 5, "write > instead of <"),
        (around("<mj-text>{{ 1 < 2 }}</mj-text>"), 5, "write > instead of <"),
        (around("""<mj-button href='{{ links["home"] }}'>a</mj-button>"""), 5, "use double quotes outside"),
        (around('<mj-divider border-color="#ddd" />'), 5, "write six digits"),
        (around("<mj-preview>a</mj-preview>"), 5, "hidden white text"),
        (around('<mj-include path="x" />'), 5, "a template is one text"),
        (around("<mj-carousel></mj-carousel>"), 5, "<mj-carousel> cannot be used"),
        (GOOD.replace("<mj-body>", '<mj-head><mj-font name="A" href="https://a" /></mj-head><mj-body>'), 2, "fonts from"),
        (GOOD.replace("<mj-body>", "<mj-head><mj-html-attributes /></mj-head><mj-body>"), 2, "does not know it"),
        (GOOD.replace("<mj-body>", '<mj-head><mj-style inline="inline">a</mj-style></mj-head><mj-body>'), 2, "not inlined"),
        (around('<mj-raw position="file-start"></mj-raw>'), 5, "cannot be compiled"),
        (around('<mj-hero mode="fluid-height"></mj-hero>'), 5, "fixed-height"),
        (around("<mj-txt>a</mj-txt>"), 5, "there is no tag <mj-txt>"),
        (around('<mj-image src="https://a/b.png" />'), 5, "<mj-image> needs alt"),
        (around('<mj-text><img src="https://a/b.png" /></mj-text>'), 5, "<img> needs alt"),
        (around("<mj-text><script>a</script></mj-text>"), 5, "<script> does not belong"),
        (around("<mj-social><mj-raw>a</mj-raw></mj-social>"), 5, "cannot stand inside"),
        (around("<mj-text>\n1 < 2</mj-text>"), 6, "this < begins no tag"),
        (GOOD + "\n<", 11, "this < begins no tag"),
        (around("<mj-text>\n<p>a</mj-text>"), 6, "</mj-text> comes before the end of <p> of line 6"),
        (around("<mj-text>a</p></mj-text>"), 5, "</p> closes nothing"),
        (GOOD.replace("</mjml>", ""), 1, "<mjml> is never closed"),
        ('<?xml version="1.0"?>' + GOOD, 1, "begin with <mjml>"),
        (around("<mj-text>{{ nobody }}</mj-text>"), 5, "'nobody' is not known here"),
        (around("<mj-text>{% if subject %}</mj-text>"), 5, "Unexpected end of template"),
        (around("<mj-text>{{ subject|safe }}</mj-text>"), 5, "No filter named 'safe'"),
        (around("<mj-text>{{ subject|center(9) }}</mj-text>"), 5, "No filter named 'center'"),
        (around("<mj-text>{% include 'x' %}</mj-text>"), 5, "cannot include"),
        (around("<mj-text>{% import 'x' as y %}</mj-text>"), 5, "cannot include, import"),
        (around("<mj-text>{% autoescape false %}{{ subject }}{% endautoescape %}</mj-text>"), 5, "always escaped"),
    ],
)  # fmt: skip
def test_a_broken_rule_names_its_line(mjml: str, line: int, words: str) -> None:
    found = problems(mjml)

    assert any(problem.line == line and words in problem.message for problem in found), found
    assert all(problem.part == "mjml" for problem in found)


@pytest.mark.parametrize(
    "mjml",
    [
        GOOD.replace("<mj-section>", "<mj-raw>{% for s in sections %}</mj-raw><mj-section>").replace(
            "</mj-section>", "</mj-section><mj-raw>{% endfor %}</mj-raw>"
        ),
        around("<mj-raw>{% for s in sections %}</mj-raw><mj-text>a</mj-text><mj-raw>{% endfor %}</mj-raw>"),
        around("<mj-text>{% for s in sections %}{% if others > 3 %}a{% endif %}{% endfor %}</mj-text>"),
        around('<mj-text color="{{ colour.accent }}" align="{{ align }}">a &lt; b <br> <BR/> <p>&nbsp;</p></mj-text>'),
        around("""<mj-button href="{{ links['home'] }}">it's</mj-button>"""),
        around("<mj-text><!-- a < b <mj-txt> --></mj-text>"),
        around("<mj-text>{% set mine = subject %}{{ mine }}</mj-text>"),
    ],
)
def test_what_compiles_right_is_no_problem(mjml: str) -> None:
    assert problems(mjml) == []


@pytest.mark.parametrize("part", ["subject", "text"])
def test_the_plain_parts_are_looked_at_too(part: str) -> None:
    source = replace(load_source(SHIPPED, "link"), **{part: "fine\n{{ nobody }}\n{{ lang }}"})

    assert lint(source) == [Problem(part, 2, "'nobody' is not known here")]


def test_a_problem_is_told_once_and_in_order() -> None:
    found = problems(around("<mj-txt>{{ one }}\n{{ two }}</mj-txt>"))

    assert found == sorted(set(found))


def test_the_names_that_templates_may_use_are_those_that_they_get() -> None:
    given = common_values("digest", WEEKLY, "https://news.example", "en").keys()

    assert given | {"subject", "once"} == NAMES
