"""Readers found in the order of an index, page by page, and counted in one scan."""

from datetime import timedelta
from itertools import chain

from syndication.domain.states import SubscriptionStatus
from syndication.store.database import Database
from syndication.store.finding import Counted, Wanted, count_readers, find_readers, has_more_readers
from syndication.store.scheduling import upcoming
from tests.support import rows

NOW = rows.NOW
DAY = timedelta(days=1)
ADDRESSES = ("anna@example.com", "ann@example.com", "ann-b@example.com", "bob@example.com", "ann.c@example.com", "ANNE")


def weekly(database: Database) -> int:
    """A newsletter with a schedule whose next slot is tomorrow; the schedule's id."""
    with database.write() as session:
        rows.add_counters(session)
        rows.add_topic(session, "agents")
        newsletter_id = rows.add_newsletter(session, "weekly", ["agents"])
        return rows.add_schedule(session, newsletter_id, next_slot=NOW + DAY)


def pages(database: Database, size: int, begins: str = "", topic_id: int | None = None) -> list[list[str]]:
    """The addresses that begin so, page by page until one is not full."""
    found: list[list[str]] = []
    before: int | None = None
    while not found or len(found[-1]) == size:
        with database.read() as session:
            part = find_readers(session, Wanted(begins, topic_id, before=before), size)
        found.append([one.address for one in part])
        before = part[-1].subscription_id if part else None
    return found


def test_addresses_that_begin_so_come_in_their_order_each_once_over_the_pages(database: Database) -> None:
    schedule_id = weekly(database)
    with database.write() as session:
        for address in ADDRESSES:
            rows.add_reader(session, schedule_id, ["agents"], address=address)
        other = rows.add_newsletter(session, "daily", ["agents"])
        rows.add_schedule(session, other)
        topic_id = rows.topic_id_of(session, "agents")
    in_order = ["ann-b@example.com", "ann.c@example.com", "ann@example.com", "anna@example.com"]
    for size in (1, 2, 3, 9):
        for topic in (None, topic_id):
            assert list(chain(*pages(database, size, "ann", topic))) == in_order
    assert list(chain(*pages(database, 2))) == list(reversed(ADDRESSES))


def test_signs_of_patterns_in_an_address_are_only_signs(database: Database) -> None:
    schedule_id = weekly(database)
    with database.write() as session:
        for address in ("a_b@example.com", "axb@example.com", "a%b@example.com"):
            rows.add_reader(session, schedule_id, ["agents"], address=address)
    assert pages(database, 9, "a_") == [["a_b@example.com"]]
    assert pages(database, 9, "a%") == [["a%b@example.com"]]


def test_counts_tell_who_is_away_at_the_next_slot(database: Database) -> None:
    schedule_id = weekly(database)
    with database.write() as session:
        for paused_until in (None, NOW, NOW + DAY, NOW + 2 * DAY):
            rows.add_reader(session, schedule_id, ["agents"], paused_until=paused_until)
        rows.add_reader(session, schedule_id, ["agents"], status=SubscriptionStatus.UNCONFIRMED)
        left = SubscriptionStatus.UNSUBSCRIBED
        rows.add_reader(session, schedule_id, ["agents"], status=left, paused_until=NOW + 9 * DAY)
    with database.read() as session:
        found = count_readers(session, NOW)
        assert upcoming(session, NOW)[0].readers == upcoming(session, NOW, found)[0].readers == 3
        assert upcoming(session, NOW + 3 * DAY)[0].readers == 4
    assert sorted(found, key=lambda one: one.status) == [
        Counted(schedule_id, SubscriptionStatus.CONFIRMED, 4, 1),
        Counted(schedule_id, SubscriptionStatus.UNCONFIRMED, 1, 0),
        Counted(schedule_id, SubscriptionStatus.UNSUBSCRIBED, 1, 0),
    ]


def test_whether_there_are_more_readers_than_a_number_needs_no_count(database: Database) -> None:
    schedule_id = weekly(database)
    with database.write() as session:
        for _ in range(3):
            rows.add_reader(session, schedule_id, ["agents"])
    with database.read() as session:
        assert has_more_readers(session, 1, 2)
        assert not has_more_readers(session, 1, 3)
        assert not has_more_readers(session, 2, 0)
