"""Rule → FTS5: each way in which FTS5 would silently take a rule for another, or refuse it."""

import sqlite3
from collections.abc import Iterator

import pytest
from hypothesis import given

from syndication.classify.query import fts5_query, normal
from syndication.domain.rule_tree import Rule, Term, leaves, matched
from syndication.domain.rules import MAX_DEPTH, parse
from tests.support.rules import rules


@pytest.fixture(scope="module")
def index() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:")
    connection.execute(
        "CREATE VIRTUAL TABLE document USING fts5(title, text, tokenize='unicode61 remove_diacritics 2')"
    )
    yield connection
    connection.close()


def _holds(index: sqlite3.Connection, rule: str, text: str, title: str = "") -> bool:
    index.execute("DELETE FROM document")
    index.execute("INSERT INTO document (title, text) VALUES (?, ?)", (normal(title), normal(text)))
    found = index.execute("SELECT 1 FROM document WHERE document MATCH ?", (fts5_query(parse(rule)),))
    return found.fetchone() is not None


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ('"ai agent*"', "a fleet of AI agents"),  # the star inside the quotes is dropped
        ("self-hosted", "a self-hosted model"),  # no such column: hosted
        ("self-hosted", "a self hosted model"),
        ("on-premise*", "an on-premises cluster"),
        ("llama.cpp", "built with llama.cpp today"),  # syntax error
        ("tok/s", "48 tok/s on one card"),  # syntax error
        ('"RTX 4090"', "one RTX 4090 is enough"),
        ("tco NEAR inference", "the TCO of three years of inference"),
        ("inference NEAR tco", "the TCO of three years of inference"),
        ("tco NEAR infer*", "the TCO of three years of inferencing"),
        ("sovranita", "la sovranità dei dati"),
        ("sovranità", "la sovranita dei dati"),
        ("agente", "l'agente autonomo"),
        ('"AND"', "this and that"),
        ("a NOT b", "a c"),
        ("a WITH b", "b a"),
        ('"fine-tuning"', "\ufb01ne\u2011tuning"),  # a ligature and a non-breaking hyphen
        ("gpu", "\x00 GPU \ud800"),
    ],
)
def test_a_rule_finds_what_its_author_means(index: sqlite3.Connection, rule: str, text: str) -> None:
    assert _holds(index, rule, text)


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ('"ai agent*"', "agents of AI"),
        ("agent", "agents"),
        ("quantiz*", "quantities quantitative quanti"),
        ("tco NEAR inference", "TCO " + "word " * 11 + "inference"),  # taken for three words joined by AND
        ("tco NEAR inference", "tco near something"),
        ("a NOT b", "a b"),
        ("a WITH b", "a"),
        ("llama.cpp", "cpp llama"),
    ],
)
def test_a_rule_finds_nothing_else(index: sqlite3.Connection, rule: str, text: str) -> None:
    assert not _holds(index, rule, text)


def test_near_spans_ten_words_between(index: sqlite3.Connection) -> None:
    assert _holds(index, "tco NEAR inference", "TCO " + "word " * 10 + "inference")


def test_title_looks_at_the_title_only(index: sqlite3.Connection) -> None:
    assert _holds(index, "title:gpu", "nothing", title="A GPU at home")
    assert not _holds(index, "title:gpu", "gpu", title="At home")
    assert _holds(index, 'title:"ai agent*"', "", title="AI agents at work")
    assert _holds(index, "title:gpu AND price", "the price", title="A GPU at home")


def test_a_quotation_mark_that_normalising_brings_forth_ends_nothing(index: sqlite3.Connection) -> None:
    assert _holds(index, "a\uff02OR\uff02b", 'a "or" b')
    assert not _holds(index, "a\uff02OR\uff02b", "a")


def test_the_deepest_rule_still_fits_the_parser_of_fts5(index: sqlite3.Connection) -> None:
    for shape in (
        "a OR b AND ({})",
        "a AND b NOT c NOT ({})",
        "a NOT b NOT (x OR y AND ({}))",
        "a AND b NOT c WITH ({})",
        "x NOT y WITH z WITH ({})",
    ):
        rule = "a"
        while shape.format(rule).count("(") <= MAX_DEPTH:
            rule = shape.format(rule)
        found = {leaf: {0} if leaf == Term("a") else set() for leaf in leaves(parse(rule))}
        holds = any(texts for _, texts in matched(parse(rule), found))
        assert _holds(index, rule, "a") is holds


def test_a_rule_of_two_thousand_words_is_taken(index: sqlite3.Connection) -> None:
    for operator in ("OR", "AND", "NOT"):
        assert _holds(index, f" {operator} ".join(f"w{n}" for n in range(2000)), "w0") is (operator != "AND")


@given(rule=rules())
def test_sqlite_understands_every_rule(index: sqlite3.Connection, rule: Rule) -> None:
    index.execute("SELECT 1 FROM document WHERE document MATCH ?", (fts5_query(rule),)).fetchall()
