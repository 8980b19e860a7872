"""What is looked at."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from syndication.app import App
from syndication.domain.findings import Finding
from syndication.domain.newsletters import Newsletter
from syndication.net.names import Names
from syndication.store.newsletters import newsletters

EXAMPLE_DOMAINS: Final = ("example.org", "example.com", "example.net")


@dataclass(frozen=True, slots=True)
class Patient:
    """What is looked at: an opened installation, its newsletters and the instant (aware UTC)."""

    app: App
    letters: tuple[Newsletter, ...]
    names: Names
    now: datetime

    @property
    def is_public(self) -> bool:
        """Whether it is, or is to be, on the internet: not an intranet."""
        return not self.app.settings.site.intranet

    @property
    def domains(self) -> tuple[str, ...]:
        """The domains mail is sent from, in order of newsletters, none twice."""
        found = (letter.sender_address.rpartition("@")[2].lower() for letter in self.letters)
        return tuple(dict.fromkeys(found))


Check = Callable[[Patient], list[Finding]]


def patient_of(app: App, now: datetime, names: Names | None = None) -> Patient:
    """An installation to be looked at. names: who answers for DNS, by default whoever the settings name. now: aware UTC."""
    with app.database.read() as session:
        letters = tuple(stored.value for stored in newsletters(session))
    return Patient(app, letters, names or app.names, now)
