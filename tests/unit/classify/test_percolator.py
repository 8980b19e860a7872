"""Documents and topics → verdicts: reasons, scores, and the laws that make a verdict depend on nothing else."""

import sqlite3
from contextlib import closing
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndication.classify.percolator import classify
from syndication.classify.query import fts5_query
from syndication.domain.articles import Document
from syndication.domain.errors import RuleError
from syndication.domain.rule_tree import Rule, leaves, matched
from syndication.domain.rules import parse
from syndication.domain.topics import Topic, Verdict
from tests.support.rules import WORDS, rules


def _verdict(rule: str, text: str = "", title: str = "") -> Verdict:
    return classify([Document(7, title, text)], [Topic("t", "T", "", rule, version=3)])[0]


def test_every_document_and_topic_gets_a_verdict_in_their_order() -> None:
    documents = [Document(5, "GPU", ""), Document(3, "Football", "")]
    topics = [Topic("hardware", "", "", "gpu", 2), Topic("sport", "", "", "football")]
    assert classify(documents, topics) == [
        Verdict(5, "hardware", accepted=True, score=0.5, terms=("gpu",), version=2),
        Verdict(5, "sport", accepted=False, score=0.0, terms=(), version=1),
        Verdict(3, "hardware", accepted=False, score=0.0, terms=(), version=2),
        Verdict(3, "sport", accepted=True, score=0.5, terms=("football",), version=1),
    ]


def test_nothing_to_do_is_no_verdict() -> None:
    assert classify([], [Topic("t", "", "", "a")]) == []
    assert classify([Document(1, "a", "")], []) == []


def test_two_documents_of_the_same_id_keep_their_own_verdicts() -> None:
    verdicts = classify([Document(1, "a", ""), Document(1, "b", "")], [Topic("t", "", "", "a")])
    assert [verdict.accepted for verdict in verdicts] == [True, False]


def test_a_rule_that_does_not_parse_is_refused() -> None:
    with pytest.raises(RuleError):
        _verdict("NOT a")


def test_terms_are_spelled_as_the_rule_does_titles_first_then_rule_order() -> None:
    verdict = _verdict(
        'vram OR "AI agent*" OR ollama OR tco NEAR inference OR title:cards OR absent',
        text="ollama runs AI agents; inference is cheap, says the TCO",
        title="How much VRAM? Cards compared",
    )
    assert verdict.terms == ("vram", "title:cards", '"AI agent*"', "ollama", "tco NEAR inference")


def test_a_phrase_over_title_and_text_is_none() -> None:
    assert not _verdict('"ai agents"', text="agents", title="The new AI").accepted


def test_words_behind_not_never_count() -> None:
    assert _verdict("(agentic OR mcp) NOT (estate AND agent)", "agentic agent").terms == ("agentic",)
    assert not _verdict("agentic NOT estate", "agentic estate").accepted


def test_company_is_needed_but_is_no_reason_and_no_weight() -> None:
    verdict = _verdict("mcp WITH (ai OR llm*)", "an MCP server", title="AI")
    assert (verdict.terms, verdict.score) == (("mcp",), 0.25)
    assert not _verdict("mcp WITH (ai OR llm*)", "a concert at the MCP").accepted


def test_words_of_a_branch_that_fails_are_no_reason() -> None:
    assert _verdict("ollama OR (mlx AND apple)", "ollama and mlx").terms == ("ollama",)


@pytest.mark.parametrize(
    ("text", "title", "score"),
    [("a", "", 0.25), ("", "a", 0.5), ("a", "a", 0.5), ("a a a", "", 0.25), ("a b c", "", 0.5), ("b c", "a", 0.625)],
)
def test_the_score_weighs_distinct_terms_and_those_in_the_title_threefold(text: str, title: str, score: float) -> None:
    assert _verdict("a OR b OR c OR b", text, title).score == score


_TEXTS = st.lists(st.sampled_from([*WORDS, "and", "agentic", "x", "title"]), max_size=8).map(" ".join)
_TOPICS = st.lists(rules().map(str), min_size=1, max_size=3).map(
    lambda texts: [Topic(f"t{number}", "", "", text) for number, text in enumerate(texts)]
)


@given(st.lists(st.tuples(_TEXTS, _TEXTS), max_size=5), _TOPICS, st.randoms())
def test_a_verdict_follows_from_its_document_and_topic_alone(
    texts: list[tuple[str, str]], topics: list[Topic], random: Random
) -> None:
    documents = [Document(number, title, text) for number, (title, text) in enumerate(texts)]
    expected = {(v.article_id, v.topic): v for one in documents for t in topics for v in classify([one], [t])}
    random.shuffle(documents)
    random.shuffle(topics)
    assert {(v.article_id, v.topic): v for v in classify(documents, topics)} == expected


def _accepts(rule: str, text: str, title: str) -> bool:
    """What FTS5 alone says of the whole rule."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE VIRTUAL TABLE d USING fts5(title, text, tokenize='unicode61 remove_diacritics 2')")
        connection.execute("INSERT INTO d VALUES (?, ?)", (title, text))
        return bool(connection.execute("SELECT 1 FROM d WHERE d MATCH ?", (fts5_query(parse(rule)),)).fetchall())


@given(rules(), _TEXTS, _TEXTS)
def test_fts5_accepts_exactly_what_the_tree_says(rule: Rule, title: str, text: str) -> None:
    found = {leaf: {0} if _verdict(str(leaf), text, title).accepted else set() for leaf in leaves(rule)}
    expected = {str(leaf) for leaf, texts in matched(rule, found) if texts}
    verdict = _verdict(str(rule), text, title)
    assert verdict.accepted is _accepts(str(rule), text, title) is bool(expected)
    assert set(verdict.terms) == expected
    assert 0 <= verdict.score < 1


@given(rules(), _TEXTS, _TEXTS)
def test_one_more_term_raises_the_score(rule: Rule, title: str, text: str) -> None:
    topic = Topic("t", "", "", f"({rule}) OR extra")
    less = classify([Document(1, title, text)], [topic])[0]
    more = classify([Document(1, title, f"{text} extra")], [topic])[0]
    assert more.score > less.score
