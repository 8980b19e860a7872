"""The seams: what stages and jobs need from elsewhere, given to them by `app`."""

from collections.abc import Callable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from syndication.domain.delivery import DeliveryName, Mail, Outcome, Reply, Settled
from syndication.domain.sources import FetchResult, Source


class Task(StrEnum):
    """The jobs that can be asked for, with the ids they take."""

    COLLECT = "collect"
    CLASSIFY = "classify"
    PUBLISH = "publish"  # thorough: 1 to look for articles that were accepted late
    COMPOSE = "compose"  # issue_id
    DELIVER = "deliver"
    UPKEEP = "upkeep"
    PING = "ping"
    HUBS = "hubs"
    IMPORT = "import"  # upload_id
    SWEEP = "sweep"  # looks for the jobs that have work, now instead of in a few seconds


class Enqueue(Protocol):
    """Asks for a job to run soon. At least once or never, duplicates harmless, order free; a sweep covers 'never'."""

    def __call__(self, task: Task, key: str, **ids: int) -> None:
        """Run the named task with these ids. key: a job with the same key that still waits is the same job."""


class Fetcher(Protocol):
    """Reads one source once."""

    def fetch(self, source: Source, now: datetime) -> FetchResult:
        """What the source holds at `now` (aware UTC). Never raises for anything the source or the network does."""


class Box(Protocol):
    """Seals short secrets (passwords of servers and sources), so that a stolen database holds none."""

    def seal(self, secret: str, about: str) -> str:
        """The secret as it may be stored, "" for "". about: what it belongs to, such as 'source 12 password'."""

    def open(self, sealed: str, about: str) -> str:
        """The secret again, with the same `about`. Raises ConfigError when its key is gone."""


class Ledger(Protocol):
    """Keeps the truth about deliveries."""

    def commit(self, settled: Sequence[Settled], wanted: Sequence[DeliveryName]) -> frozenset[DeliveryName]:
        """Record outcomes and take off, in one committed transaction; only the returned names may be sent.

        Blocks; called from a thread. A wanted name that is not returned must not be sent by the caller: its reader
        left, its issue is paused, or its batch was leased to somebody else.
        """


class Gate(Protocol):
    """Says when the next mail may leave, where a way out has limits."""

    async def admit(self, stop: Callable[[], bool]) -> Reply | None:
        """Wait until one mail may leave, or `stop` says so; the reason when none may for now."""


class Connection(Protocol):
    """One open way out; used for one mail after another."""

    async def send(self, mail: Mail) -> Outcome:
        """Send one mail that was taken off. Never raises for anything the far side does."""

    @property
    def is_usable(self) -> bool:
        """Whether another mail may be sent over it."""

    async def close(self) -> None:
        """Say goodbye and release it; never raises."""

    def abandon(self) -> None:
        """Let the mail that is being sent go: deferred when nothing of it has left, else unknown."""


class Transport(Protocol):
    """Opens ways out."""

    @property
    def connections(self) -> int:
        """How many connections may be open at once."""

    @property
    def has_lanes(self) -> bool:
        """Whether mails of one connection go to different servers, so that the trouble of one says nothing of the next."""

    async def connect(self) -> Connection | Outcome:
        """An open connection, or why there is none (always `Deferred` with lane=True)."""
