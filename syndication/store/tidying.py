"""What is not kept: requests that nobody confirmed, and the fates of mails after their time."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, select
from sqlmodel import Session, col

from syndication.domain.states import SubscriptionStatus
from syndication.store.database import changed
from syndication.store.tables import (
    ConsentEventRow,
    DeliveryRow,
    IssueRow,
    NoticeRow,
    SubscriberRow,
    SubscriptionRow,
    SubscriptionTopicRow,
)

UNCONFIRMED_FOR: Final = timedelta(days=7)
DELIVERIES_FOR: Final = timedelta(days=396)
"""Thirteen months: a year, and the time to look back at it."""

_AT_ONCE: Final = 500
_ROWS_AT_ONCE: Final = 5_000


def remove_unconfirmed(session: Session, now: datetime) -> int:
    """Remove some requests that waited longer than a week, and who has nothing else here; answers how many. now: aware UTC.

    They are locked: who confirms at this moment either has done so before, and stays, or comes too late.
    """
    last_asked = (
        select(col(ConsentEventRow.id))
        .where(
            col(ConsentEventRow.subscription_id) == col(SubscriptionRow.id),
            col(ConsentEventRow.at) > now - UNCONFIRMED_FOR,
        )
        .exists()
    )
    chosen = session.execute(
        select(col(SubscriptionRow.id), col(SubscriptionRow.subscriber_id))
        .where(
            col(SubscriptionRow.status) == SubscriptionStatus.UNCONFIRMED,
            col(SubscriptionRow.created_at) <= now - UNCONFIRMED_FOR,
            ~last_asked,
        )
        .limit(_AT_ONCE)
        .with_for_update(of=SubscriptionRow)
    ).all()
    subscriptions, people = [number for number, _ in chosen], {number for _, number in chosen}
    session.execute(delete(ConsentEventRow).where(col(ConsentEventRow.subscription_id).in_(subscriptions)))
    session.execute(delete(SubscriptionTopicRow).where(col(SubscriptionTopicRow.subscription_id).in_(subscriptions)))
    session.execute(delete(SubscriptionRow).where(col(SubscriptionRow.id).in_(subscriptions)))
    left = _without_anything(session, people)
    session.execute(delete(NoticeRow).where(col(NoticeRow.subscriber_id).in_(left)))
    session.execute(delete(SubscriberRow).where(col(SubscriberRow.id).in_(left)))
    return len(chosen)


def remove_old_deliveries(session: Session, now: datetime) -> int:
    """Remove some deliveries of issues that closed more than 13 months ago; answers how many. now: aware UTC."""
    closed = select(col(IssueRow.id)).where(col(IssueRow.closed_at) <= now - DELIVERIES_FOR)
    some = (
        select(col(DeliveryRow.issue_id), col(DeliveryRow.subscriber_id))
        .where(col(DeliveryRow.issue_id).in_(closed))
        .limit(_ROWS_AT_ONCE)
    )
    rows = session.execute(some).all()
    removed = 0
    for issue_id in {row[0] for row in rows}:
        readers = [subscriber for issue, subscriber in rows if issue == issue_id]
        gone = delete(DeliveryRow).where(
            col(DeliveryRow.issue_id) == issue_id, col(DeliveryRow.subscriber_id).in_(readers)
        )
        removed += changed(session, gone)
    return removed


def _without_anything(session: Session, people: set[int]) -> list[int]:
    """Those who have neither a subscription nor a delivery."""
    used = set(
        session.execute(
            select(col(SubscriptionRow.subscriber_id)).where(col(SubscriptionRow.subscriber_id).in_(people))
        ).scalars()
    )
    used |= set(
        session.execute(
            select(col(DeliveryRow.subscriber_id)).where(col(DeliveryRow.subscriber_id).in_(people))
        ).scalars()
    )
    return sorted(people - used)
