"""Send to the rest: who did not get an issue, for no fault of theirs, may still get the same bytes.

Only until the schedule's next issue takes over, and only to readers whose window still begins where their digest does:
so nobody gets anything twice. Source: architecture, section 2, rule 6.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, update
from sqlmodel import Session, col

from syndication.domain.delivery import Fault
from syndication.domain.errors import IssueError
from syndication.domain.states import BatchState, DeliveryState, IssueState, SubscriptionStatus
from syndication.store.counting import recount
from syndication.store.database import Database, changed
from syndication.store.tables import (
    DeliveryBatchRow,
    DeliveryRow,
    DigestRow,
    IssueRow,
    ScheduleRow,
    SubscriptionRow,
)

_ENDED: Final = (IssueState.SENT, IssueState.CANCELLED)
_BATCHES_AT_ONCE: Final = 2


@dataclass(frozen=True, slots=True)
class _Resend:
    issue_id: int
    newsletter_id: int
    cut_seq: int | None
    is_bold: bool


def send_to_rest(
    database: Database, issue_id: int, now: datetime, lifetime: timedelta, *, unknown: bool = False
) -> int:
    """Make ready what ended without reaching its reader, and let the issue go on; how many deliveries.

    unknown: also those whose fate nobody knows, who may then get it twice. lifetime: how long after its freeze an issue is
    sent. Raises IssueError when that is not possible any more. Killed and called again, it goes on.
    """
    with database.read() as session:
        wanted = _why_not(session, issue_id, now, lifetime, is_bold=unknown)
        batches = session.execute(
            select(col(DeliveryBatchRow.id), col(DeliveryBatchRow.lo), col(DeliveryBatchRow.hi))
            .where(col(DeliveryBatchRow.issue_id) == issue_id)
            .order_by(col(DeliveryBatchRow.lo))
        ).all()
    moved = 0
    for start in range(0, len(batches), _BATCHES_AT_ONCE):
        with database.write() as session:
            for batch_id, lo, hi in batches[start : start + _BATCHES_AT_ONCE]:
                moved += _make_ready(session, wanted, (batch_id or 0, lo, hi))
    with database.write() as session:
        ready = select(col(DeliveryRow.subscriber_id)).where(
            col(DeliveryRow.issue_id) == issue_id, col(DeliveryRow.state) == DeliveryState.READY
        )
        if session.execute(ready.limit(1)).first() is not None:
            own = update(IssueRow).where(col(IssueRow.id) == issue_id, col(IssueRow.state).in_(_ENDED))
            session.execute(own.values(state=IssueState.SENDING, closed_at=None, note=""))
    return moved


def _why_not(session: Session, issue_id: int, now: datetime, lifetime: timedelta, *, is_bold: bool) -> _Resend:
    issue = session.get(IssueRow, issue_id)
    if issue is None:
        message = f"There is no issue {issue_id}."
        raise IssueError(message)
    if issue.state not in _ENDED or issue.closed_at is None:
        message = f"Issue {issue_id} is {issue.state}; only an issue that is over can be sent to the rest."
        raise IssueError(message)
    frozen_at = issue.frozen_at or issue.created_at
    last_cut = session.execute(
        select(col(ScheduleRow.last_cut)).where(col(ScheduleRow.id) == issue.schedule_id)
    ).scalar()
    # Of an announcement both are None: nothing takes over from it.
    if issue.planned_at is None or issue.cut_seq != last_cut or now >= frozen_at + lifetime:
        message = (
            f"Issue {issue_id} is too old: a later one has taken over, or it was made more than "
            f"{lifetime.total_seconds() / 3600:g} hours ago. Who did not get it finds its articles in the next issue."
        )
        raise IssueError(message)
    return _Resend(issue_id, issue.newsletter_id, issue.cut_seq, is_bold)


def _make_ready(session: Session, wanted: _Resend, batch: tuple[int, int, int]) -> int:
    batch_id, lo, hi = batch
    chosen = and_(
        col(DeliveryRow.issue_id) == wanted.issue_id,
        col(DeliveryRow.subscriber_id).between(lo, hi),
        _is_unserved(is_bold=wanted.is_bold),
        _is_still_owed(wanted),
    )
    found = session.execute(select(col(DeliveryRow.subscriber_id)).where(chosen).limit(1)).first()
    if found is None:
        return 0
    recount(session, wanted.issue_id, lo, hi)
    moved = update(DeliveryRow).where(chosen)
    values = {"state": DeliveryState.READY, "next_at": None, "settled_at": None, "fault": None}
    number = changed(session, moved.values(**values).execution_options(synchronize_session=False))
    own = update(DeliveryBatchRow).where(col(DeliveryBatchRow.id) == batch_id)
    session.execute(own.values(state=BatchState.PENDING, next_at=None))
    return number


def _is_unserved(*, is_bold: bool) -> ColumnElement[bool]:
    blameless = and_(
        col(DeliveryRow.state) == DeliveryState.FAILED, col(DeliveryRow.fault).in_((Fault.SENDER, Fault.MESSAGE))
    )
    states = [DeliveryState.EXPIRED, DeliveryState.CANCELLED]
    if is_bold:
        states.append(DeliveryState.UNKNOWN)
    return or_(blameless, col(DeliveryRow.state).in_(states))


def _is_still_owed(wanted: _Resend) -> ColumnElement[bool]:
    """Confirmed, and their window begins where the digest does (or, of unknown fate, where the issue ended).

    An announcement has no window: it is owed to everybody who was to get it.
    """
    if wanted.cut_seq is None:
        return exists().where(
            col(SubscriptionRow.subscriber_id) == col(DeliveryRow.subscriber_id),
            col(SubscriptionRow.newsletter_id) == wanted.newsletter_id,
            col(SubscriptionRow.status) == SubscriptionStatus.CONFIRMED,
        )
    begins = func.coalesce(col(SubscriptionRow.from_seq), wanted.cut_seq)
    return exists().where(
        col(DigestRow.id) == col(DeliveryRow.digest_id),
        col(SubscriptionRow.subscriber_id) == col(DeliveryRow.subscriber_id),
        col(SubscriptionRow.newsletter_id) == wanted.newsletter_id,
        col(SubscriptionRow.status) == SubscriptionStatus.CONFIRMED,
        or_(
            begins == col(DigestRow.start),
            and_(col(DeliveryRow.state) == DeliveryState.UNKNOWN, begins == wanted.cut_seq),
        ),
    )
