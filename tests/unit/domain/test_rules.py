"""The rule language: what is written, what it means, and what the author is told when it is wrong."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndication.domain.errors import RuleError
from syndication.domain.rule_tree import And, Leaf, Near, Not, Or, Rule, Term, With, leaves, matched
from syndication.domain.rules import MAX_DEPTH, parse
from tests.support.rules import rules

A, B, C, D = (Term(letter) for letter in "abcd")


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("ollama", Term("ollama")),
        ("orchestrat*", Term("orchestrat", prefix=True)),
        ('"tool calling"', Term("tool calling")),
        ('"tool \n  calling"', Term("tool calling")),
        ('"ai agent*"', Term("ai agent", prefix=True)),
        ('"ai agent"*', Term("ai agent", prefix=True)),
        ("“ai agent*”", Term("ai agent", prefix=True)),
        ("self-hosted", Term("self-hosted")),
        ("tok/s", Term("tok/s")),
        ("title:gpu", Term("gpu", in_title=True)),
        ('title:"open weight*"', Term("open weight", prefix=True, in_title=True)),
        ('"AND"', Term("AND")),
        ('"title:gpu"', Term("title:gpu")),
        ("tco NEAR inference", Near((Term("tco"), Term("inference")))),
        ('tco NEAR "large model*" NEAR c', Near((Term("tco"), Term("large model", prefix=True), C))),
        ("a OR b AND c", Or((A, And((B, C))))),
        ("(a OR b) AND c", And((Or((A, B)), C))),
        ("a NEAR b AND c", And((Near((A, B)), C))),
        ("a OR (b OR c)", Or((A, B, C))),
        ("a NOT b", Not(A, B)),
        ("a AND NOT b", Not(A, B)),
        ("a NOT b NOT c", Not(A, Or((B, C)))),
        ("a AND b NOT c AND d", Not(And((A, B, D)), C)),
        ("(a OR b) NOT c", Not(Or((A, B)), C)),
        ("a OR (b NOT c)", Or((A, Not(B, C)))),
        ("a WITH b", With(A, B)),
        ("a WITH b WITH c", With(A, And((B, C)))),
        ("a AND b WITH (c OR d)", With(And((A, B)), Or((C, D)))),
        ("a WITH b NOT c AND d", Not(With(And((A, D)), B), C)),
        ("a OR (b WITH c)", Or((A, With(B, C)))),
        ("\n(\na\nOR\nb\n)\n", Or((A, B))),
    ],
)
def test_a_rule_means_what_it_says(text: str, rule: Rule) -> None:
    assert parse(text) == rule


@pytest.mark.parametrize(
    ("text", "position", "words"),
    [
        ("", 0, "at least one word"),
        (" \n", 0, "at least one word"),
        ("NOT football", 0, "NOT needs something before it, e.g."),
        ("a OR (NOT b)", 6, "NOT needs something before it, e.g."),
        ("a OR NOT b", 5, "NOT needs something before it, e.g."),
        ("a NOT NOT b", 2, "must follow NOT"),
        ("a AND", 2, "must follow AND"),
        ("a OR OR b", 2, "must follow OR"),
        ("AND a", 0, "must come before AND"),
        ("(OR a)", 1, "must come before OR"),
        ("a OR ()", 5, "parentheses are empty"),
        ("a OR (", 5, "must follow ("),
        ("(a OR b", 0, "never closed"),
        ("a OR b)", 6, "closes nothing"),
        ('a OR "tool calling', 5, "quotation mark is never closed"),
        ("real estate", 5, "before estate: write AND or OR, or put the words of a phrase in quotes"),
        ("a or b", 2, "written in capitals: OR"),
        ("a OR b NOT c", 7, "two ways"),
        ("b NOT c OR a", 2, "two ways"),
        ("a OR b WITH c", 7, "(a OR b) WITH c"),
        ("a WITH", 2, "must follow WITH"),
        ("WITH a", 0, "must come before WITH"),
        ("a with b", 2, "written in capitals: WITH"),
        ("ag*nt", 0, "end of a word"),
        ('"ai* agent"', 0, "end of a word"),
        ('"agent *"', 0, "directly behind"),
        ("a OR ++", 5, "letter or digit"),
        ('""', 0, "letter or digit"),
        ("*", 0, "letter or digit"),
        ("title: gpu", 0, "directly before a word"),
        ("source:heise", 0, '"source:heise"'),
        ("(a OR b) NEAR c", 9, "not groups"),
        ("a NEAR (b OR c)", 7, "not groups"),
        ("a NEAR title:b", 2, "beside NEAR"),
        ("age\u200bnt", 0, "cannot be seen"),
        ("(" * (MAX_DEPTH + 1) + "a" + ")" * (MAX_DEPTH + 1), MAX_DEPTH, "flatter"),
    ],
)
def test_a_wrong_rule_says_what_is_wrong_and_where(text: str, position: int, words: str) -> None:
    with pytest.raises(RuleError) as caught:
        parse(text)
    assert words in str(caught.value)
    assert caught.value.position == position
    assert f"(at character {position + 1})" in str(caught.value)


def test_parentheses_may_be_as_deep_as_the_limit() -> None:
    assert parse("(" * MAX_DEPTH + "a" + ")" * MAX_DEPTH) == A


@pytest.mark.parametrize(
    "text",
    ["a", '"c d"', "b*", "title:a", "a NEAR b", "a AND b AND c", "a OR b", "a AND (b OR c)", "a NOT b", "a WITH b"],
)
def test_a_rule_in_its_plainest_spelling_is_printed_so(text: str) -> None:
    assert str(parse(text)) == text


@given(rules())
def test_a_printed_rule_parses_to_itself(rule: Rule) -> None:
    assert parse(str(rule)) == rule


@given(st.lists(st.sampled_from(["a", "b*", '"c d"', "AND", "OR", "NOT", "NEAR", "(", ")", "title:", '"', "*", "-"])))
def test_any_text_parses_or_is_refused_in_words(tokens: list[str]) -> None:
    text = " ".join(tokens)
    with contextlib.suppress(RuleError):
        rule = parse(text)
        assert parse(str(rule)) == rule


def test_leaves_come_in_the_order_they_are_written() -> None:
    assert list(leaves(parse("a AND (b OR c NEAR d) NOT a"))) == [A, B, Near((C, D)), A]


@pytest.mark.parametrize(
    ("text", "found", "expected"),
    [
        ("a OR b OR c", {C, A}, [A, C]),
        ("a OR a", {A}, [A, A]),
        ("a AND b", {A}, []),
        ("a AND b", {A, B}, [A, B]),
        ("a WITH b", {A}, []),
        ("a WITH b", {A, B}, [A]),
        ("a WITH (b OR c)", {A, C}, [A]),
        ("a NOT b", {A, B}, []),
        ("a NOT b", {A}, [A]),
        ("a NOT (b AND c)", {A, B}, [A]),
        ("a OR (b AND c)", {A, B}, [A]),
        ("a OR (b NOT c)", {A, B, C}, [A]),
    ],
)
def test_only_leaves_of_branches_that_hold_are_a_reason(text: str, found: set[Term], expected: list[Term]) -> None:
    assert _reasons(parse(text), found) == expected


def test_each_text_has_its_own_reasons() -> None:
    found: dict[Leaf, set[int]] = {A: {1, 2, 3}, B: {2, 3}, C: {3}}
    assert matched(parse("(a OR b) NOT c"), found) == [(A, {1, 2}), (B, {2})]


def _reasons(rule: Rule, found: set[Term]) -> list[Leaf]:
    """The leaves that make a rule true for one text that holds these."""
    return [
        leaf for leaf, texts in matched(rule, {leaf: {0} if leaf in found else set() for leaf in leaves(rule)}) if texts
    ]
