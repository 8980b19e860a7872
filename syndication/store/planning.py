"""Digests and deliveries → rows. Each function is one short transaction's work and harmless to repeat.

Only an issue that is being composed is written to: every transaction asks for that first (`hold_composing`), so a
cancelled issue gets no further row, and two processes that plan the same issue do no harm.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Select, String, cast, exists, func, insert, literal, select, tuple_, update
from sqlmodel import Session, col

from syndication.domain.preflight import Gate
from syndication.domain.states import BatchState, DeliveryState, IssueState
from syndication.domain.windows import Window
from syndication.store.bodies import CutBody, keep_bodies
from syndication.store.bulk import insert_rows
from syndication.store.composing import Group, IssuePlan
from syndication.store.database import changed
from syndication.store.inserting import insert_new
from syndication.store.reviewing import NOTHING_NEW
from syndication.store.scheduling import is_eligible
from syndication.store.tables import (
    DeliveryBatchRow,
    DeliveryRow,
    DigestBodyRow,
    DigestChoiceRow,
    DigestRow,
    IssueArticleRow,
    IssueRow,
    ScheduleRow,
    SubscriptionRow,
    TopicRow,
)

BATCH_SIZE: Final = 1_000
"""Recipients a batch of deliveries has. Source: measured, claiming costs 1.8 ms a batch."""

DELIVERY_COLUMNS: Final = ("issue_id", "subscriber_id", "digest_id", "state", "attempt", "resends", "enhanced", "reply")

_IDS_AT_ONCE: Final = 100_000

# The last batch of an issue reaches up to here, so its batches cover every subscriber there can be.
_LAST_ID: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class NewDigest:
    """A digest to keep. groups: who gets it. items: (article id, topic slug) in order. body: None when it is kept already."""

    start: int
    content_hash: str
    body_hash: str
    language: str
    more: int
    items: tuple[tuple[int, str], ...]
    groups: tuple[Group, ...]
    body: CutBody | None


@dataclass(frozen=True, slots=True)
class OwnStart:
    """A reader with a start of their own. is_served: they have a delivery of the issue in question."""

    subscription_id: int
    subscriber_id: int
    start: int
    segment_id: int
    is_served: bool


def hold_composing(session: Session, issue_id: int) -> bool:
    """Whether an issue is being composed; nobody else changes it before this transaction ends."""
    # Not FOR SHARE: two that hold it and then update the row wait for each other.
    state = select(col(IssueRow.state)).where(col(IssueRow.id) == issue_id).with_for_update(key_share=True)
    return session.scalars(state).one() is IssueState.COMPOSING


def kept_choices(session: Session, issue_id: int) -> dict[tuple[int, int], int]:
    """The digests that are kept already: (start, segment id) → digest id."""
    columns = (col(DigestChoiceRow.start), col(DigestChoiceRow.segment_id), col(DigestChoiceRow.digest_id))
    rows = session.execute(select(*columns).where(col(DigestChoiceRow.issue_id) == issue_id))
    return {(start, segment_id): digest_id for start, segment_id, digest_id in rows}


def kept_bodies(session: Session, issue_id: int) -> dict[str, str]:
    """The bodies that are kept already: content hash → body hash."""
    statement = select(col(DigestRow.content_hash), col(DigestRow.body_hash)).where(col(DigestRow.issue_id) == issue_id)
    return dict(session.execute(statement).all())


def keep_digests(
    session: Session, issue_id: int, digests: Sequence[NewDigest], parts: Mapping[str, str], template_version_id: int
) -> None:
    """Keep digests with their bodies and readers' choices; what is kept already stays as it is.

    parts: names and texts of parts of these bodies, unless they are kept already.
    """
    keep_bodies(session, parts, list({d.body_hash: d.body for d in digests if d.body is not None}.values()))
    topics = dict(session.execute(select(col(TopicRow.slug), col(TopicRow.id))).all())
    columns = ("issue_id", "start", "content_hash", "body_hash", "language", "template_version_id", "more", "items")
    rows = [
        (
            issue_id,
            digest.start,
            digest.content_hash,
            digest.body_hash,
            digest.language,
            template_version_id,
            digest.more,
            json.dumps([(article_id, topics[topic]) for article_id, topic in digest.items]),
        )
        for digest in digests
    ]
    insert_rows(session, DigestRow, columns, rows)
    ids = _digest_ids(session, issue_id, digests)
    choices = [
        (issue_id, group.start, group.segment_id, ids[digest.start, digest.content_hash])
        for digest in digests
        for group in digest.groups
    ]
    insert_rows(session, DigestChoiceRow, ("issue_id", "start", "segment_id", "digest_id"), choices)


def keep_articles(session: Session, issue_id: int, article_ids: Iterable[int]) -> None:
    """Note which articles some reader of an issue may get."""
    insert_rows(session, IssueArticleRow, ("issue_id", "article_id"), [(issue_id, number) for number in article_ids])


def end_of_range(session: Session, schedule_id: int, after: int, width: int) -> int | None:
    """The subscriber id that ends the next `width` subscriptions of a schedule after an id; None when there are none."""
    subscriber_id = col(SubscriptionRow.subscriber_id)
    following = (
        select(subscriber_id)
        .where(col(SubscriptionRow.schedule_id) == schedule_id, subscriber_id > after)
        .order_by(subscriber_id)
        .limit(width)
        .subquery()
    )
    end: int | None = session.scalar(select(func.max(following.c.subscriber_id)))
    return end


def insert_deliveries(session: Session, plan: IssuePlan, window: Window, ids: range, now: datetime) -> None:
    """Write the deliveries of the eligible readers with these subscriber ids, and count those that are new."""
    reader = (
        select(
            literal(plan.id),
            col(SubscriptionRow.subscriber_id),
            col(DigestChoiceRow.digest_id),
            literal(DeliveryState.READY.value),
            *(literal(value) for value in (0, 0, "", "")),
        )
        .join(DigestChoiceRow, col(DigestChoiceRow.segment_id) == col(SubscriptionRow.segment_id))
        .where(*is_eligible(plan.schedule_id, now), col(DigestChoiceRow.issue_id) == plan.id)
        .where(col(DigestChoiceRow.start) == func.coalesce(col(SubscriptionRow.from_seq), window.start))
        .where(col(SubscriptionRow.subscriber_id).between(ids.start, ids.stop - 1))
    )
    write_deliveries(session, plan.id, ids, reader)


def write_deliveries(session: Session, issue_id: int, ids: range, rows: Select[*tuple[Any, ...]]) -> None:
    """Write the rows of a query (of `DELIVERY_COLUMNS`, of these subscriber ids) that are not there, and count them on their issue.

    So `issue.planned` is true after each transaction; counting a million rows at the end would hold the issue too long.
    """
    of_issue = (col(DeliveryRow.issue_id) == issue_id, col(DeliveryRow.subscriber_id).between(ids.start, ids.stop - 1))
    is_begun = session.scalar(select(exists().where(*of_issue)))
    # To look for each row first takes PostgreSQL half as long again (measured). Only who holds the issue writes here.
    statement = insert_new(session, DeliveryRow) if is_begun else insert(DeliveryRow)
    new = statement.from_select(DELIVERY_COLUMNS, rows, include_defaults=False)
    counted = update(IssueRow).where(col(IssueRow.id) == issue_id)
    session.execute(
        counted.values(planned=col(IssueRow.planned) + changed(session, new)).execution_options(
            synchronize_session=False
        )
    )


def first_of_each_batch(session: Session, issue_id: int) -> list[int]:
    """The lowest subscriber id of every batch of an issue's deliveries."""
    subscriber_id, of_issue = col(DeliveryRow.subscriber_id), col(DeliveryRow.issue_id) == issue_id
    word = cast(subscriber_id, String)
    found: list[int] = []
    seen = last = 0
    # In spans of ids and as one text each. An OFFSET from batch to batch sorts all that follows, each time, where
    # PostgreSQL knows nothing about the rows of this issue yet (measured: 4.3 s for a million).
    while (first := session.scalar(select(func.min(subscriber_id)).where(of_issue, subscriber_id > last))) is not None:
        last = first + _IDS_AT_ONCE - 1
        within = select(word.label("id")).where(of_issue, subscriber_id.between(first, last)).order_by(subscriber_id)
        ids = session.scalars(select(func.aggregate_strings(within.subquery().c.id, ","))).one().split(",")
        found += map(int, ids[-seen % BATCH_SIZE :: BATCH_SIZE])
        seen += len(ids)
    return sorted(found)  # whatever order the database gave them in, no two batches overlap


def finish_plan(session: Session, issue_id: int, batches: Sequence[int], subject: str, now: datetime) -> int:
    """Write the batches that begin at these subscriber ids; from here on nobody is missing. How many deliveries there are."""
    ends = [*(following - 1 for following in batches[1:]), _LAST_ID]
    rows = [
        (issue_id, "relay", lo if position else 0, hi, BatchState.PENDING.value, 0)
        for position, (lo, hi) in enumerate(zip(batches, ends, strict=False))
    ]
    insert_rows(session, DeliveryBatchRow, ("issue_id", "lane", "lo", "hi", "state", "attempt"), rows)
    session.execute(
        update(IssueRow)
        .where(col(IssueRow.id) == issue_id)
        .values(subject=subject, planned_at=func.coalesce(col(IssueRow.planned_at), now), gate=Gate.WAITING)
    )
    return session.scalars(select(col(IssueRow.planned)).where(col(IssueRow.id) == issue_id)).one()


def own_starts_after(session: Session, plan: IssuePlan, now: datetime, after: int, limit: int) -> list[OwnStart]:
    """Eligible readers with a start of their own up to the window's end, by subscriber id greater than `after`."""
    statement = (
        select(
            col(SubscriptionRow.id),
            col(SubscriptionRow.subscriber_id),
            col(SubscriptionRow.from_seq),
            col(SubscriptionRow.segment_id),
            col(DeliveryRow.digest_id).is_not(None),
        )
        .outerjoin(
            DeliveryRow,
            (col(DeliveryRow.subscriber_id) == col(SubscriptionRow.subscriber_id))
            & (col(DeliveryRow.issue_id) == plan.id),
        )
        .where(*is_eligible(plan.schedule_id, now), col(SubscriptionRow.from_seq).is_not(None))
        .where(col(SubscriptionRow.subscriber_id) > after)
        .order_by(col(SubscriptionRow.subscriber_id))
        .limit(limit)
    )
    return [OwnStart(*row) for row in session.execute(statement)]


def drop_own_starts(session: Session, plan: IssuePlan, readers: Sequence[OwnStart], now: datetime) -> None:
    """Give these readers the issue's window again, unless they have paused, moved or chosen anew since they were read."""
    key = tuple_(col(SubscriptionRow.id), col(SubscriptionRow.from_seq), col(SubscriptionRow.segment_id))
    session.execute(
        update(SubscriptionRow)
        .where(*is_eligible(plan.schedule_id, now))
        .where(col(SubscriptionRow.id).in_([reader.subscription_id for reader in readers]))
        .where(key.in_([(reader.subscription_id, reader.start, reader.segment_id) for reader in readers]))
        .values(from_seq=None)
        .execution_options(synchronize_session=False)
    )


def start_sending(session: Session, issue_id: int, planned: int, now: datetime) -> IssueState:
    """Let a planned issue go, or into its review; without any delivery it is empty and over. The state it has now.

    One that an editor emptied stays in its review, so that what was dropped can be put back.
    """
    was_reviewed = session.get_one(IssueRow, issue_id).review_until is not None
    # An issue that was composed again after its review is as young as if it had waited for nobody.
    values: dict[str, Any] = {"state": IssueState.SENDING, "note": "", **({"frozen_at": now} if was_reviewed else {})}
    if (planned or was_reviewed) and (until := _review_until(session, issue_id, now)):
        values = {"state": IssueState.REVIEW, "review_until": until}
    elif not planned:
        values = {"state": IssueState.EMPTY, "closed_at": now, "note": NOTHING_NEW}
    session.execute(
        update(IssueRow)
        .where(col(IssueRow.id) == issue_id, col(IssueRow.state) == IssueState.COMPOSING)
        .values(**values)
    )
    return session.scalars(select(col(IssueRow.state)).where(col(IssueRow.id) == issue_id)).one()


def _review_until(session: Session, issue_id: int, now: datetime) -> datetime | None:
    """When the review of an issue ends that is planned now; None when it has none, or no time is left for it."""
    row = session.get_one(IssueRow, issue_id)
    of = session.get(ScheduleRow, row.schedule_id) if row.schedule_id else None
    until = row.review_until or (row.slot if of and of.review_s else None)
    return until if until and until > now else None


def note_fault(session: Session, issue_id: int, note: str) -> None:
    """Say on an issue that is being composed why it does not get on."""
    statement = update(IssueRow).where(col(IssueRow.id) == issue_id, col(IssueRow.state) == IssueState.COMPOSING)
    session.execute(statement.values(note=note))


def subject_of(session: Session, digest_id: int) -> str:
    """The subject line of a digest."""
    statement = (
        select(col(DigestBodyRow.subject))
        .join(DigestRow, col(DigestRow.body_hash) == col(DigestBodyRow.hash))
        .where(col(DigestRow.id) == digest_id)
    )
    return session.scalars(statement).one()


def _digest_ids(session: Session, issue_id: int, digests: Sequence[NewDigest]) -> dict[tuple[int, str], int]:
    statement = select(col(DigestRow.start), col(DigestRow.content_hash), col(DigestRow.id)).where(
        col(DigestRow.issue_id) == issue_id,
        col(DigestRow.content_hash).in_({digest.content_hash for digest in digests}),
    )
    # Not as the session's own query: that costs as much again for each row (measured).
    rows = session.connection().execute(statement)
    return {(start, content_hash): digest_id or 0 for start, content_hash, digest_id in rows}
