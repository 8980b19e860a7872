"""What a monitoring system watches: small counts that cost a few looks at indexes, however many readers there are."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlmodel import Session, col

from syndication.domain.states import DeliveryState, Health, IssueState
from syndication.store.counters import counter
from syndication.store.counting import counts_of
from syndication.store.tables import IssueRow, NoticeRow, ScheduleRow, SourceRow

_OPEN = (DeliveryState.READY, DeliveryState.DEFERRED, DeliveryState.IN_FLIGHT)
_WATCHED = (IssueState.REVIEW, IssueState.SENDING, IssueState.PAUSED)


@dataclass(frozen=True, slots=True)
class Gauges:
    """sources: enabled ones by health. issues: those under way by state. deliveries: of issues under way, by state.

    notices: confirmations and welcome mails that wait. accepted: articles that were ever accepted into a topic. next_slot:
    when the next issue is due (aware UTC), None when no schedule is switched on.
    """

    sources: Mapping[str, int]
    issues: Mapping[str, int]
    deliveries: Mapping[str, int]
    notices: int
    accepted: int
    next_slot: datetime | None


def read_gauges(session: Session) -> Gauges:
    """Everything as it is now."""
    health = select(col(SourceRow.health), func.count()).where(col(SourceRow.enabled)).group_by(col(SourceRow.health))
    under_way = session.execute(
        select(col(IssueRow.id), col(IssueRow.state)).where(col(IssueRow.state).in_(_WATCHED))
    ).all()
    issues, deliveries, sources = _zeros(_WATCHED), _zeros(DeliveryState), _zeros(Health)
    for word, number in session.execute(health):
        sources[word] = number
    for _, state in under_way:
        issues[state] += 1
    for counts in counts_of(session, [number for number, _ in under_way]).values():
        for state, number in counts.items():
            deliveries[state] += number
    waiting = select(func.count()).select_from(NoticeRow).where(col(NoticeRow.state).in_(_OPEN))
    slot = select(func.min(col(ScheduleRow.next_slot))).where(col(ScheduleRow.enabled))
    return Gauges(
        sources,
        issues,
        deliveries,
        session.execute(waiting).scalar_one(),
        counter(session, "seq"),
        session.execute(slot).scalar(),
    )


def _zeros(words: Iterable[str]) -> dict[str, int]:
    """A state that nothing is in is shown, too."""
    return {str(word): 0 for word in words}
