"""Everything that is ready to be sent → outcomes in the ledger. Run again, it goes on where it was stopped or killed."""

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog
import uvloop

from syndication.deliver.sender import Limits, Tally, send_all
from syndication.domain.delivery import DeliveryKind, Reply
from syndication.domain.seams import Transport
from syndication.jobs.pacing import Pace
from syndication.jobs.post import PostOffice, PostQueue
from syndication.store.database import Database, DatabaseError
from syndication.store.delivering import note_issue, recover_leases, release_batches
from syndication.store.issues import close_finished_issues, pause_issue
from syndication.store.noticing import recover_notices

__all__ = ["DeliverReport", "PostOffice", "deliver_ready", "recover_deliveries", "release_held"]

RELAY: Final = "relay"
_TURN_S: Final = 0.0005
_HOLD: Final = timedelta(minutes=1)
# Source: Google's written procedure for 4.7.28: no mail for at least ten minutes.
_LONG_HOLD: Final = timedelta(minutes=10)

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class DeliverReport:
    """What one run did, in deliveries. held: why the rest waits, "" when nothing does. paused, closed: ids of issues."""

    accepted: int
    deferred: int
    failed: int
    unknown: int
    skipped: int
    held: str
    paused: tuple[int, ...]
    closed: tuple[int, ...]


def deliver_ready(
    database: Database,
    transport: Transport,
    post: PostOffice,
    clock: Callable[[], datetime],
    stop: Callable[[], bool],
) -> DeliverReport:
    """Send all notices and all issues that are being sent, until nothing is ready, the lane is shut or `stop` says so.

    Any number of processes may run this at once. clock: this instant, aware UTC. Blocks; mails in flight are finished
    before it returns. Raises StoreError when the database stays away.
    """
    with _short_turns(), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        report = runner.run(_deliver(database, transport, post, clock, stop))
    if report.accepted + report.deferred + report.failed + report.unknown:
        _log.info(
            "delivered",
            accepted=report.accepted,
            deferred=report.deferred,
            failed=report.failed,
            unknown=report.unknown,
            closed=report.closed,
        )
    return report


def recover_deliveries(database: Database, now: datetime, *, is_alone: bool = False) -> None:
    """Free what a process that ended left leased or in flight.

    is_alone: no other process delivers (a single runner that has just started), so there is no lease to wait for.
    """
    with database.write() as session:
        recovered = recover_leases(session, now, is_alone=is_alone)
        recover_notices(session, now, is_alone=is_alone)
    if recovered:
        _log.warning("leases_recovered", batches=recovered)


def release_held(database: Database, now: datetime) -> None:
    """Let mail that waits for its lane try at once: the settings that held it have changed. now: aware UTC."""
    with database.write() as session:
        release_batches(session, now)


@contextmanager
def _short_turns() -> Iterator[None]:
    """Threads that read batches must not keep the event loop for 5 ms, in which a server runs out of mails."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(_TURN_S)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


async def _deliver(
    database: Database,
    transport: Transport,
    post: PostOffice,
    clock: Callable[[], datetime],
    stop: Callable[[], bool],
) -> DeliverReport:
    await asyncio.to_thread(recover_deliveries, database, clock())
    queue = PostQueue(database, post, clock)
    pace = Pace(database, RELAY, post.caps, clock) if post.caps.is_any else None
    renewing = asyncio.create_task(queue.keep_leases())
    tally = Tally()
    try:
        limits = Limits(pace, post.pause_s, post.patience_s, post.ledger_pauses_s)
        tally = await send_all(queue.next, transport, queue.ledger, clock, stop, limits)
    finally:
        renewing.cancel()
        hold_until = clock() + _hold(tally.held) if tally.held else None
        await _give_back(queue, pace, hold_until)
    return await asyncio.to_thread(_conclude, database, queue, tally, clock())


async def _give_back(queue: PostQueue, pace: Pace | None, hold_until: datetime | None) -> None:
    """Give back leases and what is left of the limits. While the database is away they come back when their time ends."""
    try:
        await queue.give_back(pace.until or hold_until if pace else hold_until)
        if pace:
            await asyncio.to_thread(pace.end)
    except DatabaseError as error:
        _log.warning("leases_left", error=str(error))


def _hold(reply: Reply) -> timedelta:
    return _LONG_HOLD if reply.enhanced.startswith("4.7.") else _HOLD


def _conclude(database: Database, queue: PostQueue, tally: Tally, now: datetime) -> DeliverReport:
    """Say on the issues what the run met, and close those that are finished."""
    blamed = sorted({name.parent for name in tally.blamed if name.kind is DeliveryKind.ISSUE})
    held = _words(tally.held) if tally.held else ""
    with database.write() as session:
        paused = [issue_id for issue_id in blamed if pause_issue(session, issue_id, _breaker_note(tally))]
        for issue_id in queue.issues - set(blamed):
            note_issue(session, issue_id, f"Waiting for the mail server, which says: {held}" if held else "")
    closed = close_finished_issues(database, now)
    if tally.broken:
        _log.error("issues_paused", issues=paused, reply=_words(tally.broken))
    if held:
        _log.warning("lane_held", reply=held)
    return DeliverReport(
        tally.accepted,
        tally.deferred,
        tally.failed,
        tally.unknown,
        tally.skipped,
        held,
        tuple(paused),
        tuple(closed),
    )


def _breaker_note(tally: Tally) -> str:
    reply = _words(tally.broken) if tally.broken else ""
    return (
        f"The mail server refused {len(tally.blamed)} mails in a row because of the sender, not the readers: {reply} "
        "Check the sender's address, SPF and DKIM and the server's limits, then resume the issue."
    )


def _words(reply: Reply) -> str:
    parts = (str(reply.code) if reply.code else "", reply.enhanced, " ".join(reply.text.split()))
    return " ".join(part for part in parts if part)
