"""Finding readers among a million: by the beginning of an address, by topic, by status; and counting them in one scan."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, collate, exists, func, or_
from sqlalchemy.orm import Mapped
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import Select

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
    """Which subscriptions. begins: of the address, as it is compared; "" for any. before: only what is listed after this id."""

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
    """The newest subscriptions of this kind, or those in order of address that begin so; at most `limit`.

    Read in the order of an index, so a million rows do not matter.
    """
    statement = (
        select(SubscriptionRow, SubscriberRow.address, NewsletterRow.slug)
        .join(SubscriberRow, col(SubscriberRow.id) == col(SubscriptionRow.subscriber_id))
        .join(NewsletterRow, col(NewsletterRow.id) == col(SubscriptionRow.newsletter_id))
        .limit(limit)
    )
    statement = _by_address(session, statement, wanted) if wanted.begins else _by_age(statement, wanted)
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
        for row, address, newsletter in session.exec(statement)
    ]


def has_more_readers(session: Session, newsletter_id: int, number: int) -> bool:
    """Whether a newsletter has more subscriptions than this; reads no more of them than that."""
    beyond = select(SubscriptionRow.newsletter_id).where(SubscriptionRow.newsletter_id == newsletter_id)
    return session.exec(beyond.offset(number).limit(1)).first() is not None


@dataclass(frozen=True, slots=True)
class Counted:
    """Subscriptions of one schedule with one status. paused: those confirmed whose pause lasts beyond its next slot."""

    schedule_id: int
    status: SubscriptionStatus
    number: int
    paused: int


def count_readers(session: Session, now: datetime) -> list[Counted]:
    """All subscriptions by schedule and status, in one scan of one index. now: aware UTC, for slots that are due."""
    schedule_id, status = col(SubscriptionRow.schedule_id), col(SubscriptionRow.status)
    until = col(SubscriptionRow.paused_until)
    away = (
        select(func.count())
        .where(schedule_id == col(ScheduleRow.id), status == SubscriptionStatus.CONFIRMED)
        .where(until > col(ScheduleRow.next_slot), until > now)
    )
    paused = dict(session.exec(select(ScheduleRow.id, away.scalar_subquery())).all())
    counted = session.exec(select(schedule_id, status, func.count()).group_by(schedule_id, status))
    return [
        Counted(of, word, number, paused[of] if word is SubscriptionStatus.CONFIRMED else 0)
        for of, word, number in counted
    ]


_Rows = Select[SubscriptionRow, str, str]


def _by_age(statement: _Rows, wanted: Wanted) -> _Rows:
    number = col(SubscriptionRow.id)
    if wanted.status is not None:
        statement = statement.where(SubscriptionRow.status == wanted.status)
    if wanted.topic_id is not None:
        number = col(SubscriptionTopicRow.subscription_id)
        statement = statement.join(SubscriptionTopicRow, number == col(SubscriptionRow.id))
        statement = statement.where(SubscriptionTopicRow.topic_id == wanted.topic_id)
    if wanted.before is not None:
        statement = statement.where(number < wanted.before)
    return statement.order_by(number.desc())


def _by_address(session: Session, statement: _Rows, wanted: Wanted) -> _Rows:
    key, number = col(SubscriberRow.address_key), col(SubscriptionRow.id)
    if wanted.status is not None:
        # SQLite would take the index of statuses, which is not in order of address; it cannot for an expression.
        status = col(SubscriptionRow.status)
        word = func.coalesce(status, "") if _is_sqlite(session) else status
        statement = statement.where(word == wanted.status)
    if wanted.topic_id is not None:
        chosen = exists().where(
            col(SubscriptionTopicRow.subscription_id) == number,
            col(SubscriptionTopicRow.topic_id) == wanted.topic_id,
        )
        statement = statement.where(chosen)
    if wanted.before is not None:
        last = select(key).join(SubscriptionRow).where(number == wanted.before)
        seen = session.exec(last).first() or ""
        statement = statement.where(key >= seen, or_(key > seen, number < wanted.before))
    return statement.where(*_begins(session, wanted.begins)).order_by(_ordered(session, key), number.desc())


def _ordered(session: Session, key: Mapped[str]) -> ColumnElement[str]:
    """In the order of the index of beginnings, which on PostgreSQL is that of bytes."""
    return collate(key, "BINARY" if _is_sqlite(session) else "C")


def _begins(session: Session, begins: str) -> tuple[ColumnElement[bool], ...]:
    """Conditions that an index answers: a range on SQLite, LIKE with the operators of patterns on PostgreSQL."""
    if _is_sqlite(session):
        return (col(SubscriberRow.address_key) >= begins, col(SubscriberRow.address_key) < begins + "\U0010ffff")
    escaped = begins.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return (col(SubscriberRow.address_key).like(f"{escaped}%", escape="\\"),)


def _is_sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"
