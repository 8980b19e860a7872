"""What is known of one reader, and all readers as rows: for `subscribers show` and `export`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlmodel import Session, col

from syndication.domain.states import DeliveryState, SubscriptionStatus
from syndication.store.tables import (
    ConsentEventRow,
    DeliveryRow,
    IssueRow,
    NewsletterRow,
    NoticeRow,
    SubscriberRow,
    SubscriptionRow,
    SubscriptionTopicRow,
    TopicRow,
)

_AT_ONCE: Final = 1_000


@dataclass(frozen=True, slots=True)
class Membership:
    """One subscription. paused_until: aware UTC, None when it runs."""

    subscription_id: int
    newsletter: str
    status: SubscriptionStatus
    topics: tuple[str, ...]
    language: str
    paused_until: datetime | None
    confirmed_at: datetime | None
    unsubscribed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one mail. what: 'issue 12' or the kind of notice. reply: of the mail server, "" when none came."""

    what: str
    state: DeliveryState
    at: datetime | None
    attempts: int
    reply: str


@dataclass(frozen=True, slots=True)
class Proof:
    """One consent event. text_version: of the words agreed to. detail: what was asked for or declared."""

    event: str
    at: datetime
    ip: str
    page: str
    text_version: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Dossier:
    """Everything about one reader, each list in order of time."""

    subscriber_id: int
    address: str
    since: datetime
    memberships: tuple[Membership, ...]
    receipts: tuple[Receipt, ...]
    proofs: tuple[Proof, ...]


def dossier(session: Session, address_key: str) -> Dossier | None:
    """The reader with this address (as it is compared), None when there is none."""
    found = session.execute(select(SubscriberRow).where(col(SubscriberRow.address_key) == address_key)).scalar()
    return _dossier(session, found)


def dossier_of(session: Session, subscriber_id: int) -> Dossier | None:
    """The reader with this id, None when there is none."""
    return _dossier(session, session.get(SubscriberRow, subscriber_id))


def _dossier(session: Session, found: SubscriberRow | None) -> Dossier | None:
    if found is None or found.id is None:
        return None
    memberships = tuple(one for _, one in _memberships(session, [found.id]))
    ids = [membership.subscription_id for membership in memberships]
    events = select(ConsentEventRow).where(col(ConsentEventRow.subscription_id).in_(ids))
    return Dossier(
        subscriber_id=found.id,
        address=found.address,
        since=found.created_at,
        memberships=memberships,
        receipts=_receipts(session, found.id),
        proofs=tuple(
            Proof(event.event, event.at, event.ip, event.page, event.text_version, event.detail)
            for event in session.execute(events.order_by(col(ConsentEventRow.id))).scalars()
        ),
    )


def facts_of(found: Dossier) -> dict[str, Any]:
    """A dossier as plain values that can be written as JSON, instants in ISO 8601."""
    return {
        "subscriber": found.subscriber_id,
        "address": found.address,
        "since": found.since.isoformat(),
        "subscriptions": [membership_facts(one) for one in found.memberships],
        "mails": [
            {
                "mail": one.what,
                "state": one.state.value,
                "at": _iso(one.at),
                "attempts": one.attempts,
                "reply": one.reply,
            }
            for one in found.receipts
        ],
        "consent": [
            {
                "event": one.event,
                "at": one.at.isoformat(),
                "from": one.ip,
                "page": one.page,
                "wording": one.text_version,
                "detail": dict(one.detail),
            }
            for one in found.proofs
        ],
    }


def membership_facts(one: Membership) -> dict[str, Any]:
    """A subscription as plain values."""
    return {
        "newsletter": one.newsletter,
        "status": one.status.value,
        "topics": " ".join(one.topics),
        "language": one.language,
        "paused_until": _iso(one.paused_until),
        "confirmed_at": _iso(one.confirmed_at),
        "unsubscribed_at": _iso(one.unsubscribed_at),
    }


def all_memberships(session: Session) -> Iterator[tuple[str, Membership]]:
    """Every subscription with its reader's address, in order of subscriber; read in parts."""
    last: int | None = 0
    while last is not None:
        part, last = memberships_after(session, last)
        yield from part


def memberships_after(session: Session, last: int) -> tuple[list[tuple[str, Membership]], int | None]:
    """The next part of all subscriptions, with its readers' addresses; and the last subscriber in it, None at the end."""
    part = session.execute(
        select(col(SubscriberRow.id), col(SubscriberRow.address))
        .where(col(SubscriberRow.id) > last)
        .order_by(col(SubscriberRow.id))
        .limit(_AT_ONCE)
    ).all()
    addresses = {number: address for number, address in part if number is not None}
    found = [(addresses[number], one) for number, one in _memberships(session, list(addresses))]
    return found, max(addresses, default=None)


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _memberships(session: Session, subscriber_ids: list[int]) -> list[tuple[int, Membership]]:
    rows = session.execute(
        select(SubscriptionRow, col(NewsletterRow.slug))
        .join(NewsletterRow, col(NewsletterRow.id) == col(SubscriptionRow.newsletter_id))
        .where(col(SubscriptionRow.subscriber_id).in_(subscriber_ids))
        .order_by(col(SubscriptionRow.subscriber_id), col(SubscriptionRow.id))
    ).all()
    chosen: dict[int, list[str]] = {}
    ids = [subscription.id for subscription, _ in rows]
    topics = (
        select(col(SubscriptionTopicRow.subscription_id), col(TopicRow.slug))
        .join(TopicRow, col(TopicRow.id) == col(SubscriptionTopicRow.topic_id))
        .where(col(SubscriptionTopicRow.subscription_id).in_(ids))
        .order_by(col(TopicRow.slug))
    )
    for subscription_id, slug in session.execute(topics):
        chosen.setdefault(subscription_id, []).append(slug)
    return [
        (
            row.subscriber_id,
            Membership(
                subscription_id=row.id,
                newsletter=newsletter,
                status=row.status,
                topics=tuple(chosen.get(row.id, ())),
                language=row.language,
                paused_until=row.paused_until,
                confirmed_at=row.confirmed_at,
                unsubscribed_at=row.unsubscribed_at,
            ),
        )
        for row, newsletter in rows
    ]


def _receipts(session: Session, subscriber_id: int) -> tuple[Receipt, ...]:
    notices = session.execute(select(NoticeRow).where(col(NoticeRow.subscriber_id) == subscriber_id)).scalars()
    found = [(one.created_at, _receipt(one.kind.value, one)) for one in notices]
    issues = session.execute(
        select(DeliveryRow, col(IssueRow.created_at))
        .join(IssueRow, col(IssueRow.id) == col(DeliveryRow.issue_id))
        .where(col(DeliveryRow.subscriber_id) == subscriber_id)
    )
    found += [(made_at, _receipt(f"issue {row.issue_id}", row)) for row, made_at in issues]
    return tuple(receipt for _, receipt in sorted(found, key=lambda pair: pair[0]))


def _receipt(what: str, row: NoticeRow | DeliveryRow) -> Receipt:
    reply = " ".join(str(part) for part in (row.code, row.enhanced, row.reply) if part)
    return Receipt(what, row.state, row.settled_at, row.attempt, reply)
