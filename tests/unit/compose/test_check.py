"""The try-out of a template, in this process for templates that cannot harm it."""

from dataclasses import replace

import pytest

from syndication.compose import worker
from syndication.compose.check import compile_checked, compile_mjml
from syndication.compose.templates import MAILS, load_source
from syndication.domain.errors import TemplateError
from syndication.domain.templates import TemplateSource
from tests.support.templates import SHIPPED

pytestmark = pytest.mark.no_cover  # tracing doubles its time and finds no module here that only decides

DIGEST = load_source(SHIPPED, "digest")
HEADING = "{{ newsletter.title }}</h1>"


def with_text(words: str) -> TemplateSource:
    return replace(DIGEST, mjml=DIGEST.mjml.replace(HEADING, HEADING + words))


@pytest.mark.parametrize("name", MAILS)
def test_a_shipped_template_passes(name: str) -> None:
    source = load_source(SHIPPED, name)

    assert compile_checked(source) == compile_mjml(source.mjml)


@pytest.mark.parametrize(
    ("source", "part", "words"),
    [
        (with_text("{{ nobody }}"), "mjml", "'nobody' is not known here"),
        (with_text("{{ newsletter.titel }}"), "mjml", "no attribute 'titel'"),
        (with_text("x" * 91_000), None, "a mail of"),
        (with_text("{% for s in sections %}{% for t in s.stories %}" + "x" * 6_000 + "{% endfor %}{% endfor %}"), None, "KB"),
        (with_text('<a href="ftp://a">a</a>'), "mjml", "'ftp://a' leads nowhere"),
        (with_text('<p style="background:url(https://fonts.googleapis.com/a)">a</p>'), "mjml", "would tell strangers"),
        (replace(DIGEST, subject=" "), "subject", "the subject is empty"),
        (replace(DIGEST, text="{{ newsletter.postal_address }} {{ links.preferences }}"), "text", "links.unsubscribe"),
        (replace(DIGEST, text="{{ links.unsubscribe }} {{ links.preferences }}"), "text", "postal_address"),
        (replace(DIGEST, text="{{ newsletter.titel }}"), "text", "no attribute 'titel'"),
        (replace(DIGEST, mjml="<mjml></mjml>x"), "mjml", "unable to parse"),
    ],
)  # fmt: skip
def test_a_template_that_breaks_a_rule_is_refused(source: TemplateSource, part: str | None, words: str) -> None:
    with pytest.raises(TemplateError, match=words) as caught:
        compile_checked(source)

    assert caught.value.part == part


def test_an_error_of_the_compiler_comes_with_the_line_of_its_byte() -> None:
    mjml = "<mjml><mj-head>\n<mj-title>èèèèèèèè</mj-title>\n<mj-body></mj-body>\n\n\n</mj-head></mjml>"

    with pytest.raises(TemplateError) as caught:
        compile_mjml(mjml)

    assert (caught.value.part, caught.value.line) == ("mjml", 3)


def test_a_template_for_a_mail_of_ones_own_needs_the_ways_out() -> None:
    source = replace(DIGEST, name="extra", text="{{ newsletter.postal_address }}")

    with pytest.raises(TemplateError, match=r"links\.(unsubscribe|preferences)"):
        compile_checked(source)


def test_the_worker_answers_html_or_what_is_wrong() -> None:
    assert worker._answer(DIGEST) == {"html": compile_mjml(DIGEST.mjml)}
    assert worker._answer(with_text("\n{{ nobody }}")) == {
        "message": "'nobody' is not known here",
        "line": DIGEST.mjml[: DIGEST.mjml.index(HEADING)].count("\n") + 2,
        "part": "mjml",
    }
