"""What the console's main page draws: what came in day by day, what became of the latest issues, what this machine lacks."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, case, exists, func, select
from sqlmodel import Session, col

from syndication.domain.states import IssueState
from syndication.domain.troubles import Trouble
from syndication.store.reviewing import HELD
from syndication.store.tables import AlertRow, ArticleRow, ClassificationRow, IssueRow, NewsletterRow

_OF_THE_MACHINE: Final = ("disk", "backup")


@dataclass(frozen=True, slots=True)
class Day:
    """What came in on one local day. accepted: in a topic."""

    day: date
    accepted: int
    others: int


@dataclass(frozen=True, slots=True)
class OpenIssue:
    """An issue that is under way or waits for somebody. slot: aware UTC.

    until: aware UTC, when one in review goes by itself; None while it is held, and for all others.
    """

    issue_id: int
    newsletter_title: str
    state: IssueState
    slot: datetime | None
    planned: int
    until: datetime | None = None


def intake_by_day(session: Session, now: datetime, days: int, zone: str) -> list[Day]:
    """The latest days with today, each with the articles that were first seen on it. now: aware UTC; zone: whose days."""
    local = ZoneInfo(zone)
    today = now.astimezone(local).date()
    first = today - timedelta(days=days - 1)
    since = datetime(first.year, first.month, first.day, tzinfo=local)
    in_topic = exists().where(col(ClassificationRow.article_id) == col(ArticleRow.id), col(ClassificationRow.accepted))
    hour = _hour(session)
    counted = session.execute(
        select(hour, func.count(), func.sum(case((in_topic, 1), else_=0)))
        .where(col(ArticleRow.first_seen_at) >= since.astimezone(now.tzinfo))
        .group_by(hour)
    )
    found = {first + timedelta(days=number): [0, 0] for number in range(days)}
    for text, number, accepted in counted:
        # Zones differ from UTC by whole hours and some by quarters: an hour belongs to the day its middle is in.
        middle = datetime.strptime(f"{text}:30+0000", "%Y-%m-%d %H:%M%z")
        day = found.get(middle.astimezone(local).date())
        if day:
            day[0] += int(accepted)
            day[1] += number - int(accepted)
    return [Day(day, accepted, others) for day, (accepted, others) in found.items()]


def open_issues(session: Session) -> list[OpenIssue]:
    """Issues that are being composed, reviewed, sent or held, the oldest first."""
    states = (IssueState.DUE, IssueState.COMPOSING, IssueState.REVIEW, IssueState.SENDING, IssueState.PAUSED)
    rows = session.execute(
        select(IssueRow, col(NewsletterRow.title))
        .join(NewsletterRow, col(NewsletterRow.id) == col(IssueRow.newsletter_id))
        .where(col(IssueRow.state).in_(states))
        .order_by(col(IssueRow.id))
    )
    return [OpenIssue(row.id, title, row.state, row.slot, row.planned, _until(row)) for row, title in rows]


def _until(row: IssueRow) -> datetime | None:
    return None if row.state is not IssueState.REVIEW or row.review_until == HELD else row.review_until


def machine_troubles(session: Session) -> list[Trouble]:
    """What is wrong with disk and backups, as `serve` found a minute ago at most."""
    rows = session.execute(select(AlertRow).where(col(AlertRow.cause).in_(_OF_THE_MACHINE))).scalars()
    return [Trouble(row.cause, row.words, row.remedy) for row in rows]


def untold(session: Session) -> str:
    """Why the last alert reached nobody; "" when all that is wrong was told."""
    wanted = (col(AlertRow.told_at).is_(None), col(AlertRow.last_error) != "")
    return session.execute(select(col(AlertRow.last_error)).where(*wanted).limit(1)).scalar() or ""


def _hour(session: Session) -> ColumnElement[str]:
    """The hour (UTC) an article was first seen in, such as '2026-11-25 21'."""
    at = col(ArticleRow.first_seen_at)
    if session.get_bind().dialect.name == "sqlite":
        return func.substr(at, 1, 13)
    return func.to_char(func.timezone("UTC", at), "YYYY-MM-DD HH24")
