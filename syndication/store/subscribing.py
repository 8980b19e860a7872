"""What readers do → subscription, ledger and proof: sign up, confirm, choose, pause, leave.

Each function belongs into one write transaction of its own (`database.write()`). Leaving and pausing settle the
reader's waiting deliveries in that same transaction: no take-off commits after it. Every step leaves a consent event.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import select, update
from sqlmodel import Session, col

from syndication.domain.newsletters import Choice
from syndication.domain.states import WAITING, DeliveryState, NoticeKind, SubscriptionStatus
from syndication.store.counters import counter
from syndication.store.inserting import insert_new
from syndication.store.newsletters import default_schedule
from syndication.store.segments import intern_choice
from syndication.store.starts import start_when_leaving
from syndication.store.tables import (
    ConsentEventRow,
    DeliveryRow,
    IssueRow,
    NewsletterTopicRow,
    NoticeRow,
    SubscriberRow,
    SubscriptionRow,
    SubscriptionTopicRow,
    SuppressionRow,
    TopicRow,
)

# Against subscription bombing: then silence, with the same answer on the page. Source: Spamhaus' advice to list owners.
_CONFIRMATION_EVERY: Final = timedelta(hours=24)
_CONFIRMATIONS_IN: Final = timedelta(days=30)
_MOST_CONFIRMATIONS: Final = 3
_LINK_EVERY: Final = timedelta(minutes=10)
_LINKS_IN: Final = timedelta(hours=24)
_MOST_LINKS: Final = 3


class Consent(StrEnum):
    """What a consent event says."""

    REQUESTED = "requested"
    CONFIRMED = "confirmed"
    CHOICE_CHANGED = "choice_changed"
    PAUSED = "paused"
    RESUMED = "resumed"
    UNSUBSCRIBED = "unsubscribed"


@dataclass(frozen=True, slots=True)
class Visit:
    """From where a reader acted: the proof kept beside every change. text_version: of the words agreed to, if any."""

    ip: str = ""
    user_agent: str = ""
    page: str = ""
    language: str = ""
    text_version: str = ""


@dataclass(frozen=True, slots=True)
class SignUp:
    """What somebody asks for on the sign-up form. address_key: what addresses are compared by.

    suppression: `domain.tokens.suppression_mark` of the address.
    """

    newsletter_id: int
    address: str
    address_key: str
    suppression: str
    choice: Choice


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request for mail leads to: the notice to send, or none (the limits, a suppression)."""

    subscription_id: int
    notice: NoticeKind


def sign_up(session: Session, wanted: SignUp, visit: Visit, now: datetime) -> Answer | None:
    """Keep a request that waits for confirmation, and say which notice answers it; None: stay silent.

    Who is confirmed already is mailed their link and keeps their choice, whoever filled in the form. The caller answers
    everybody in the same words. Raises ValueError when the newsletter offers none of the topics or has no schedule.
    """
    topics = _offered(session, wanted.newsletter_id, wanted.choice.topics)
    schedule = default_schedule(session, wanted.newsletter_id)
    if not topics or schedule is None:
        message = "The newsletter does not offer this."
        raise ValueError(message)
    if session.get(SuppressionRow, wanted.suppression) is not None:
        return None
    choice = Choice(frozenset(topics), wanted.choice.language)
    session.execute(
        insert_new(session, SubscriberRow).values(
            address=wanted.address, address_key=wanted.address_key, name="", created_at=now
        )
    )
    subscriber_id = session.execute(
        select(col(SubscriberRow.id)).where(col(SubscriberRow.address_key) == wanted.address_key).with_for_update()
    ).scalar_one()
    subscription = _own_subscription(session, wanted.newsletter_id, subscriber_id)
    if subscription is None:
        subscription = SubscriptionRow(
            newsletter_id=wanted.newsletter_id,
            subscriber_id=subscriber_id,
            schedule_id=schedule.id,
            segment_id=intern_choice(session, choice),
            created_at=now,
        )
        session.add(subscription)
        session.flush()
    if subscription.status is not SubscriptionStatus.CONFIRMED:
        subscription.status = SubscriptionStatus.UNCONFIRMED
        _choose(session, subscription, choice, topics, now)
        _record(session, subscription, Consent.REQUESTED, visit, now, topics=sorted(topics))
    return _answer(session, subscription, now)


def is_due(session: Session, subscription_id: int, kind: NoticeKind, now: datetime) -> bool:
    """Whether this notice may be made now. In a write transaction the answer holds until it ends.

    A confirmation or link: within the limits. A welcome: the reader confirmed and had none since.
    """
    subscription = _locked(session, subscription_id)
    if subscription is None:
        return False
    if kind is not NoticeKind.WELCOME:
        return _answer(session, subscription, now) == Answer(subscription_id, kind)
    if subscription.status is not SubscriptionStatus.CONFIRMED or subscription.confirmed_at is None:
        return False
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
    answers = (_answer(session, row, now) for row in rows.all())
    return [answer for answer in answers if answer is not None]


def confirm(session: Session, subscription_id: int, visit: Visit, now: datetime) -> bool:
    """Start a subscription; whether it was this call that did. Their window begins at the articles there are now.

    Only a pending request can be confirmed: an old link does not bring back somebody who left.
    """
    subscription = _locked(session, subscription_id)
    if subscription is None or subscription.status is not SubscriptionStatus.UNCONFIRMED:
        return False
    subscription.status = SubscriptionStatus.CONFIRMED
    subscription.confirmed_at = now
    subscription.unsubscribed_at = None
    subscription.paused_until = None
    subscription.from_seq = counter(session, "seq")
    _record(session, subscription, Consent.CONFIRMED, visit, now)
    return True


def change_choice(session: Session, subscription_id: int, choice: Choice, visit: Visit, now: datetime) -> bool:
    """Give a confirmed reader other topics or another language; whether anything changed.

    Waiting digests stay as they were planned. Raises ValueError when the newsletter offers none of the topics.
    """
    subscription = _locked(session, subscription_id)
    if subscription is None or subscription.status is not SubscriptionStatus.CONFIRMED:
        return False
    topics = _offered(session, subscription.newsletter_id, choice.topics)
    if not topics:
        message = "Choose at least one topic, or unsubscribe."
        raise ValueError(message)
    before = _topics_of(session, subscription_id)
    if before == set(topics) and subscription.language == choice.language:
        return False
    _choose(session, subscription, Choice(frozenset(topics), choice.language), topics, now)
    _record(session, subscription, Consent.CHOICE_CHANGED, visit, now, before=sorted(before), topics=sorted(topics))
    return True


def pause(session: Session, subscription_id: int, until: datetime, visit: Visit, now: datetime) -> bool:
    """Send nothing until an instant (aware UTC), then one catch-up; whether the reader is paused now.

    What waits for them is cancelled, and their window keeps its start, so nothing is lost.
    """
    subscription = _locked(session, subscription_id)
    if subscription is None or subscription.status is not SubscriptionStatus.CONFIRMED:
        return False
    subscription.from_seq = start_when_leaving(session, subscription_id)
    _cancel_waiting(session, subscription, now)
    subscription.paused_until = until
    _record(session, subscription, Consent.PAUSED, visit, now, until=until.isoformat())
    return True


def resume(session: Session, subscription_id: int, visit: Visit, now: datetime) -> bool:
    """End a pause early; whether there was one."""
    subscription = _locked(session, subscription_id)
    if subscription is None or subscription.paused_until is None:
        return False
    subscription.paused_until = None
    _record(session, subscription, Consent.RESUMED, visit, now)
    return True


def unsubscribe(session: Session, subscription_id: int, visit: Visit, now: datetime) -> bool:
    """End a subscription and cancel everything that waits for its reader; whether it was this call that did."""
    subscription = _locked(session, subscription_id)
    if subscription is None or subscription.status is SubscriptionStatus.UNSUBSCRIBED:
        return False
    subscription.status = SubscriptionStatus.UNSUBSCRIBED
    subscription.unsubscribed_at = now
    subscription.paused_until = None
    _cancel_waiting(session, subscription, now)
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
    _record(session, subscription, Consent.UNSUBSCRIBED, visit, now)
    return True


def _answer(session: Session, subscription: SubscriptionRow, now: datetime) -> Answer | None:
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


def _locked(session: Session, subscription_id: int) -> SubscriptionRow | None:
    return session.get(SubscriptionRow, subscription_id, with_for_update=True)


def _own_subscription(session: Session, newsletter_id: int, subscriber_id: int) -> SubscriptionRow | None:
    return session.execute(
        select(SubscriptionRow)
        .where(col(SubscriptionRow.newsletter_id) == newsletter_id, col(SubscriptionRow.subscriber_id) == subscriber_id)
        .with_for_update()
    ).scalar_one_or_none()


def _offered(session: Session, newsletter_id: int, topics: frozenset[str]) -> dict[str, int]:
    """Which of these topics the newsletter offers: slug → id."""
    rows = session.execute(
        select(col(TopicRow.slug), col(TopicRow.id))
        .join(NewsletterTopicRow, col(NewsletterTopicRow.topic_id) == col(TopicRow.id))
        .where(
            col(NewsletterTopicRow.newsletter_id) == newsletter_id,
            col(TopicRow.slug).in_(topics),
            col(TopicRow.enabled),
        )
    )
    return {slug: topic_id for slug, topic_id in rows if topic_id is not None}


def _topics_of(session: Session, subscription_id: int) -> set[str]:
    rows = session.execute(
        select(col(TopicRow.slug))
        .join(SubscriptionTopicRow, col(SubscriptionTopicRow.topic_id) == col(TopicRow.id))
        .where(col(SubscriptionTopicRow.subscription_id) == subscription_id)
    )
    return set(rows.scalars())


def _choose(
    session: Session, subscription: SubscriptionRow, choice: Choice, topics: dict[str, int], now: datetime
) -> None:
    """Make the subscription's topics exactly these; a topic that stays keeps the instant it was chosen."""
    rows = session.execute(
        select(SubscriptionTopicRow).where(col(SubscriptionTopicRow.subscription_id) == subscription.id)
    ).scalars()
    kept = {row.topic_id: row for row in rows}
    for topic_id, row in kept.items():
        if topic_id not in topics.values():
            session.delete(row)
    for topic_id in topics.values():
        if topic_id not in kept:
            session.add(SubscriptionTopicRow(subscription_id=subscription.id or 0, topic_id=topic_id, chosen_at=now))
    subscription.language = choice.language
    subscription.segment_id = intern_choice(session, choice)
    session.flush()


def _cancel_waiting(session: Session, subscription: SubscriptionRow, now: datetime) -> None:
    """Cancel this reader's waiting issues. The take-off is a conditional UPDATE of the same rows: the first commit wins."""
    issues = select(col(IssueRow.id)).where(col(IssueRow.newsletter_id) == subscription.newsletter_id)
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


def _record(
    session: Session,
    subscription: SubscriptionRow,
    event: Consent,
    visit: Visit,
    now: datetime,
    **detail: Any,  # noqa: ANN401 - kept as JSON
) -> None:
    session.add(
        ConsentEventRow(
            subscription_id=subscription.id or 0,
            event=event,
            at=now,
            ip=visit.ip,
            user_agent=visit.user_agent,
            page=visit.page,
            text_version=visit.text_version,
            language=visit.language or subscription.language,
            detail=detail,
        )
    )
