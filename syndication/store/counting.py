"""What became of an issue's deliveries, counted once a batch, so that a million rows are explained without reading them.

A batch's counts hold while its `counted_attempt` is its attempt: who leases it raises the attempt, so its rows are read
until the batch is given back and counted. Who changes deliveries of a batch that is not leased calls `recount` first, in
the same transaction: first the batch, then its rows, as a lease locks them too. Measured with a
million rows, four of a thousand batches leased: the answer takes 17 ms on SQLite and 36 ms on PostgreSQL.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    and_,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    type_coerce,
    update,
)
from sqlmodel import Session, col

from syndication.domain.delivery import Fault
from syndication.domain.states import BatchState, DeliveryState
from syndication.store.database import Database
from syndication.store.tables import DeliveryBatchRow, DeliveryCountRow, DeliveryRow, IssueRow

_STALE: Final = -1
_BATCHES_AT_ONCE: Final = 20


class Tally(NamedTuple):
    """How many deliveries ended alike. code, enhanced: of the server's reply, 0 and "" without; reply: one of their replies."""

    state: DeliveryState
    fault: Fault | None
    code: int
    enhanced: str
    reply: str
    deliveries: int


class Chosen(NamedTuple):
    """Which deliveries of an issue are meant; None for any."""

    state: DeliveryState | None = None
    fault: Fault | None = None
    code: int | None = None
    enhanced: str | None = None

    def of_rows(self) -> list[ColumnElement[bool]]:
        """The choice as conditions on deliveries."""
        pairs = ((DeliveryRow.state, self.state), (DeliveryRow.fault, self.fault))
        found = [col(column) == value for column, value in pairs if value is not None]
        if self.code is not None:
            found.append(func.coalesce(col(DeliveryRow.code), 0) == self.code)
        if self.enhanced is not None:
            found.append(col(DeliveryRow.enhanced) == self.enhanced)
        return found

    def of_counts(self) -> list[ColumnElement[bool]]:
        """The choice as conditions on counts."""
        pairs = (
            (DeliveryCountRow.state, self.state),
            (DeliveryCountRow.fault, self.fault),
            (DeliveryCountRow.code, self.code),
            (DeliveryCountRow.enhanced, self.enhanced),
        )
        return [col(column) == value for column, value in pairs if value is not None]


ANY: Final = Chosen()


def recount(session: Session, issue_id: int, first: int = 0, last: int | None = None) -> None:
    """Say that deliveries of an issue to these subscribers (all by default) are about to change outside of a lease."""
    chosen = [col(DeliveryBatchRow.issue_id) == issue_id, col(DeliveryBatchRow.hi) >= first]
    if last is not None:
        chosen.append(col(DeliveryBatchRow.lo) <= last)
    _forget(session, chosen)


def recount_readers(session: Session, subscriber_ids: Sequence[int], states: Iterable[DeliveryState] = ()) -> None:
    """Say that these readers' deliveries in these states (any by default) are about to change outside of a lease."""
    own = [
        col(DeliveryRow.issue_id) == col(DeliveryBatchRow.issue_id),
        col(DeliveryRow.subscriber_id).in_(subscriber_ids),
        col(DeliveryRow.subscriber_id).between(col(DeliveryBatchRow.lo), col(DeliveryBatchRow.hi)),
    ]
    wanted = list(states)
    if wanted:
        own.append(col(DeliveryRow.state).in_(wanted))
    issues = select(col(DeliveryRow.issue_id)).where(col(DeliveryRow.subscriber_id).in_(subscriber_ids))
    _forget(session, [col(DeliveryBatchRow.issue_id).in_(issues), exists().where(*own)])


def recount_unknown(session: Session, issue_id: int) -> None:
    """Say that a late truth may have changed what was unknown after its batch was counted."""
    held = exists().where(
        col(DeliveryCountRow.batch_id) == col(DeliveryBatchRow.id), col(DeliveryCountRow.state) == DeliveryState.UNKNOWN
    )
    _forget(session, [col(DeliveryBatchRow.issue_id) == issue_id, held])


def count_batch(session: Session, batch_id: int) -> None:
    """Count the deliveries of a batch that is not leased, unless its counts hold."""
    batch = session.execute(
        select(DeliveryBatchRow)
        .where(col(DeliveryBatchRow.id) == batch_id, col(DeliveryBatchRow.state) != BatchState.CLAIMED)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar()
    if batch is None or batch.counted_attempt == batch.attempt:
        return
    session.execute(delete(DeliveryCountRow).where(col(DeliveryCountRow.batch_id) == batch_id))
    counted = _grouped(batch.issue_id, [(batch.lo, batch.hi)]).add_columns(literal(batch_id))
    columns = ("state", "fault", "code", "enhanced", "reply", "deliveries", "batch_id")
    session.execute(insert(DeliveryCountRow).from_select(columns, counted, include_defaults=False))
    batch.counted_attempt = batch.attempt
    session.flush()


def count_batches(database: Database, most: int = 1_000) -> int:
    """Count batches whose counts do not hold, in short transactions; how many. Called by the sweep."""
    stale = select(col(DeliveryBatchRow.id)).where(_is_stale(), col(DeliveryBatchRow.state) != BatchState.CLAIMED)
    with database.read() as session:
        ids = [number for number in session.execute(stale.limit(most)).scalars() if number is not None]
    for start in range(0, len(ids), _BATCHES_AT_ONCE):
        with database.write() as session:
            for batch_id in ids[start : start + _BATCHES_AT_ONCE]:
                count_batch(session, batch_id)
    return len(ids)


def tallies(session: Session, issue_id: int) -> list[Tally]:
    """What became of an issue's deliveries, the most frequent first; they add up to all of its rows.

    Adds up kept counts and reads only the rows of batches that are leased or changed since; a batch that nobody has
    touched is as it was planned.
    """
    if not _has_batches(session, issue_id):
        return _added(session.execute(_grouped(issue_id, [])).all())
    kept = (
        select(
            col(DeliveryCountRow.state),
            col(DeliveryCountRow.fault),
            col(DeliveryCountRow.code),
            col(DeliveryCountRow.enhanced),
            func.max(col(DeliveryCountRow.reply)),
            func.sum(col(DeliveryCountRow.deliveries)),
        )
        .join(DeliveryBatchRow, col(DeliveryBatchRow.id) == col(DeliveryCountRow.batch_id))
        .where(col(DeliveryBatchRow.issue_id) == issue_id, _is_counted())
        .group_by(
            col(DeliveryCountRow.state),
            col(DeliveryCountRow.fault),
            col(DeliveryCountRow.code),
            col(DeliveryCountRow.enhanced),
        )
    )
    rows = list(session.execute(kept).all())
    for span in _merged(_spans(session, issue_id, [_is_stale()])):
        rows += session.execute(_grouped(issue_id, [span])).all()
    planned = session.execute(select(col(IssueRow.planned)).where(col(IssueRow.id) == issue_id)).scalar_one()
    untouched = planned - sum(row[-1] for row in rows)
    if untouched > 0 and _spans(session, issue_id, [_is_untouched()]):
        rows.append((DeliveryState.READY, "", 0, "", "", untouched))  # type: ignore[arg-type] # as a row of the SELECT
    return _added(rows)


def counts_of(session: Session, issue_ids: Sequence[int]) -> dict[int, dict[DeliveryState, int]]:
    """How many deliveries of each issue are in each state. Issues whose counts all hold cost one query together."""
    batches = col(DeliveryBatchRow.issue_id)
    doubtful = select(batches).where(batches.in_(issue_ids), ~func.coalesce(_is_counted(), False)).distinct()
    open_issues = set(session.execute(doubtful).scalars())
    closed = [issue_id for issue_id in issue_ids if issue_id not in open_issues]
    kept = (
        select(batches, col(DeliveryCountRow.state), func.sum(col(DeliveryCountRow.deliveries)))
        .join(DeliveryBatchRow, col(DeliveryBatchRow.id) == col(DeliveryCountRow.batch_id))
        .where(batches.in_(closed))
        .group_by(batches, col(DeliveryCountRow.state))
    )
    found: dict[int, dict[DeliveryState, int]] = {issue_id: {} for issue_id in issue_ids}
    for issue_id, state, number in session.execute(kept):
        found[issue_id][state] = int(number)
    for issue_id in issue_ids:
        if issue_id in open_issues or not found[issue_id]:
            for tally in tallies(session, issue_id):
                found[issue_id][tally.state] = found[issue_id].get(tally.state, 0) + tally.deliveries
    return found


def chosen_rows(
    session: Session, issue_id: int, chosen: Chosen, *, after: int = 0, limit: int = 100
) -> list[DeliveryRow]:
    """Deliveries of an issue in order of subscriber id, from the first one greater than `after`.

    Reads only batches that hold such deliveries, or may.
    """
    statement = (
        select(DeliveryRow).where(col(DeliveryRow.issue_id) == issue_id).order_by(col(DeliveryRow.subscriber_id))
    )
    if chosen == ANY or not _has_batches(session, issue_id):
        wanted = statement.where(col(DeliveryRow.subscriber_id) > after, *chosen.of_rows())
        return list(session.execute(wanted.limit(limit)).scalars())
    found: list[DeliveryRow] = []
    for lo, hi in _candidates(session, issue_id, chosen, after):
        span = col(DeliveryRow.subscriber_id).between(max(lo, after + 1), hi)
        part = statement.where(span, *chosen.of_rows()).limit(limit - len(found))
        found += session.execute(part).scalars()
        if len(found) >= limit:
            break
    return found


def _candidates(session: Session, issue_id: int, chosen: Chosen, after: int) -> list[tuple[int, int]]:
    """The spans of subscriber ids that hold chosen deliveries, or may, in order."""
    held = exists().where(col(DeliveryCountRow.batch_id) == col(DeliveryBatchRow.id), *chosen.of_counts())
    possible = [and_(_is_counted(), held), _is_stale()]
    if chosen in {Chosen(DeliveryState.READY), Chosen(DeliveryState.READY, None, 0, "")}:
        possible.append(_is_untouched())
    return _spans(session, issue_id, [or_(*possible), col(DeliveryBatchRow.hi) > after])


def _forget(session: Session, chosen: list[ColumnElement[bool]]) -> None:
    """The batches first: whoever counts one waits for this transaction. Replies repeat addresses, so none is kept."""
    ids = list(
        session.execute(
            update(DeliveryBatchRow)
            .where(*chosen)
            .values(counted_attempt=_STALE)
            .returning(col(DeliveryBatchRow.id))
            .execution_options(synchronize_session=False)
        ).scalars()
    )
    if ids:
        session.execute(delete(DeliveryCountRow).where(col(DeliveryCountRow.batch_id).in_(ids)))


def _grouped(issue_id: int, spans: Sequence[tuple[int, int]]) -> Select[DeliveryState, str, int, str, str, int]:
    fault = func.coalesce(type_coerce(col(DeliveryRow.fault), String), "")
    code = func.coalesce(col(DeliveryRow.code), 0)
    statement = (
        select(
            col(DeliveryRow.state),
            fault,
            code,
            col(DeliveryRow.enhanced),
            func.max(col(DeliveryRow.reply)),
            func.count(),
        )
        .where(col(DeliveryRow.issue_id) == issue_id)
        .group_by(col(DeliveryRow.state), fault, code, col(DeliveryRow.enhanced))
    )
    if spans:
        statement = statement.where(or_(*(col(DeliveryRow.subscriber_id).between(lo, hi) for lo, hi in spans)))
    return statement


def _added(rows: Iterable[Sequence[object]]) -> list[Tally]:
    """Rows with the same key as one."""
    found: dict[tuple[object, ...], tuple[str, int]] = {}
    for state, fault, code, enhanced, reply, number in rows:
        known, so_far = found.get((state, fault, code, enhanced), ("", 0))
        found[state, fault, code, enhanced] = (max(known, str(reply or "")), so_far + int(str(number)))
    tallied = [
        Tally(DeliveryState(str(key[0])), Fault(str(key[1])) if key[1] else None, int(str(key[2])), str(key[3]), *value)
        for key, value in found.items()
    ]
    return sorted(tallied, key=lambda one: (-one.deliveries, one.state, one.code))


def _spans(session: Session, issue_id: int, conditions: Sequence[ColumnElement[bool]]) -> list[tuple[int, int]]:
    rows = session.execute(
        select(col(DeliveryBatchRow.lo), col(DeliveryBatchRow.hi))
        .where(col(DeliveryBatchRow.issue_id) == issue_id, *conditions)
        .order_by(col(DeliveryBatchRow.lo))
    )
    return [(lo, hi) for lo, hi in rows]


def _merged(spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Neighbouring spans as one."""
    begun: tuple[int, int] | None = None
    for lo, hi in spans:
        if begun and lo == begun[1] + 1:
            begun = (begun[0], hi)
        else:
            if begun:
                yield begun
            begun = (lo, hi)
    if begun:
        yield begun


def _has_batches(session: Session, issue_id: int) -> bool:
    statement = select(col(DeliveryBatchRow.id)).where(col(DeliveryBatchRow.issue_id) == issue_id).limit(1)
    return session.execute(statement).first() is not None


def _is_counted() -> ColumnElement[bool]:
    return and_(
        col(DeliveryBatchRow.counted_attempt) == col(DeliveryBatchRow.attempt),
        col(DeliveryBatchRow.state) != BatchState.CLAIMED,
    )


def _is_untouched() -> ColumnElement[bool]:
    return and_(
        col(DeliveryBatchRow.counted_attempt).is_(None),
        col(DeliveryBatchRow.attempt) == 0,
        col(DeliveryBatchRow.state) == BatchState.PENDING,
    )


def _is_stale() -> ColumnElement[bool]:
    return and_(~func.coalesce(_is_counted(), False), ~_is_untouched())
