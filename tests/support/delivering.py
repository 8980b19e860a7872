"""What a process of its own does that delivers and can be killed."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlmodel import col, select

from syndication.deliver.smtp import smtp_transport_from_url
from syndication.domain.states import BatchState
from syndication.jobs.deliver import deliver_ready, recover_deliveries
from syndication.store.database import Database, open_database
from syndication.store.tables import DeliveryBatchRow
from tests.support.mailing import POST


def now() -> datetime:
    """This instant."""
    return datetime.now(UTC)  # noqa: TID251 - a process of its own has its own clock


def deliver(database_url: str, smtp_url: str) -> None:
    """Deliver until nothing is ready or leased; on PostgreSQL as one of several, whose leases last a second."""
    database = open_database(database_url)
    is_alone = database.is_sqlite
    transport = smtp_transport_from_url(smtp_url)
    post = replace(POST, lease=timedelta(seconds=60 if is_alone else 1))
    if is_alone:
        recover_deliveries(database, now(), is_alone=True)
    while _has_open_batches(database):
        deliver_ready(database, transport, post, now, lambda: False)
        time.sleep(0.02)
    database.close()


def _has_open_batches(database: Database) -> bool:
    with database.read() as session:
        batches = session.exec(select(DeliveryBatchRow).where(col(DeliveryBatchRow.state) != BatchState.DONE)).all()
    soon = now() + timedelta(seconds=10)
    return any(batch.next_at is None or batch.next_at < soon for batch in batches)
