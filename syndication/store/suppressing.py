"""Addresses that are never mailed again."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import and_, delete, func, or_, select, update
from sqlmodel import Session, col

from syndication.domain.errors import StoreError
from syndication.domain.states import WAITING, DeliveryState, SubscriptionStatus
from syndication.domain.suppression import COMPLAINT, Cause, cause_of, may_confirm
from syndication.domain.tokens import suppression_mark
from syndication.store.admins import audit
from syndication.store.counting import recount_readers
from syndication.store.inserting import insert_new
from syndication.store.tables import (
    BounceScoreRow,
    DeliveryRow,
    NoticeRow,
    SubscriberRow,
    SubscriptionRow,
    SuppressionRow,
)

LIFTED: Final = "suppression.lift"
STOPPED: Final = "suppression.add"
"""What the log calls a suppression that was lifted, or added by an admin."""


class Suppressed(NamedTuple):
    """One suppression. mark: `domain.tokens.suppression_mark` of the address, which is kept nowhere. since: aware UTC."""

    mark: str
    reason: str
    since: datetime

    @property
    def cause(self) -> Cause:
        """What it came from."""
        return cause_of(self.reason)


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
    """Never mail an address again, by its mark alone. A complaint takes the place of any other reason, an admin's word of most."""
    session.execute(insert_new(session, SuppressionRow).values(hmac=mark, reason=reason, created_at=now))
    cause, kept = cause_of(reason), col(SuppressionRow.reason)
    if cause in {Cause.COMPLAINT, Cause.ADMIN}:
        weaker = kept != COMPLAINT if cause is Cause.COMPLAINT else kept.not_in((COMPLAINT, reason))
        own = update(SuppressionRow).where(col(SuppressionRow.hmac) == mark, weaker)
        session.execute(own.values(reason=reason, created_at=now).execution_options(synchronize_session=False))


def suppression(session: Session, mark: str) -> Suppressed | None:
    """Why and since when an address is never mailed again, by its mark; None when it may be."""
    row = session.get(SuppressionRow, mark)
    return Suppressed(row.hmac, row.reason, row.created_at) if row else None


def never_mail(session: Session, key: bytes, address_key: str, reason: str, now: datetime) -> Suppressed:
    """Never mail an address (as it is compared) again, whether it is known here or not; what is kept of it now."""
    reader = session.execute(
        select(col(SubscriberRow.id)).where(col(SubscriberRow.address_key) == address_key)
    ).scalar()
    if reader is not None:
        suppress(session, key, [reader], reason, now)
    mark = suppression_mark(key, address_key)
    suppress_mark(session, mark, reason, now)
    row = session.get_one(SuppressionRow, mark, populate_existing=True)
    return Suppressed(row.hmac, row.reason, row.created_at)


def lift(session: Session, mark: str, *, even_complaint: bool = False) -> Suppressed:
    """Let an address sign up again; what was kept of it. Nobody is subscribed by it: its reader confirms by mail first.

    Raises StoreError when it is not suppressed, or was for a complaint unless the admin says so.
    """
    found = suppression(session, mark)
    if found is None:
        message = "This address is not suppressed."
        raise StoreError(message)
    if found.reason == COMPLAINT and not even_complaint:
        message = (
            "Its reader called our mail spam. Write to them again only if they ask for it, and say that they did "
            "(in the console tick the box, with the command --even-complaint)."
        )
        raise StoreError(message)
    session.execute(delete(SuppressionRow).where(col(SuppressionRow.hmac) == mark))
    return found


def lift_for_reader(session: Session, key: bytes, subscription_id: int, now: datetime) -> bool:
    """Lift what stands in the way of a reader who has just confirmed; whether there was anything. Kept in the log.

    Call it in the transaction of the confirmation. What only an admin may lift stays.
    """
    row = session.execute(
        select(col(SubscriberRow.id), col(SubscriberRow.address_key))
        .join(SubscriptionRow, col(SubscriptionRow.subscriber_id) == col(SubscriberRow.id))
        .where(col(SubscriptionRow.id) == subscription_id, col(SubscriptionRow.status) == SubscriptionStatus.CONFIRMED)
    ).first()
    found = suppression(session, suppression_mark(key, row[1])) if row else None
    if row is None or found is None or not may_confirm(found.reason, row[1]):
        return False
    lift(session, found.mark)
    session.execute(delete(BounceScoreRow).where(col(BounceScoreRow.subscriber_id) == row[0]))
    audit(session, "reader", LIFTED, found.mark[:16], now, ({"reason": found.reason}, {"why": "confirmed by mail"}))
    return True


def suppression_counts(session: Session) -> dict[Cause, int]:
    """How many addresses are suppressed for each cause, the most frequent first."""
    reason = col(SuppressionRow.reason)
    counted: Counter[Cause] = Counter()
    for words, number in session.execute(select(reason, func.count()).group_by(reason)):
        counted[cause_of(words)] += number
    return dict(counted.most_common())


def suppressions(session: Session, limit: int = 100, after: Suppressed | None = None) -> list[Suppressed]:
    """The latest suppressions, newest first. after: only those listed after this one, for the next page."""
    at, mark = col(SuppressionRow.created_at), col(SuppressionRow.hmac)
    statement = select(SuppressionRow).order_by(at.desc(), mark.desc())
    if after is not None:
        statement = statement.where(or_(at < after.since, and_(at == after.since, mark < after.mark)))
    rows = session.execute(statement.limit(limit)).scalars()
    return [Suppressed(row.hmac, row.reason, row.created_at) for row in rows]
