"""Whose turn it is: sources are claimed once, and no host is asked too often, by however many processes."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlmodel import col, select, update

from syndication.store.collecting import add_source
from syndication.store.database import Database
from syndication.store.tables import SourceRow
from syndication.store.visiting import URGENT, Release, Turn, claim_due, is_any_due, release_hosts
from tests.support.items import NOW, source

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
BUSY = timedelta(seconds=90)


def sourced(database: Database, number: int, host: str = "", at: datetime = NOW) -> int:
    location = f"https://{host or f'e{number}.org'}/feed{number}"
    with database.write() as session:
        added = add_source(session, source(slug=f"s{number}", location=location), NOW)
        session.execute(update(SourceRow).where(col(SourceRow.id) == added).values(next_poll_at=at))
        return added


def claim(database: Database, now: datetime = NOW, limit: int = 100, *, urgent: bool = False) -> list[int]:
    with database.write() as session:
        return [due.source_id for due in claim_due(session, now, Turn(limit, HOUR, BUSY, SECOND, urgent))]


def release(database: Database, host: str, open_at: datetime) -> None:
    with database.write() as session:
        release_hosts(session, [Release(host, open_at)], NOW)


def planned(database: Database) -> list[datetime]:
    with database.read() as session:
        return list(session.exec(select(SourceRow.next_poll_at).order_by(col(SourceRow.id))))


def test_sources_that_are_due_are_claimed_once_and_come_back_after_the_lease(database: Database) -> None:
    ids = [sourced(database, number) for number in range(5)]
    sourced(database, 5, at=NOW + timedelta(days=1))
    with database.write() as session:
        disabled = add_source(session, source(slug="off"), NOW)
        session.execute(update(SourceRow).where(col(SourceRow.id) == disabled).values(enabled=False))
    assert claim(database, limit=3) == ids[:3]
    assert claim(database, limit=3) == ids[3:]
    assert claim(database) == []
    assert claim(database, NOW + HOUR) == ids


def test_many_claims_at_once_give_each_source_to_one(database: Database) -> None:
    ids = [sourced(database, number) for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        claimed = [number for some in pool.map(lambda _: claim(database, limit=5), range(16)) for number in some]
    assert len(claimed) == len(set(claimed))
    rest = [number for _ in range(8) for number in claim(database, limit=5)]
    assert sorted(claimed + rest) == ids


def test_a_host_is_asked_by_one_at_a_time_and_the_others_queue_for_it(database: Database) -> None:
    first, *others = [sourced(database, number, "feeds.e.org") for number in range(4)]
    elsewhere = sourced(database, 9)
    assert claim(database) == [first, elsewhere]
    assert claim(database) == []
    assert planned(database)[1:4] == [NOW + SECOND, NOW + 2 * SECOND, NOW + 3 * SECOND]
    assert others
    # Still under way: who comes due goes to the end of the queue.
    assert claim(database, NOW + SECOND) == []
    assert planned(database)[1] == NOW + 4 * SECOND
    release(database, "e.org", NOW + SECOND)
    assert claim(database, NOW + 2 * SECOND) == [others[1]]


def test_a_host_is_free_again_when_whoever_asked_it_died(database: Database) -> None:
    sourced(database, 0, "e.org")
    second = sourced(database, 1, "e.org", NOW + BUSY)
    claim(database)
    assert claim(database, NOW + BUSY) == [second]


def test_a_host_that_asked_for_time_gets_it(database: Database) -> None:
    sourced(database, 0, "e.org")
    second = sourced(database, 1, "e.org", NOW + SECOND)
    claim(database)
    release(database, "e.org", NOW + HOUR / 2)
    release(database, "e.org", NOW + SECOND)  # an answer that came later does not open it sooner
    assert claim(database, NOW + 2 * SECOND) == []
    assert planned(database)[1] == NOW + HOUR / 2 + SECOND
    assert claim(database, NOW + HOUR / 2 + SECOND) == [second]


def test_a_thousand_sources_of_one_host_do_not_hold_up_another(database: Database) -> None:
    for number in range(300):
        sourced(database, number, "e.org", NOW - HOUR)
    other = sourced(database, 999)
    assert other in claim(database, limit=10)


def test_a_source_somebody_waits_for_is_claimed_before_all_others(database: Database) -> None:
    sourced(database, 0, at=NOW - HOUR)
    waited_for = sourced(database, 1, at=URGENT)
    assert claim(database, urgent=True) == [waited_for]
    assert claim(database, urgent=True) == []


@pytest.mark.parametrize("urgent", [True, False])
def test_nothing_due_is_seen_without_a_claim(database: Database, *, urgent: bool) -> None:
    with database.read() as session:
        assert not is_any_due(session, NOW, urgent=urgent)
    sourced(database, 0, at=URGENT)
    with database.read() as session:
        assert is_any_due(session, NOW, urgent=urgent)
