"""Message → file: the transport of a trial, which sends nothing and needs nothing installed."""

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path

from syndication.domain.delivery import Accepted, Deferred, DeliveryName, Mail, Outcome, Reply
from syndication.domain.seams import Connection


@dataclass(frozen=True, slots=True)
class OutboxTransport:
    """A folder with one `<delivery name>.eml` a message, for its owner alone. Sending twice leaves one file.

    Implements `domain.seams.Transport`.
    """

    folder: Path

    @property
    def connections(self) -> int:
        """One: a disk is not faster with more."""
        return 1

    @property
    def has_lanes(self) -> bool:
        """One folder is one lane."""
        return False

    async def connect(self) -> Connection | Outcome:
        """A writer into the folder, which is made if it is absent."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            return Deferred(Reply(0, "", f"The outbox cannot be made: {error}"), lane=True)
        return _OutboxConnection(self.folder)


@dataclass(frozen=True, slots=True)
class _OutboxConnection:
    folder: Path

    @property
    def is_usable(self) -> bool:
        return True

    async def send(self, mail: Mail) -> Outcome:
        """Write a message so that it is whole or absent, and on the disk before it counts as sent."""
        try:
            path = await asyncio.to_thread(_write, self.folder, mail)
        except OSError as error:
            return Deferred(Reply(0, "", f"The outbox cannot be written: {error}"), lane=True)
        return Accepted(Reply(250, "2.0.0", f"Kept as {path.name}"))

    def abandon(self) -> None:
        """A file is written at once; there is nothing to wait for."""

    async def close(self) -> None:
        """Nothing to release."""


def forget(folder: Path, subscriber_id: int) -> int:
    """Remove every mail to one subscriber from an outbox; answers how many there were."""
    found = [path for path in folder.glob(f"*-{subscriber_id}.*") if _subscriber_of(path) == subscriber_id]
    for path in found:
        path.unlink(missing_ok=True)
    return len(found)


def _subscriber_of(path: Path) -> int | None:
    name = DeliveryName.parse(path.stem)
    return name.subscriber if name else None


def _write(folder: Path, mail: Mail) -> Path:
    path = folder / f"{mail.name.text}.eml"
    draft = path.with_suffix(".part")
    # Addresses and links that log in stand in it.
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.writelines(mail.parts)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    return path
