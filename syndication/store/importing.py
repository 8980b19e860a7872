"""Readers from a list → subscriptions: chunk by chunk, each with how far the import is in the same transaction.

What somebody said here counts more than any list: who left, is suppressed or chose for themselves stays as they are.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlalchemy import insert, select, update
from sqlmodel import Session, SQLModel, col

from syndication.domain.newsletters import Choice
from syndication.domain.states import SubscriptionStatus
from syndication.domain.suppression import OPTED_OUT
from syndication.store.consent import Consent
from syndication.store.counters import counter
from syndication.store.inserting import insert_new
from syndication.store.segments import intern_choice
from syndication.store.suppressing import suppress
from syndication.store.tables import (
    ConsentEventRow,
    NewsletterTopicRow,
    ReaderImportRejectRow,
    ReaderImportRow,
    SubscriberRow,
    SubscriptionRow,
    SubscriptionTopicRow,
    SuppressionRow,
    TopicRow,
)


class Fate(StrEnum):
    """What becomes of one record; the names are those of the counts. known: a subscription is there, and stays as it is."""

    ADDED = "added"
    KNOWN = "known"
    OPTED_OUT = "opted_out"
    SUPPRESSED = "suppressed"
    REJECTED = "rejected"


class NewReader(NamedTuple):
    """A record whose address can be mailed. key: what addresses are compared by. mark: its suppression mark.

    evidence: what the list says about the consent, kept as it is.
    """

    number: int
    address: str
    key: str
    mark: str
    name: str
    choice: Choice
    is_out: bool
    evidence: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Target:
    """Where an import leads. topics: slug → id of those the newsletter offers. consent: how the admin says they agreed."""

    newsletter_id: int
    schedule_id: int
    topics: Mapping[str, int]
    consent: str
    file_name: str
    suppression_key: bytes


@dataclass(frozen=True, slots=True)
class ImportProgress:
    """How far an import is: records taken, and the count of each fate."""

    id: int
    position: int
    counts: Mapping[Fate, int] = field(default_factory=lambda: MappingProxyType({}))
    finished_at: datetime | None = None


def offered_topics(session: Session, newsletter_id: int) -> dict[str, int]:
    """The topics of a newsletter, slug → id, in the order of its sections; switched-off ones are left out."""
    chosen = (
        select(col(TopicRow.slug), col(TopicRow.id))
        .join(NewsletterTopicRow, col(NewsletterTopicRow.topic_id) == col(TopicRow.id))
        .where(col(NewsletterTopicRow.newsletter_id) == newsletter_id, col(TopicRow.enabled))
        .order_by(col(NewsletterTopicRow.position))
    )
    return dict(session.execute(chosen).all())


def begin_import(session: Session, target: Target, key: str, now: datetime) -> ImportProgress:
    """The import with this key: a new one, or the one that was begun before, as far as it came."""
    session.execute(
        insert_new(session, ReaderImportRow).values(
            key=key,
            newsletter_id=target.newsletter_id,
            file_name=target.file_name,
            consent=target.consent,
            created_at=now,
            position=0,
            **dict.fromkeys(Fate, 0),
        )
    )
    return _progress(session.execute(select(ReaderImportRow).where(col(ReaderImportRow.key) == key)).scalar_one())


def fates_of(session: Session, target: Target, readers: Sequence[NewReader]) -> dict[int, Fate]:
    """What would become of these records now: number → fate. Of several with one address only the first counts."""
    return {number: fate for number, (fate, _) in _decide(session, target, readers).items()}


def take_chunk(
    session: Session,
    target: Target,
    progress: ImportProgress,
    chunk: tuple[Sequence[NewReader], Sequence[int]],
    now: datetime,
) -> ImportProgress | None:
    """Write one chunk (readers, and the numbers of the records that were refused) and move the import on.

    None when another process took this chunk: begin again.
    """
    readers, refused = chunk
    row = session.get(ReaderImportRow, progress.id, with_for_update=True)
    if row is None or row.position != progress.position:
        return None
    decided = _decide(session, target, readers)
    _add(session, target, [reader for reader in readers if decided[reader.number][0] is Fate.ADDED], now)
    left = [(reader, decided[reader.number][1]) for reader in readers if decided[reader.number][0] is Fate.OPTED_OUT]
    _keep_out(session, target, left, now)
    _insert(session, ReaderImportRejectRow, [{"import_id": row.id, "number": number} for number in refused])
    counted = Counter(fate for fate, _ in decided.values())
    counted[Fate.REJECTED] = len(refused)
    for fate, number in counted.items():
        setattr(row, fate, getattr(row, fate) + number)
    row.position += len(readers) + len(refused)
    session.flush()
    return _progress(row)


def finish_import(session: Session, progress: ImportProgress, now: datetime) -> None:
    """Every record is taken."""
    session.execute(update(ReaderImportRow).where(col(ReaderImportRow.id) == progress.id).values(finished_at=now))


def rejected_numbers(session: Session, import_id: int) -> frozenset[int]:
    """The numbers of the records that were refused."""
    chosen = select(col(ReaderImportRejectRow.number)).where(col(ReaderImportRejectRow.import_id) == import_id)
    return frozenset(session.execute(chosen).scalars())


def _decide(
    session: Session, target: Target, readers: Sequence[NewReader]
) -> dict[int, tuple[Fate, SubscriptionRow | None]]:
    """Number → fate, with the reader's subscription when there is one."""
    marks = select(col(SuppressionRow.hmac)).where(col(SuppressionRow.hmac).in_([one.mark for one in readers]))
    suppressed = set(session.execute(marks).scalars())
    # Two questions: in one, SQLite's planner begins with all readers of the newsletter (measured: 300 times slower).
    people = _people(session, [one.key for one in readers])
    rows = session.execute(
        select(SubscriptionRow).where(
            col(SubscriptionRow.newsletter_id) == target.newsletter_id,
            col(SubscriptionRow.subscriber_id).in_(people.values()),
        )
    ).scalars()
    subscriptions = {row.subscriber_id: row for row in rows}
    known = {key: subscriptions[number] for key, number in people.items() if number in subscriptions}
    seen: set[str] = set()
    decided: dict[int, tuple[Fate, SubscriptionRow | None]] = {}
    for reader in readers:
        subscription = known.get(reader.key)
        fate = _fate(reader, subscription, is_suppressed=reader.mark in suppressed, is_repeated=reader.key in seen)
        decided[reader.number] = fate, subscription
        seen.add(reader.key)
    return decided


def _fate(reader: NewReader, subscription: SubscriptionRow | None, *, is_suppressed: bool, is_repeated: bool) -> Fate:
    if is_suppressed:
        return Fate.SUPPRESSED
    if subscription is not None and subscription.status is SubscriptionStatus.UNSUBSCRIBED:
        return Fate.OPTED_OUT
    if reader.is_out:
        return Fate.OPTED_OUT
    return Fate.KNOWN if is_repeated or subscription is not None else Fate.ADDED


def _add(session: Session, target: Target, readers: Sequence[NewReader], now: datetime) -> None:
    if not readers:
        return
    people = [{"address": one.address, "address_key": one.key, "name": one.name, "created_at": now} for one in readers]
    session.connection().execute(insert_new(session, SubscriberRow), people)
    ids = _people(session, [one.key for one in readers])
    segments = {choice: intern_choice(session, choice) for choice in {one.choice for one in readers}}
    start = counter(session, "seq")
    common = {
        "newsletter_id": target.newsletter_id,
        "status": SubscriptionStatus.CONFIRMED,
        "schedule_id": target.schedule_id,
        "from_seq": start,
        "created_at": now,
        "confirmed_at": now,
    }
    rows = [
        {
            **common,
            "subscriber_id": ids[one.key],
            "segment_id": segments[one.choice],
            "language": one.choice.language,
        }
        for one in readers
    ]
    session.connection().execute(insert_new(session, SubscriptionRow), rows)
    own = _own_subscriptions(session, target, list(ids.values()))
    subscriptions = [(own[ids[one.key]], one) for one in readers if ids[one.key] in own]
    _insert(
        session,
        SubscriptionTopicRow,
        [
            {"subscription_id": number, "topic_id": target.topics[slug], "chosen_at": now}
            for number, one in subscriptions
            for slug in sorted(one.choice.topics)
        ],
    )
    _insert(session, ConsentEventRow, [_proof(number, one, target, now) for number, one in subscriptions])


def _people(session: Session, keys: Sequence[str]) -> dict[str, int]:
    """Address as it is compared → subscriber."""
    chosen = select(col(SubscriberRow.address_key), col(SubscriberRow.id)).where(
        col(SubscriberRow.address_key).in_(keys)
    )
    return dict(session.execute(chosen).all())


def _own_subscriptions(session: Session, target: Target, subscriber_ids: Sequence[int]) -> dict[int, int]:
    """Subscriber → subscription, those that stand confirmed without a topic yet: a request that came meanwhile has its own."""
    has_topics = (
        select(col(SubscriptionTopicRow.topic_id))
        .where(col(SubscriptionTopicRow.subscription_id) == col(SubscriptionRow.id))
        .exists()
    )
    chosen = select(col(SubscriptionRow.subscriber_id), col(SubscriptionRow.id)).where(
        col(SubscriptionRow.newsletter_id) == target.newsletter_id,
        col(SubscriptionRow.subscriber_id).in_(subscriber_ids),
        col(SubscriptionRow.status) == SubscriptionStatus.CONFIRMED,
        ~has_topics,
    )
    return dict(session.execute(chosen).all())


def _proof(subscription_id: int, reader: NewReader, target: Target, now: datetime) -> dict[str, Any]:
    return {
        "subscription_id": subscription_id,
        "event": Consent.IMPORTED,
        "at": now,
        "ip": "",
        "user_agent": "",
        "page": "",
        "text_version": "",
        "language": reader.choice.language,
        "detail": {"consent": target.consent, "list": target.file_name, **reader.evidence},
    }


def _keep_out(
    session: Session, target: Target, leaving: Sequence[tuple[NewReader, SubscriptionRow | None]], now: datetime
) -> None:
    """Who left elsewhere is not mailed: their subscriptions here end, and no later list brings them in."""
    values = [{"hmac": reader.mark, "reason": OPTED_OUT, "created_at": now} for reader, _ in leaving if reader.is_out]
    if values:
        session.connection().execute(insert_new(session, SuppressionRow), values)
    here = [row.subscriber_id for reader, row in leaving if row is not None and reader.is_out]
    suppress(session, target.suppression_key, here, OPTED_OUT, now)


def _insert(session: Session, table: type[SQLModel], rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        session.execute(insert(table), rows)


def _progress(row: ReaderImportRow) -> ImportProgress:
    counts = MappingProxyType({fate: getattr(row, fate) for fate in Fate})
    return ImportProgress(row.id or 0, row.position, counts, row.finished_at)
