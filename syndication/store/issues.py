"""Issues after they were recorded: pause, resume, cancel, end, and what they look like.

An issue is over when `closed_at` is set: then none of its deliveries waits or flies.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, update
from sqlmodel import Session, col, select

from syndication.domain.states import UNSETTLED, WAITING, BatchState, DeliveryState, IssueState
from syndication.domain.windows import Window
from syndication.store.counting import ANY, Chosen, Tally, chosen_rows, recount, recount_unknown, tallies
from syndication.store.database import Database, changed
from syndication.store.explaining import in_words
from syndication.store.scoring import count_expired
from syndication.store.starts import apply_own_starts
from syndication.store.tables import (
    DeliveryBatchRow,
    DeliveryRow,
    DigestRow,
    IssueArticleRow,
    IssueRow,
    NewsletterRow,
    ScheduleRow,
    SubscriberRow,
)

# Ending this many deliveries with their own starts takes about 60 ms (measured, SQLite).
_A_CHUNK: Final = 2_000
_READ_AT_ONCE: Final = 1_000
_CANCELLABLE: Final = frozenset(
    {IssueState.DUE, IssueState.COMPOSING, IssueState.REVIEW, IssueState.SENDING, IssueState.PAUSED}
)
# What becomes of the deliveries that still wait when their issue was ended, and by what.
_ENDS: Final = {IssueState.CANCELLED: DeliveryState.CANCELLED, IssueState.SENT: DeliveryState.EXPIRED}


@dataclass(frozen=True, slots=True)
class IssueLine:
    """An issue in a list. slot: aware UTC. planned: how many readers it goes to."""

    id: int
    newsletter: str
    state: IssueState
    slot: datetime | None
    subject: str
    planned: int
    note: str
    created_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class IssueSummary:
    """Everything about one issue. window: None until it is frozen. counts: deliveries by state; they add up to `total`.

    tallies: the same, told apart by the server's reply.
    """

    line: IssueLine
    window: Window | None
    digests: int
    articles: int
    counts: dict[DeliveryState, int]
    tallies: list[Tally]

    @property
    def total(self) -> int:
        """All deliveries; equal to `line.planned` once the issue is planned."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class DeliveryLine:
    """What became of one reader's delivery. address: "" once erased. reply: of the mail server. why: the same in words."""

    subscriber_id: int
    address: str
    state: DeliveryState
    attempt: int
    settled_at: datetime | None
    code: int | None
    reply: str
    enhanced: str = ""
    why: str = ""


def issues_to_compose(session: Session) -> list[int]:
    """The issues that are due or half composed, the oldest first: what a crash may have left behind."""
    states = (IssueState.DUE, IssueState.COMPOSING)
    statement = select(IssueRow.id).where(col(IssueRow.state).in_(states)).order_by(col(IssueRow.id))
    return [issue_id for issue_id in session.exec(statement) if issue_id is not None]


def pause_issue(session: Session, issue_id: int, note: str = "") -> bool:
    """Stop an issue that is being sent: no take-off commits after this transaction. Whether it was being sent."""
    return _move(session, issue_id, IssueState.SENDING, IssueState.PAUSED, note)


def resume_issue(session: Session, issue_id: int) -> bool:
    """Go on with a paused issue. Whether it was paused."""
    return _move(session, issue_id, IssueState.PAUSED, IssueState.SENDING, "")


def cancel_issue(database: Database, issue_id: int, now: datetime) -> bool:
    """End an issue for good; its articles go into the next one. Whether it could still be ended.

    What flies settles by itself. Commits in chunks; `close_finished_issues` goes on where a kill stopped it.
    """
    with database.write() as session:
        issue = session.get(IssueRow, issue_id, with_for_update=True)
        if issue is None or issue.state not in _CANCELLABLE:
            return False
        if issue.state in {IssueState.COMPOSING, IssueState.REVIEW} and issue.planned_at is None:
            _undo_freeze(session, issue)
        issue.state = IssueState.CANCELLED
        session.add(issue)
    end_waiting_deliveries(database, issue_id, DeliveryState.CANCELLED, now)
    _close_if_settled(database, issue_id, now)
    return True


def end_waiting_deliveries(database: Database, issue_id: int, ended: DeliveryState, now: datetime) -> None:
    """Move all deliveries of an issue that wait to CANCELLED or EXPIRED, with their readers' own starts, in chunks."""
    last: int | None = 0
    while last is not None:
        with database.write() as session:
            last = _end_some(session, issue_id, ended, now, after=last)


def end_deliveries(
    session: Session, issue_id: int, subscriber_ids: Sequence[int], ended: DeliveryState, now: datetime
) -> None:
    """Move those of these deliveries that still wait to CANCELLED or EXPIRED, with their readers' own starts."""
    recount(session, issue_id, min(subscriber_ids), max(subscriber_ids))
    if ended is DeliveryState.EXPIRED:
        count_expired(session, issue_id, subscriber_ids, now)
    moved = (
        update(DeliveryRow)
        .where(col(DeliveryRow.issue_id) == issue_id, col(DeliveryRow.subscriber_id).in_(subscriber_ids))
        .where(col(DeliveryRow.state).in_(WAITING))
        .values(state=ended, settled_at=now, next_at=None)
        .returning(col(DeliveryRow.subscriber_id))
        .execution_options(synchronize_session=False)
    )
    ids: Sequence[int] = session.scalars(moved).all()
    apply_own_starts(session, issue_id, ids)


def is_settled(session: Session, issue_id: int) -> bool:
    """Whether no delivery of an issue waits or flies."""
    statement = select(DeliveryRow.subscriber_id).where(
        DeliveryRow.issue_id == issue_id, col(DeliveryRow.state).in_(UNSETTLED)
    )
    return session.exec(statement.limit(1)).first() is None


def close_issue(session: Session, issue_id: int, now: datetime) -> None:
    """Close an issue that is settled; one that was being sent is sent then."""
    recount_unknown(session, issue_id)
    session.execute(
        update(DeliveryBatchRow)
        .where(col(DeliveryBatchRow.issue_id) == issue_id)
        .values(state=BatchState.DONE, lease_until=None, next_at=None)
    )
    session.execute(
        update(IssueRow)
        .where(col(IssueRow.id) == issue_id, col(IssueRow.state) == IssueState.SENDING)
        .values(state=IssueState.SENT)
    )
    session.execute(update(IssueRow).where(col(IssueRow.id) == issue_id).values(closed_at=now))


def close_finished_issues(database: Database, now: datetime) -> list[int]:
    """Close the issues that are finished, and go on ending what a kill left half ended; the ids of those closed now.

    Quick: the deliveries of an issue that is being sent are looked at only once all its batches are done.
    """
    open_batch = select(DeliveryBatchRow.id).where(
        DeliveryBatchRow.issue_id == IssueRow.id, DeliveryBatchRow.state != BatchState.DONE
    )
    with database.read() as session:
        finished = session.exec(
            select(IssueRow.id).where(IssueRow.state == IssueState.SENDING, ~open_batch.exists())
        ).all()
        ended = session.exec(
            select(IssueRow.id, IssueRow.state).where(col(IssueRow.state).in_(_ENDS), col(IssueRow.closed_at).is_(None))
        ).all()
    for issue_id, state in ended:
        end_waiting_deliveries(database, issue_id or 0, _ENDS[IssueState(state)], now)
    candidates = [*finished, *(issue_id for issue_id, _ in ended)]
    return [issue_id for issue_id in candidates if issue_id and _close_if_settled(database, issue_id, now)]


def list_issues(
    session: Session, limit: int = 50, newsletter: str | None = None, *, before: int | None = None
) -> list[IssueLine]:
    """The latest issues, newest first. newsletter: a slug, None for all. before: only with a smaller id."""
    statement = (
        select(IssueRow, NewsletterRow.slug)
        .join(NewsletterRow, col(NewsletterRow.id) == col(IssueRow.newsletter_id))
        .order_by(col(IssueRow.id).desc())
        .limit(limit)
    )
    if newsletter is not None:
        statement = statement.where(NewsletterRow.slug == newsletter)
    if before is not None:
        statement = statement.where(col(IssueRow.id) < before)
    return [_line(row, slug) for row, slug in session.exec(statement)]


def issue_summary(session: Session, issue_id: int) -> IssueSummary | None:
    """One issue with what became of its deliveries; None when there is none."""
    row = session.get(IssueRow, issue_id)
    if row is None:
        return None
    slug = session.exec(select(NewsletterRow.slug).where(NewsletterRow.id == row.newsletter_id)).one()
    counts: dict[DeliveryState, int] = {}
    found = tallies(session, issue_id)
    for tally in found:
        counts[tally.state] = counts.get(tally.state, 0) + tally.deliveries
    return IssueSummary(
        line=_line(row, slug),
        window=None if row.from_seq is None or row.cut_seq is None else Window(row.from_seq, row.cut_seq),
        digests=session.exec(select(func.count()).where(DigestRow.issue_id == issue_id)).one(),
        articles=session.exec(select(func.count()).where(IssueArticleRow.issue_id == issue_id)).one(),
        counts=counts,
        tallies=found,
    )


def delivery_rows(
    session: Session, issue_id: int, chosen: Chosen = ANY, *, after: int = 0, limit: int = 100
) -> list[DeliveryLine]:
    """Deliveries of an issue in order of subscriber id, from the first one greater than `after`."""
    rows = chosen_rows(session, issue_id, chosen, after=after, limit=limit)
    own = select(SubscriberRow.id, SubscriberRow.address).where(
        col(SubscriberRow.id).in_([row.subscriber_id for row in rows])
    )
    addresses = dict(session.exec(own).all())
    return [
        DeliveryLine(
            subscriber_id=row.subscriber_id,
            address=addresses.get(row.subscriber_id, ""),
            state=row.state,
            attempt=row.attempt,
            settled_at=row.settled_at,
            code=row.code,
            reply=row.reply,
            enhanced=row.enhanced,
            why=in_words(row.state, row.fault),
        )
        for row in rows
    ]


def all_delivery_rows(session: Session, issue_id: int, chosen: Chosen = ANY) -> Iterator[DeliveryLine]:
    """All chosen deliveries of an issue in order of subscriber id, read in parts."""
    after: int | None = 0
    while after is not None:
        part = delivery_rows(session, issue_id, chosen, after=after, limit=_READ_AT_ONCE)
        yield from part
        after = part[-1].subscriber_id if len(part) == _READ_AT_ONCE else None


def _close_if_settled(database: Database, issue_id: int, now: datetime) -> bool:
    with database.read() as session:
        if not is_settled(session, issue_id):
            return False
    with database.write() as session:
        close_issue(session, issue_id, now)
    return True


def _undo_freeze(session: Session, issue: IssueRow) -> None:
    """Give the window back: not everybody has a delivery yet who would have been owed one."""
    session.execute(
        update(ScheduleRow)
        .where(col(ScheduleRow.id) == issue.schedule_id, col(ScheduleRow.last_cut) == issue.cut_seq)
        .values(last_cut=issue.from_seq)
    )


def _end_some(session: Session, issue_id: int, ended: DeliveryState, now: datetime, *, after: int) -> int | None:
    """End the next chunk of waiting deliveries; the highest subscriber id looked at, None when none was left."""
    waiting = (
        select(DeliveryRow.subscriber_id)
        .where(DeliveryRow.issue_id == issue_id, col(DeliveryRow.subscriber_id) > after)
        .where(col(DeliveryRow.state).in_(WAITING))
        .order_by(col(DeliveryRow.subscriber_id))
        .limit(_A_CHUNK)
    )
    chunk = session.exec(waiting).all()
    if not chunk:
        return None
    end_deliveries(session, issue_id, chunk, ended, now)
    return chunk[-1]


def _move(session: Session, issue_id: int, old: IssueState, new: IssueState, note: str) -> bool:
    statement = (
        update(IssueRow)
        .where(col(IssueRow.id) == issue_id, col(IssueRow.state) == old)
        .values(state=new, note=note)
        .execution_options(synchronize_session=False)
    )
    return changed(session, statement) == 1


def _line(row: IssueRow, slug: str) -> IssueLine:
    return IssueLine(
        id=row.id or 0,
        newsletter=slug,
        state=row.state,
        slot=row.slot,
        subject=row.subject,
        planned=row.planned,
        note=row.note,
        created_at=row.created_at,
        closed_at=row.closed_at,
    )
