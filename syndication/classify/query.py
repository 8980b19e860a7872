"""Rule → FTS5 query. What FTS5 would take as it is written, it often takes for something else (measured, SQLite 3.40)."""

import unicodedata
from typing import Final

from syndication.domain.rule_tree import NEAR_SPAN, And, Leaf, Near, Or, Rule, Term, With

TITLE: Final = "title"
"""The column a `title:` term is looked for in."""


def fts5_query(rule: Rule) -> str:
    """The MATCH expression of a rule over a table with a column `title`.

    Every term is quoted, because bare FTS5 takes `self-hosted` for a column, `llama.cpp` for a syntax error and `tco NEAR
    inference` for three words; a star goes behind the quotes, because inside them it is dropped silently.
    """
    match rule:
        case Term():
            return title_query(rule) if rule.in_title else _quoted(rule)
        case Near(terms):
            return f"NEAR({' '.join(map(_quoted, terms))}, {NEAR_SPAN})"
        case And(parts):
            return f"({' AND '.join(map(fts5_query, parts))})"
        case Or(parts):
            return f"({' OR '.join(map(fts5_query, parts))})"
        case With(wanted, company):
            return f"({fts5_query(wanted)} AND {fts5_query(company)})"
    return f"({fts5_query(rule.wanted)} NOT {fts5_query(rule.unwanted)})"


def title_query(leaf: Leaf) -> str:
    """The MATCH expression of one term or NEAR group that stands in the title."""
    return f"{TITLE} : {_quoted(leaf) if isinstance(leaf, Term) else fts5_query(leaf)}"


def normal(text: str) -> str:
    """Text as rules and documents meet: one form for each letter, nothing that UTF-8 cannot hold."""
    return unicodedata.normalize("NFKC", text).encode(errors="replace").decode()


def _quoted(term: Term) -> str:
    text = normal(term.text).replace('"', '""')  # NFKC can bring forth a quotation mark
    return f'"{text}"{"*" if term.prefix else ""}'
