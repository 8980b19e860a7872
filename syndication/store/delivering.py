"""Batches of an issue's deliveries: lease one, read its readers, give it back. The rows themselves: `store.ledger`.

A lease is (batch, attempt): who claims a batch raises its attempt, so nobody else's take-off matches any more. Rows that
were in flight when a lease was lost have an unknown fate; what happens to them is the newsletter's policy, at most one
automatic resend. Source: architecture, section 5.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

import structlog
from sqlalchemy import ColumnElement, Update, and_, exists, false, func, or_, select, update
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlmodel import Session, col

from syndication.domain.digests import MailBody
from syndication.domain.preflight import Gate
from syndication.domain.states import (
    CLOSED_ISSUES,
    WAITING,
    BatchState,
    DeliveryState,
    IssueState,
    SubscriptionStatus,
    UnknownPolicy,
)
from syndication.store.bodies import mail_bodies
from syndication.store.counting import count_batch
from syndication.store.database import Database
from syndication.store.scoring import count_expired
from syndication.store.starts import apply_own_starts
from syndication.store.tables import (
    DeliveryBatchRow,
    DeliveryRow,
    DigestBodyRow,
    DigestRow,
    IssueRow,
    NewsletterRow,
    SubscriberRow,
    SubscriptionRow,
)

_log = structlog.get_logger()
_MOST_RESENDS: Final = 1
_UNKNOWN_WAIT: Final = timedelta(minutes=5)
_READ_AT_ONCE: Final = 500
_CLAIMABLE: Final = (BatchState.PENDING, BatchState.WAITING)


@dataclass(frozen=True, slots=True, eq=False)
class Lease:
    """A batch that is ours until the lease runs out, unless renewed. lo, hi: the subscriber ids it covers.

    issue_at: when the issue was frozen (aware UTC); its mails bear this date.
    """

    batch_id: int
    attempt: int
    issue_id: int
    newsletter_id: int
    lo: int
    hi: int
    policy: UnknownPolicy
    issue_at: datetime


class Recipient(NamedTuple):
    """A reader whose delivery is ready. has_own_start: their window's start follows what becomes of the delivery."""

    subscriber_id: int
    subscription_id: int
    address: str
    digest_id: int
    has_own_start: bool


def recover_leases(session: Session, now: datetime, *, is_alone: bool = False) -> int:
    """Free the batches whose lease ran out, with the fate of what was in flight made unknown; how many there were.

    is_alone: no other process delivers, so all leases are left over from one that ended.
    """
    lost = [col(DeliveryBatchRow.state) == BatchState.CLAIMED]
    if not is_alone:
        lost.append(col(DeliveryBatchRow.lease_until) <= now)
    rows = session.execute(
        select(DeliveryBatchRow, col(IssueRow.state))
        .join(IssueRow, col(IssueRow.id) == col(DeliveryBatchRow.issue_id))
        .where(*lost)
        .with_for_update(of=DeliveryBatchRow, skip_locked=True)
    ).all()
    for batch, issue_state in rows:
        _make_unknown(session, batch.issue_id, _covered(batch.issue_id, batch.lo, batch.hi), now)
        batch.state = BatchState.DONE if issue_state in CLOSED_ISSUES else BatchState.PENDING
        batch.lease_until = None
    return len(rows)


def claim_batch(session: Session, now: datetime, lease: timedelta, lifetime: timedelta) -> Lease | None:
    """Lease the next batch that has something to send, or None. What is due again is made ready, what is too old expires.

    lifetime: how long after its issue's freeze a delivery is still tried.
    """
    found = session.execute(
        select(DeliveryBatchRow, IssueRow, col(NewsletterRow.unknown_policy))
        .join(IssueRow, col(IssueRow.id) == col(DeliveryBatchRow.issue_id))
        .join(NewsletterRow, col(NewsletterRow.id) == col(IssueRow.newsletter_id))
        .where(col(IssueRow.state) == IssueState.SENDING, col(IssueRow.gate) == Gate.OPEN, _is_claimable(now))
        .order_by(col(DeliveryBatchRow.issue_id), col(DeliveryBatchRow.lo))
        .limit(1)
        .with_for_update(of=DeliveryBatchRow, skip_locked=True)
    ).first()
    if found is None:
        return None
    batch, issue, policy = found
    batch.state, batch.attempt, batch.lease_until, batch.next_at = (
        BatchState.CLAIMED,
        batch.attempt + 1,
        now + lease,
        None,
    )
    session.flush()
    issue_at = issue.frozen_at or issue.created_at
    leased = Lease(batch.id, batch.attempt, issue.id, issue.newsletter_id, batch.lo, batch.hi, policy, issue_at)
    _prepare(session, leased, now, lifetime)
    return leased


def renew_leases(database: Database, leases: Sequence[Lease], until: datetime) -> bool:
    """Keep leases that are still ours until an instant (aware UTC). False: the database is away; try again soon."""
    try:
        with database.write() as session:
            for lease in leases:
                session.execute(_own_batch(lease).values(lease_until=until))
    except (OperationalError, InterfaceError) as error:
        _log.warning("leases_not_renewed", error=str(error))
        return False
    return True


def recipients(session: Session, lease: Lease) -> list[Recipient]:
    """The readers of a batch whose deliveries are ready, in the order of their rows: neighbours are cheap to update together."""
    # Asked past the ORM, which takes longer over a thousand rows than the database.
    rows: Any = session.connection().execute(
        select(
            col(DeliveryRow.subscriber_id),
            col(SubscriptionRow.id),
            col(SubscriberRow.address),
            col(DeliveryRow.digest_id),
            col(SubscriptionRow.from_seq).is_not(None),
        )
        .join(SubscriberRow, col(SubscriberRow.id) == col(DeliveryRow.subscriber_id))
        .join(SubscriptionRow, _own_subscription(lease.newsletter_id))
        .where(_covered(lease.issue_id, lease.lo, lease.hi), col(DeliveryRow.state) == DeliveryState.READY)
        .order_by(col(DeliveryRow.subscriber_id))
    )
    return [Recipient(*row) for row in rows.all()]


def digest_bodies(session: Session, digest_ids: Sequence[int]) -> dict[int, MailBody]:
    """The rendered bodies of digests by digest id; digests with the same bytes share one value."""
    found: dict[int, MailBody] = {}
    for start in range(0, len(digest_ids), _READ_AT_ONCE):
        rows = session.execute(
            select(col(DigestRow.id), DigestBodyRow)
            .join(DigestBodyRow, col(DigestBodyRow.hash) == col(DigestRow.body_hash))
            .where(col(DigestRow.id).in_(digest_ids[start : start + _READ_AT_ONCE]))
        ).all()
        bodies = mail_bodies(session, {row.hash: row for _, row in rows}.values())
        found.update((digest_id, bodies[row.hash]) for digest_id, row in rows)
    return found


def finish_batch(session: Session, lease: Lease, now: datetime, hold_until: datetime | None = None) -> None:
    """Give a batch back: done, asleep until its next retry, or free for the next; not to be called while it is sent.

    hold_until: not before this instant (aware UTC), because the lane is held.
    """
    left = {
        state: (count, soonest)
        for state, count, soonest in session.execute(
            select(col(DeliveryRow.state), func.count(), func.min(col(DeliveryRow.next_at)))
            .where(_covered(lease.issue_id, lease.lo, lease.hi))
            .where(or_(col(DeliveryRow.state).in_((*WAITING, DeliveryState.IN_FLIGHT)), _is_resendable(lease)))
            .group_by(col(DeliveryRow.state))
        )
    }
    instants = [hold_until or now] if DeliveryState.READY in left else []
    if DeliveryState.DEFERRED in left:
        instants.append(left[DeliveryState.DEFERRED][1] or now)
    if left.keys() & {DeliveryState.UNKNOWN, DeliveryState.IN_FLIGHT}:
        instants.append(now + _UNKNOWN_WAIT)
    next_at = min(instants, default=None)
    state = BatchState.DONE if next_at is None else BatchState.WAITING
    session.execute(_own_batch(lease).values(state=state, next_at=next_at, lease_until=None))
    count_batch(session, lease.batch_id)


def release_batches(session: Session, now: datetime) -> None:
    """Let batches with deliveries that are ready be claimed from now on (aware UTC), whatever held their lane."""
    batch = DeliveryBatchRow
    has_ready = exists().where(
        col(DeliveryRow.issue_id) == col(batch.issue_id),
        col(DeliveryRow.subscriber_id).between(col(batch.lo), col(batch.hi)),
        col(DeliveryRow.state) == DeliveryState.READY,
    )
    session.execute(
        update(batch)
        .where(col(batch.state) == BatchState.WAITING, col(batch.next_at) > now, has_ready)
        .values(next_at=now)
        .execution_options(synchronize_session=False)
    )


def note_issue(session: Session, issue_id: int, note: str) -> None:
    """Say on an issue that is being sent what hinders it, "" for nothing."""
    session.execute(
        update(IssueRow)
        .where(col(IssueRow.id) == issue_id, col(IssueRow.state) == IssueState.SENDING, col(IssueRow.note) != note)
        .values(note=note)
        .execution_options(synchronize_session=False)
    )


def _prepare(session: Session, lease: Lease, now: datetime, lifetime: timedelta) -> None:
    """Bring the rows of a batch just claimed to where they belong by now. A batch claimed for the first time is as planned."""
    covered = _covered(lease.issue_id, lease.lo, lease.hi)
    if lease.attempt > 1:
        _make_unknown(session, lease.issue_id, covered, now)
        resends = col(DeliveryRow.resends) + 1
        _move(session, and_(covered, _is_resendable(lease)), state=DeliveryState.READY, resends=resends)
        due = and_(covered, col(DeliveryRow.state) == DeliveryState.DEFERRED, col(DeliveryRow.next_at) <= now)
        _move(session, due, state=DeliveryState.READY, next_at=None)
    waiting = and_(covered, col(DeliveryRow.state).in_(WAITING))
    if lease.issue_at + lifetime <= now:
        _end(session, lease.issue_id, waiting, DeliveryState.EXPIRED, now)
    _end(session, lease.issue_id, and_(waiting, ~_is_eligible(lease.newsletter_id, now)), DeliveryState.CANCELLED, now)


def _make_unknown(session: Session, issue_id: int, covered: ColumnElement[bool], now: datetime) -> None:
    """What was in flight when its sender vanished may have arrived or not."""
    in_flight = and_(covered, col(DeliveryRow.state) == DeliveryState.IN_FLIGHT)
    _end(session, issue_id, in_flight, DeliveryState.UNKNOWN, now)


def _end(session: Session, issue_id: int, chosen: ColumnElement[bool], state: DeliveryState, now: datetime) -> None:
    ended = list(session.execute(select(col(DeliveryRow.subscriber_id)).where(chosen)).scalars())
    if ended:
        if state is DeliveryState.EXPIRED:
            count_expired(session, issue_id, ended, now)
        _move(session, chosen, state=state, settled_at=now, next_at=None)
        apply_own_starts(session, issue_id, ended)


def _move(session: Session, chosen: ColumnElement[bool], **values: object) -> None:
    session.execute(update(DeliveryRow).where(chosen).values(**values).execution_options(synchronize_session=False))


def _own_batch(lease: Lease) -> Update:
    """An UPDATE of a batch that is still leased to us; without a lease it matches nothing."""
    return (
        update(DeliveryBatchRow)
        .where(
            col(DeliveryBatchRow.id) == lease.batch_id,
            col(DeliveryBatchRow.state) == BatchState.CLAIMED,
            col(DeliveryBatchRow.attempt) == lease.attempt,
        )
        .execution_options(synchronize_session=False)
    )


def _covered(issue_id: int, lo: int, hi: int) -> ColumnElement[bool]:
    return and_(col(DeliveryRow.issue_id) == issue_id, col(DeliveryRow.subscriber_id).between(lo, hi))


def _is_resendable(lease: Lease) -> ColumnElement[bool]:
    """Which fates unknown the policy tries to mend by sending once more."""
    return and_(
        col(DeliveryRow.state) == DeliveryState.UNKNOWN,
        col(DeliveryRow.resends) < (_MOST_RESENDS if lease.policy is UnknownPolicy.RESEND else 0),
    )


def _is_claimable(now: datetime) -> ColumnElement[bool]:
    return or_(
        col(DeliveryBatchRow.state) == BatchState.PENDING,
        and_(col(DeliveryBatchRow.state) == BatchState.WAITING, col(DeliveryBatchRow.next_at) <= now),
    )


def _own_subscription(newsletter_id: int) -> ColumnElement[bool]:
    return and_(
        col(SubscriptionRow.subscriber_id) == col(DeliveryRow.subscriber_id),
        col(SubscriptionRow.newsletter_id) == newsletter_id,
    )


def _is_eligible(newsletter_id: int, now: datetime) -> ColumnElement[bool]:
    paused_until = col(SubscriptionRow.paused_until)
    confirmed = col(SubscriptionRow.status) == SubscriptionStatus.CONFIRMED
    wanted = select(and_(confirmed, or_(paused_until.is_(None), paused_until <= now)))
    # Asked for by its key alone, as in ledger_sql: joined, PostgreSQL reads all subscriptions for each (measured: 1 s).
    return func.coalesce(wanted.where(_own_subscription(newsletter_id)).scalar_subquery(), false())
