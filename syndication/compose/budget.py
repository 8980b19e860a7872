"""What one rendering may cost. A template that was tried out with samples may still do more with real values.

A turn of a loop or a call can run the whole template once, so it costs as much as the template has places where Jinja acts;
what is printed or joined costs its characters. What is spent bounds time and memory alike.
"""

from collections.abc import Iterable, Iterator, Sized
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

from jinja2 import nodes
from jinja2.exceptions import SecurityError
from jinja2.visitor import NodeTransformer

UNITS: Final = 20_000_000
"""For each part of a mail: about a second at the very worst. The shipped digest with 100 stories takes a tenth."""

LONGEST: Final = 512_000
"""Characters of any text that a template makes."""


class _Purse:
    """What is left. turn: the price of a turn or a call."""

    def __init__(self, places: int) -> None:
        self.left = UNITS
        self.turn = 50 + 10 * places


_purse: ContextVar[_Purse | None] = ContextVar("purse", default=None)


@contextmanager
def metered(places: int) -> Iterator[None]:
    """Within it a template with this many places where Jinja acts can spend `UNITS` and no more."""
    token = _purse.set(_Purse(places))
    try:
        yield
    finally:
        _purse.reset(token)


def spend_turn() -> None:
    """Pay for a turn of a loop or a call. Raises SecurityError when nothing is left."""
    purse = _purse.get()
    if purse:
        _pay(purse, purse.turn)


def spend(value: object) -> None:
    """Pay for a value that is printed or put together. Raises SecurityError when nothing is left."""
    purse = _purse.get()
    if purse:
        # A gap refuses to tell its length; the text it stands for is bounded by who fills it.
        _pay(
            purse, 1 + (str.__len__(value) if isinstance(value, str) else len(value) if isinstance(value, list) else 0)
        )


def turns(values: Iterable[Any]) -> Iterator[Any]:
    """The values of a loop, each paid for."""
    for value in values:
        spend_turn()
        yield value


def joined(texts: Iterable[str]) -> str:
    """Texts in one. Raises SecurityError before it grows too long."""
    found = texts if isinstance(texts, list) else list(texts)
    if sum(map(str.__len__, found)) > LONGEST:
        message = f"a text of more than {LONGEST // 1000} KB comes out"
        raise SecurityError(message)
    return "".join(found)


def added(left: object, right: object) -> None:
    """Pay for the sum of two values, if it has a length."""
    for value in (left, right):
        if isinstance(value, Sized):
            spend(value)


class Meters(NodeTransformer):
    """Puts a meter at every place of a template where something can grow."""

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802 - as Jinja
        """Loops pay for each turn."""
        self.generic_visit(node)
        node.iter = nodes.Filter(node.iter, "turns", [], [], None, None, lineno=node.lineno)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802 - as Jinja
        """The operator ~ joins as the filter does."""
        self.generic_visit(node)
        items = nodes.List(node.nodes, lineno=node.lineno)
        return nodes.Filter(items, "join", [], [], None, None, lineno=node.lineno)


def _pay(purse: _Purse, price: int) -> None:
    purse.left -= price
    if purse.left < 0:
        message = "this template takes too long to render; look for loops inside loops"
        raise SecurityError(message)
