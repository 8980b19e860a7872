"""After a restore: nothing is mailed that may have been mailed between the backup and its loss."""

from datetime import datetime
from typing import Final

from sqlalchemy import update
from sqlmodel import Session, SQLModel, col, select

from syndication.cron.slots import next_slot
from syndication.domain.states import UNSETTLED, DeliveryState, IssueState
from syndication.store.counters import counter
from syndication.store.tables import DeliveryRow, IssueRow, NoticeRow, ScheduleRow, SourceRow

_MOST_RESENDS: Final = 1
_NOTE: Final = (
    "Restored from a backup of {at:%Y-%m-%d %H:%M} UTC: readers may have got this issue since. "
    "Resume it to send it to those whose mail still waits here, or cancel it."
)


def hold_mail(session: Session, made_at: datetime, now: datetime) -> int:
    """Pause what was going out, and count what was due since as served; answers how many issues and schedules it held.

    Where a slot has passed since the backup, the articles known then count as mailed, and what the sources bring first is
    history: it may have been mailed too. made_at: of the backup; now: aware UTC.
    """
    issues = session.exec(select(IssueRow).where(col(IssueRow.closed_at).is_(None))).all()
    held = sum(_hold(session, issue, made_at, now) for issue in issues)
    missed = session.exec(select(ScheduleRow).where(col(ScheduleRow.next_slot) <= now)).all()
    for schedule in missed:
        schedule.next_slot = next_slot(schedule.cron, schedule.zone, now)
        schedule.last_cut = counter(session, "seq")
        schedule.version += 1
    if missed:
        session.execute(update(SourceRow).values(fetched_before=False, etag="", last_modified="", body_hash=""))
    _count_as_served(session, NoticeRow, now)
    return held + len(missed)


def _hold(session: Session, issue: IssueRow, made_at: datetime, now: datetime) -> bool:
    note = _NOTE.format(at=made_at)
    if issue.state in {IssueState.SENDING, IssueState.REVIEW}:
        issue.state, issue.note = IssueState.PAUSED, note
        return True
    if issue.state in {IssueState.DUE, IssueState.COMPOSING}:
        # Nobody can say whom it reached; what is half planned cannot be resumed.
        _count_as_served(session, DeliveryRow, now, issue.id)
        issue.state, issue.closed_at = IssueState.SKIPPED, now
        issue.note = note.partition(". ")[0].replace("this issue since", "it since") + ", so it is not sent."
        return True
    return False


def _count_as_served(session: Session, table: type[SQLModel], now: datetime, issue_id: int | None = None) -> None:
    """What waits or flies may have arrived: its fate is unknown, and it is not sent again by itself."""
    statement = update(table).where(table.__table__.c.state.in_(UNSETTLED))  # type: ignore[attr-defined] # SQLModel declares no __table__
    if issue_id is not None:
        statement = statement.where(col(DeliveryRow.issue_id) == issue_id)
    values = {"state": DeliveryState.UNKNOWN, "resends": _MOST_RESENDS, "settled_at": now, "next_at": None}
    session.execute(statement.values(values).execution_options(synchronize_session=False))
