"""What a reader would write into their calendar for a year: plain days, with the clock's own arithmetic."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

ZONES = (
    "UTC",
    "Europe/Rome",
    "Europe/London",
    "America/New_York",
    "America/Los_Angeles",
    "America/Sao_Paulo",
    "Asia/Kolkata",
    "Asia/Tokyo",
    "Australia/Lord_Howe",
    "Pacific/Auckland",
)


def expected(
    zone: str, at: time, begin: datetime, end: datetime, *, days: set[int] | None = None, is_monthly: bool = False
) -> list[datetime]:
    """The instants (UTC) after `begin` and before `end` at which it is `at` in a zone, of days that are meant.

    days: of the week, all by default. is_monthly: the last day of each month. An hour that the clock jumped over is the
    first instant after the jump.
    """
    found = []
    day = begin.date() - timedelta(days=2)
    while day <= end.date() + timedelta(days=1):
        if _is_meant(day, days, is_monthly=is_monthly):
            local = datetime.combine(day, at, ZoneInfo(zone))
            instant = local.astimezone(UTC)
            if instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None) != local.replace(tzinfo=None):
                instant = _end_of_gap(instant, ZoneInfo(zone))
            if begin < instant < end:
                found.append(instant)
        day += timedelta(days=1)
    return found


def _is_meant(day: date, days: set[int] | None, *, is_monthly: bool) -> bool:
    return (day + timedelta(days=1)).day == 1 if is_monthly else days is None or day.weekday() in days


def _end_of_gap(instant: datetime, zone: ZoneInfo) -> datetime:
    instant -= timedelta(hours=3)
    offset = instant.astimezone(zone).utcoffset()
    while instant.astimezone(zone).utcoffset() == offset:
        instant += timedelta(minutes=1)
    return instant
