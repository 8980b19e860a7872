"""Pausing and leaving: what waits for the reader is settled in the same transaction, so no take-off commits after it."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select, update
from sqlmodel import Session, col

from syndication.domain.states import WAITING, DeliveryState, SubscriptionStatus
from syndication.store.consent import Consent, Visit, record
from syndication.store.counting import recount_readers
from syndication.store.starts import start_when_leaving
from syndication.store.tables import ConsentEventRow, DeliveryRow, IssueRow, NoticeRow, SubscriptionRow

_RETURN_WITHIN: Final = timedelta(hours=1)


def pause(session: Session, subscription_id: int, until: datetime, visit: Visit, now: datetime) -> bool:
    """Send nothing until an instant (aware UTC), then one catch-up; whether the reader is paused now.

    What waits for them is cancelled, and their window keeps its start, so nothing is lost.
    """
    subscription = session.get(SubscriptionRow, subscription_id, with_for_update=True)
    if subscription is None or subscription.status is not SubscriptionStatus.CONFIRMED:
        return False
    subscription.from_seq = start_when_leaving(session, subscription_id)
    cancel_waiting(session, subscription, now)
    subscription.paused_until = until
    record(session, subscription, Consent.PAUSED, visit, now, until=until.isoformat())
    return True


def resume(session: Session, subscription_id: int, visit: Visit, now: datetime) -> bool:
    """End a pause early; whether there was one."""
    subscription = session.get(SubscriptionRow, subscription_id, with_for_update=True)
    if subscription is None or subscription.paused_until is None:
        return False
    subscription.paused_until = None
    record(session, subscription, Consent.RESUMED, visit, now)
    return True


def unsubscribe(session: Session, subscription_id: int, visit: Visit, now: datetime) -> bool:
    """End a subscription and cancel everything that waits for its reader; whether it was this call that did."""
    subscription = session.get(SubscriptionRow, subscription_id, with_for_update=True)
    if subscription is None or subscription.status is SubscriptionStatus.UNSUBSCRIBED:
        return False
    if subscription.status is SubscriptionStatus.CONFIRMED:
        subscription.from_seq = start_when_leaving(session, subscription_id)  # in case they come back at once
    subscription.status = SubscriptionStatus.UNSUBSCRIBED
    subscription.unsubscribed_at = now
    subscription.paused_until = None
    cancel_waiting(session, subscription, now)
    session.execute(
        update(NoticeRow)
        .where(
            col(NoticeRow.subscriber_id) == subscription.subscriber_id,
            col(NoticeRow.newsletter_id) == subscription.newsletter_id,
            col(NoticeRow.state).in_(WAITING),
        )
        .values(state=DeliveryState.CANCELLED, settled_at=now, next_at=None)
        .execution_options(synchronize_session=False)
    )
    record(session, subscription, Consent.UNSUBSCRIBED, visit, now)
    return True


def may_come_back(session: Session, subscription_id: int, now: datetime) -> bool:
    """Whether a confirmed reader left by their own hand within the hour, so that one button undoes it."""
    subscription = session.get(SubscriptionRow, subscription_id)
    if subscription is None or subscription.status is not SubscriptionStatus.UNSUBSCRIBED:
        return False
    left_at = subscription.unsubscribed_at
    if left_at is None or subscription.confirmed_at is None or now - left_at > _RETURN_WITHIN:
        return False
    # Whoever was suppressed (bounce, complaint) is unsubscribed too, but left no such event.
    by_own_hand = select(col(ConsentEventRow.id)).where(
        col(ConsentEventRow.subscription_id) == subscription_id,
        col(ConsentEventRow.event) == Consent.UNSUBSCRIBED,
        col(ConsentEventRow.at) == left_at,
    )
    return session.execute(by_own_hand).first() is not None


def come_back(session: Session, subscription_id: int, visit: Visit, now: datetime) -> bool:
    """Undo an unsubscription of the last hour, with the window as it was; whether it was this call that did."""
    subscription = session.get(SubscriptionRow, subscription_id, with_for_update=True)
    if subscription is None or not may_come_back(session, subscription_id, now):
        return False
    subscription.status = SubscriptionStatus.CONFIRMED
    subscription.unsubscribed_at = None
    record(session, subscription, Consent.RETURNED, visit, now)
    return True


def cancel_waiting(
    session: Session, subscription: SubscriptionRow, now: datetime, *, announcements: bool = True
) -> None:
    """Cancel this reader's waiting issues. The take-off is a conditional UPDATE of the same rows: the first commit wins.

    announcements: those too; who only changes schedule still gets them.
    """
    recount_readers(session, [subscription.subscriber_id], WAITING)
    issues = select(col(IssueRow.id)).where(col(IssueRow.newsletter_id) == subscription.newsletter_id)
    if not announcements:
        issues = issues.where(col(IssueRow.schedule_id).is_not(None))
    session.execute(
        update(DeliveryRow)
        .where(
            col(DeliveryRow.subscriber_id) == subscription.subscriber_id,
            col(DeliveryRow.state).in_(WAITING),
            col(DeliveryRow.issue_id).in_(issues),
        )
        .values(state=DeliveryState.CANCELLED, settled_at=now, next_at=None)
        .execution_options(synchronize_session=False)
    )
