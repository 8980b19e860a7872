"""Processes that deliver and can be killed: one that has everything imported forks a new one for each line it reads.

with Delivering() as delivering:
pid = delivering.start(url, smtp_url, is_alone=True)
os.kill(pid, signal.SIGKILL)
delivering.wait()
"""

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Self

from sqlmodel import col, select

from syndication.deliver.smtp import smtp_transport_from_url
from syndication.domain.states import BatchState
from syndication.jobs.deliver import deliver_ready, recover_deliveries
from syndication.store.database import Database, open_database
from syndication.store.tables import DeliveryBatchRow
from tests.support.mailing import POST


class Delivering:
    """The forking process."""

    def __enter__(self) -> Self:
        """Start it."""
        command = [sys.executable, "-m", "tests.support.delivering"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603 - ourselves
        return self

    def __exit__(self, *_: object) -> None:
        """End it; what it forked has ended before."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()

    def start(self, database_url: str, smtp_url: str, *, is_alone: bool) -> int:
        """Fork a process that delivers until nothing is ready or leased; its pid.

        is_alone: it need not wait for leases of others; else they last one second.
        """
        assert self._process.stdin
        self._process.stdin.write(json.dumps([database_url, smtp_url, is_alone]) + "\n")
        self._process.stdin.flush()
        return int(self._line())

    def wait(self) -> int:
        """Wait until the forked process has ended; 0: by itself and well."""
        return int(self._line())

    def _line(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline()


def now() -> datetime:
    """This instant."""
    return datetime.now(UTC)  # noqa: TID251 - a process of its own has its own clock


def deliver(database_url: str, smtp_url: str, *, is_alone: bool) -> None:
    """Deliver until nothing is ready or leased."""
    database = open_database(database_url)
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


def main() -> None:
    """Fork one process a line; answer its pid, and its status once it has ended."""
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what is logged is no answer
            database_url, smtp_url, is_alone = json.loads(line)
            deliver(database_url, smtp_url, is_alone=is_alone)
            os._exit(0)
        print(pid, flush=True)  # noqa: T201 - the answer to the parent
        print(os.waitpid(pid, 0)[1], flush=True)  # noqa: T201 - as above


if __name__ == "__main__":
    main()
