"""Who reads is counted by feed, day and program; nobody's address is kept."""

from datetime import timedelta

from sqlmodel import select

from syndication.store.database import Database
from syndication.store.readings import Reading, add_readings, by_feed, readings_since
from syndication.store.tables import FeedReadingRow
from syndication.web.readings import Readings
from tests.support.rows import NOW

DAY = NOW.date()
FEED = "/feeds/all.atom"


def test_requests_readers_and_subscribers_add_up_over_batches(database: Database) -> None:
    readings = Readings()
    for status in (200, 304, 304):
        readings.note(FEED, b"192.0.2.1", b"newsboat/2.21", status)
    readings.note(FEED, b"192.0.2.2", b"Feedly/1.0 (16 subscribers)", 200)
    readings.flush(database, NOW)
    readings.note(FEED, b"192.0.2.1", b"newsboat/2.21", 304)
    readings.note(FEED, b"192.0.2.3", b"newsboat/2.21", 200)
    readings.note(FEED, b"192.0.2.2", b"Feedly/1.0 (12 subscribers)", 304)
    readings.flush(database, NOW)
    readings.flush(database, NOW)
    with database.read() as session:
        found = readings_since(session, DAY)
    assert found == [
        Reading(FEED, DAY, "newsboat", 5, 3, 2, 0),
        Reading(FEED, DAY, "Feedly", 2, 1, 1, 16),
    ]
    (summed,) = by_feed(found)
    assert (summed.requests, summed.unmodified_share, summed.readers, summed.subscribers) == (7, 0.571, 3, 18)
    assert summed.agents == ("newsboat", "Feedly")


def test_no_address_and_no_token_is_stored(database: Database) -> None:
    readings = Readings()
    readings.note("/feeds/me/asecrettoken.rss", b"192.0.2.1", b"newsboat/2.21", 200)
    readings.flush(database, NOW)
    with database.read() as session:
        stored = repr(session.exec(select(FeedReadingRow)).all())
    assert "192.0.2.1" not in stored
    assert "asecrettoken" not in stored
    assert "/feeds/me" in stored


def test_days_are_apart_and_can_be_asked_for(database: Database) -> None:
    with database.write() as session:
        add_readings(session, [Reading(FEED, DAY - timedelta(days=past), "x", 1, 0, 1, 0) for past in range(3)])
        assert len(readings_since(session, DAY - timedelta(days=1))) == 2
        assert readings_since(session, DAY, "/feeds/none.rss") == []


def test_a_flood_of_made_up_programs_takes_no_more_memory(database: Database) -> None:
    readings = Readings()
    for number in range(21_000):
        readings.note(FEED, b"192.0.2.1", b"Bot%d/1" % number, 200)
    readings.flush(database, NOW)
    with database.read() as session:
        found = readings_since(session, DAY)
    assert sum(reading.requests for reading in found) == 21_000
    assert len(found) <= 2_001
