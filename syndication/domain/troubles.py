"""Trouble: something that needs the operator, with what mends it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Trouble:
    """cause: one name as long as it lasts, e.g. 'issue:12'. what: what is wrong. remedy: what mends it."""

    cause: str
    what: str
    remedy: str
