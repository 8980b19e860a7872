"""The gate before an issue is sent: which issues wait for the check, what it looks at, what came of it.

An issue that was planned waits (`issue.gate`): no batch of it is leased before the gate is open. Held means paused, with
the reason in its note; no delivery is lost by it.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, select, update
from sqlmodel import Session, col

from syndication.domain.preflight import Finding, Gate
from syndication.domain.states import IssueState
from syndication.domain.tokens import suppression_mark
from syndication.store.database import Database, changed
from syndication.store.suppressing import suppress
from syndication.store.tables import (
    DeliveryRow,
    DigestRow,
    IssueRow,
    SubscriberRow,
    SuppressionRow,
)

_LOOKED_AT: Final = 2_000
_AT_ONCE: Final = 1_000


@dataclass(frozen=True, slots=True)
class GateCase:
    """An issue before the gate. at: its mails' date (aware UTC). samples: digest ids, the longest, the most common, one a language.

    planned, rows: how many deliveries were planned, and how many there are.
    """

    issue_id: int
    newsletter_id: int
    at: datetime
    samples: tuple[int, ...]
    planned: int
    rows: int


def issues_before_gate(session: Session) -> list[int]:
    """The issues that are to be sent once they are checked."""
    waiting = select(col(IssueRow.id)).where(
        col(IssueRow.state) == IssueState.SENDING, col(IssueRow.gate) == Gate.WAITING
    )
    return [number for number in session.execute(waiting.order_by(col(IssueRow.id))).scalars() if number]


def gate_case(session: Session, issue_id: int) -> GateCase | None:
    """What the check looks at; None when there is no such issue."""
    issue = session.get(IssueRow, issue_id)
    if issue is None:
        return None
    counted = select(func.count()).select_from(DeliveryRow).where(col(DeliveryRow.issue_id) == issue_id)
    return GateCase(
        issue_id=issue_id,
        newsletter_id=issue.newsletter_id,
        at=issue.frozen_at or issue.created_at,
        samples=_samples(session, issue_id),
        planned=issue.planned,
        rows=session.execute(counted).scalar_one(),
    )


def take_out_suppressed(database: Database, key: bytes, issue_id: int, now: datetime) -> int:
    """Settle the deliveries of readers whose address is suppressed and who are subscribed all the same; how many."""
    after, found = 0, 0
    while True:
        with database.read() as session:
            readers = session.execute(
                select(col(SubscriberRow.id), col(SubscriberRow.address_key))
                .join(DeliveryRow, col(DeliveryRow.subscriber_id) == col(SubscriberRow.id))
                .where(col(DeliveryRow.issue_id) == issue_id, col(SubscriberRow.id) > after)
                .order_by(col(SubscriberRow.id))
                .limit(_AT_ONCE)
            ).all()
            marks = {suppression_mark(key, address_key): number or 0 for number, address_key in readers}
            held = session.execute(select(SuppressionRow).where(col(SuppressionRow.hmac).in_(marks))).scalars()
            suppressed = [(marks[row.hmac], row.reason) for row in held]
        for number, reason in suppressed:
            with database.write() as session:
                suppress(session, key, [number], reason, now)
        found += len(suppressed)
        if len(readers) < _AT_ONCE:
            return found
        after = readers[-1][0] or 0


def open_gate(session: Session, issue_id: int, findings: Sequence[Finding] = ()) -> None:
    """Let an issue be sent; what was found stays to be read."""
    _write(session, issue_id, findings, gate=Gate.OPEN)


def hold(session: Session, issue_id: int, note: str, findings: Sequence[Finding]) -> bool:
    """Pause an issue before the gate; whether it was still to be sent."""
    values = {"state": IssueState.PAUSED, "note": note}
    return _write(session, issue_id, findings, **values) == 1


def keep_findings(session: Session, issue_id: int, findings: Sequence[Finding]) -> None:
    """Write what another check found on an issue that is held."""
    session.execute(
        update(IssueRow)
        .where(col(IssueRow.id) == issue_id)
        .values(findings=[one._asdict() for one in findings])
        .execution_options(synchronize_session=False)
    )


def send_anyway(session: Session, issue_id: int) -> bool:
    """Send an issue that the check holds; whether it was held."""
    held = update(IssueRow).where(
        col(IssueRow.id) == issue_id, col(IssueRow.state) == IssueState.PAUSED, col(IssueRow.gate) == Gate.WAITING
    )
    values = {"state": IssueState.SENDING, "gate": Gate.OPEN, "note": ""}
    return changed(session, held.values(**values).execution_options(synchronize_session=False)) == 1


def findings_of(session: Session, issue_id: int) -> tuple[bool, list[Finding]]:
    """Whether an issue waits before the gate, and what the last check found."""
    issue = session.get(IssueRow, issue_id)
    if issue is None:
        return False, []
    return issue.gate is Gate.WAITING, [Finding(**one) for one in issue.findings]


def _write(session: Session, issue_id: int, findings: Sequence[Finding], **values: object) -> int:
    statement = update(IssueRow).where(
        col(IssueRow.id) == issue_id, col(IssueRow.state) == IssueState.SENDING, col(IssueRow.gate) == Gate.WAITING
    )
    written = {"findings": [one._asdict() for one in findings], **values}
    return changed(session, statement.values(written).execution_options(synchronize_session=False))


def _samples(session: Session, issue_id: int) -> tuple[int, ...]:
    items = func.json_array_length(col(DigestRow.items))
    longest = select(col(DigestRow.id)).where(col(DigestRow.issue_id) == issue_id).order_by(items.desc()).limit(1)
    languages = select(func.min(col(DigestRow.id))).where(col(DigestRow.issue_id) == issue_id)
    first = (
        select(col(DeliveryRow.digest_id))
        .where(col(DeliveryRow.issue_id) == issue_id)
        .order_by(col(DeliveryRow.subscriber_id))
        .limit(_LOOKED_AT)
    )
    common = Counter(session.execute(first).scalars()).most_common(1)
    found = [
        *session.execute(longest).scalars(),
        *(digest_id for digest_id, _ in common),
        *session.execute(languages.group_by(col(DigestRow.language))).scalars(),
    ]
    return tuple(dict.fromkeys(number for number in found if number))
