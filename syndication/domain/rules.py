"""Rule: the language in which an admin says what belongs to a topic; text → tree → text.

    llama.cpp                   a word; hyphens, dots and slashes make it a phrase of its parts
    "tool calling"              a phrase: these words side by side, in this order
    agent*   "ai agent*"        a prefix: the last word may go on
    tco NEAR inference          both within ten words of each other
    title:gpu                   only in the title
    a OR b    a AND b           either; both. AND binds tighter than OR
    a WITH b                    the left side in company of the right one, which is no reason by itself
    a NOT b                     the left side without the right one; `a AND NOT b` is the same
    ( … )                       groups; a rule may break into lines anywhere between words

Case and accents make no difference when a rule is matched. A word that means too little alone is given company:
`mcp WITH (llm* OR agent*)` accepts what `mcp AND (llm* OR agent*)` accepts, but names and counts `mcp` alone. Two readings
are never guessed between: words side by side without an operator, and WITH or NOT beside OR without parentheses, are
errors that say what to write.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final, NamedTuple, NoReturn

from syndication.domain.errors import RuleError
from syndication.domain.rule_tree import OPERATORS, RESERVED, TITLE, And, Near, Not, Or, Rule, Term, With

MAX_DEPTH: Final = 8
"""Parentheses inside parentheses. The parser of FTS5 overflows at 14 levels of the worst rule (measured, SQLite 3.40)."""

_CURLY: Final = str.maketrans(dict.fromkeys("“”„«»", '"'))
_TOKEN: Final = re.compile(
    r'\s*(?:(?P<paren>[()])|(?P<title>title:)?"(?P<phrase>[^"]*)(?P<end>"?\*?)|(?P<word>[^\s()"]+))'
)


def parse(text: str) -> Rule:
    """The rule written by `text`; `parse(str(rule)) == rule`. Raises RuleError, which says what is wrong and where."""
    return _Parser(text.translate(_CURLY)).rule()


class _Token(NamedTuple):
    text: str
    position: int
    term: Term | None = None

    def is_operator(self, *names: str) -> bool:
        return self.term is None and self.text in names


def _fail(message: str, position: int) -> NoReturn:
    message = f"{message} (at character {position + 1})"
    raise RuleError(message, position)


class _Parser:
    """Recursive descent over a list of tokens that ends with an empty one."""

    def __init__(self, text: str) -> None:
        self._tokens = [*_tokens(text), _Token("", len(text.rstrip()))]
        self._next = 0
        self._depth = 0

    def rule(self) -> Rule:
        if not self._ahead.text:
            _fail('A rule needs at least one word or phrase, e.g. ollama OR "local llm*"', 0)
        rule = self._alternatives()
        if self._ahead.text:
            _fail("This parenthesis closes nothing; take it away", self._ahead.position)
        return rule

    @property
    def _ahead(self) -> _Token:
        return self._tokens[self._next]

    def _take(self, *operators: str) -> _Token | None:
        token = self._ahead
        if not token.is_operator(*operators):
            return None
        self._next += 1
        return token

    def _alternatives(self) -> Rule:
        parts, conditions = [], []
        while True:
            part, condition = self._conjunction()
            parts.append(part)
            conditions += [condition] if condition else []
            if not self._take("OR"):
                break
        if len(parts) > 1 and conditions:
            name, position, _ = conditions[0]
            _fail(f"{name} beside OR can be read in two ways; write (a OR b) {name} c, or a OR (b {name} c)", position)
        return _joined(Or, parts)

    def _conjunction(self) -> tuple[Rule, _Token | None]:
        """Operands joined by AND, WITH and NOT, in any order, with the first WITH or NOT."""
        operands: dict[str, list[Rule]] = {"AND": [self._operand()], "WITH": [], "NOT": []}
        condition = None
        while joint := self._take("AND", "WITH", "NOT"):
            if joint.text == "AND":
                joint = self._take("NOT") or joint
            if joint.text != "AND":
                condition = condition or joint
            operands[joint.text].append(self._operand())
        self._refuse_neighbour()
        rule = _joined(And, operands["AND"])
        rule = With(rule, _joined(And, operands["WITH"])) if operands["WITH"] else rule
        return (Not(rule, _joined(Or, operands["NOT"])) if operands["NOT"] else rule), condition

    def _refuse_neighbour(self) -> None:
        token = self._ahead
        if token.term is None and token.text in {"", ")", "OR"}:
            return
        if token.text.upper() in OPERATORS:
            _fail(f"Operators are written in capitals: {token.text.upper()}", token.position)
        _fail(
            f"Something is missing before {token.text}: write AND or OR, or put the words of a phrase in quotes",
            token.position,
        )

    def _operand(self) -> Rule:
        token = self._ahead
        if self._take("("):
            return self._group(token)
        first = self._term()
        terms = [first]
        while near := self._take("NEAR"):
            if self._ahead.is_operator("("):
                _fail("NEAR joins words and phrases, not groups", self._ahead.position)
            terms.append(self._term())
            if any(term.in_title for term in terms):
                _fail('title: cannot stand beside NEAR; use a phrase, e.g. title:"open weights"', near.position)
        return Near(tuple(terms)) if len(terms) > 1 else first

    def _group(self, opening: _Token) -> Rule:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            _fail(f"More than {MAX_DEPTH} parentheses inside each other; make the rule flatter", opening.position)
        rule = self._alternatives()
        if not self._take(")"):
            _fail("This parenthesis is never closed", opening.position)
        self._depth -= 1
        if self._ahead.is_operator("NEAR"):
            _fail("NEAR joins words and phrases, not groups", self._ahead.position)
        return rule

    def _term(self) -> Term:
        token = self._ahead
        if not token.term:
            self._refuse_gap(self._tokens[self._next - 1] if self._next else None, token)
        self._next += 1
        return token.term

    def _refuse_gap(self, before: _Token | None, token: _Token) -> NoReturn:
        if token.text == "NOT" and not (before and before.text == "NOT"):
            _fail("NOT needs something before it, e.g. agentic NOT football", token.position)
        if before and before.text == "(" and token.text == ")":
            _fail("These parentheses are empty", before.position)
        if before and (before.text != "(" or not token.text):
            _fail(f"A word, a phrase or a group must follow {before.text}", before.position)
        _fail(f"A word, a phrase or a group must come before {token.text}", token.position)


def _joined(kind: type[And] | type[Or], parts: Sequence[Rule]) -> Rule:
    """One rule of many; groups of the same kind become one."""
    if len(parts) == 1:
        return parts[0]
    return kind(tuple(chain.from_iterable(part.parts if isinstance(part, kind) else (part,) for part in parts)))


def _tokens(text: str) -> Iterator[_Token]:
    # Every visible character begins a token, so none is skipped between two.
    return map(_token, _TOKEN.finditer(text.rstrip()))


def _token(found: re.Match[str]) -> _Token:
    raw = found[0].lstrip()
    position = found.end() - len(raw)
    if found["paren"] or found["word"] in OPERATORS:
        return _Token(raw, position)
    if found["phrase"] is not None:
        if not found["end"].startswith('"'):
            _fail("This quotation mark is never closed", position)
        star = found["end"].removeprefix('"')
        return _Token(raw, position, _checked(found["phrase"] + star, position, in_title=bool(found["title"])))
    for name in RESERVED:
        if raw.startswith(name):
            _fail(
                f'{name} is not known here; only title: can stand before a word. For the word itself write "{raw}"',
                position,
            )
    return _Token(raw, position, _checked(raw.removeprefix(TITLE), position, in_title=raw.startswith(TITLE)))


def _checked(written: str, position: int, *, in_title: bool) -> Term:
    text = " ".join(written.split())
    prefix = text.endswith("*")
    text = text.removesuffix("*")
    if "*" in text:
        _fail("A star may only stand at the end of a word or phrase, e.g. orchestrat*", position)
    if not any(map(_is_letter, text)):
        _fail(
            "title: belongs directly before a word" if in_title else "A word needs at least one letter or digit",
            position,
        )
    if prefix and not _is_letter(text[-1]):
        _fail("A star belongs directly behind a letter or digit", position)
    if not text.isprintable():
        _fail("This word holds a character that cannot be seen; type it again", position)
    return Term(text, prefix, in_title)


def _is_letter(character: str) -> bool:
    return unicodedata.category(character)[0] in "LMN"
