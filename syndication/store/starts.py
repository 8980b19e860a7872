"""Own starts: the law of a reader's window once a delivery has ended, applied in this one place.

A subscription has been served up to its own start, or up to its schedule's last cut when it has none. A delivery that
was lost takes that mark back to where its digest began, but only while the mark is still where this issue's freeze put
it and no later digest continues from there: a late truth must not rewind what later issues serve. Source: architecture,
section 2, rule 5.
"""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, update
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from syndication.domain.delivery import Fault
from syndication.domain.states import SERVED, WAITING, DeliveryState, IssueState
from syndication.domain.windows import start_when_leaving_schedule
from syndication.store.tables import DeliveryRow, DigestRow, IssueRow, ScheduleRow, SubscriptionRow

_BLAMELESS: Final = (Fault.MESSAGE, Fault.SENDER)
_LOST: Final = (DeliveryState.EXPIRED, DeliveryState.CANCELLED)


def apply_own_starts(session: Session, issue_id: int, subscriber_ids: Sequence[int]) -> None:
    """Set the own starts that follow from these deliveries of an issue, which have just ended.

    Call it once, in the transaction that moved the deliveries to their final states, with at most some thousand ids.
    Rows that have not ended are left alone. The set-based twin of `domain.windows.start_after`.
    """
    delivery = (
        col(DeliveryRow.issue_id) == issue_id,
        col(DeliveryRow.subscriber_id).in_(subscriber_ids),
        col(IssueRow.id) == issue_id,
        col(DigestRow.id) == col(DeliveryRow.digest_id),
        col(SubscriptionRow.newsletter_id) == col(IssueRow.newsletter_id),
        col(SubscriptionRow.subscriber_id) == col(DeliveryRow.subscriber_id),
    )
    session.execute(
        update(SubscriptionRow)
        .where(*delivery, col(ScheduleRow.id) == col(SubscriptionRow.schedule_id), _is_lost(), ~_is_continued())
        .where(func.coalesce(col(SubscriptionRow.from_seq), col(ScheduleRow.last_cut)) == col(IssueRow.cut_seq))
        .values(from_seq=col(DigestRow.start))
        .execution_options(synchronize_session=False)
    )
    session.execute(
        update(SubscriptionRow)
        .where(*delivery, col(DeliveryRow.state).in_(SERVED))
        .where(col(SubscriptionRow.from_seq) == col(DigestRow.start))
        .values(from_seq=col(IssueRow.cut_seq))
        .execution_options(synchronize_session=False)
    )


def served_up_to(session: Session, schedule_id: int) -> int:
    """The seq up to which readers of a schedule were served who have no own start and no delivery that waits.

    It is the schedule's last cut, except while an issue is being planned: its window is frozen but not yet everybody's.
    """
    planning = select(col(IssueRow.from_seq)).where(
        col(IssueRow.schedule_id) == schedule_id,
        col(IssueRow.state).in_((IssueState.COMPOSING, IssueState.REVIEW)),
        col(IssueRow.from_seq).is_not(None),
        col(IssueRow.planned_at).is_(None),
    )
    last_cut = select(col(ScheduleRow.last_cut)).where(col(ScheduleRow.id) == schedule_id)
    begun: int | None = session.scalar(planning)
    return begun if begun is not None else session.scalars(last_cut).one()


def start_when_leaving(session: Session, subscription_id: int) -> int:
    """The own start of a reader who pauses or changes schedule now.

    Call it before their waiting deliveries are settled and before the subscription is changed, in the same transaction.
    """
    own_start, schedule_id = session.execute(
        select(col(SubscriptionRow.from_seq), col(SubscriptionRow.schedule_id)).where(
            col(SubscriptionRow.id) == subscription_id
        )
    ).one()
    waiting = (
        select(func.min(col(DigestRow.start)))
        .join(DeliveryRow, col(DeliveryRow.digest_id) == col(DigestRow.id))
        .join(IssueRow, col(IssueRow.id) == col(DeliveryRow.issue_id))
        .join(
            SubscriptionRow,
            and_(
                col(SubscriptionRow.subscriber_id) == col(DeliveryRow.subscriber_id),
                col(SubscriptionRow.newsletter_id) == col(IssueRow.newsletter_id),
            ),
        )
        .where(col(SubscriptionRow.id) == subscription_id, col(DeliveryRow.state).in_(WAITING))
        .where(col(IssueRow.schedule_id).is_not(None))  # an announcement has no window
    )
    waiting_start = session.scalar(waiting)
    return start_when_leaving_schedule(own_start, served_up_to(session, schedule_id), waiting_start)


def _is_continued() -> ColumnElement[bool]:
    """Whether the reader has another delivery of the newsletter whose digest begins where this issue's window ends."""
    later, digest, issue = aliased(DeliveryRow), aliased(DigestRow), aliased(IssueRow)
    return exists().where(
        col(later.subscriber_id) == col(SubscriptionRow.subscriber_id),
        col(digest.id) == col(later.digest_id),
        col(digest.start) >= col(IssueRow.cut_seq),
        col(issue.id) == col(later.issue_id),
        col(issue.id) != col(IssueRow.id),
        col(issue.newsletter_id) == col(IssueRow.newsletter_id),
    )


def _is_lost() -> ColumnElement[bool]:
    blameless = and_(col(DeliveryRow.state) == DeliveryState.FAILED, col(DeliveryRow.fault).in_(_BLAMELESS))
    return or_(col(DeliveryRow.state).in_(_LOST), blameless)
