"""What must not be kept → removed, a little at a time. Harmless to repeat, to kill and to run twice at once."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

import structlog
from sqlmodel import Session

from syndication.store.database import Database
from syndication.store.tidying import remove_old_deliveries, remove_unconfirmed

_MOST_CHUNKS: Final = 200

_log = structlog.get_logger()


def tidy(database: Database, now: datetime) -> dict[str, int]:
    """Remove requests unconfirmed for a week and deliveries of 13 months ago; answers how many of each. now: aware UTC."""
    done = {
        "unconfirmed": _in_chunks(database, remove_unconfirmed, now),
        "deliveries": _in_chunks(database, remove_old_deliveries, now),
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
