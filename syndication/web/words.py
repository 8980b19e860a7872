"""Instants and numbers → words on pages. Every time of day stands beside its zone."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from syndication.lang.direction import direction, main_language
from syndication.lang.sentences import sentence
from syndication.lang.words import Words, words_in

CONSENT: Final = sentence("You agree to get this newsletter by e-mail. You can leave at any time with one click.")
"""The words under the sign-up button; a proof of consent names their version, which is of the language they were read in."""

_SOON: Final = timedelta(days=6)
_ENGLISH: Final = "en"
_UNTOLD: Final = sentence("This cannot be taken as it is. Please check what you typed.")


def day_words(day: date) -> str:
    """E.g. '27 November 2026', for the console."""
    return words_in(_ENGLISH).plain_day(day)


def local_day(at: datetime, zone: str) -> date:
    """The calendar day of an instant (aware) in a zone."""
    return at.astimezone(ZoneInfo(zone)).date()


def day_in(at: datetime, zone: str, language: str = _ENGLISH) -> str:
    """The day of an instant in a zone, e.g. '27 November 2026'."""
    return words_in(language).plain_day(local_day(at, zone))


def slot_words(at: datetime, zone: str, language: str = _ENGLISH) -> str:
    """A planned instant as a reader plans by it, e.g. 'Friday 27 November, 07:30 Europe/Rome'."""
    return words_in(language).at(at.astimezone(ZoneInfo(zone)), zone)


def clock_words(at: datetime, zone: str) -> str:
    """A past instant, e.g. '27 November 2026, 07:30:05 Europe/Rome'."""
    return f"{day_in(at, zone)}, {at.astimezone(ZoneInfo(zone)):%H:%M:%S} {zone}"


def soon_words(at: datetime, zone: str, now: datetime) -> str:
    """A planned instant in few words where the zone stands beside it: 'Friday 07:30', with the date if it is far off."""
    words, local = words_in(_ENGLISH), at.astimezone(ZoneInfo(zone))
    date_words = "" if at - now < _SOON else f" {local.day} {words.months[local.month - 1]}"
    return f"{words.weekdays[local.weekday()]}{date_words} {local:%H:%M}"


def page_words(language: str) -> dict[str, object]:
    """What a template says its words with: `_` a sentence, `_h` one that holds tags, `told` the reason of an error."""
    words = words_in(language)
    return {
        "lang": language,
        "dir": direction(language),
        "_": words.say,
        "_h": _with_tags(words),
        "told": _reasons(words),
        "listed": words.listed,
        "articles": words.articles,
        "minutes": words.minutes,
        "mark": words.mark,
        "lang_of": _other_language(language),
    }


@pass_context
def day_here(context: Context, at: datetime, zone: str) -> str:
    """`day_in`, in the language of the page."""
    return day_in(at, zone, context["lang"])


@pass_context
def slot_here(context: Context, at: datetime, zone: str) -> str:
    """`slot_words`, in the language of the page."""
    return slot_words(at, zone, context["lang"])


def _other_language(page: str) -> Callable[[str], Markup]:
    def lang_of(code: str) -> Markup:
        """The attribute for words that are not in the page's language, such as a newsletter's own title; "" for those that are."""
        is_other = main_language(code) not in {"", main_language(page)}
        return Markup(' lang="{}"').format(code) if is_other else Markup("")

    return lang_of


def _with_tags(words: Words) -> Callable[..., Markup]:
    def say(english: str, **values: object) -> Markup:
        return Markup(words.say(english)).format(**values)  # noqa: S704 - marked sentences alone come here

    return say


def _reasons(words: Words) -> Callable[..., str]:
    def told(reason: str) -> str:
        """The reason where this language has words for it; it may be a library's own, or hold what was typed."""
        return words.say(reason if words.knows(reason) else _UNTOLD)

    return told
