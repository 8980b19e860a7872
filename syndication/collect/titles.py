"""What an item without a title is called, and how that is said."""

import re
from typing import Final
from urllib.parse import unquote, urlsplit

from syndication.domain.articles import is_closed
from syndication.html.text import clean_line, lead, shorten

FROM_ADDRESS: Final = "no title: the words of the address are used"
FROM_WORDS: Final = "no title: the first words are used"
_LONGEST: Final = 100
_NO_WORDS: Final = re.compile(r"[-_+.\s]+")
_ENDING: Final = re.compile(r"\.(?:html?|php|aspx?|jsp)$", re.IGNORECASE)
_ONLY_NUMBER: Final = re.compile(r"[\d\W_]*")


def title_for(words: str, address: str) -> tuple[str, str]:
    """A title for an item that has none, and where it is from: its first words, else its address. "" for neither.

    First words that are not all and end no sentence are marked as cut short, so that `beyond` knows them as such.
    """
    if words:
        first = lead(words, 1)
        is_whole = is_closed(first) or first == clean_line(words)
        return shorten(first if is_whole else f"{first}…", _LONGEST), FROM_WORDS
    bare = address.partition("://")[2].rstrip("/")
    return shorten(title_from(address) or bare, _LONGEST), FROM_ADDRESS


def title_from(url: str) -> str:
    """Words of an address's last part that has any: 'a-fine-day.html' is 'A fine day'; "" for what is no address."""
    try:
        path = urlsplit(url).path
    except ValueError:
        return ""
    for part in reversed(unquote(path).split("/")):
        bare = _NO_WORDS.sub(" ", _ENDING.sub("", part)).strip()
        if bare and not _ONLY_NUMBER.fullmatch(bare):
            return bare[:1].upper() + bare[1:]
    return ""
