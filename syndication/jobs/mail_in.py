"""Mail that comes in → what follows from it. The same message twice changes nothing."""

from dataclasses import dataclass
from datetime import datetime

import structlog

from syndication.deliver.incoming import Lock, classify
from syndication.domain.incoming import Envelope
from syndication.store.bouncing import Received, Taken, take_in, tidy_incoming
from syndication.store.database import Database

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class MailIn:
    """Takes in mail for one installation. suppression_key: never changes."""

    database: Database
    lock: Lock
    suppression_key: bytes

    def take(self, raw: bytes, envelope: Envelope, now: datetime) -> Taken:
        """Do what a message says, in one transaction; now: aware UTC.

        Raises the database's errors: then nothing has changed, and whoever brought the message should bring it again.
        """
        said = classify(raw, envelope, self.lock)
        with self.database.write() as session:
            taken = take_in(session, self.suppression_key, Received(raw, envelope.recipients), said, now)
        _log.info("mail_taken_in", kind=taken.kind, new=taken.is_new, severity=said.severity)
        return taken

    def tidy(self, now: datetime) -> int:
        """Forget the bytes of old messages; how many lost theirs."""
        with self.database.write() as session:
            return tidy_incoming(session, now)
