"""Language codes → their names, each in the language itself."""

from babel import Locale, UnknownLocaleError


def language_name(code: str) -> str:
    """E.g. 'it' → 'Italiano'; the code itself when nobody knows its name."""
    try:
        name = Locale.parse(code).get_display_name()
    except (UnknownLocaleError, ValueError):
        name = None
    return f"{name[0].upper()}{name[1:]}" if name else code
