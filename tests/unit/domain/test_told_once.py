"""Articles that tell the same event are shown as one, the others beside it."""

from hypothesis import given
from hypothesis import strategies as st

from syndication.domain.articles import told_once
from tests.support.stories import a_story


def test_the_one_that_fits_best_is_shown_and_the_others_stand_beside_it_in_order() -> None:
    weak = a_story(1, {"ai-agents": 0.2}, story_id=7)
    other = a_story(3, {"ai-agents": 0.4}, story_id=7)
    strong = a_story(4, {"ai-agents": 0.9}, story_id=7)
    alone = a_story(2)

    shown = told_once([other, alone, strong, weak])

    assert [story.article_id for story in shown] == [4, 2]
    assert [mention.article_id for mention in shown[0].also] == [1, 3]
    assert shown[1] == alone


@given(st.lists(st.tuples(st.integers(1, 50), st.none() | st.integers(1, 4)), unique_by=lambda pair: pair[0]))
def test_every_article_is_shown_once_or_beside_another(pairs: list[tuple[int, int | None]]) -> None:
    shown = told_once([a_story(number, story_id=story) for number, story in pairs])

    listed = [story.article_id for story in shown] + [other.article_id for story in shown for other in story.also]
    assert sorted(listed) == sorted(number for number, _ in pairs)
    together = [story.story_id for story in shown if story.story_id is not None]
    assert len(together) == len(set(together))
