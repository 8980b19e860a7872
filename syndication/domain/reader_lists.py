"""A list of readers from elsewhere: which column means what, and what one line of it says.

Understands plain CSV and the exports of listmonk, Mailchimp, Substack, Ghost, Kit and Beehiiv by the names of their
columns; case, accents and punctuation of a name are ignored. An opt-out in any column wins.
"""

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

# In order of preference: the first name found in the header is the one that is read.
_NAMES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "email": ("email", "e mail", "email address", "e mail address", "mail", "address", "indirizzo email"),
        "name": ("name", "full name", "nome e cognome", "nome completo"),
        "first": ("first name", "firstname", "nome"),
        "last": ("last name", "lastname", "surname", "cognome"),
        "status": ("status", "state", "subscription status", "stato"),
        "tags": ("tags", "labels", "topics", "interests", "argomenti"),
        "language": ("language", "lang", "locale", "lingua"),
        "since": ("confirm time", "optin time", "opt in time", "subscribed at", "created at", "data di iscrizione"),
        "ip": ("confirm ip", "optin ip", "opt in ip", "ip"),
        "left_at": ("unsub time", "unsubscribed at", "unsubscribe date"),
        "is_out": ("email disabled", "opted out", "unsubscribed", "blocklisted"),
        "is_in": ("subscribed to emails", "subscribed"),
        "attributes": ("attributes",),
    }
)
_OUT: Final = frozenset(
    [
        "unsubscribed",
        "cleaned",
        "removed",
        "blocklisted",
        "blacklisted",
        "disabled",
        "inactive",
        "bounced",
        "complained",
        "cancelled",
        "canceled",
        "deleted",
        "suppressed",
        "disiscritto",
    ]
)
_YES: Final = frozenset({"true", "yes", "y", "1", "t", "si", "x"})
_NO: Final = frozenset({"false", "no", "n", "0", "f"})


@dataclass(frozen=True, slots=True)
class ReaderLine:
    """What one line says. number: of the line's record, from 1. tags: as written. since, ip: kept as evidence of consent.

    is_out: the line itself says that this person left. left_at: when, as written, "" when it does not say.
    """

    number: int
    email: str
    name: str = ""
    tags: tuple[str, ...] = ()
    language: str = ""
    since: str = ""
    ip: str = ""
    is_out: bool = False
    left_at: str = ""


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column means what: meaning → index. ignored: the names of the columns nobody reads."""

    index: Mapping[str, int]
    ignored: tuple[str, ...] = ()
    is_headless: bool = field(default=False, kw_only=True)

    @classmethod
    def of(cls, first: Sequence[str]) -> "Columns | None":
        """Read the first record. A list without a header is one whose first record has an address in it.

        None when neither is so: then nobody can say where the addresses are.
        """
        names = [_plain(name) for name in first]
        found = {
            meaning: names.index(next(alias for alias in aliases if alias in names))
            for meaning, aliases in _NAMES.items()
            if any(alias in names for alias in aliases)
        }
        if "email" in found:
            read = set(found.values())
            return cls(found, tuple(name for place, name in enumerate(first) if place not in read))
        addresses = [place for place, cell in enumerate(first) if "@" in cell]
        return cls({"email": addresses[0]}, is_headless=True) if addresses else None

    def read(self, number: int, cells: Sequence[str]) -> ReaderLine:
        """One record; cells that are missing count as empty."""
        cell = {meaning: cells[place].strip() if place < len(cells) else "" for meaning, place in self.index.items()}
        attributes = _attributes(cell.get("attributes", ""))
        name = cell.get("name") or " ".join(filter(None, (cell.get("first", ""), cell.get("last", ""))))
        return ReaderLine(
            number=number,
            email=cell["email"],
            name=name[:200],
            tags=_tags(cell.get("tags", "")) or _listed(attributes.get("topics")),
            language=(cell.get("language") or str(attributes.get("language", "")))[:8].lower(),
            since=cell.get("since", "")[:64],
            ip=cell.get("ip", "")[:64],
            is_out=_is_out(cell),
            left_at=cell.get("left_at", "")[:64],
        )


def _is_out(cell: Mapping[str, str]) -> bool:
    return (
        bool(cell.get("left_at"))
        or cell.get("is_out", "").lower() in _YES
        or cell.get("is_in", "").lower() in _NO
        or any(word in _OUT for word in _plain(cell.get("status", "")).split())
    )


def _plain(name: str) -> str:
    """A name without case, accents and punctuation."""
    bare = unicodedata.normalize("NFKD", name.lstrip("\ufeff")).encode("ascii", "ignore").decode("ascii")
    return " ".join(re.findall(r"[a-z0-9]+", bare.lower()))


def _tags(text: str) -> tuple[str, ...]:
    """Mailchimp quotes each tag, others separate by comma, semicolon or bar."""
    return tuple(tag for part in re.split(r"[,;|]", text) if (tag := part.strip().strip("\"'").strip()))


def _listed(value: Any) -> tuple[str, ...]:  # noqa: ANN401 - whatever JSON holds
    if isinstance(value, str):
        return _tags(value)
    return tuple(str(tag) for tag in value) if isinstance(value, list) else ()


def _attributes(text: str) -> Mapping[str, Any]:
    """Listmonk's column of JSON; what is no JSON object says nothing."""
    try:
        value = json.loads(text) if text else {}
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
