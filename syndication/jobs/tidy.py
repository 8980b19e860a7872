"""What must not be kept → removed, a little at a time. Harmless to repeat, to kill and to run twice at once."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

import structlog
from sqlmodel import Session

from syndication.store.database import Database
from syndication.store.tidying import MONTH, drop_texts, remove_old_deliveries, remove_unconfirmed, texts_to_drop

_MOST_CHUNKS: Final = 200
_TEXTS_A_CHUNK: Final = 200

_log = structlog.get_logger()


def tidy(database: Database, now: datetime, texts_months: int = 0) -> dict[str, int]:
    """Remove requests unconfirmed for a week and deliveries of 13 months ago; answers how many of each. now: aware UTC.

    texts_months: after how many months whole texts go of articles that no topic took, 0 for never.
    """
    done = {
        "unconfirmed": _in_chunks(database, remove_unconfirmed, now),
        "deliveries": _in_chunks(database, remove_old_deliveries, now),
        "texts": _drop_texts(database, now - texts_months * MONTH) if texts_months else 0,
    }
    database.empty_log()  # what was erased while somebody read or wrote
    if any(done.values()):
        _log.info("tidied", **done)
    return done


def _in_chunks(database: Database, remove: Callable[[Session, datetime], int], now: datetime) -> int:
    total = 0
    for _ in range(_MOST_CHUNKS):
        with database.write() as session:
            removed = remove(session, now)
        total += removed
        if not removed:
            break
    return total


def _drop_texts(database: Database, before: datetime) -> int:
    total = last = 0
    for _ in range(_MOST_CHUNKS):
        with database.read() as session:
            ids = texts_to_drop(session, before, last, _TEXTS_A_CHUNK)
        if not ids:
            break
        with database.write() as session:
            total += drop_texts(session, ids, before)
        last = ids[-1]
    return total
