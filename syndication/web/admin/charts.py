"""Numbers → the bars of a small chart, drawn as inline SVG beside a table of the same numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

WIDTH: Final = 700
HEIGHT: Final = 120
_GAP: Final = 0.25


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its label, and its numbers from the bottom up."""

    label: str
    parts: tuple[int, ...]

    @property
    def total(self) -> int:
        """All of it."""
        return sum(self.parts)


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle in a box of WIDTH by HEIGHT. part: which of the column's numbers. words: what it says when pointed at."""

    x: float
    y: float
    width: float
    height: float
    part: int
    words: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Columns from left to right, drawn against the largest. names: of the parts. unit: of the numbers, in the plural."""

    title: str
    unit: str
    names: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def width(self) -> int:
        """Of the box."""
        return WIDTH

    @property
    def height(self) -> int:
        """Of the box."""
        return HEIGHT

    @property
    def most(self) -> int:
        """The largest column."""
        return max((column.total for column in self.columns), default=0)

    @property
    def summary(self) -> str:
        """The chart in a sentence."""
        total = sum(column.total for column in self.columns)
        if not total:
            return f"No {self.unit}."
        busiest = max(self.columns, key=lambda column: column.total)
        return f"{total:,} {self.unit}; most: {busiest.total:,}, {busiest.label}."

    def bars(self) -> list[Bar]:
        """What is drawn; nothing for a number of 0."""
        step = WIDTH / max(len(self.columns), 1)
        return [bar for place, column in enumerate(self.columns) for bar in self._stack(column, place * step, step)]

    def _stack(self, column: Column, left: float, step: float) -> Sequence[Bar]:
        found, top = [], float(HEIGHT)
        for part, number in enumerate(column.parts):
            if number:
                height = HEIGHT * number / self.most
                top -= height
                words = f"{column.label}: {number:,} {self.names[part]}"
                x, width = left + step * _GAP / 2, step * (1 - _GAP)
                found.append(Bar(round(x, 2), round(top, 2), round(width, 2), round(height, 2), part, words))
        return found
