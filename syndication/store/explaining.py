"""Why a reader did or did not get an issue, in one sentence."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlmodel import Session, col

from syndication.domain.delivery import Fault
from syndication.domain.states import DeliveryState, SubscriptionStatus
from syndication.store.consent import Consent
from syndication.store.tables import (
    ConsentEventRow,
    DeliveryRow,
    IssueRow,
    SubscriberRow,
    SubscriptionRow,
    SuppressionRow,
)

_STATES: Final = {
    DeliveryState.READY: "It waits for its turn.",
    DeliveryState.IN_FLIGHT: "It is being sent at this moment.",
    DeliveryState.ACCEPTED: "The mail server took it.",
    DeliveryState.DEFERRED: "The mail server asked for another try.",
    DeliveryState.UNKNOWN: "It was sent, but the mail server's answer never came: it may have arrived or not.",
    DeliveryState.SUPPRESSED: "The address is suppressed since.",
    DeliveryState.CANCELLED: "It was cancelled: the issue was, or the reader left, paused or moved before it was sent.",
    DeliveryState.EXPIRED: "It could not be sent in time; its articles are in the reader's next issue.",
    DeliveryState.BOUNCED: "The mail server took it, and it came back.",
    DeliveryState.COMPLAINED: "The reader called it spam.",
}
_FAULTS: Final = {
    Fault.RECIPIENT: "The mail server refused it: the address does not take mail.",
    Fault.MESSAGE: "The mail server refused this message; its articles are in the reader's next issue.",
    Fault.SENDER: "The mail server refused us, not the reader; its articles are in their next issue.",
}


@dataclass(frozen=True, slots=True)
class Explained:
    """Whether a delivery exists, and the sentence. state: of the delivery. reply: of the mail server."""

    subscriber_id: int | None
    state: DeliveryState | None
    why: str
    at: datetime | None = None
    attempts: int = 0
    reply: str = ""


def in_words(state: DeliveryState, fault: Fault | None) -> str:
    """What a delivery's state means to who asks for it."""
    if state is DeliveryState.FAILED:
        return _FAULTS[fault or Fault.MESSAGE]
    return _STATES[state]


def explain(session: Session, issue_id: int, address_key: str, mark: str) -> Explained:
    """Why the reader with this address (as it is compared; mark: its suppression mark) got an issue, or did not."""
    found = session.execute(select(col(SubscriberRow.id)).where(col(SubscriberRow.address_key) == address_key)).scalar()
    row = session.get(DeliveryRow, (issue_id, found)) if found else None
    if row:
        reply = " ".join(str(part) for part in (row.code, row.enhanced, row.reply) if part)
        at = row.settled_at or row.next_at
        return Explained(found, row.state, in_words(row.state, row.fault), at, row.attempt, reply)
    suppression = session.get(SuppressionRow, mark)
    if suppression:
        day = f"{suppression.created_at:%Y-%m-%d}"
        return Explained(found, None, f"The address is suppressed since {day} ({suppression.reason}).")
    if found is None:
        return Explained(None, None, "Nobody with this address is known here.")
    return Explained(found, None, _why_none(session, issue_id, found))


def _why_none(session: Session, issue_id: int, subscriber_id: int) -> str:
    """Why a reader had no part in an issue; their subscription as it was when the issue was planned."""
    issue = session.get(IssueRow, issue_id)
    own = select(SubscriptionRow).where(
        col(SubscriptionRow.subscriber_id) == subscriber_id,
        col(SubscriptionRow.newsletter_id) == (issue.newsletter_id if issue else 0),
    )
    subscription = session.execute(own).scalar()
    if issue is None or subscription is None:
        return "This reader does not subscribe to its newsletter."
    planned_at = issue.planned_at or issue.frozen_at
    if planned_at is None:
        return "The issue is not planned yet."
    if subscription.confirmed_at is None:
        return "This reader had not confirmed."
    if subscription.confirmed_at > planned_at:
        return f"This reader confirmed afterwards, on {subscription.confirmed_at:%Y-%m-%d}."
    left_at = subscription.unsubscribed_at
    if subscription.status is SubscriptionStatus.UNSUBSCRIBED and left_at and left_at <= planned_at:
        return f"This reader had left, on {left_at:%Y-%m-%d}."
    if subscription.id and _was_paused(session, subscription.id, planned_at):
        return "This reader had paused; what they missed comes as one catch-up."
    if issue.schedule_id not in {None, subscription.schedule_id}:
        return "This reader is on another schedule of the newsletter."
    announced, nothing = (
        "The announcement was for readers of other topics.",
        "There was nothing new in this reader's topics.",
    )
    return announced if issue.schedule_id is None else nothing


def _was_paused(session: Session, subscription_id: int, at: datetime) -> bool:
    steps = (Consent.PAUSED, Consent.RESUMED, Consent.CONFIRMED)
    last = session.execute(
        select(ConsentEventRow)
        .where(
            col(ConsentEventRow.subscription_id) == subscription_id,
            col(ConsentEventRow.at) <= at,
            col(ConsentEventRow.event).in_(steps),
        )
        .order_by(col(ConsentEventRow.id).desc())
        .limit(1)
    ).scalar()
    if last is None or last.event != Consent.PAUSED:
        return False
    until = last.detail.get("until")
    return until is None or datetime.fromisoformat(str(until)) > at
