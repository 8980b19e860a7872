"""Page furniture: lines of a copied page that belong to the site, not to the article. English and Italian."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

_SHORT_WORDS: Final = 15
_SHORT_CHARACTERS: Final = 200

_COMMENT_COUNT: Final = re.compile(
    r"\W*(?:comments?|commenti|commento|replies|risposte)\W*\(?\s*\d*\s*\)?\W*"
    r"|\W*\d+\s+(?:comments?|commenti|commento|replies|risposte)\W*"
)
_RELATED: Final = re.compile(
    r"\W*(?:related (?:articles|posts|stories|news|topics)|read (?:also|more|next)|you (?:may|might) also like|more from \S+(?: \S+){0,2}"
    r"|articoli correlati|notizie correlate|leggi anche|potrebbe(?:ro)? interessarti(?: anche)?|ti potrebbe(?:ro)? interessare)\W*"
)
_ACCOUNT: Final = (
    r"(?:log ?in|logged in|sign ?(?:in|up|out)|register|create an account|subscribe|follow us"
    r"|accedi|registrati|iscriviti|effettua (?:il login|l'accesso)|abbonati|seguici|crea un account)"
)
_SMALL_TALK: Final = re.compile(
    rf"\W*{_ACCOUNT}\b.*|.*\b{_ACCOUNT}\b.*\b(?:comment|reply|commentare|rispondere|continue|continuare|newsletter)\b.*"
)
_NO_COMMENTS: Final = re.compile(
    r"\W*(?:no comments\b|(?:leave|post|add|write) a (?:comment|reply)|comments are closed|nessun commento"
    r"|ancora nessun commento|non ci sono (?:ancora )?commenti|lascia un commento|scrivi un commento|i commenti sono chiusi)\b.*"
    r"|.*\b(?:be the first to (?:comment|reply)|(?:sii|scrivi) il primo|commenta per primo|primo a commentare)\b.*"
)
_SHARE: Final = re.compile(
    r"(?:\W*\b(?:share|shares|tweet|post|print|email|e-mail|save|bookmark|copy link|link|facebook|whatsapp|linkedin|twitter|x"
    r"|telegram|reddit|mastodon|bluesky|pocket|this|article|on|via|to|condividi|condivisioni|stampa|salva|invia|copia|questo"
    r"|articolo|su|like|likes|mi piace|\d+)\b)+\W*"
)
_LEGAL: Final = re.compile(
    r"\W*(?:©|\(c\) ?\d{4}|copyright\W+(?:©|\(c\)|\d{4})|all rights reserved|tutti i diritti riservati|privacy policy|cookie policy"
    r"|terms (?:of (?:use|service)|and conditions)|informativa sulla privacy|back to top|torna (?:su|all'inizio)|next article|previous article"
    r"|articolo (?:successivo|precedente)|advertisement|pubblicità|(?:tempo di lettura|reading time)\b|\d+ min(?:ute[s]?|uti)?"
    r" (?:read|di lettura)).*"
)


def without_furniture(lines: Sequence[str]) -> list[str]:
    """The lines of an article's body without what the site put before and after it.

    Everything from a comment counter or a list of related articles on goes, for strangers' words may follow; so do
    lines at either end that ask to log in, share, subscribe or comment, that begin with a pictogram, or say whose page
    it is. A line inside the article stays, whatever it says.
    """
    body = list(lines)
    while body and is_furniture(body[0]):
        body.pop(0)
    begin = next((place for place, line in enumerate(body) if place and opens_appendix(line)), len(body))
    body = body[:begin]
    while body and is_furniture(body[-1]):
        body.pop()
    return body


def opens_appendix(line: str) -> bool:
    """Whether nothing of the article can follow: a comment counter, a heading over related articles."""
    words = _words(line)
    return _is_short(words) and bool(_COMMENT_COUNT.fullmatch(words) or _RELATED.fullmatch(words))


def is_furniture(line: str) -> bool:
    """Whether a line at the end of a page belongs to the site."""
    words = _words(line)
    if not _is_short(words):
        return False
    rules = (_COMMENT_COUNT, _RELATED, _LEGAL, _SMALL_TALK, _NO_COMMENTS, _SHARE)
    return _begins_with_pictogram(line) or any(rule.fullmatch(words) for rule in rules)


def _is_short(words: str) -> bool:
    """Longer lines are somebody's sentences; it also keeps every pattern quick."""
    return len(words) <= _SHORT_CHARACTERS and len(words.split()) <= _SHORT_WORDS


def _words(line: str) -> str:
    return " ".join(line.replace("’", "'").casefold().split())  # noqa: RUF001 - the mark is meant


def _begins_with_pictogram(line: str) -> bool:
    first = line.lstrip()[:1]
    return bool(first) and unicodedata.category(first) == "So"
