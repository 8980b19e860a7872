"""Saying who got an issue of a million readers, who did not and why, while it is sent and after.

Questions a second, each answered afresh by what `issues show` and the console ask: the issue with its counts by state and
server's reply, fifty failed readers, one reader's history. Held to 200 ms an answer, that is 5 a second: the limit.
Needs no package.
"""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import text

from bench import Case
from bench._databases import fresh_database
from syndication.domain.states import DeliveryState
from syndication.store.counting import Chosen, chosen_rows, count_batches
from syndication.store.database import Database
from syndication.store.dossiers import dossier
from syndication.store.issues import issue_summary
from tests.support.mailing import Mailing, add_mailing, address

NOW: Final = datetime(2026, 11, 6, 7, 30, tzinfo=UTC)
READERS: Final = 1_000_000
LONGEST_S: Final = 0.2
_TRIES: Final = 5
# What a mail server answers: nearly all accepted, one of 50 deferred, one of 500 refused in one of two ways.
_ANSWERED: Final = """
UPDATE delivery SET attempt = 1,
state = CASE WHEN subscriber_id % 500 = 7 THEN 'failed' WHEN subscriber_id % 50 = 3 THEN 'deferred' ELSE 'accepted' END,
fault = CASE WHEN subscriber_id % 1000 = 7 THEN 'recipient' WHEN subscriber_id % 500 = 7 THEN 'sender' END,
code = CASE WHEN subscriber_id % 500 = 7 THEN 550 WHEN subscriber_id % 50 = 3 THEN 451 ELSE 250 END,
enhanced = CASE WHEN subscriber_id % 1000 = 7 THEN '5.1.1' WHEN subscriber_id % 500 = 7 THEN '5.7.1'
    WHEN subscriber_id % 50 = 3 THEN '4.2.2' ELSE '2.0.0' END,
reply = CASE WHEN subscriber_id % 500 = 7 THEN 'refused' ELSE 'queued as ' || subscriber_id END
"""
_GIVEN_BACK: Final = """
UPDATE delivery_batch SET attempt = 1, state = CASE WHEN id % 250 = 0 THEN 'claimed' ELSE 'waiting' END
"""


def run() -> Iterator[Case]:
    """Each database: an issue that is being sent, then the same one with nothing counted yet."""
    for name in ("sqlite", "postgresql"):
        with fresh_database(name) as database:
            mailing = add_mailing(database, NOW, READERS, batch=1_000)
            with database.write() as session:
                session.execute(text("UPDATE issue SET planned = :readers"), {"readers": READERS})
            yield from _cases(f"{name}-planned", database, mailing)
            with database.write() as session:
                session.execute(text(_ANSWERED))
                session.execute(text(_GIVEN_BACK))
            begun = time.perf_counter()
            while count_batches(database):
                pass
            yield Case(f"{name}-count", READERS / (time.perf_counter() - begun), "rows/s")
            yield from _cases(f"{name}-sending", database, mailing)


def _cases(name: str, database: Database, mailing: Mailing) -> Iterator[Case]:
    chosen = Chosen(DeliveryState.FAILED)

    def summary() -> None:
        with database.read() as session:
            found = issue_summary(session, mailing.issue_id)
        assert found
        assert found.total == READERS, found.counts

    def failed() -> None:
        with database.read() as session:
            assert len(chosen_rows(session, mailing.issue_id, chosen, after=READERS // 2, limit=50)) in {0, 50}

    def reader() -> None:
        with database.read() as session:
            assert dossier(session, address(READERS // 2))

    for question, ask in (("issue", summary), ("failed", failed), ("reader", reader)):
        yield Case(f"{name}-{question}", 1 / _median_s(ask), "answers/s", 1 / LONGEST_S)


def _median_s(ask: Callable[[], None]) -> float:
    seconds = []
    for _ in range(_TRIES):
        begun = time.perf_counter()
        ask()
        seconds.append(time.perf_counter() - begun)
    return sorted(seconds)[_TRIES // 2]
