"""Finding readers among a million: by the beginning of an address, by topic, by status; and counting them in one scan."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, case, func
from sqlmodel import Session, col, select

from syndication.domain.states import SubscriptionStatus
from syndication.store.tables import (
    NewsletterRow,
    ScheduleRow,
    SubscriberRow,
    SubscriptionRow,
    SubscriptionTopicRow,
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which subscriptions. begins: of the address, as it is compared; "" for any. before: only with a smaller id."""

    begins: str = ""
    topic_id: int | None = None
    status: SubscriptionStatus | None = None
    before: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """One subscription. Instants: aware UTC."""

    subscription_id: int
    subscriber_id: int
    address: str
    newsletter: str
    status: SubscriptionStatus
    language: str
    paused_until: datetime | None
    created_at: datetime
    confirmed_at: datetime | None


def find_readers(session: Session, wanted: Wanted, limit: int) -> list[Found]:
    """The newest subscriptions of this kind, at most `limit`; read in the order of an index, so a million rows do not matter."""
    statement = (
        select(SubscriptionRow, SubscriberRow.address, NewsletterRow.slug)
        .join(SubscriberRow, col(SubscriberRow.id) == col(SubscriptionRow.subscriber_id))
        .join(NewsletterRow, col(NewsletterRow.id) == col(SubscriptionRow.newsletter_id))
        .limit(limit)
    )
    if wanted.topic_id is not None:
        statement = statement.join(
            SubscriptionTopicRow, col(SubscriptionTopicRow.subscription_id) == col(SubscriptionRow.id)
        ).where(SubscriptionTopicRow.topic_id == wanted.topic_id)
    if wanted.begins:
        statement = statement.where(*_begins(session, wanted.begins))
    if wanted.status is not None:
        statement = statement.where(SubscriptionRow.status == wanted.status)
    number = col(SubscriptionRow.id) if wanted.topic_id is None else col(SubscriptionTopicRow.subscription_id)
    if wanted.before is not None:
        statement = statement.where(number < wanted.before)
    return [
        Found(
            row.id or 0,
            row.subscriber_id,
            address,
            newsletter,
            row.status,
            row.language,
            row.paused_until,
            row.created_at,
            row.confirmed_at,
        )
        for row, address, newsletter in session.exec(statement.order_by(number.desc()))
    ]


@dataclass(frozen=True, slots=True)
class Counted:
    """Subscriptions of one schedule with one status. paused: those whose pause lasts beyond its next slot."""

    schedule_id: int
    status: SubscriptionStatus
    number: int
    paused: int


def count_readers(session: Session) -> list[Counted]:
    """All subscriptions by schedule and status, in one scan of one index."""
    later = case((col(SubscriptionRow.paused_until) > col(ScheduleRow.next_slot), 1))
    statement = (
        select(SubscriptionRow.schedule_id, SubscriptionRow.status, func.count(), func.count(later))
        .join(ScheduleRow, col(ScheduleRow.id) == col(SubscriptionRow.schedule_id))
        .group_by(col(SubscriptionRow.schedule_id), col(SubscriptionRow.status))
    )
    return [
        Counted(schedule_id, SubscriptionStatus(status), number, paused)
        for schedule_id, status, number, paused in session.exec(statement)
    ]


def _begins(session: Session, begins: str) -> tuple[ColumnElement[bool], ...]:
    """Conditions that an index answers: a range on SQLite, LIKE with the operators of patterns on PostgreSQL."""
    if session.get_bind().dialect.name == "sqlite":
        return (col(SubscriberRow.address_key) >= begins, col(SubscriberRow.address_key) < begins + "\U0010ffff")
    escaped = begins.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return (col(SubscriberRow.address_key).like(f"{escaped}%", escape="\\"),)
