"""Beside leaving: fewer mails or a pause, and the way back."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from syndication.domain.states import Cadence, SubscriptionStatus
from syndication.domain.tokens import Purpose
from syndication.store.tables import ConsentEventRow, NewsletterRow, ScheduleRow
from tests.support.reader_pages import monthly_too
from tests.support.website import Website


def cadence(website: Website) -> Cadence:
    with website.database.read() as session:
        return session.get_one(ScheduleRow, website.subscription().schedule_id).cadence


def leaving(website: Website, status: SubscriptionStatus = SubscriptionStatus.CONFIRMED) -> str:
    """The page of a weekly reader whose newsletter has a monthly issue too."""
    link = website.link(Purpose.UNSUBSCRIBE, website.reader("agents", status=status))
    monthly_too(website)
    return link


def test_a_rarer_issue_is_one_press_away_and_leaves_nothing_out(website: Website) -> None:
    link = leaving(website)
    assert "Only once a month" in website.visitor().get(link).text

    page = website.visitor().post(f"{link}/fewer", data={"cadence": "monthly"})

    assert "Fewer mails from now on" in page.text
    assert "Thursday 26 November, 08:30 Europe/Rome" in page.text
    assert cadence(website) is Cadence.MONTHLY
    with website.database.read() as session:
        assert [row.event for row in session.exec(select(ConsentEventRow))] == ["schedule_changed"]


@pytest.mark.parametrize(("has_review", "cron"), [(False, "15 21 1 * *"), (True, "0 8 1 * *")])
def test_an_hour_of_one_s_own_is_kept_where_it_can_be(website: Website, cron: str, *, has_review: bool) -> None:
    link = leaving(website)
    with website.database.write() as session:
        session.exec(select(NewsletterRow)).one().own_hours = True
        monthly = session.exec(select(ScheduleRow).where(ScheduleRow.cadence == Cadence.MONTHLY)).one()
        monthly.cron = "0 8 1 * *"
    preferences = website.link(Purpose.PREFERENCES, website.subscription().id or 0)
    own = {"cadence": "weekly", "hour": "21:15", "zone": "Europe/Rome"}
    assert website.visitor().post(f"{preferences}/schedule", data=own).status_code == 303
    with website.database.write() as session:
        session.exec(select(ScheduleRow).where(ScheduleRow.cadence == Cadence.MONTHLY)).one().review_s = 60 * has_review

    assert "Fewer mails" in website.visitor().post(f"{link}/fewer", data={"cadence": "monthly"}).text

    with website.database.read() as session:
        chosen = session.get_one(ScheduleRow, website.subscription().schedule_id)
        assert (chosen.cadence, chosen.cron) == (Cadence.MONTHLY, cron)


def test_who_has_the_rarest_issue_is_offered_a_pause_alone(website: Website) -> None:
    link = leaving(website)
    website.visitor().post(f"{link}/fewer", data={"cadence": "monthly"})

    page = website.visitor().get(link).text
    assert "Only once" not in page
    assert f"{link}/pause" in page


@pytest.mark.parametrize("asked", ["", "daily", "instant", "weekly", "hourly"])
def test_what_is_not_offered_there_changes_nothing(website: Website, asked: str) -> None:
    link = leaving(website)

    page = website.visitor().post(f"{link}/fewer", data={"cadence": asked})

    assert page.status_code == 200
    assert "Leave Weekly?" in page.text
    assert cadence(website) is Cadence.WEEKLY


@pytest.mark.parametrize("status", [SubscriptionStatus.UNCONFIRMED, SubscriptionStatus.UNSUBSCRIBED])
def test_who_is_no_reader_changes_nothing(website: Website, status: SubscriptionStatus) -> None:
    link = leaving(website, status)

    for path in ("fewer", "pause"):
        website.visitor().post(f"{link}/{path}", data={"cadence": "monthly", "until": "2026-12-01"})

    assert cadence(website) is Cadence.WEEKLY
    assert website.subscription().paused_until is None
    assert website.subscription().status is status


@pytest.mark.parametrize(
    ("until", "paused"),
    [
        ("2026-11-20", datetime(2026, 11, 19, 23, 0, tzinfo=UTC)),
        ("", datetime(2026, 12, 5, 23, 0, tzinfo=UTC)),
        ("1999-01-01", datetime(2026, 12, 5, 23, 0, tzinfo=UTC)),
        ("soon", datetime(2026, 12, 5, 23, 0, tzinfo=UTC)),
    ],
)
def test_a_pause_lasts_until_a_day_or_for_30_days(website: Website, until: str, paused: datetime) -> None:
    website.visitor().post(f"{leaving(website)}/pause", data={"until": until})

    assert website.subscription().paused_until == paused


def test_leaving_is_undone_within_the_hour_by_one_press(website: Website) -> None:
    link, visitor = leaving(website), website.visitor()
    visitor.post(f"{link}?page=1")
    assert "That was a mistake" in visitor.get(link).text

    assert "You are back" in visitor.post(f"{link}/return").text
    assert website.subscription().status is SubscriptionStatus.CONFIRMED

    visitor.post(f"{link}?page=1")
    website.now += timedelta(hours=2)
    assert "You are unsubscribed" in visitor.post(f"{link}/return").text
    assert website.subscription().status is SubscriptionStatus.UNSUBSCRIBED
