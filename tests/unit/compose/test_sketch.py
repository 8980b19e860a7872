"""Sketches: what is rendered once is shared, and pieced together it is what a rendering in full gives."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from syndication.compose.render import IssueRenderer, render_digest
from syndication.domain.digests import Section, Selection
from tests.support.mails import FRAME, listing
from tests.support.stories import AGENTS, HOSTILE, LLMS, a_story
from tests.support.templates import shipped

_PARTS = ("text", "html")
_STORIES = [a_story(n, {AGENTS.slug: 0.5, LLMS.slug: 0.4}, title=HOSTILE if n == 3 else f"Story {n}") for n in range(6)]
_some_stories = st.lists(st.sampled_from(_STORIES), min_size=1, max_size=4, unique=True)
_some_selections = st.builds(
    lambda agents, llms, more, catch_up: Selection(
        (Section(AGENTS.slug, AGENTS.title, tuple(agents)), Section(LLMS.slug, LLMS.title, tuple(llms))),
        more,
        catch_up=catch_up,
        ranked=tuple(story.article_id for story in agents[:1]),
    ),
    _some_stories,
    _some_stories,
    st.integers(0, 3),
    st.booleans(),
)
_renderer = IssueRenderer(shipped("digest"), FRAME)


@given(selection=_some_selections)
def test_pieces_joined_are_what_a_rendering_in_full_gives(selection: Selection) -> None:
    looking = replace(
        shipped("digest"),
        hash="looks into a gap",
        **{
            part: "{% set n = subject|default(headline)|length %}" + getattr(shipped("digest"), part) for part in _PARTS
        },
    )

    pieces = _renderer.sketch(selection)

    assert pieces.whole() == render_digest(looking, FRAME, selection)


def test_digests_of_one_shape_share_all_but_their_rows_and_short_texts() -> None:
    renderer = IssueRenderer(shipped("digest"), FRAME)
    first, second = (renderer.sketch(listing(a_story(n), a_story(n + 1), a_story(n + 2))) for n in (1, 2))

    own = set(first.html) - set(second.html)

    # The subject, the preheader and the one story that the other does not list.
    assert len(own) == 3
    assert len(second.html) > 10


def test_what_was_rendered_before_costs_no_rendering() -> None:
    renderer = IssueRenderer(shipped("digest"), FRAME)
    renderer.sketch(listing(a_story(1), a_story(2)))
    renders = renderer.renders

    renderer.sketch(listing(a_story(1), a_story(2)))

    # Three parts: once for the shape, and once for the section where sections are listed.
    assert renders == 5
    assert renderer.renders == renders


def test_a_template_that_looks_into_what_differs_is_rendered_in_full() -> None:
    for looks in (
        "{{ headline|upper }}",
        "{{ headline[:3] }}",
        "{% if headline == 'x' %}{% endif %}",
        "{% for letter in headline %}{{ letter }}{% endfor %}",
        "{% for section in sections %}{{ section.title|upper }}{% endfor %}",
        "{% for section in sections %}{% call once(section) %}{{ headline }}{% endcall %}{% endfor %}",
        "{% for section in sections %}{% call once(section) %}{{ section.title }}{% endcall %}{% endfor %}{{ more|upper }}",
    ):
        template = replace(shipped("digest"), text=looks, hash=looks)
        renderer = IssueRenderer(template, FRAME)

        one, other = (renderer.sketch(listing(a_story(n), more=n)).whole().text for n in (1, 2))

        assert other == render_digest(template, FRAME, listing(a_story(2), more=2)).text
        assert ("tory" not in other and "TOR" not in other) or one != other
