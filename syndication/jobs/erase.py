"""A reader → forgotten: in the database, in the outbox of a trial, and in every backup that is restored later."""

import os
from datetime import date, datetime
from pathlib import Path
from typing import Final

import structlog

from syndication.deliver.outbox import forget
from syndication.domain.tokens import suppression_mark
from syndication.jobs.reader_file import forget_lists_with
from syndication.store.database import Database
from syndication.store.erasing import erase, marked_readers
from syndication.store.tables import SubscriberRow

RECORD: Final = "erased.txt"
"""In var/: the marks of who was erased, a line each, so that a restore of an older backup forgets them again."""

_log = structlog.get_logger()


def erase_reader(database: Database, key: bytes, var_folder: Path, subscriber_id: int, now: datetime) -> bool:
    """Forget one reader everywhere; whether there was anything to forget. May be repeated after a kill at any point.

    key: the suppression key. var_folder: where the record and the outbox of a trial are.
    """
    with database.read() as session:
        row = session.get(SubscriberRow, subscriber_id)
    if row is None or not row.address:
        forget(var_folder / "outbox", subscriber_id)
        return False
    # Noted first: a kill before the commit leaves a mark too many, never an erasure that a restore would undo.
    _note(var_folder / RECORD, suppression_mark(key, row.address_key), now)
    with database.write() as session:
        erased = erase(session, key, subscriber_id, now)
    database.empty_log()
    forget(var_folder / "outbox", subscriber_id)
    forget_lists_with(var_folder, row.address_key)
    _log.info("reader_erased", subscriber=subscriber_id)
    return erased


def erase_again(database: Database, key: bytes, var_folder: Path, now: datetime) -> int:
    """Forget everybody whom the record names and a restored backup brought back; answers how many."""
    found = list(marked_readers(database, key, erased_marks(var_folder)))
    for subscriber_id in found:
        with database.write() as session:
            erase(session, key, subscriber_id, now)
        forget(var_folder / "outbox", subscriber_id)
    if found:
        database.empty_log()
    return len(found)


def erased_marks(var_folder: Path) -> dict[str, date]:
    """The marks in the record, each with the last day it was erased on; none when there is no record yet."""
    record = var_folder / RECORD
    lines = record.read_text("ascii").split("\n") if record.exists() else []
    pairs = (line.split() for line in lines if line.strip())
    return {mark: date.fromisoformat(day) for mark, day in pairs}


def _note(record: Path, mark: str, now: datetime) -> None:
    descriptor = os.open(record, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "a", encoding="ascii") as file:
        file.write(f"{mark} {now:%Y-%m-%d}\n")
        file.flush()
        os.fsync(file.fileno())
