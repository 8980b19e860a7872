"""Benchmarks: each measures us and, in the same run, a yardstick that shows what this machine can do at best.

A benchmark is a module of this folder with a function `run() -> Iterator[Case]`; its name is the module's, and the
first line of its docstring says what it measures. `python -m bench NAME [--json]` runs one, in a process of its own.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Case:
    """One measurement. value: the more the better, in `unit`. limit: what the yardstick reached, None where there is none."""

    case: str
    value: float
    unit: str
    limit: float | None = None

    @property
    def ratio(self) -> float | None:
        """The share of the limit that was reached."""
        return self.value / self.limit if self.limit else None
