"""Notices: mails that are no issue (confirmation, welcome, link), on their way like deliveries but without batches."""

import hashlib
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, and_, exists, or_, select, update
from sqlmodel import Session, col

from syndication.domain.digests import MailBody
from syndication.domain.states import WAITING, DeliveryState, NoticeKind, SubscriptionStatus
from syndication.store.inserting import insert_new
from syndication.store.tables import DigestBodyRow, NoticeRow, SubscriberRow, SubscriptionRow

_IN_FLIGHT_FOR: Final = timedelta(minutes=15)
_UNKNOWN_WAIT: Final = timedelta(minutes=5)
_MOST_RESENDS: Final = 1
# Who may get which notice; anything else is settled instead of sent.
_WANTED: Final = {
    NoticeKind.CONFIRM: SubscriptionStatus.UNCONFIRMED,
    NoticeKind.WELCOME: SubscriptionStatus.CONFIRMED,
    NoticeKind.LINK: SubscriptionStatus.CONFIRMED,
}


class NoticeWanted(NamedTuple):
    """Which notice to send to whom."""

    kind: NoticeKind
    newsletter_id: int
    subscriber_id: int


class ReadyNotice(NamedTuple):
    """A notice that may be sent."""

    notice_id: int
    kind: NoticeKind
    newsletter_id: int
    subscriber_id: int
    subscription_id: int
    address: str
    created_at: datetime
    body: MailBody


def add_notice(session: Session, wanted: NoticeWanted, body: MailBody, now: datetime) -> int:
    """Put a rendered notice on its way; its id. Ask for a delivery job once this has committed."""
    digest = hashlib.sha256(f"{body.subject}\0{body.text}\0{body.html}".encode()).hexdigest()
    values = {"hash": digest, "subject": body.subject, "text": body.text, "html": body.html, "is_cut": False}
    session.execute(insert_new(session, DigestBodyRow).values(values))
    row = NoticeRow(
        kind=wanted.kind,
        newsletter_id=wanted.newsletter_id,
        subscriber_id=wanted.subscriber_id,
        body_hash=digest,
        created_at=now,
    )
    session.add(row)
    session.flush()
    assert row.id is not None  # noqa: S101 - given by the flush
    return row.id


def recover_notices(session: Session, now: datetime, *, is_alone: bool = False) -> None:
    """Give notices whose sender vanished an unknown fate, and those of unknown fate their one resend.

    is_alone: no other process delivers, so nothing can be in flight now; else what flies for 15 minutes counts as lost.
    """
    in_flight = [col(NoticeRow.state) == DeliveryState.IN_FLIGHT]
    unknown = [col(NoticeRow.state) == DeliveryState.UNKNOWN, col(NoticeRow.resends) < _MOST_RESENDS]
    if not is_alone:
        in_flight.append(col(NoticeRow.taken_off_at) <= now - _IN_FLIGHT_FOR)
        unknown.append(col(NoticeRow.settled_at) <= now - _UNKNOWN_WAIT)
    _move(session, and_(*in_flight), state=DeliveryState.UNKNOWN, settled_at=now)
    _move(session, and_(*unknown), state=DeliveryState.READY, resends=col(NoticeRow.resends) + 1)


def ready_notices(
    session: Session, now: datetime, lifetime: timedelta, limit: int, besides: Collection[int] = ()
) -> list[ReadyNotice]:
    """The oldest notices that may be sent, at most `limit`, those with an id in `besides` left out.

    First settles what waits in vain: older than `lifetime`, or not wanted any more. Needs a write session.
    """
    waiting = col(NoticeRow.state).in_(WAITING)
    if session.execute(select(col(NoticeRow.id)).where(waiting).limit(1)).first() is None:
        return []
    old = and_(waiting, col(NoticeRow.created_at) <= now - lifetime)
    _move(session, old, state=DeliveryState.EXPIRED, settled_at=now, next_at=None)
    unwanted = and_(waiting, ~is_notice_wanted())
    _move(session, unwanted, state=DeliveryState.CANCELLED, settled_at=now, next_at=None)
    due = and_(col(NoticeRow.state) == DeliveryState.DEFERRED, col(NoticeRow.next_at) <= now)
    _move(session, due, state=DeliveryState.READY, next_at=None)
    rows = session.execute(
        select(NoticeRow, col(SubscriptionRow.id), col(SubscriberRow.address), DigestBodyRow)
        .join(SubscriberRow, col(SubscriberRow.id) == col(NoticeRow.subscriber_id))
        .join(SubscriptionRow, _own_subscription())
        .join(DigestBodyRow, col(DigestBodyRow.hash) == col(NoticeRow.body_hash))
        .where(col(NoticeRow.state) == DeliveryState.READY, col(NoticeRow.id).not_in(besides))
        .order_by(col(NoticeRow.id))
        .limit(limit)
    )
    return [_ready(*row) for row in rows]


def is_notice_wanted() -> ColumnElement[bool]:
    """Whether the reader of a notice is in the state that its kind is for."""
    kinds = (
        and_(col(NoticeRow.kind) == kind, col(SubscriptionRow.status) == status) for kind, status in _WANTED.items()
    )
    return exists().where(_own_subscription(), or_(*kinds))


def _own_subscription() -> ColumnElement[bool]:
    return and_(
        col(SubscriptionRow.subscriber_id) == col(NoticeRow.subscriber_id),
        col(SubscriptionRow.newsletter_id) == col(NoticeRow.newsletter_id),
    )


def _ready(notice: NoticeRow, subscription_id: int, address: str, body: DigestBodyRow) -> ReadyNotice:
    return ReadyNotice(
        notice.id or 0,
        notice.kind,
        notice.newsletter_id,
        notice.subscriber_id,
        subscription_id,
        address,
        notice.created_at,
        MailBody(body.subject, body.text, body.html),
    )


def _move(session: Session, chosen: ColumnElement[bool], **values: object) -> None:
    session.execute(update(NoticeRow).where(chosen).values(**values).execution_options(synchronize_session=False))
