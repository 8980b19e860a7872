"""Troubles → alerts: each cause is kept from its beginning to its end and told once."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from syndication.domain.troubles import Trouble
from syndication.store.inserting import insert_new
from syndication.store.tables import AlertRow

_FIRST_RETRY: Final = timedelta(minutes=1)
_LONGEST_RETRY: Final = timedelta(hours=1)


def keep_troubles(session: Session, troubles: Sequence[Trouble], now: datetime) -> list[Trouble]:
    """Begin an alert for each new cause and end those that are over; answers what is to be told now (aware UTC)."""
    for one in troubles:
        values = {
            "words": one.what,
            "remedy": one.remedy,
            "begun_at": now,
            "tries": 0,
            "next_try_at": now,
            "last_error": "",
        }
        session.execute(insert_new(session, AlertRow).values(cause=one.cause, **values))
    session.execute(delete(AlertRow).where(col(AlertRow.cause).not_in([one.cause for one in troubles])))
    due = (
        select(AlertRow)
        .where(col(AlertRow.told_at).is_(None), AlertRow.next_try_at <= now)
        .order_by(col(AlertRow.begun_at))
    )
    return [Trouble(row.cause, row.words, row.remedy) for row in session.exec(due)]


def mark_told(session: Session, causes: Sequence[str], now: datetime) -> None:
    """The operator knows."""
    session.execute(update(AlertRow).where(col(AlertRow.cause).in_(causes)).values(told_at=now, last_error=""))


def mark_untold(session: Session, causes: Sequence[str], error: str, now: datetime) -> None:
    """No channel took it; it is tried again, after a minute at first and every hour at last."""
    for row in session.exec(select(AlertRow).where(col(AlertRow.cause).in_(causes))):
        row.tries += 1
        row.last_error = error
        row.next_try_at = now + min(_FIRST_RETRY * 2 ** (row.tries - 1), _LONGEST_RETRY)
