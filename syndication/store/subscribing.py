"""What readers do → subscription and proof: sign up, confirm, choose; pausing and leaving are in `store.leaving`.

Each function belongs into one write transaction of its own (`database.write()`) and leaves a consent event.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from syndication.domain.newsletters import Choice
from syndication.domain.states import NoticeKind, SubscriptionStatus
from syndication.domain.suppression import may_confirm
from syndication.store.answering import Answer, answer, was_asked
from syndication.store.consent import Consent, Visit, record
from syndication.store.counters import counter
from syndication.store.inserting import insert_new
from syndication.store.leaving import unsubscribe
from syndication.store.newsletters import default_schedule
from syndication.store.segments import intern_choice
from syndication.store.tables import (
    NewsletterTopicRow,
    SubscriberRow,
    SubscriptionRow,
    SubscriptionTopicRow,
    SuppressionRow,
    TopicRow,
)


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


def sign_up(session: Session, wanted: SignUp, visit: Visit, now: datetime) -> Answer | None:
    """Keep a request that waits for confirmation, and say which notice answers it; None: stay silent.

    Who is confirmed already is mailed their link and keeps their choice, whoever filled in the form. Whose address is
    suppressed is asked once in 30 days where their own confirmation may lift that, else never. The caller answers
    everybody in the same words. Raises ValueError when the newsletter offers none of the topics or has no schedule.
    """
    topics = _offered(session, wanted.newsletter_id, wanted.choice.topics)
    schedule = default_schedule(session, wanted.newsletter_id)
    if not topics or schedule is None:
        message = "The newsletter does not offer this."
        raise ValueError(message)
    suppressed = session.get(SuppressionRow, wanted.suppression)
    if suppressed is not None and not _may_ask(session, suppressed.reason, wanted.address_key, now):
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
        record(session, subscription, Consent.REQUESTED, visit, now, topics=sorted(topics))
    found = answer(session, subscription, now)
    return found if suppressed is None or (found and found.notice is NoticeKind.CONFIRM) else None


def confirm(session: Session, subscription_id: int, visit: Visit, now: datetime) -> bool:
    """Start a subscription; whether it was this call that did. Their window begins at the articles there are now.

    Only a pending request can be confirmed: an old link does not bring back somebody who left.
    """
    subscription = session.get(SubscriptionRow, subscription_id, with_for_update=True)
    if subscription is None or subscription.status is not SubscriptionStatus.UNCONFIRMED:
        return False
    subscription.status = SubscriptionStatus.CONFIRMED
    subscription.confirmed_at = now
    subscription.unsubscribed_at = None
    subscription.paused_until = None
    subscription.from_seq = counter(session, "seq")
    if subscription.replaces:
        _take_over(session, subscription, visit, now)
    record(session, subscription, Consent.CONFIRMED, visit, now)
    return True


def change_choice(session: Session, subscription_id: int, choice: Choice, visit: Visit, now: datetime) -> bool:
    """Give a confirmed reader other topics or another language; whether anything changed.

    Waiting digests stay as they were planned. Raises ValueError when the newsletter offers none of the topics.
    """
    subscription = session.get(SubscriptionRow, subscription_id, with_for_update=True)
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
    record(session, subscription, Consent.CHOICE_CHANGED, visit, now, before=sorted(before), topics=sorted(topics))
    return True


def _may_ask(session: Session, reason: str, address_key: str, now: datetime) -> bool:
    """Whether a suppressed address is asked by mail. Seldom: it refused mail, or its reader wanted none."""
    return may_confirm(reason, address_key) and not was_asked(session, address_key, now)


def _take_over(session: Session, new: SubscriptionRow, visit: Visit, now: datetime) -> None:
    """End the subscription that this one replaces, and go on where it was: nothing twice, nothing lost."""
    old = session.get(SubscriptionRow, new.replaces, with_for_update=True)
    if old is None or not unsubscribe(session, old.id or 0, visit, now):
        new.replaces = None  # it ended meanwhile: this is a reader like any other
        return
    new.from_seq, new.schedule_id = old.from_seq, old.schedule_id


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
