"""Erasing a reader: their address leaves every table; a keyed hash stays, so that nothing ever mails it again."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Final

from sqlalchemy import delete, select, text, update
from sqlmodel import Session, col

from syndication.domain.suppression import ERASED
from syndication.domain.tokens import suppression_mark
from syndication.store.bouncing import forget_incoming
from syndication.store.counting import recount_readers
from syndication.store.database import Database
from syndication.store.suppressing import suppress
from syndication.store.tables import (
    ConsentEventRow,
    DeliveryRow,
    NoticeRow,
    PrivateFeedRow,
    SubscriberRow,
    SubscriptionRow,
    SubscriptionTopicRow,
)

_AT_ONCE: Final = 5_000


def erase(session: Session, key: bytes, subscriber_id: int, now: datetime) -> bool:
    """Forget who a reader is; whether there was anything to forget. Their deliveries stay as numbers in the ledger.

    key: the suppression key. Waiting mails are settled in the same transaction, so none takes off after it.
    """
    row = session.get(SubscriberRow, subscriber_id, with_for_update=True)
    if row is None or not row.address:
        return False
    if session.get_bind().dialect.name == "sqlite":
        # Else the old bytes stay in the file until the page is used again.
        session.execute(text("PRAGMA secure_delete = ON"))
    suppress(session, key, [subscriber_id], ERASED, now)
    own = select(col(SubscriptionRow.id)).where(col(SubscriptionRow.subscriber_id) == subscriber_id)
    session.execute(delete(ConsentEventRow).where(col(ConsentEventRow.subscription_id).in_(own)))
    session.execute(delete(PrivateFeedRow).where(col(PrivateFeedRow.subscription_id).in_(own)))
    session.execute(delete(SubscriptionTopicRow).where(col(SubscriptionTopicRow.subscription_id).in_(own)))
    recount_readers(session, [subscriber_id])
    forget_incoming(session, subscriber_id)
    for table in (DeliveryRow, NoticeRow):
        # A server's reply often repeats the address.
        session.execute(
            update(table)
            .where(col(table.subscriber_id) == subscriber_id)
            .values(reply="")
            .execution_options(synchronize_session=False)
        )
    row.address, row.name = "", ""
    row.address_key = f"{ERASED}:{subscriber_id}"  # no address, and unique
    return True


def find_reader(session: Session, address_key: str) -> int | None:
    """The subscriber with this address (as it is compared), None when there is none."""
    return session.execute(select(col(SubscriberRow.id)).where(col(SubscriberRow.address_key) == address_key)).scalar()


def marked_readers(database: Database, key: bytes, marks: Mapping[str, date]) -> Iterator[int]:
    """The subscribers whose address has one of these suppression marks: who was erased and came back with a backup.

    marks: with the day of the erasure; who signed up anew on a later day is another reader.
    """
    last = 0
    while marks:
        with database.read() as session:
            part = session.execute(
                select(col(SubscriberRow.id), col(SubscriberRow.address_key), col(SubscriberRow.created_at))
                .where(col(SubscriberRow.id) > last, col(SubscriberRow.address) != "")
                .order_by(col(SubscriberRow.id))
                .limit(_AT_ONCE)
            ).all()
        if not part:
            return
        for subscriber_id, address_key, created_at in part:
            last = subscriber_id or last
            erased_on = marks.get(suppression_mark(key, address_key))
            if erased_on and created_at.date() <= erased_on:
                yield last
