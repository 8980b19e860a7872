"""The tree of a rule: what a topic wants, as values. `str()` of each is the plainest spelling that parses to the same."""

import re
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import chain
from typing import Final

NEAR_SPAN: Final = 10
"""How many words may stand between the sides of NEAR."""

OPERATORS: Final = frozenset({"AND", "OR", "WITH", "NOT", "NEAR"})
TITLE: Final = "title:"
RESERVED: Final = ("source:", "tag:", "lang:")
"""Kept free, so that a rule written today does not change its meaning when these arrive."""

_BARE: Final = re.compile(r'[^\s()"]+')


@dataclass(frozen=True, slots=True)
class Term:
    """A word or phrase. text: words with one blank between; prefix: the last word may go on; in_title: only there."""

    text: str
    prefix: bool = False
    in_title: bool = False

    def __str__(self) -> str:
        """The term as a rule spells it."""
        text = f"{self.text}*" if self.prefix else self.text
        is_word = _BARE.fullmatch(text) and text not in OPERATORS and not text.startswith((TITLE, *RESERVED))
        return (TITLE if self.in_title else "") + (text if is_word else f'"{text}"')


@dataclass(frozen=True, slots=True)
class Near:
    """All terms within `NEAR_SPAN` words of each other."""

    terms: tuple[Term, ...]

    def __str__(self) -> str:
        """The group as a rule spells it."""
        return " NEAR ".join(map(str, self.terms))


@dataclass(frozen=True, slots=True)
class And:
    """All parts; none of them is an And itself."""

    parts: "tuple[Rule, ...]"

    def __str__(self) -> str:
        """The rule in its plainest spelling."""
        return " AND ".join(map(_operand, self.parts))


@dataclass(frozen=True, slots=True)
class Or:
    """At least one part; none of them is an Or itself."""

    parts: "tuple[Rule, ...]"

    def __str__(self) -> str:
        """The rule in its plainest spelling."""
        return " OR ".join(map(_operand, self.parts))


@dataclass(frozen=True, slots=True)
class With:
    """What is wanted, where its company is too. The company is no reason: it only says in which sense the words are meant."""

    wanted: "Rule"
    company: "Rule"

    @property
    def parts(self) -> "tuple[Rule, ...]":
        """Both sides."""
        return self.wanted, self.company

    def __str__(self) -> str:
        """The rule in its plainest spelling."""
        return f"{_operand(self.wanted)} WITH {_operand(self.company)}"


@dataclass(frozen=True, slots=True)
class Not:
    """What is wanted, where nothing of the unwanted is."""

    wanted: "Rule"
    unwanted: "Rule"

    @property
    def parts(self) -> "tuple[Rule, ...]":
        """Both sides."""
        return self.wanted, self.unwanted

    def __str__(self) -> str:
        """The rule in its plainest spelling."""
        return f"{_operand(self.wanted)} NOT {_operand(self.unwanted)}"


Leaf = Term | Near
Rule = Leaf | And | Or | With | Not


def _operand(rule: Rule) -> str:
    return str(rule) if isinstance(rule, Term | Near) else f"({rule})"


def leaves(rule: Rule) -> Iterator[Leaf]:
    """Every term and NEAR group of a rule, in the order they are written, repeated ones too."""
    if isinstance(rule, Term | Near):
        yield rule
    else:
        yield from chain.from_iterable(map(leaves, rule.parts))


def matched(rule: Rule, found: Mapping[Leaf, AbstractSet[int]]) -> list[tuple[Leaf, AbstractSet[int]]]:
    """What makes a rule true: its leaves in rule order, each with the texts (numbers) it is a reason for.

    A text for which the rule is false is in none of them. Words in a branch that fails do not count, nor does anything
    behind WITH or NOT. found: the texts that hold each leaf.
    """
    match rule:
        case Term() | Near():
            return [(rule, found[rule])]
        case Or(parts):
            return [reason for part in parts for reason in matched(part, found)]
        case And(parts):
            branches = [matched(part, found) for part in parts]
            common = frozenset.intersection(*map(_texts, branches))
            return [(leaf, texts & common) for leaf, texts in chain.from_iterable(branches)]
        case With(wanted, company):
            allowed = _texts(matched(company, found))
            return [(leaf, texts & allowed) for leaf, texts in matched(wanted, found)]
    spoilt = _texts(matched(rule.unwanted, found))
    return [(leaf, texts - spoilt) for leaf, texts in matched(rule.wanted, found)]


def _texts(reasons: Iterable[tuple[Leaf, AbstractSet[int]]]) -> frozenset[int]:
    return frozenset().union(*(texts for _, texts in reasons))
