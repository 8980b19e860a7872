"""Addresses that are never mailed again."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import update
from sqlmodel import Session, col

from syndication.domain.states import WAITING, DeliveryState, SubscriptionStatus
from syndication.domain.tokens import suppression_mark
from syndication.store.counting import recount_readers
from syndication.store.inserting import insert_new
from syndication.store.tables import DeliveryRow, NoticeRow, SubscriberRow, SubscriptionRow, SuppressionRow


def suppress(session: Session, key: bytes, subscriber_ids: Sequence[int], reason: str, now: datetime) -> None:
    """Never mail these readers again: end their subscriptions and settle everything that waits for them.

    key: the suppression key. Call it in a write transaction; a take-off that has not committed before it never will.
    """
    for subscriber_id in subscriber_ids:
        row = session.get(SubscriberRow, subscriber_id)
        if row and row.address_key:
            mark = suppression_mark(key, row.address_key)
            session.execute(insert_new(session, SuppressionRow).values(hmac=mark, reason=reason, created_at=now))
    session.execute(
        update(SubscriptionRow)
        .where(col(SubscriptionRow.subscriber_id).in_(subscriber_ids))
        .where(col(SubscriptionRow.status) != SubscriptionStatus.UNSUBSCRIBED)
        .values(status=SubscriptionStatus.UNSUBSCRIBED, unsubscribed_at=now, paused_until=None)
        .execution_options(synchronize_session=False)
    )
    recount_readers(session, subscriber_ids, WAITING)
    for table in (DeliveryRow, NoticeRow):
        session.execute(
            update(table)
            .where(col(table.subscriber_id).in_(subscriber_ids), col(table.state).in_(WAITING))
            .values(state=DeliveryState.SUPPRESSED, settled_at=now, next_at=None)
            .execution_options(synchronize_session=False)
        )
