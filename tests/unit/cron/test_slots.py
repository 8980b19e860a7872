"""Slots: cron's own meaning, and the laws that hold over both clock changes."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim
from hypothesis import given, settings
from hypothesis import strategies as st

from syndication.cron.slots import check, explain, latest_slot, next_slot, next_slots, shortest_gap
from syndication.domain.errors import CronError

pytestmark = pytest.mark.no_cover  # tracing doubles its time and finds no module here that only decides

ZONES = [
    "UTC",
    "Europe/Rome",
    "Europe/London",
    "America/New_York",
    "America/Santiago",
    "America/St_Johns",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Africa/Casablanca",
]
DAILY = ["30 2 * * *", "0 0 * * *", "15 1 * * *"]
OTHERS = ["30 7 * * fri", "0 9 1 * mon", "0 6,18 * * 1-5", "0 9 l * *", "*/30 * * * *"]
BEGIN = datetime(2025, 1, 1, tzinfo=UTC)
DAYS = 3 * 365
zones = st.sampled_from(ZONES)
instants = st.integers(0, DAYS * 86_400).map(lambda seconds: BEGIN + timedelta(seconds=seconds))


def one_iteration(cron: str, zone: str, after: datetime) -> Iterator[datetime]:
    """All slots as cronsim answers them when it is never started again."""
    return (slot.astimezone(UTC) for slot in CronSim(cron, after.astimezone(ZoneInfo(zone))))


@pytest.mark.parametrize(
    ("cron", "slots"),
    [
        ("0 9 * * 0", ["Sun 08", "Sun 15"]),
        ("0 9 * * 7", ["Sun 08", "Sun 15"]),
        ("0 9 * * 1", ["Mon 09", "Mon 16"]),
        ("0 9 * * 1-5", ["Fri 06", "Mon 09"]),
        ("0 9 * * mon/2", ["Fri 06", "Sun 08"]),
        ("0 9 * * fri-mon", ["Fri 06", "Sat 07"]),
        ("0 9 10 * mon", ["Mon 09", "Tue 10"]),
        ("0 9 * * 5l", ["Fri 27", "Fri 25"]),
        ("0 9 * * mon#2", ["Mon 09", "Mon 14"]),
    ],
)
def test_weekdays_mean_what_they_mean_in_cron(cron: str, slots: list[str]) -> None:
    friday = datetime(2026, 11, 6, 7, 30, tzinfo=UTC)
    assert [f"{slot:%a %d}" for slot in next_slots(cron, "UTC", friday, 2)] == slots


def test_a_slot_is_strictly_after_the_instant_and_in_utc() -> None:
    slot = datetime(2026, 11, 6, 6, 30, tzinfo=UTC)
    assert next_slot("30 7 * * *", "Europe/Rome", slot - timedelta(microseconds=1)) == slot
    assert next_slot("30 7 * * *", "Europe/Rome", slot) == slot + timedelta(days=1)
    assert next_slot("30 7 * * *", "Europe/Rome", slot.astimezone(ZoneInfo("Asia/Tokyo"))).tzinfo is UTC


@pytest.mark.parametrize("cron", ["30 2 * * *", *OTHERS])
def test_stepping_equals_one_iteration_over_three_years_in_ten_zones(cron: str) -> None:
    for zone in ZONES:
        at = BEGIN
        for expected in islice(one_iteration(cron, zone, BEGIN), 300 if cron.startswith("*") else DAYS):
            if expected > BEGIN + timedelta(days=DAYS):
                break
            at = next_slot(cron, zone, at)
            assert at == expected, zone


@pytest.mark.parametrize("cron", DAILY)
def test_a_wall_clock_time_fires_once_a_local_day_over_both_clock_changes(cron: str) -> None:
    for name in ZONES:
        zone = ZoneInfo(name)
        slots = next_slots(cron, name, BEGIN, DAYS)
        days = [slot.astimezone(zone).date() for slot in slots]
        assert all(a + timedelta(days=1) == b or _skipped(a, zone) for a, b in pairwise(days)), name


def _skipped(day: date, zone: ZoneInfo) -> bool:
    """Whether the whole next local day does not exist (Pacific/Apia once moved over the date line)."""
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=zone) + timedelta(days=1)
    return noon.astimezone(UTC).astimezone(zone).date() != noon.date()


def test_the_night_clocks_go_back_fires_at_the_first_of_two() -> None:
    evening = datetime(2026, 10, 24, 20, tzinfo=UTC)
    assert next_slots("30 2 * * *", "Europe/Rome", evening, 2) == [
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
        datetime(2026, 10, 26, 1, 30, tzinfo=UTC),
    ]


def test_the_night_clocks_go_forward_fires_when_the_gap_is_over() -> None:
    evening = datetime(2026, 3, 28, 20, tzinfo=UTC)
    assert next_slots("30 2 * * *", "Europe/Rome", evening, 2) == [
        datetime(2026, 3, 29, 1, 0, tzinfo=UTC),
        datetime(2026, 3, 30, 0, 30, tzinfo=UTC),
    ]


def test_a_start_inside_the_repeated_hour_never_goes_back_in_time() -> None:
    for minute in range(180):
        start = datetime(2026, 10, 24, 23, 30, tzinfo=UTC) + timedelta(minutes=minute)
        for cron in ("30 2 * * *", "*/20 2 * * *", "10,50 1-3 * * *"):
            slots = next_slots(cron, "Europe/Rome", start, 5)
            assert slots[0] > start
            assert sorted(set(slots)) == slots


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([*DAILY, *OTHERS]), zones, instants)
def test_a_restart_at_any_instant_finds_the_same_slots(cron: str, zone: str, restart: datetime) -> None:
    slots = one_iteration(cron, zone, restart - timedelta(days=2))
    assert next_slot(cron, zone, restart) == next(slot for slot in slots if slot > restart)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([*DAILY, *OTHERS]), zones, instants)
def test_the_latest_slot_is_due_and_no_later_one_is(cron: str, zone: str, now: datetime) -> None:
    latest = latest_slot(cron, zone, now)
    assert latest <= now < next_slot(cron, zone, latest)


def test_the_latest_slot_may_be_years_ago() -> None:
    now = datetime(2026, 11, 6, tzinfo=UTC)
    assert latest_slot("0 9 29 2 *", "UTC", now) == datetime(2024, 2, 29, 9, tzinfo=UTC)


@pytest.mark.parametrize("cron", ["0 9 31 2 *", "0 9 30,31 feb *"])
def test_a_schedule_that_never_fires_is_refused(cron: str) -> None:
    with pytest.raises(CronError, match="never fires"):
        check(cron, "UTC")
    with pytest.raises(CronError, match="never fires"):
        latest_slot(cron, "UTC", BEGIN)


@pytest.mark.parametrize(
    ("zone", "suggestion"),
    [("Rome", "Europe/Rome"), ("europe/rome", "Europe/Rome"), ("New York", "America/New_York")],
)
def test_an_unknown_zone_is_told_the_nearest_names(zone: str, suggestion: str) -> None:
    with pytest.raises(CronError) as caught:
        check("@daily", zone)
    assert suggestion in str(caught.value)


@pytest.mark.parametrize("zone", ["", "../../etc/passwd", "Europe", "/etc/localtime", "UTC\0"])
def test_only_names_of_the_iana_list_are_zones(zone: str) -> None:
    with pytest.raises(CronError, match="IANA"):
        next_slot("@daily", zone, BEGIN)


def test_a_schedule_is_explained_in_english() -> None:
    assert explain("30 7 * * fri", "Europe/Rome") == "At 07:30 on Friday (Europe/Rome)"
    assert explain("@daily", "UTC") == "At 00:00 every day (UTC)"
    with pytest.raises(CronError):
        explain("30 7 * * someday", "UTC")


@pytest.mark.parametrize(
    ("cron", "hours"), [("30 7 * * FRI", 7 * 24), ("0 8 * * 1-5", 24), ("0 8,20 * * *", 12), ("0 8 1 * *", 29 * 24)]
)
def test_the_shortest_gap_is_that_of_the_nearest_slots(cron: str, hours: int) -> None:
    assert shortest_gap(cron, "Europe/Rome") == timedelta(hours=hours)
