"""Language codes → their names, in the language itself or in another."""

from babel import Locale, UnknownLocaleError


def language_name(code: str) -> str:
    """E.g. 'it' → 'Italiano'; the code itself when nobody knows its name."""
    try:
        name = Locale.parse(code).get_display_name()
    except (UnknownLocaleError, ValueError):
        name = None
    return f"{name[0].upper()}{name[1:]}" if name else code


def name_in(code: str, language: str) -> str:
    """E.g. 'ar' and 'it' → 'arabo', as it stands within a sentence; "" when nobody knows its name there."""
    return Locale.parse(language).languages.get(code) or ""
