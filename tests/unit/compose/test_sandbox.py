"""The sandbox: what a template cannot do, and that it is told where it tried."""

import pytest

from syndication.compose.sandbox import Once, load, run
from syndication.domain.errors import TemplateError


def rendered(text: str, part: str = "text", **values: object) -> str:
    return run(load(text, part), values)


@pytest.mark.parametrize(
    "attack",
    [
        "{{ 'x' * 10**9 }}",
        "{{ 2 ** 99999999 }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ '{:1000000000}'.format(1) }}",
        "{{ 'x'.ljust(1000000000) }}",
        "{{ ''.__class__ }}",
        "{{ ''['__class__'] }}",
        "{{ '{0.__class__}'.format(1) }}",
        "{{ topics.append('x') }}",
        "{{ title.upper() }}",
    ],
)
def test_growth_calls_and_insides_are_refused(attack: str) -> None:
    with pytest.raises(TemplateError) as caught:
        rendered(f"fine\n{attack}", topics=["a"], title="b")

    assert (caught.value.part, caught.value.line) == ("text", 2)


@pytest.mark.parametrize("name", ["range", "lipsum", "dict", "cycler", "joiner", "namespace", "request", "config"])
def test_there_are_no_names_but_the_values(name: str) -> None:
    with pytest.raises(TemplateError, match="undefined"):
        rendered(f"{{{{ {name} }}}}")


def test_a_template_cannot_reach_inside_itself() -> None:
    with pytest.raises(TemplateError, match="unsafe"):
        rendered("{{ self.__init__ }}")


@pytest.mark.parametrize(
    "filter_", ["safe", "center(9)", "indent(9)", "format(9)", "attr('x')", "batch(9)", "replace('a', 'b')"]
)
def test_filters_that_grow_or_reach_inside_are_unknown(filter_: str) -> None:
    with pytest.raises(TemplateError, match="No filter named") as caught:
        load(f"fine\n{{{{ 'a'|{filter_} }}}}", "mjml")

    assert (caught.value.part, caught.value.line) == ("mjml", 2)


def test_html_escapes_values_and_text_does_not() -> None:
    assert rendered("{{ a }}", "html", a="<b>&") == "&lt;b&gt;&amp;"
    assert rendered("{{ a }}", "text", a="<b>&") == "<b>&"


def test_a_value_is_never_read_as_a_template() -> None:
    assert rendered("{{ a }}", a="{{ 7 * 7 }}{% for %}") == "{{ 7 * 7 }}{% for %}"


def test_macros_of_the_template_can_be_called() -> None:
    assert rendered("{% macro m(a) %}<{{ a }}>{% endmacro %}{{ m('x') }}") == "<x>"


def test_blocks_nested_too_deeply_are_an_error_and_no_crash() -> None:
    with pytest.raises(TemplateError):
        load("{% if a %}" * 5000 + "{% endif %}" * 5000, "text")


def test_once_renders_a_story_once_and_keeps_escaped_what_was_escaped() -> None:
    template, once = load("{% call once(story) %}<i>{{ story.title }}</i>{% endcall %}", "html"), Once()

    first = run(template, {"once": once, "story": {"key": "1", "title": "<a>"}})
    again = run(template, {"once": once, "story": {"key": "1", "title": "changed"}})
    other = run(template, {"once": once, "story": {"key": "2", "title": "changed"}})

    assert (first, again, other) == ("<i>&lt;a&gt;</i>", "<i>&lt;a&gt;</i>", "<i>changed</i>")


def test_prose_is_wrapped_between_words_and_links_stay_whole() -> None:
    link = "https://news.example/" + "a-b/" * 40

    lines = rendered("{{ a|wrap }}", a=f"{'word ' * 30}{link}").split("\n")

    assert lines[-1] == link
    assert all(len(line) <= 74 for line in lines[:-1])


def test_a_heading_is_underlined_as_long_as_it_is() -> None:
    assert rendered("{{ a|underline }}", a="Topic") == "Topic\n-----"
    assert rendered("{{ a|underline('=') }}", a="x" * 100).split("\n")[1] == "=" * 74
