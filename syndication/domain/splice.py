"""Splice marks: the places in a rendered mail where one reader's own links and name go.

A mail is rendered once for all readers with the same items. Where a value differs from reader to reader the template
gets a mark instead, and each reader costs one join over pieces that are already encoded. A mark is wrapped in control
characters that every text is cleaned of before it is rendered, so no article can contain one.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

OPEN: Final = "\x02"
CLOSE: Final = "\x03"
_MARK: Final = re.compile(f"{OPEN}([a-z_]+){CLOSE}")


class Splice(StrEnum):
    """What can be spliced: four tokens and the delivery's public name. All are ASCII letters, digits and dashes."""

    UNSUBSCRIBE = "unsubscribe"
    PREFERENCES = "preferences"
    CONFIRM = "confirm"
    VIEW = "view"
    YOURS = "yours"

    @property
    def mark(self) -> str:
        """The mark to put where the value belongs."""
        return f"{OPEN}{self.value}{CLOSE}"


def pieces(text: str) -> list[str]:
    """Text cut at its marks: literal, splice name, literal, … literal. The odd elements are names of `Splice`."""
    return _MARK.split(text)


def fill(text: str, values: Mapping[Splice, str]) -> str:
    """Text with every mark replaced. Raises KeyError when a value is missing."""
    return _MARK.sub(lambda match: values[Splice(match[1])], text)
