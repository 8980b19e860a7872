"""Which notice answers a reader, and how often at most. The limits keep anybody from bombing an address through us."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from sqlalchemy import func, select
from sqlmodel import Session, col

from syndication.domain.states import NoticeKind, SubscriptionStatus
from syndication.store.consent import Consent
from syndication.store.tables import ConsentEventRow, NoticeRow, SubscriberRow, SubscriptionRow

# Against subscription bombing: then silence, with the same answer on the page. Source: Spamhaus' advice to list owners.
_CONFIRMATION_EVERY: Final = timedelta(hours=24)
_CONFIRMATIONS_IN: Final = timedelta(days=30)
_MOST_CONFIRMATIONS: Final = 3
_LINK_EVERY: Final = timedelta(minutes=10)
_LINKS_IN: Final = timedelta(hours=24)
_MOST_LINKS: Final = 3
_EVENTS_LOOKED_AT: Final = 2_000
_NOTICE_AFTER: Final = MappingProxyType({Consent.REQUESTED: NoticeKind.CONFIRM, Consent.CONFIRMED: NoticeKind.WELCOME})


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request for mail leads to: the notice to send, or none (the limits, a suppression)."""

    subscription_id: int
    notice: NoticeKind


def is_due(session: Session, subscription_id: int, kind: NoticeKind, now: datetime) -> bool:
    """Whether this notice may be made now. In a write transaction the answer holds until it ends.

    A confirmation or link: within the limits. A welcome: the reader confirmed and had none since.
    """
    subscription = session.get(SubscriptionRow, subscription_id, with_for_update=True)
    if subscription is None:
        return False
    if kind is not NoticeKind.WELCOME:
        return answer(session, subscription, now) == Answer(subscription_id, kind)
    if subscription.status is not SubscriptionStatus.CONFIRMED or subscription.confirmed_at is None:
        return False
    if subscription.replaces:
        return False  # they read on where they were at their old address
    sent = select(col(NoticeRow.id)).where(
        col(NoticeRow.subscriber_id) == subscription.subscriber_id,
        col(NoticeRow.newsletter_id) == subscription.newsletter_id,
        col(NoticeRow.kind) == kind,
        col(NoticeRow.created_at) >= subscription.confirmed_at,
    )
    return session.execute(sent).first() is None


def ask_for_links(session: Session, address_key: str, now: datetime) -> list[Answer]:
    """The notices for an address whose owner asks for their links; empty when it is unknown, has left, or asked lately."""
    rows = session.execute(
        select(SubscriptionRow)
        .join(SubscriberRow, col(SubscriberRow.id) == col(SubscriptionRow.subscriber_id))
        .where(col(SubscriberRow.address_key) == address_key)
        .order_by(col(SubscriptionRow.id))
        .with_for_update()
    ).scalars()
    answers = (answer(session, row, now) for row in rows.all())
    return [answer for answer in answers if answer is not None]


def ask_for_link(session: Session, subscription_id: int, now: datetime) -> Answer | None:
    """The notice for a reader who asks for their link on their own page; None when they have left, or asked lately."""
    subscription = session.get(SubscriptionRow, subscription_id, with_for_update=True)
    return answer(session, subscription, now) if subscription else None


def unanswered(session: Session, after: datetime, before: datetime) -> list[Answer]:
    """The notices that steps of readers between two instants (aware UTC) lead to; most of them were made at once.

    Ask `is_due` of each: it leaves those whose process was killed between the step and the mail. Looks at the newest
    events only, so it stays cheap however many there are.
    """
    newest = select(func.max(col(ConsentEventRow.id))).scalar_subquery()
    steps = session.execute(
        select(col(ConsentEventRow.subscription_id), col(ConsentEventRow.event))
        .where(col(ConsentEventRow.id) > newest - _EVENTS_LOOKED_AT)
        .where(col(ConsentEventRow.at) > after, col(ConsentEventRow.at) < before)
        .where(col(ConsentEventRow.event).in_(_NOTICE_AFTER))
        .order_by(col(ConsentEventRow.id))
    )
    return [Answer(subscription_id, _NOTICE_AFTER[Consent(event)]) for subscription_id, event in steps]


def was_asked(session: Session, address_key: str, now: datetime) -> bool:
    """Whether an address was asked to confirm in the last 30 days."""
    asked = (
        select(col(NoticeRow.id))
        .join(SubscriberRow, col(SubscriberRow.id) == col(NoticeRow.subscriber_id))
        .where(col(SubscriberRow.address_key) == address_key, col(NoticeRow.kind) == NoticeKind.CONFIRM)
        .where(col(NoticeRow.created_at) > now - _CONFIRMATIONS_IN)
    )
    return session.execute(asked).first() is not None


def answer(session: Session, subscription: SubscriptionRow, now: datetime) -> Answer | None:
    """The notice that helps this reader on: the confirmation again, or their link; None when one was sent lately."""
    assert subscription.id is not None  # noqa: S101 - a row that was read or flushed has its key
    if subscription.status is SubscriptionStatus.UNSUBSCRIBED:
        return None
    if subscription.status is SubscriptionStatus.UNCONFIRMED:
        kind, pause, span, most = NoticeKind.CONFIRM, _CONFIRMATION_EVERY, _CONFIRMATIONS_IN, _MOST_CONFIRMATIONS
    else:
        kind, pause, span, most = NoticeKind.LINK, _LINK_EVERY, _LINKS_IN, _MOST_LINKS
    sent = session.execute(
        select(col(NoticeRow.newsletter_id), col(NoticeRow.created_at)).where(
            col(NoticeRow.subscriber_id) == subscription.subscriber_id,
            col(NoticeRow.kind) == kind,
            col(NoticeRow.created_at) > now - span,
        )
    ).all()
    lately = any(newsletter == subscription.newsletter_id and at > now - pause for newsletter, at in sent)
    return None if lately or len(sent) >= most else Answer(subscription.id, kind)
