"""Tables of people who read: subscriber, subscription with its topics, segment, suppression, consent event."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from syndication.domain.states import SubscriptionStatus
from syndication.store.tables.columns import big_key, big_reference, json_column, words


class SubscriberRow(SQLModel, table=True):
    """A person. `address_key` is the address as it is compared.

    Once erased the address is empty and the key names the row, see `store.erasing`.
    """

    __tablename__ = "subscriber"
    __table_args__ = (
        # For 'begins with': PostgreSQL needs the operators of patterns.
        Index("ix_subscriber_address_key_prefix", "address_key", postgresql_ops={"address_key": "text_pattern_ops"}),
    )

    id: int | None = big_key()
    address: str
    address_key: str = Field(unique=True)
    name: str = ""
    created_at: datetime


class SegmentRow(SQLModel, table=True):
    """An interned choice (`domain.newsletters.Choice.key`): readers with the same choice share a segment."""

    __tablename__ = "segment"

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    language: str


class SegmentTopicRow(SQLModel, table=True):
    """A topic of a segment."""

    __tablename__ = "segment_topic"

    segment_id: int = Field(foreign_key="segment.id", primary_key=True)
    topic_id: int = Field(foreign_key="topic.id", primary_key=True)


class SubscriptionRow(SQLModel, table=True):
    """A person's relation to a newsletter. `from_seq`: a window start of their own (architecture, section 2, rule 5).

    replaces: the subscription at another address that this one takes over when it is confirmed.
    """

    __tablename__ = "subscription"
    __table_args__ = (
        UniqueConstraint("newsletter_id", "subscriber_id"),
        Index("ix_subscription_schedule_id_subscriber_id", "schedule_id", "subscriber_id"),
        Index("ix_subscription_counts", "schedule_id", "status", "paused_until"),
        Index("ix_subscription_status_id", "status", "id"),
    )

    id: int | None = big_key()
    newsletter_id: int = Field(foreign_key="newsletter.id")
    subscriber_id: int = big_reference("subscriber.id", index=True)
    status: SubscriptionStatus = words(SubscriptionStatus, SubscriptionStatus.UNCONFIRMED)
    schedule_id: int = Field(foreign_key="schedule.id")
    segment_id: int = Field(foreign_key="segment.id")
    language: str = "en"
    from_seq: int | None = Field(default=None, sa_type=BigInteger)
    replaces: int | None = Field(default=None, sa_type=BigInteger)
    paused_until: datetime | None = None
    created_at: datetime
    confirmed_at: datetime | None = None
    unsubscribed_at: datetime | None = None


class SubscriptionTopicRow(SQLModel, table=True):
    """A topic that a reader chose; the truth from which the segment is derived."""

    __tablename__ = "subscription_topic"
    __table_args__ = (Index("ix_subscription_topic_topic_id_subscription_id", "topic_id", "subscription_id"),)

    subscription_id: int = big_reference("subscription.id", primary_key=True)
    topic_id: int = Field(foreign_key="topic.id", primary_key=True)
    chosen_at: datetime


class SuppressionRow(SQLModel, table=True):
    """An address never mailed again: HMAC-SHA256 of the address key under the suppression key, which never rotates."""

    __tablename__ = "suppression"
    __table_args__ = (Index("ix_suppression_created_at", "created_at", "hmac"),)

    hmac: str = Field(primary_key=True, max_length=64)
    reason: str
    created_at: datetime


class ConsentEventRow(SQLModel, table=True):
    """What a reader asked for or agreed to, when and from where; append-only."""

    __tablename__ = "consent_event"

    id: int | None = big_key()
    subscription_id: int = big_reference("subscription.id", index=True)
    event: str = Field(max_length=32)
    at: datetime
    ip: str = ""
    user_agent: str = ""
    page: str = ""
    text_version: str = ""
    language: str = ""
    detail: dict[str, Any] = json_column(dict)
