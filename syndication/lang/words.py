"""What mails and readers' pages say in one language: sentences, counted words, dates. A new language is a new file in catalogues/."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from types import MappingProxyType
from typing import Final

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from syndication.lang.direction import main_language
from syndication.lang.names import language_name, name_in
from syndication.lang.sentences import Sentences, counted, sentence

CATALOGUES: Final = Path(__file__).parent / "catalogues"

LANGUAGES: Final = ("en", *sorted(path.stem for path in CATALOGUES.glob("*.po")))
"""The languages there are words for, as RFC 5646 tags. English needs no file: the sentences are written in it."""

_STORIES: Final = counted("{n} story", "{n} stories")
_ARTICLES: Final = counted("{n} article", "{n} articles")
_MINUTES: Final = counted("{n} min", "{n} min")
_MORE: Final = counted("And {n} more story", "And {n} more stories")
_DATE: Final = sentence("{weekday} {day} {month} {year}")
_PLAIN_DATE: Final = sentence("{day} {month} {year}")
_MOMENT: Final = sentence("{weekday} {day} {month}, {time} {zone}")
_LIST: Final = sentence("{first} and {last}")
_MARKS: Final = MappingProxyType(
    {
        "de": sentence("in German"),
        "en": sentence("in English"),
        "es": sentence("in Spanish"),
        "fr": sentence("in French"),
        "it": sentence("in Italian"),
        "pt": sentence("in Portuguese"),
    }
)
_MARK: Final = sentence("in {language}")
_LONGEST_HEADER: Final = 500
_NUMBER: Final = re.compile(r"[01](\.\d{0,3})?")


@dataclass(frozen=True, slots=True)
class Words:
    """says: the sentences of mails. weekdays: from Monday on. months: from January on. texts: everything else, by its English."""

    language: str
    says: Sentences
    weekdays: tuple[str, ...]
    months: tuple[str, ...]
    texts: NullTranslations

    def say(self, english: str, **values: object) -> str:
        """A marked sentence in this language, with values in its braces."""
        said = self.texts.gettext(english)
        return said.format(**values) if values else said

    def knows(self, words: str) -> bool:
        """Whether these words, such as the reason of an error, can be said in this language."""
        return main_language(self.language) == "en" or self.texts.gettext(words) != words

    def stories(self, number: int) -> str:
        """E.g. '7 stories'."""
        return self._count(_STORIES, number)

    def articles(self, number: int) -> str:
        """E.g. '7 articles'."""
        return self._count(_ARTICLES, number)

    def minutes(self, number: int) -> str:
        """E.g. '7 min'."""
        return self._count(_MINUTES, number)

    def more(self, number: int) -> str:
        """E.g. 'And 7 more stories'."""
        return self._count(_MORE, number)

    def ai_generated(self) -> str:
        """How a text is marked that its source says was written by a machine."""
        return self.say(sentence("Written with AI"))

    def why(self, topic: str, terms: Sequence[str]) -> str:
        """Why a story is there: the topic's title, and the words that matched, if any."""
        because = self.say(sentence("because you follow {topic}"), topic=topic)
        quoted = ", ".join(self.say(sentence("“{term}”"), term=term) for term in terms)
        return because + (self.say(sentence(" — matched {terms}"), terms=quoted) if quoted else "")

    def listed(self, names: Sequence[str]) -> str:
        """E.g. 'AI agents, robots and on-prem LLMs'."""
        *first, last = names or [""]
        return self.say(_LIST, first=", ".join(first), last=last) if first else last

    def mark(self, language: str) -> str:
        """How text in a foreign language is marked, e.g. 'in Italian'; "" for these words' own language and for an unknown one."""
        main = main_language(language)
        if main in {"", main_language(self.language)}:
            return ""
        if main in _MARKS:
            return self.say(_MARKS[main])
        name = name_in(main, self.language)
        return self.say(_MARK, language=name) if name else main.upper()

    def day(self, local: datetime) -> str:
        """The date of an instant that is already in the zone to show, e.g. 'Friday 27 November 2026'."""
        return self.say(_DATE, **self._parts(local))

    def plain_day(self, day: date) -> str:
        """A date without its weekday, e.g. '27 November 2026'."""
        return self.say(_PLAIN_DATE, **self._parts(day))

    def at(self, local: datetime, zone: str) -> str:
        """A planned instant that is already in the zone, e.g. 'Friday 27 November, 07:30 Europe/Rome'."""
        return self.say(_MOMENT, **self._parts(local), time=f"{local:%H:%M}", zone=zone)

    def _count(self, forms: tuple[str, str], number: int) -> str:
        return self.texts.ngettext(*forms, number).replace("{n}", str(number))

    def _parts(self, day: date) -> dict[str, object]:
        return {
            "weekday": self.weekdays[day.weekday()],
            "day": day.day,
            "month": self.months[day.month - 1],
            "year": day.year,
        }


def words_in(language: str) -> Words:
    """The words for an RFC 5646 tag: of its main language where we have it, else English."""
    main = main_language(language)
    return _words(main if main in LANGUAGES else "en")


def own_names(languages: Sequence[str]) -> Mapping[str, str]:
    """Languages by code, each with its name in itself: {'it': 'Italiano'}."""
    return {code: language_name(code) for code in languages}


def accepted_language(header: str, offered: Sequence[str]) -> str:
    """The language offered that a browser wants most by its Accept-Language header; "" for none. Source: RFC 9110, 12.5.4."""
    wanted = []
    for place, part in enumerate(header[:_LONGEST_HEADER].split(",")):
        tag, _, weight = part.strip().partition(";")
        quality, language = _quality(weight.strip()), main_language(tag.strip())
        if quality and language in offered:
            wanted.append((-quality, place, language))
    return min(wanted)[2] if wanted else ""


@lru_cache(maxsize=32)
def _words(language: str) -> Words:
    texts, locale = _texts(language), Locale.parse(language)
    named = {each.name: texts.gettext(getattr(Sentences(), each.name)) for each in fields(Sentences)}
    days, months = locale.days["format"]["wide"], locale.months["format"]["wide"]
    return Words(
        language,
        Sentences(**named),
        tuple(days[number] for number in range(7)),
        tuple(months[number] for number in range(1, 13)),
        texts,
    )


def _texts(language: str) -> NullTranslations:
    path = CATALOGUES / f"{language}.po"
    if not path.exists():
        return NullTranslations()
    with path.open("rb") as file:
        catalogue = read_po(file, locale=language, abort_invalid=True)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)


def _quality(weight: str) -> float:
    """1 for no weight, 0 for one that is none."""
    if not weight:
        return 1.0
    number = weight.removeprefix("q=")
    return float(number) if _NUMBER.fullmatch(number) else 0.0
