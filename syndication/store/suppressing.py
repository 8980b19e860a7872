"""Addresses that are never mailed again."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import delete, select, update
from sqlmodel import Session, col

from syndication.domain.states import WAITING, DeliveryState, SubscriptionStatus
from syndication.domain.tokens import suppression_mark
from syndication.store.counting import recount_readers
from syndication.store.inserting import insert_new
from syndication.store.tables import DeliveryRow, NoticeRow, SubscriberRow, SubscriptionRow, SuppressionRow

COMPLAINT: Final = "complaint"
"""The reason of a suppression that only an admin's explicit word lifts."""


class Suppressed(NamedTuple):
    """One suppression. mark: `domain.tokens.suppression_mark` of the address, which is kept nowhere."""

    mark: str
    reason: str
    since: datetime


def suppress(session: Session, key: bytes, subscriber_ids: Sequence[int], reason: str, now: datetime) -> None:
    """Never mail these readers again: end their subscriptions and settle everything that waits for them.

    key: the suppression key. Call it in a write transaction; a take-off that has not committed before it never will.
    """
    for subscriber_id in subscriber_ids:
        row = session.get(SubscriberRow, subscriber_id)
        if row and row.address_key:
            mark = suppression_mark(key, row.address_key)
            suppress_mark(session, mark, reason, now)
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


def suppress_mark(session: Session, mark: str, reason: str, now: datetime) -> None:
    """Never mail an address again, by its mark alone; a complaint takes the place of any other reason."""
    session.execute(insert_new(session, SuppressionRow).values(hmac=mark, reason=reason, created_at=now))
    if reason == COMPLAINT:
        own = update(SuppressionRow).where(col(SuppressionRow.hmac) == mark, col(SuppressionRow.reason) != COMPLAINT)
        session.execute(own.values(reason=reason, created_at=now).execution_options(synchronize_session=False))


def suppression(session: Session, mark: str) -> Suppressed | None:
    """Why and since when an address is never mailed again, by its mark; None when it may be."""
    row = session.get(SuppressionRow, mark)
    return Suppressed(row.hmac, row.reason, row.created_at) if row else None


def lift(session: Session, mark: str) -> bool:
    """Let an address sign up again; whether it was suppressed. Nobody is subscribed by it."""
    statement = delete(SuppressionRow).where(col(SuppressionRow.hmac) == mark).returning(col(SuppressionRow.hmac))
    return session.execute(statement).first() is not None


def suppressions(session: Session, limit: int = 100, after: datetime | None = None) -> list[Suppressed]:
    """The latest suppressions, newest first. after: only those before this instant, for the next page."""
    statement = select(SuppressionRow).order_by(col(SuppressionRow.created_at).desc(), col(SuppressionRow.hmac))
    if after is not None:
        statement = statement.where(col(SuppressionRow.created_at) < after)
    rows = session.execute(statement.limit(limit)).scalars()
    return [Suppressed(row.hmac, row.reason, row.created_at) for row in rows]
