"""Words that are values: roles, scopes, troubles, choices, and what a spreadsheet may not run."""

import pytest

from syndication.domain.newsletters import Choice
from syndication.domain.plural import plural
from syndication.domain.roles import Role
from syndication.domain.scopes import Scope
from syndication.domain.spreadsheet import guarded
from syndication.domain.tokens import suppression_mark
from syndication.domain.troubles import Trouble


def test_a_role_includes_itself_and_those_below_it() -> None:
    assert [[one.includes(other) for other in Role] for one in Role] == [
        [True, False, False],
        [True, True, False],
        [True, True, True],
    ]


def test_a_scope_says_what_and_what_for() -> None:
    for scope in Scope:
        what, _, to_do = scope.value.partition(":")
        assert what in {"articles", "content", "subscribers", "issues"}
        assert to_do in {"read", "write", "send"}


@pytest.mark.parametrize("value", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_what_a_spreadsheet_would_run_is_text(value: str) -> None:
    assert guarded(value) == f"'{value}"


@pytest.mark.parametrize(("value", "text"), [(None, ""), (7, "7"), ("a=b", "a=b"), ("", "")])
def test_other_values_stay_as_they_are(value: object, text: str) -> None:
    assert guarded(value) == text


def test_troubles_of_one_cause_are_told_apart_by_what_is_wrong() -> None:
    assert Trouble("disk", "Full.", "Free some.") == Trouble("disk", "Full.", "Free some.")
    assert Trouble("disk", "Full.", "Free some.") != Trouble("disk", "Nearly full.", "Free some.")


def test_the_key_of_a_choice_does_not_depend_on_its_order() -> None:
    assert Choice(frozenset({"b", "a"}), "it").key == "it:a+b"


def test_a_mark_of_an_address_depends_on_the_address_and_the_key() -> None:
    mark = suppression_mark(b"k" * 32, "anna@example.org")
    assert len(mark) == 64
    assert mark == suppression_mark(b"k" * 32, "anna@example.org")
    assert mark not in {
        suppression_mark(b"l" * 32, "anna@example.org"),
        suppression_mark(b"k" * 32, "anna@example.net"),
    }


@pytest.mark.parametrize(
    ("number", "words"), [(0, "0 deliveries"), (1, "1 delivery"), (7, "7 deliveries"), (1_000, "1000 deliveries")]
)
def test_numbers_agree_with_their_nouns(number: int, words: str) -> None:
    assert plural(number, "delivery", "deliveries") == words
    assert plural(number, "reader") == words.replace("deliveries", "readers").replace("delivery", "reader")
