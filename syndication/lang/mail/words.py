"""The form of a catalogue of mails: every sentence, dates, counted words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime

from syndication.lang.direction import main_language


@dataclass(frozen=True, slots=True)
class Sentences:
    """Whole sentences; templates call them `t.name`. {newsletter} is replaced by the newsletter's title."""

    view: str
    home: str
    why: str
    also: str
    while_away: str
    while_away_text: str
    why_mail: str
    preferences: str
    unsubscribe: str
    feeds: str
    next_issue: str
    confirm_subject: str
    confirm_preheader: str
    confirm_heading: str
    confirm_text: str
    confirm_button: str
    confirm_or: str
    confirm_ignore: str
    confirm_why: str
    welcome_subject: str
    welcome_preheader: str
    welcome_heading: str
    welcome_text: str
    welcome_stories: str
    welcome_no_stories: str
    your_topics: str
    link_subject: str
    link_preheader: str
    link_heading: str
    link_text: str
    link_button: str
    link_data: str
    link_data_button: str
    link_ignore: str

    def fill(self, newsletter: str) -> dict[str, str]:
        """All sentences by name, with the newsletter's title in its places."""
        return {field.name: getattr(self, field.name).replace("{newsletter}", newsletter) for field in fields(self)}


@dataclass(frozen=True, slots=True)
class MailWords:
    """What mails say in one language.

    form: which of the forms of a counted word belongs to a number. Counted words hold {n}; date holds {weekday},
    {day}, {month}, {year}; because holds {topic}, matched {terms}, quoted {term}. languages: names by code.
    """

    language: str
    says: Sentences
    form: Callable[[int], int]
    stories: tuple[str, ...]
    minutes: tuple[str, ...]
    more: tuple[str, ...]
    because: str
    matched: str
    quoted: str
    ai_generated: str
    date: str
    weekdays: tuple[str, ...]
    months: tuple[str, ...]
    languages: Mapping[str, str]

    def count(self, forms: tuple[str, ...], number: int) -> str:
        """A counted word with its number, e.g. '7 stories'."""
        return forms[self.form(number)].replace("{n}", str(number))

    def mark(self, language: str) -> str:
        """How text in a foreign language is marked, e.g. 'in Italian'; "" for these words' own language and for an unknown one."""
        main = main_language(language)
        return "" if main in {"", main_language(self.language)} else self.languages.get(main, main.upper())

    def day(self, local: datetime) -> str:
        """The date of an instant that is already in the zone to show, e.g. 'Friday 27 November 2026'."""
        return self.date.format(
            weekday=self.weekdays[local.weekday()], day=local.day, month=self.months[local.month - 1], year=local.year
        )
