"""Values in CSV files that people open as spreadsheets."""

from typing import Final

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def guarded(value: object) -> str:
    """A value as text that no spreadsheet runs as a formula; "" for None."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
