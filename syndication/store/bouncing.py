"""What came in → ledger, suppressions and scores, in one transaction a message.

A message that was taken in before changes nothing. Leaving and suppression settle what waits for the reader in the same
transaction, so no take-off commits after it.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Update, and_, delete, func, select, update
from sqlmodel import Session, col

from syndication.domain.bouncing import THRESHOLD, needs_probe
from syndication.domain.delivery import DeliveryKind, DeliveryName, Fault
from syndication.domain.incoming import Incoming, IncomingKind, Severity
from syndication.domain.states import DeliveryState
from syndication.domain.suppression import COMPLAINT
from syndication.store.consent import Visit
from syndication.store.counting import recount
from syndication.store.database import changed
from syndication.store.inserting import insert_new
from syndication.store.leaving import unsubscribe
from syndication.store.scoring import Refusal, count_refusals
from syndication.store.starts import apply_own_starts
from syndication.store.suppressing import suppress
from syndication.store.tables import (
    BounceScoreRow,
    DeliveryRow,
    IncomingMailRow,
    IssueRow,
    NoticeRow,
    SubscriberRow,
    SubscriptionRow,
)

RAW_BYTES: Final = 65_536
RAW_KEPT: Final = timedelta(days=30)
OLDEST: Final = timedelta(days=30)
"""How long after its mail a bounce is believed."""

_FORGOTTEN_AFTER: Final = timedelta(days=400)
_LONGEST: Final = 500
# A report proves that the mail was accepted, also before that was written down.
_ARRIVED: Final = (DeliveryState.ACCEPTED, DeliveryState.UNKNOWN, DeliveryState.IN_FLIGHT)
_UNSEEN: Final = frozenset({IncomingKind.FORGED, IncomingKind.AUTO_REPLY})


class Received(NamedTuple):
    """A message as it came. recipients: of its envelope."""

    raw: bytes
    recipients: tuple[str, ...]


class Taken(NamedTuple):
    """What followed from a message. is_new: False when it was taken in before. effect: in words, for the admin."""

    kind: IncomingKind
    is_new: bool
    effect: str


class _Mailed(NamedTuple):
    """A mail of ours that a report is about. sent_at: aware UTC. is_proven: the report repeats what only its receiver knows."""

    name: DeliveryName
    newsletter_id: int
    sent_at: datetime
    is_proven: bool


class _Case(NamedTuple):
    """A message and whom it is about; key: the suppression key."""

    session: Session
    key: bytes
    said: Incoming
    mailed: _Mailed | None
    subscriber_id: int | None
    now: datetime


def take_in(session: Session, key: bytes, received: Received, said: Incoming, now: datetime) -> Taken:
    """Record a message and do what it says; key: the suppression key. Call it in a write transaction."""
    digest = hashlib.sha256(b"\0".join((received.raw, *(one.lower().encode() for one in received.recipients))))
    values = {"fingerprint": digest.hexdigest(), "at": now, "kind": said.kind, "note": said.note[:_LONGEST]}
    values |= {"about": "", "severity": said.severity or "", "reply": _words(said), "effect": ""}
    if said.kind not in _UNSEEN:
        values["raw"] = received.raw[:RAW_BYTES]
    row_id = session.execute(
        insert_new(session, IncomingMailRow).values(values).returning(col(IncomingMailRow.id))
    ).scalar()
    if row_id is None:
        return Taken(said.kind, is_new=False, effect="It was taken in before.")
    row = session.get_one(IncomingMailRow, row_id)
    mailed = _find(session, said, now)
    subscriber_id = mailed.name.subscriber if mailed else _subscriber_of(session, said.subscription)
    row.about, row.subscriber_id = (mailed.name.text if mailed else ""), subscriber_id
    row.effect = _follow(_Case(session, key, said, mailed, subscriber_id, now))
    return Taken(said.kind, is_new=True, effect=row.effect)


def tidy_incoming(session: Session, now: datetime) -> int:
    """Forget the bytes of messages older than 30 days and, after 400 days, that they came; how many lost their bytes."""
    session.execute(delete(IncomingMailRow).where(col(IncomingMailRow.at) < now - _FORGOTTEN_AFTER))
    session.execute(delete(BounceScoreRow).where(col(BounceScoreRow.counted_at) < now - RAW_KEPT))
    old = update(IncomingMailRow).where(col(IncomingMailRow.at) < now - RAW_KEPT, col(IncomingMailRow.raw).is_not(None))
    return changed(session, old.values(raw=None).execution_options(synchronize_session=False))


def forget_incoming(session: Session, subscriber_id: int) -> None:
    """Forget what came in about a reader: their address stands in it."""
    session.execute(delete(BounceScoreRow).where(col(BounceScoreRow.subscriber_id) == subscriber_id))
    session.execute(
        update(IncomingMailRow)
        .where(col(IncomingMailRow.subscriber_id) == subscriber_id)
        .values(raw=None, reply="", note="")
        .execution_options(synchronize_session=False)
    )


def incoming_counts(session: Session, since: datetime) -> dict[IncomingKind, int]:
    """How many messages of each kind came in since an instant (aware UTC)."""
    kind = col(IncomingMailRow.kind)
    rows = session.execute(select(kind, func.count()).where(col(IncomingMailRow.at) >= since).group_by(kind))
    return {IncomingKind(word): number for word, number in rows}


def incoming_list(session: Session, limit: int = 50, kinds: Sequence[IncomingKind] = ()) -> list[IncomingMailRow]:
    """The latest messages that came in, newest first."""
    statement = select(IncomingMailRow).order_by(col(IncomingMailRow.id).desc()).limit(limit)
    if kinds:
        statement = statement.where(col(IncomingMailRow.kind).in_(kinds))
    return list(session.execute(statement).scalars())


def _follow(case: _Case) -> str:
    match case.said.kind:
        case IncomingKind.UNSUBSCRIBE:
            done = unsubscribe(case.session, case.said.subscription or 0, Visit(page="mail"), case.now)
            return "Unsubscribed." if done else "Was not subscribed."
        case IncomingKind.COMPLAINT:
            return _complain(case)
        case IncomingKind.BOUNCE:
            return _bounce(case)
        case IncomingKind.FORGED:
            return "Dropped."
        case _:
            return ""


def _complain(case: _Case) -> str:
    is_proven = case.said.subscription is not None or (case.mailed is not None and case.mailed.is_proven)
    if case.subscriber_id is None or not is_proven:
        return "Nobody could be recognised; nothing was done."
    suppress(case.session, case.key, [case.subscriber_id], COMPLAINT, case.now)
    if case.mailed:
        _mark(case, case.mailed, DeliveryState.COMPLAINED)
    return "Never mailed again."


def _bounce(case: _Case) -> str:
    mailed, severity = case.mailed, case.said.severity
    if mailed is None or severity is None:
        return "No mail of the last 30 days could be recognised; nothing was done."
    if severity is Severity.OURS:
        _mark(case, mailed, DeliveryState.BOUNCED)
        return "The refusal is not the reader's fault; they keep getting mail."
    refusal = Refusal(mailed.name.subscriber, severity, mailed.sent_at, _reason(case.said), mailed.is_proven)
    score = count_refusals(case.session, case.key, [refusal], case.now)[0]
    _mark(case, mailed, DeliveryState.BOUNCED)
    if score is None:
        return "Never mailed again."
    words = f"Bounced lately: {score.points:g} points of {THRESHOLD:g}."
    return f"{words} A mail asks whether the address works." if needs_probe(score, case.now) else words


def _mark(case: _Case, mailed: _Mailed, state: DeliveryState) -> None:
    """Write on the delivery what came back."""
    reply = case.said.reply
    old = (*_ARRIVED, DeliveryState.BOUNCED) if state is DeliveryState.COMPLAINED else _ARRIVED
    values: dict[str, Any] = {"state": state, "settled_at": case.now, "next_at": None}
    if reply:
        values |= {"code": reply.code, "enhanced": reply.enhanced, "reply": reply.text[:_LONGEST]}
        values["fault"] = Fault.SENDER if case.said.severity is Severity.OURS else Fault.RECIPIENT
    name = mailed.name
    if name.kind is DeliveryKind.NOTICE:
        own = (col(NoticeRow.id) == name.parent, col(NoticeRow.subscriber_id) == name.subscriber)
        _update(case.session, update(NoticeRow).where(*own, col(NoticeRow.state).in_(old)), values)
        return
    recount(case.session, name.parent, name.subscriber, name.subscriber)
    row = (col(DeliveryRow.issue_id) == name.parent, col(DeliveryRow.subscriber_id) == name.subscriber)
    if _update(case.session, update(DeliveryRow).where(*row, col(DeliveryRow.state).in_(old)), values):
        apply_own_starts(case.session, name.parent, [name.subscriber])


def _find(session: Session, said: Incoming, now: datetime) -> _Mailed | None:
    """The mail that a report is about, if it is not too old."""
    if said.kind not in {IncomingKind.BOUNCE, IncomingKind.COMPLAINT, IncomingKind.DELAYED}:
        return None
    found = _named(session, said.delivery, is_proven=True)
    if found is None and said.subscription is not None:
        found = _latest(session, [col(SubscriptionRow.id) == said.subscription], is_proven=True)
    if found is None and said.hint and _is_address(session, said.hint.subscriber, said.address):
        found = _named(session, said.hint, is_proven=False)
    if found is None and said.address:
        found = _latest(session, [col(SubscriberRow.address_key) == said.address], is_proven=False)
    return found if found and found.sent_at >= now - OLDEST else None


def _named(session: Session, name: DeliveryName | None, *, is_proven: bool) -> _Mailed | None:
    if name is None:
        return None
    if name.kind is DeliveryKind.NOTICE:
        columns = (col(NoticeRow.newsletter_id), col(NoticeRow.taken_off_at))
        statement = select(*columns).where(
            col(NoticeRow.id) == name.parent, col(NoticeRow.subscriber_id) == name.subscriber
        )
    else:
        statement = (
            select(col(IssueRow.newsletter_id), col(DeliveryRow.taken_off_at))
            .join(IssueRow, col(IssueRow.id) == col(DeliveryRow.issue_id))
            .where(col(DeliveryRow.issue_id) == name.parent, col(DeliveryRow.subscriber_id) == name.subscriber)
        )
    row = session.execute(statement).first()
    return _Mailed(name, row[0], row[1], is_proven) if row and row[1] else None


def _latest(session: Session, reader: list[ColumnElement[bool]], *, is_proven: bool) -> _Mailed | None:
    """The newest issue that left for a reader."""
    row = session.execute(
        select(
            col(DeliveryRow.issue_id),
            col(DeliveryRow.subscriber_id),
            col(IssueRow.newsletter_id),
            col(DeliveryRow.taken_off_at),
        )
        .join(IssueRow, col(IssueRow.id) == col(DeliveryRow.issue_id))
        .join(SubscriberRow, col(SubscriberRow.id) == col(DeliveryRow.subscriber_id))
        .join(
            SubscriptionRow,
            and_(
                col(SubscriptionRow.subscriber_id) == col(DeliveryRow.subscriber_id),
                col(SubscriptionRow.newsletter_id) == col(IssueRow.newsletter_id),
            ),
        )
        .where(*reader, col(DeliveryRow.taken_off_at).is_not(None))
        .order_by(col(DeliveryRow.issue_id).desc())
        .limit(1)
    ).first()
    return _Mailed(DeliveryName(DeliveryKind.ISSUE, row[0], row[1]), row[2], row[3], is_proven) if row else None


def _is_address(session: Session, subscriber_id: int, address_key: str) -> bool:
    own = select(col(SubscriberRow.address_key)).where(col(SubscriberRow.id) == subscriber_id)
    return bool(address_key) and session.execute(own).scalar() == address_key


def _subscriber_of(session: Session, subscription_id: int | None) -> int | None:
    own = select(col(SubscriptionRow.subscriber_id)).where(col(SubscriptionRow.id) == subscription_id)
    return session.execute(own).scalar()


def _update(session: Session, statement: Update, values: dict[str, Any]) -> int:
    return changed(session, statement.values(values).execution_options(synchronize_session=False))


def _reason(said: Incoming) -> str:
    reply = said.reply
    return f"bounce {reply.code} {reply.enhanced}".strip() if reply else "bounce"


def _words(said: Incoming) -> str:
    reply = said.reply
    return f"{reply.code} {reply.enhanced} {reply.text}"[:_LONGEST] if reply else ""
