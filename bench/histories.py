"""Random histories of articles, readers and issues against a plain model, and both databases against each other.

Each history is one that `make test` might try: late dates, edits, changed topics, pauses, failed and deferred deliveries,
cancelled issues, two schedules, crashes between commits. Raises when an article is lost or comes twice, or when the same
history gives other digests on the other database. Histories a second; the yardstick of PostgreSQL is SQLite.
BENCH_HISTORIES: how many instead of 150.
"""

import hashlib
import os
import time
from collections.abc import Iterator
from typing import Final

import structlog
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from sqlmodel import Session, col, select

from bench import Case
from bench._databases import fresh_database
from syndication.store.database import Database
from syndication.store.tables import DigestBodyRow, DigestRow, metadata
from tests.support.histories import Histories

EXAMPLES: Final = int(os.environ.get("BENCH_HISTORIES", "150"))
STEPS: Final = 16


def run() -> Iterator[Case]:
    """Each database, with the same histories."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    digests, rates = {}, []
    for kind in ("sqlite", "postgresql"):
        with fresh_database(kind) as database:
            begun = time.perf_counter()
            digests[kind] = _digests_of_histories(database)
            rates.append(len(digests[kind]) / (time.perf_counter() - begun))
        yield Case(kind, rates[-1], "histories/s", None if kind == "sqlite" else rates[0])
    assert len(digests["sqlite"]) >= EXAMPLES
    assert digests["sqlite"] == digests["postgresql"], "the databases gave different digests of one history"


def _digests_of_histories(database: Database) -> list[str]:
    """A hash a history, of all digests it made."""
    found: list[str] = []

    def fresh() -> Database:
        metadata.drop_all(database.engine)
        metadata.create_all(database.engine)
        return Database(database.engine)

    class OnThis(Histories):
        open_database = staticmethod(fresh)

        def teardown(self) -> None:
            if hasattr(self, "database"):
                with self.database.read() as session:
                    found.append(_hash(session))
            super().teardown()

    run_state_machine_as_test(
        OnThis,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.generate,),
        ),
    )
    return found


def _hash(session: Session) -> str:
    digests = session.exec(select(DigestRow).order_by(col(DigestRow.issue_id), col(DigestRow.content_hash)))
    words = [f"{row.issue_id} {row.start} {row.content_hash} {row.body_hash} {row.more} {row.items}" for row in digests]
    bodies = session.exec(select(DigestBodyRow.hash, DigestBodyRow.subject).order_by(col(DigestBodyRow.hash)))
    words += [f"{key} {subject}" for key, subject in bodies]
    return hashlib.sha256("\n".join(words).encode()).hexdigest()
