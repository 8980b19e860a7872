"""Readers' own feeds: made when a reader asks for one, void as soon as they say so."""

import secrets
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import select, update
from sqlmodel import Session, col

from syndication.domain.states import SubscriptionStatus
from syndication.store.tables import PrivateFeedRow, SubscriptionRow, SubscriptionTopicRow

_ID_BITS: Final = 39
"""What a token has room for. Drawn at random, because a database may give the id of a deleted row again."""


class FeedChoice(NamedTuple):
    """What a private feed holds now. topics: ids. is_void: it was revoked, or its reader left."""

    topics: tuple[int, ...]
    language: str
    is_void: bool


def private_feed_of(session: Session, subscription_id: int) -> int | None:
    """The id of a reader's private feed, None while they have none."""
    own = select(col(PrivateFeedRow.id)).where(
        col(PrivateFeedRow.subscription_id) == subscription_id, col(PrivateFeedRow.revoked_at).is_(None)
    )
    return session.execute(own).scalar()


def renew_private_feed(session: Session, subscription_id: int, now: datetime) -> int:
    """Give a reader a private feed at a new address, answered as its id; the old address is void. now: aware UTC."""
    # One at a time for each reader, or two forms sent at once would leave two addresses.
    session.execute(select(col(SubscriptionRow.id)).where(col(SubscriptionRow.id) == subscription_id).with_for_update())
    revoke_private_feed(session, subscription_id, now)
    new_id = secrets.randbits(_ID_BITS)
    session.add(PrivateFeedRow(id=new_id, subscription_id=subscription_id, created_at=now))
    return new_id


def revoke_private_feed(session: Session, subscription_id: int, now: datetime) -> None:
    """Make the address of a reader's private feed void for good."""
    session.execute(
        update(PrivateFeedRow)
        .where(col(PrivateFeedRow.subscription_id) == subscription_id, col(PrivateFeedRow.revoked_at).is_(None))
        .values(revoked_at=now)
    )


def choice_of(session: Session, private_feed_id: int) -> FeedChoice | None:
    """What a private feed holds; None when there never was one with this id."""
    found = session.execute(
        select(
            col(PrivateFeedRow.revoked_at),
            col(SubscriptionRow.id),
            col(SubscriptionRow.status),
            col(SubscriptionRow.language),
        )
        .join(SubscriptionRow, col(SubscriptionRow.id) == col(PrivateFeedRow.subscription_id))
        .where(col(PrivateFeedRow.id) == private_feed_id)
    ).first()
    if found is None:
        return None
    revoked_at, subscription_id, status, language = found
    topics = session.execute(
        select(col(SubscriptionTopicRow.topic_id))
        .where(col(SubscriptionTopicRow.subscription_id) == subscription_id)
        .order_by(col(SubscriptionTopicRow.topic_id))
    ).scalars()
    is_void = revoked_at is not None or status is not SubscriptionStatus.CONFIRMED
    return FeedChoice(tuple(topics), language, is_void)
