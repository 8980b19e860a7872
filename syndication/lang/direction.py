"""Which way a language is written."""

from typing import Final

# Languages whose usual script runs from right to left. Source: Unicode CLDR, "characterOrder".
_RIGHT_TO_LEFT: Final = frozenset({"ar", "ckb", "dv", "fa", "he", "iw", "ks", "ps", "sd", "ug", "ur", "yi"})


def main_language(language: str) -> str:
    """The language of an RFC 5646 tag without region and script: 'it' for 'it-CH'; "" for ""."""
    return language.replace("_", "-").split("-", maxsplit=1)[0].lower()


def direction(language: str) -> str:
    """'rtl' or 'ltr', as the attribute `dir` has it."""
    return "rtl" if main_language(language) in _RIGHT_TO_LEFT else "ltr"


def align(language: str) -> str:
    """'right' or 'left', where lines of the language begin."""
    return "right" if direction(language) == "rtl" else "left"
