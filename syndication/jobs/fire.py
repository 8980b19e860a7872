"""Slots due → issues due. The database decides who fires, so every process may try at every tick."""

from datetime import datetime, timedelta
from typing import Final

import structlog

from syndication.cron.slots import latest_slot, next_slot
from syndication.domain.errors import CronError
from syndication.domain.plural import plural
from syndication.domain.seams import Enqueue, Task
from syndication.store.database import Database
from syndication.store.newsletters import StoredSchedule
from syndication.store.scheduling import Fired, due_schedules, fire, is_worth_an_issue, pass_slot

_log = structlog.get_logger()

SETTLING: Final = timedelta(minutes=1)
"""News younger than this waits for an instant schedule's next slot: what came with it may not be sorted yet."""


def fire_due(database: Database, enqueue: Enqueue, now: datetime) -> list[Fired]:
    """Record one issue for every schedule with a slot at or before `now` (aware UTC) and ask for its composition.

    All slots missed in one downtime make one issue, for the latest of them. One that comes too late for its schedule
    is recorded as skipped; its articles go out with the next.
    """
    with database.read() as session:
        due = due_schedules(session, now)
    fired = [each for each in (_fire(database, stored, now) for stored in due) if each]
    for each in fired:
        _log.info("slot_fired", schedule_id=each.schedule_id, issue_id=each.issue_id, skipped=each.skipped)
        if not each.skipped:
            enqueue(Task.COMPOSE, f"compose:{each.issue_id}", issue_id=each.issue_id)
    return fired


def _fire(database: Database, due: StoredSchedule, now: datetime) -> Fired | None:
    words = due.value
    try:
        slot = max(words.next_slot, latest_slot(words.cron, words.zone, now))
        # With a review the slot is still to come.
        following = next_slot(words.cron, words.zone, max(now, slot))
    except CronError as error:  # one unreadable row must not stop the other schedules
        _log.error("schedule_unreadable", schedule_id=due.id, reason=str(error))
        return None
    late = now - slot
    skipped = f"It came {_in_hours(late)} too late." if late > timedelta(seconds=due.max_late_s) else ""
    with database.write() as session:
        if not is_worth_an_issue(session, due, now - SETTLING):
            pass_slot(session, due, following)
            return None
        return fire(session, due, slot, following, now, skipped=skipped)


def _in_hours(late: timedelta) -> str:
    hours = round(late / timedelta(hours=1))
    return plural(hours, "hour")
