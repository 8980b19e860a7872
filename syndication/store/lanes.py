"""Lanes: how many mails may leave by one, over all processes and restarts.

What was permitted is counted in spans of five minutes, so an hour's or a day's limit moves along with the clock: never more
than that many in any hour, whenever it begins. Whoever wants to send reserves some, and gives back what was not used.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import delete, select, update
from sqlmodel import Session, col

from syndication.store.database import Database
from syndication.store.inserting import insert_new
from syndication.store.tables import LaneRow, LaneUseRow

_SPAN: Final = timedelta(minutes=5)
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Caps:
    """How many mails a lane takes, 0: no limit."""

    per_second: float = 0
    per_hour: int = 0
    per_day: int = 0

    @property
    def is_any(self) -> bool:
        """Whether there is a limit."""
        return bool(self.per_second or self.per_hour or self.per_day)


@dataclass(frozen=True, slots=True)
class Permit:
    """How many mails may leave, the first at `begin` (aware UTC); none: then not before `begin`, because of `limit`.

    span: what the mails are counted in, to give them back.
    """

    mails: int
    begin: datetime
    span: datetime
    limit: str = ""


def reserve(database: Database, lane: str, caps: Caps, wanted: int, now: datetime) -> Permit:
    """Reserve up to `wanted` mails of a lane at `now` (aware UTC)."""
    span = _span_of(now)
    with database.write() as session:
        session.execute(insert_new(session, LaneRow).values(name=lane))
        row = session.execute(select(LaneRow).where(col(LaneRow.name) == lane).with_for_update()).scalar_one()
        session.execute(
            delete(LaneUseRow).where(col(LaneUseRow.lane) == lane, col(LaneUseRow.span_at) <= now - _DAY - _SPAN)
        )
        used = session.execute(
            select(col(LaneUseRow.span_at), col(LaneUseRow.mails))
            .where(col(LaneUseRow.lane) == lane)
            .order_by(col(LaneUseRow.span_at))
        ).all()
        uses = [(at, mails) for at, mails in used]
        for window, cap, words in ((_HOUR, caps.per_hour, "an hour"), (_DAY, caps.per_day, "a day")):
            room = cap - sum(mails for at, mails in uses if at > now - window - _SPAN) if cap else wanted
            if room <= 0:
                return Permit(0, _freed(uses, window, now), span, f"{cap} mails {words}")
            wanted = min(wanted, room)
        begin = max(row.next_free_at or now, now)
        if caps.per_second:
            row.next_free_at = begin + timedelta(seconds=wanted / caps.per_second)
        session.execute(insert_new(session, LaneUseRow).values(lane=lane, span_at=span, mails=0))
        _add(session, lane, span, wanted)
    return Permit(wanted, begin, span)


def give_back(database: Database, lane: str, permit: Permit, unused: int) -> None:
    """What was reserved and not used."""
    with database.write() as session:
        _add(session, lane, permit.span, -unused)


def _add(session: Session, lane: str, span: datetime, mails: int) -> None:
    session.execute(
        update(LaneUseRow)
        .where(col(LaneUseRow.lane) == lane, col(LaneUseRow.span_at) == span)
        .values(mails=col(LaneUseRow.mails) + mails)
        .execution_options(synchronize_session=False)
    )


def _freed(uses: Sequence[tuple[datetime, int]], window: timedelta, now: datetime) -> datetime:
    """When the oldest mails of a window no longer count."""
    oldest = next(at for at, mails in uses if mails > 0 and at > now - window - _SPAN)
    return oldest + window + _SPAN


def _span_of(now: datetime) -> datetime:
    seconds = int(_SPAN.total_seconds())
    return datetime.fromtimestamp(int(now.timestamp()) // seconds * seconds, UTC)
