"""Newsletter, schedule, choice: a publication, when it goes out, and what a reader wants of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from syndication.domain.states import Cadence, UnknownPolicy

HEADER_LENGTH: Final = 200
FOOTER_LENGTH: Final = 600
"""Most characters: what surrounds the stories of a mail stays below 10 KB."""

SUBJECT_LENGTH: Final = 150
INTRO_LENGTH: Final = 10_000
"""Most characters of an editor's subject and of their words above the stories."""

LONGEST_REVIEW_MINUTES: Final = 7 * 24 * 60
MOST_STORIES: Final = 50
"""Of a digest. Sixty make a mail of 44 KB (measured); some mailboxes cut off what is beyond 100."""


@dataclass(frozen=True, slots=True)
class Newsletter:
    """A publication. sender_address, reply_to: addresses. postal_address: law asks for it in every mail. accent: '#rrggbb'.

    own_hours: readers may choose an hour and a zone of their own. most_stories: of a digest, 0 for what its cadence has.
    languages: codes that readers may choose from beside its own; () for all that there are words for.
    ground: '#rrggbb', what lies around a mail's sheet. logo: name of a picture we keep, "" for none. header: a line under the
    title. footer: lines above the postal address.
    """

    slug: str
    title: str
    description: str
    sender_name: str
    sender_address: str
    postal_address: str
    language: str
    topics: tuple[str, ...]
    reply_to: str = ""
    accent: str = "#0b5fa5"
    unknown_policy: UnknownPolicy = UnknownPolicy.RESEND
    own_hours: bool = False
    languages: tuple[str, ...] = ()
    ground: str = "#f3f4f6"
    logo: str = ""
    header: str = ""
    footer: str = ""
    most_stories: int = 0


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a newsletter goes out: cron words (cron's own meaning, 0 and 7 are Sunday) in an IANA zone. next_slot: aware UTC."""

    newsletter: str
    cadence: Cadence
    cron: str
    zone: str
    next_slot: datetime
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Choice:
    """What a reader wants: topics (slugs) and language. Two readers with the same choice share a segment."""

    topics: frozenset[str]
    language: str

    @property
    def key(self) -> str:
        """The interned form: equal choices have equal keys."""
        return f"{self.language}:{'+'.join(sorted(self.topics))}"
