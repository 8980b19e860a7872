"""The console's page of who reads the feeds: per feed, day and program. Nobody's address is known."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from syndication.store.readings import Asked, asked_days, asked_feeds, asked_programs
from syndication.web.admin.access import SignedIn
from syndication.web.admin.charts import Chart, Column
from syndication.web.deps import deps_of
from syndication.web.render import private_page
from syndication.web.words import day_words

router = APIRouter(prefix="/admin/feeds")

PERIODS: Final = {7: "a week", 30: "30 days", 90: "90 days", 365: "a year"}
_DEFAULT: Final = 30
_FEEDS: Final = 200
_PROGRAMS: Final = 50


@router.get("/")
def feeds_page(request: Request, admin: SignedIn, feed: str = "", days: int = _DEFAULT) -> Response:
    """Requests, the share that was unchanged, readers and programs. feed: only this address. days: today included."""
    deps = deps_of(request)
    period = days if days in PERIODS else _DEFAULT
    today = deps.clock().date()
    since = today - timedelta(days=period - 1)
    with deps.database.read() as session:
        by_day = asked_days(session, since, feed)
        return private_page(
            request,
            "admin/feeds.html",
            admin=admin,
            feed=feed,
            days=period,
            periods=PERIODS,
            chart=_chart(by_day, since, today),
            total=_total(by_day),
            feeds=[] if feed else asked_feeds(session, since, _FEEDS),
            most_feeds=_FEEDS,
            programs=asked_programs(session, since, _PROGRAMS, feed),
        )


def _total(by_day: Sequence[Asked]) -> Asked:
    requests, unmodified = sum(one.requests for one in by_day), sum(one.unmodified for one in by_day)
    return Asked("", requests, unmodified, max((one.people for one in by_day), default=0))


def _chart(by_day: Sequence[Asked], since: date, today: date) -> Chart:
    known = {one.what: one for one in by_day}
    columns = []
    for number in range((today - since).days + 1):
        day = since + timedelta(days=number)
        one = known.get(day, Asked(day, 0, 0, 0))
        columns.append(Column(day_words(day), (one.unmodified, one.requests - one.unmodified)))
    return Chart("Requests a day.", "requests", ("unchanged", "sent"), tuple(columns))
