"""Proof: what a reader asked for or agreed to, when and from where; written beside every change, never changed."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlmodel import Session

from syndication.store.tables import ConsentEventRow, SubscriptionRow


class Consent(StrEnum):
    """What a consent event says."""

    REQUESTED = "requested"
    CONFIRMED = "confirmed"
    CHOICE_CHANGED = "choice_changed"
    SCHEDULE_CHANGED = "schedule_changed"
    PAUSED = "paused"
    RESUMED = "resumed"
    UNSUBSCRIBED = "unsubscribed"
    RETURNED = "returned"
    IMPORTED = "imported"


@dataclass(frozen=True, slots=True)
class Visit:
    """From where a reader acted: the proof kept beside every change. text_version: of the words agreed to, if any."""

    ip: str = ""
    user_agent: str = ""
    page: str = ""
    language: str = ""
    text_version: str = ""


def record(
    session: Session,
    subscription: SubscriptionRow,
    event: Consent,
    visit: Visit,
    now: datetime,
    **detail: Any,  # noqa: ANN401 - kept as JSON
) -> None:
    """Add one event. detail: values that can be written as JSON."""
    session.add(
        ConsentEventRow(
            subscription_id=subscription.id or 0,
            event=event,
            at=now,
            ip=visit.ip,
            user_agent=visit.user_agent,
            page=visit.page,
            text_version=visit.text_version,
            language=visit.language or subscription.language,
            detail=detail,
        )
    )
