"""How often readers' mail was refused or came back: scores raised, who is to be asked, and whose answer ends it.

What a server refuses while we talk to it and what comes back later count alike. Refusals that are the sender's fault
never reach this module.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, or_, select, update
from sqlmodel import Session, col

from syndication.domain.bouncing import FULL, PROBE_LASTS, STALE, THRESHOLD, Score, answers_probe, needs_probe, raised
from syndication.domain.incoming import Severity
from syndication.domain.states import WAITING, SubscriptionStatus
from syndication.store.inserting import insert_new
from syndication.store.suppressing import suppress
from syndication.store.tables import BounceScoreRow, DeliveryRow, SubscriptionRow

_ASKED_AT_ONCE: Final = 100


class Refusal(NamedTuple):
    """A mail that was refused or came back. sent_at: aware UTC. reason: of the suppression, should it be the last straw.

    is_proven: false for a report that only names an address; it counts half a point and suppresses nobody.
    """

    subscriber_id: int
    severity: Severity
    sent_at: datetime
    reason: str
    is_proven: bool = True


def score_of(session: Session, subscriber_id: int) -> Score | None:
    """A reader's score, None when nothing was refused lately."""
    row = session.get(BounceScoreRow, subscriber_id)
    return _score(row) if row else None


def count_refusals(
    session: Session, key: bytes | None, refusals: Sequence[Refusal], now: datetime
) -> list[Score | None]:
    """Raise the readers' scores; those whose address is gone, or who were asked and refuse again, are suppressed.

    Answers the score of each, None for who was suppressed. key: the suppression key, None to suppress nobody. A reader
    occurs once. Call it in a write transaction.
    """
    rows = _locked(session, [one.subscriber_id for one in refusals])
    scores: list[Score | None] = []
    new: list[dict[str, object]] = []
    for one in refusals:
        row = rows.get(one.subscriber_id)
        before = _score(row) if row else None
        is_over = one.severity is Severity.GONE or answers_probe(before, one.sent_at, now)
        if is_over and one.is_proven and key is not None:
            suppress(session, key, [one.subscriber_id], one.reason, now)
            scores.append(None)
            continue
        after = raised(before, one.severity if one.is_proven else Severity.SOFT, now)
        scores.append(after)
        if row is None:
            new.append({"subscriber_id": one.subscriber_id, **after._asdict()})
        else:
            row.points, row.counted_at, row.probed_at = after
    session.flush()
    if new:
        session.execute(insert_new(session, BounceScoreRow), new)
    return scores


def count_expired(session: Session, issue_id: int, subscriber_ids: Sequence[int], now: datetime) -> None:
    """Count those of these waiting deliveries whose mailbox was full or slow until the end; call it before they expire."""
    full: list[ColumnElement[bool]] = [col(DeliveryRow.enhanced).startswith(begins) for begins in FULL]
    rows = session.execute(
        select(
            col(DeliveryRow.subscriber_id),
            col(DeliveryRow.taken_off_at),
            col(DeliveryRow.code),
            col(DeliveryRow.enhanced),
        )
        .where(col(DeliveryRow.issue_id) == issue_id, col(DeliveryRow.subscriber_id).in_(subscriber_ids))
        .where(col(DeliveryRow.state).in_(WAITING), or_(*full))
    )
    late = [Refusal(reader, Severity.SOFT, at or now, f"{code} {enhanced}") for reader, at, code, enhanced in rows]
    if late:
        count_refusals(session, None, late, now)


def to_be_asked(session: Session, now: datetime) -> list[tuple[int, int]]:
    """(Subscriber id, subscription id) of readers whose address seems dead: one mail is to ask each. The oldest subscription."""
    candidates = session.execute(
        select(BounceScoreRow)
        .where(col(BounceScoreRow.points) >= THRESHOLD, col(BounceScoreRow.counted_at) > now - STALE)
        .where(or_(col(BounceScoreRow.probed_at).is_(None), col(BounceScoreRow.probed_at) <= now - PROBE_LASTS))
        .order_by(col(BounceScoreRow.subscriber_id))
    ).scalars()
    ids = [row.subscriber_id for row in candidates if needs_probe(_score(row), now)][:_ASKED_AT_ONCE]
    if not ids:
        return []
    mine = (
        select(col(SubscriptionRow.subscriber_id), col(SubscriptionRow.id))
        .where(col(SubscriptionRow.subscriber_id).in_(ids), col(SubscriptionRow.status) == SubscriptionStatus.CONFIRMED)
        .order_by(col(SubscriptionRow.id).desc())
    )
    return sorted({reader: number or 0 for reader, number in session.execute(mine)}.items())


def note_asked(session: Session, subscriber_id: int, now: datetime) -> None:
    """Remember that a reader is asked by mail; in the transaction that keeps that mail."""
    own = update(BounceScoreRow).where(col(BounceScoreRow.subscriber_id) == subscriber_id).values(probed_at=now)
    session.execute(own.execution_options(synchronize_session=False))


def _locked(session: Session, subscriber_ids: Sequence[int]) -> dict[int, BounceScoreRow]:
    rows = session.execute(
        select(BounceScoreRow)
        .where(col(BounceScoreRow.subscriber_id).in_(subscriber_ids))
        .order_by(col(BounceScoreRow.subscriber_id))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalars()
    return {row.subscriber_id: row for row in rows}


def _score(row: BounceScoreRow) -> Score:
    return Score(row.points, row.counted_at, row.probed_at)
