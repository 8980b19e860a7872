"""What is not kept: requests that nobody confirmed, the fates of mails and texts that no feed shows after their time."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Select, delete, exists, select, update
from sqlmodel import Session, col

from syndication.domain.states import SubscriptionStatus
from syndication.store.counters import counter
from syndication.store.database import changed
from syndication.store.feed_plans import EVERYTHING
from syndication.store.tables import (
    FOR_GOOD,
    ArchiveEntryRow,
    ArticleRow,
    ClassificationHistoryRow,
    ClassificationRow,
    ConsentEventRow,
    DeliveryRow,
    IssueRow,
    NoticeRow,
    SubscriberRow,
    SubscriptionRow,
    SubscriptionTopicRow,
    metadata,
)

UNCONFIRMED_FOR: Final = timedelta(days=7)
DELIVERIES_FOR: Final = timedelta(days=396)
"""Thirteen months: a year, and the time to look back at it."""

MONTH: Final = timedelta(days=31)

_AT_ONCE: Final = 500
_ROWS_AT_ONCE: Final = 5_000
_TEXT: Final = metadata.tables["article_text"]
_NO_SYNC: Final = {"synchronize_session": False}


def remove_unconfirmed(session: Session, now: datetime) -> int:
    """Remove some requests that waited longer than a week, and who has nothing else here; answers how many. now: aware UTC.

    They are locked: who confirms at this moment either has done so before, and stays, or comes too late.
    """
    last_asked = (
        select(col(ConsentEventRow.id))
        .where(
            col(ConsentEventRow.subscription_id) == col(SubscriptionRow.id),
            col(ConsentEventRow.at) > now - UNCONFIRMED_FOR,
        )
        .exists()
    )
    chosen = session.execute(
        select(col(SubscriptionRow.id), col(SubscriptionRow.subscriber_id))
        .where(
            col(SubscriptionRow.status) == SubscriptionStatus.UNCONFIRMED,
            col(SubscriptionRow.created_at) <= now - UNCONFIRMED_FOR,
            ~last_asked,
        )
        .limit(_AT_ONCE)
        .with_for_update(of=SubscriptionRow)
    ).all()
    subscriptions, people = [number for number, _ in chosen], {number for _, number in chosen}
    session.execute(delete(ConsentEventRow).where(col(ConsentEventRow.subscription_id).in_(subscriptions)))
    session.execute(delete(SubscriptionTopicRow).where(col(SubscriptionTopicRow.subscription_id).in_(subscriptions)))
    session.execute(delete(SubscriptionRow).where(col(SubscriptionRow.id).in_(subscriptions)))
    left = _without_anything(session, people)
    session.execute(delete(NoticeRow).where(col(NoticeRow.subscriber_id).in_(left)))
    session.execute(delete(SubscriberRow).where(col(SubscriberRow.id).in_(left)))
    return len(chosen)


def remove_old_deliveries(session: Session, now: datetime) -> int:
    """Remove some deliveries of issues that closed more than 13 months ago; answers how many. now: aware UTC."""
    closed = select(col(IssueRow.id)).where(col(IssueRow.closed_at) <= now - DELIVERIES_FOR)
    some = (
        select(col(DeliveryRow.issue_id), col(DeliveryRow.subscriber_id))
        .where(col(DeliveryRow.issue_id).in_(closed))
        .limit(_ROWS_AT_ONCE)
    )
    rows = session.execute(some).all()
    removed = 0
    for issue_id in {row[0] for row in rows}:
        readers = [subscriber for issue, subscriber in rows if issue == issue_id]
        gone = delete(DeliveryRow).where(
            col(DeliveryRow.issue_id) == issue_id, col(DeliveryRow.subscriber_id).in_(readers)
        )
        removed += changed(session, gone)
    return removed


def texts_to_drop(session: Session, before: datetime, after: int, limit: int) -> list[int]:
    """The ids of articles beyond an id whose whole texts nobody meets, in order, at most `limit`. before: aware UTC.

    First seen until then, looked at with the rules in force, and in no topic and no history of a feed, now or ever.
    """
    statement = _textful(session, before).where(col(ArticleRow.id) > after).order_by(col(ArticleRow.id)).limit(limit)
    return list(session.scalars(statement))


def drop_texts(session: Session, article_ids: Sequence[int], before: datetime) -> int:
    """Drop the whole texts of those of these articles that `texts_to_drop` still names; answers of how many.

    Titles, summaries, ids and hashes stay, and so do verdicts: rules would see less than they were given on.
    """
    # Whoever sorts them at this moment has done so, or finds them looked at for good.
    chosen = col(ArticleRow.id).in_(article_ids)
    session.execute(select(col(ArticleRow.id)).where(chosen).order_by(col(ArticleRow.id)).with_for_update())
    ids = list(session.scalars(_textful(session, before).where(chosen)))
    if not ids:
        return 0
    of_these = _TEXT.columns.article_id.in_(ids)
    bare = [column for column in _TEXT.columns if column.name != "content"]
    texts = [{**row, "content": ""} for row in session.execute(select(*bare).where(of_these)).mappings()]
    # Not changed in place: of rows that become shorter SQLite gives no page back (measured).
    session.execute(_TEXT.delete().where(of_these))
    session.execute(_TEXT.insert(), texts)
    looked_at = update(ArticleRow).where(col(ArticleRow.id).in_(ids)).values(rules_version=FOR_GOOD)
    session.execute(looked_at, execution_options=_NO_SYNC)
    return len(ids)


def _textful(session: Session, before: datetime) -> Select[int | None]:
    of = col(ArticleRow.id)
    now_accepted = exists().where(col(ClassificationRow.article_id) == of, col(ClassificationRow.accepted))
    ever_accepted = exists().where(
        col(ClassificationHistoryRow.article_id) == of, col(ClassificationHistoryRow.accepted)
    )
    # What is in the history of any feed is in that of the feed of everything, where it is found by its key.
    everything = col(ArchiveEntryRow.feed) == EVERYTHING
    in_archives = exists().where(everything, col(ArchiveEntryRow.article_id) == of)
    return select(of).where(
        col(ArticleRow.first_seen_at) <= before,
        col(ArticleRow.rules_version).between(counter(session, "rules"), FOR_GOOD - 1),
        col(ArticleRow.seq).is_(None),
        ~now_accepted,
        ~ever_accepted,
        ~in_archives,
    )


def _without_anything(session: Session, people: set[int]) -> list[int]:
    """Those who have neither a subscription nor a delivery."""
    used = set(
        session.execute(
            select(col(SubscriptionRow.subscriber_id)).where(col(SubscriptionRow.subscriber_id).in_(people))
        ).scalars()
    )
    used |= set(
        session.execute(
            select(col(DeliveryRow.subscriber_id)).where(col(DeliveryRow.subscriber_id).in_(people))
        ).scalars()
    )
    return sorted(people - used)
