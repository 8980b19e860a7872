"""Cadences over a year: at the hour that was chosen, once a local day, week or month, whatever the clocks do."""

from datetime import UTC, datetime, time, timedelta

import pytest

from syndication.cron.cadences import INSTANT_CRON, at_hour, hour_of, words_of
from syndication.cron.slots import next_slot
from syndication.domain.errors import CronError
from syndication.domain.states import Cadence
from tests.support.calendar import ZONES, expected

pytestmark = pytest.mark.no_cover  # tracing doubles its time and finds no module here that only decides

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
END = datetime(2027, 1, 1, tzinfo=UTC)


def slots(cron: str, zone: str) -> list[datetime]:
    """The slots of 2026, each found from the one before, as firing finds them."""
    found = []
    slot = next_slot(cron, zone, BEGIN)
    while slot < END:
        found.append(slot)
        slot = next_slot(cron, zone, slot)
    return found


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("hour", [0, 1, 2, 7])
def test_a_daily_digest_comes_at_its_hour_every_day_of_a_year(zone: str, hour: int) -> None:
    cron = words_of(Cadence.DAILY, at_hour("30 7 * * *", hour, 30))
    assert slots(cron, zone) == expected(zone, time(hour, 30), BEGIN, END)


@pytest.mark.parametrize("zone", ZONES)
def test_a_weekly_and_a_monthly_digest_come_at_their_hour_through_a_year(zone: str) -> None:
    weekly = words_of(Cadence.WEEKLY, at_hour("0 9 * * sun", 2, 15))
    assert slots(weekly, zone) == expected(zone, time(2, 15), BEGIN, END, days={6})
    for day in ("29", "30", "31"):
        monthly = words_of(Cadence.MONTHLY, f"15 2 {day} * *")
        assert slots(monthly, zone) == expected(zone, time(2, 15), BEGIN, END, is_monthly=True)


@pytest.mark.parametrize("zone", ZONES)
def test_an_instant_schedule_looks_every_ten_minutes_of_a_year(zone: str) -> None:
    cron = words_of(Cadence.INSTANT, "")
    assert cron == INSTANT_CRON
    slot, found = next_slot(cron, zone, END - timedelta(days=300)), set()
    for _ in range(2_000):
        following = next_slot(cron, zone, slot)
        found.add(following - slot)
        slot = following
    assert found == {timedelta(minutes=10)}


def test_words_that_no_month_lacks_stay_as_they_are() -> None:
    assert words_of(Cadence.MONTHLY, "0 8 28 * *") == "0 8 28 * *"
    assert words_of(Cadence.WEEKLY, "0 8 31 * *") == "0 8 31 * *"
    assert words_of(Cadence.INSTANT, "*/5 * * * *") == "*/5 * * * *"


def test_an_hour_of_ones_own_is_said_as_it_was_asked_for() -> None:
    assert at_hour("30 7 * * FRI", 18, 5) == "5 18 * * fri"
    assert hour_of("5 18 * * fri") == "18:05"
    with pytest.raises(CronError, match="25:00 is no time of day"):
        at_hour("30 7 * * *", 25, 0)
