"""What mails say: one file a language. A new language is a new file and a line here."""

from types import MappingProxyType
from typing import Final

from syndication.lang.direction import main_language
from syndication.lang.mail.en import ENGLISH
from syndication.lang.mail.it import ITALIAN
from syndication.lang.mail.words import MailWords, Sentences

__all__ = ["LANGUAGES", "MailWords", "Sentences", "mail_words"]

LANGUAGES: Final = MappingProxyType({words.language: words for words in (ENGLISH, ITALIAN)})


def mail_words(language: str) -> MailWords:
    """The words for an RFC 5646 tag: of its main language where we have it, else English."""
    return LANGUAGES.get(main_language(language), ENGLISH)
