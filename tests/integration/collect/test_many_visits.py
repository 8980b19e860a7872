"""Many visits at once: who hangs holds up nobody, and a stop forgets what has not begun."""

from datetime import datetime
from threading import Event, Lock

import pytest

from syndication.domain.seams import Task
from syndication.domain.sources import Fetched, FetchResult, Source
from syndication.jobs.collect import Collecting, collect_due
from syndication.store.collecting import add_source
from syndication.store.database import Database
from tests.support.items import NOW, source

LONG_S = 20.0


class Hosts:
    """Those whose slug begins with `slow` answer when all others have, or when `tired` is set."""

    def __init__(self, others: int) -> None:
        self._lock = Lock()
        self._left = others
        self.tired = Event()
        self.answered_in_time = True
        self.visited: list[str] = []

    def fetch(self, wanted: Source, now: datetime) -> FetchResult:
        del now
        if wanted.slug.startswith("slow"):
            self.answered_in_time &= self.tired.wait(LONG_S)
        with self._lock:
            self.visited.append(wanted.slug)
            self._left -= not wanted.slug.startswith("slow")
            if not self._left:
                self.tired.set()
        return Fetched(())


def nothing(task: Task, key: str, **ids: int) -> None:
    del task, key, ids


def sourced(database: Database, kind: str, number: int) -> None:
    with database.write() as session:
        for one in range(number):
            slug = f"{kind}{one}"
            add_source(session, source(slug=slug, location=f"https://{slug}.example/"), NOW)


@pytest.mark.parametrize("stalled", [4, 31])
def test_hosts_that_hang_hold_up_no_other(database: Database, stalled: int) -> None:
    sourced(database, "slow", stalled)
    sourced(database, "quick", 150)
    hosts = Hosts(150)
    assert collect_due(Collecting(database, hosts, nothing), lambda: NOW) == stalled + 150
    assert hosts.answered_in_time
    assert len(hosts.visited) == len(set(hosts.visited)) == stalled + 150


def test_a_stop_waits_only_for_what_has_begun(database: Database) -> None:
    sourced(database, "slow", 20)
    hosts = Hosts(0)
    looks = iter([False])

    def stop() -> bool:
        is_later = next(looks, True)
        if is_later:
            hosts.tired.set()
        return is_later

    visited = collect_due(Collecting(database, hosts, nothing, threads=8), lambda: NOW, stop)
    assert 0 < visited == len(hosts.visited) < 20
