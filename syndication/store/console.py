"""What the console's main page shows: what is wrong, what came in, what went out."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import exists, func, select
from sqlmodel import Session, col

from syndication.domain.states import DeliveryState, Health, IssueState, SubscriptionStatus
from syndication.domain.troubles import Trouble
from syndication.store.counting import counts_of
from syndication.store.finding import Counted
from syndication.store.tables import (
    ArticleRow,
    ClassificationRow,
    IssueRow,
    NewsletterRow,
    NoticeRow,
    ScheduleRow,
    SourceRow,
)

_LATE_NOTICE: Final = timedelta(minutes=10)
_LATEST_SLOT: Final = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Intake:
    """What one source brought. Instants: aware UTC."""

    source_id: int
    title: str
    health: Health
    last_success_at: datetime | None
    next_poll_at: datetime
    articles: int
    accepted: int


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One issue that went out or was not needed. counts: deliveries by state."""

    issue_id: int
    newsletter: str
    newsletter_title: str
    slot: datetime | None
    state: IssueState
    note: str
    planned: int
    counts: dict[DeliveryState, int]


@dataclass(frozen=True, slots=True)
class Readers:
    """Subscriptions by status; `paused` are confirmed ones."""

    confirmed: int
    unconfirmed: int
    unsubscribed: int


def troubles(session: Session, now: datetime) -> list[Trouble]:
    """What is wrong now, worst first; empty when all is well."""
    return [
        *_standing_clock(session, now),
        *_held_issues(session),
        *_waiting_issues(session),
        *_doubtful_mail(session, now),
        *_failing_sources(session),
    ]


def _standing_clock(session: Session, now: datetime) -> list[Trouble]:
    """Any process that runs jobs fires a slot within seconds."""
    enabled, slot = col(ScheduleRow.enabled), col(ScheduleRow.next_slot)
    if session.execute(select(slot).where(enabled, slot < now - _LATEST_SLOT).limit(1)).first() is None:
        return []
    remedy = "Run `syndication worker` beside `serve --no-jobs`, or `syndication serve` alone."
    return [
        Trouble("clock", "No process runs the clock and the jobs: a slot has passed and no issue was made.", remedy)
    ]


def intake(session: Session, since: datetime) -> list[Intake]:
    """Each enabled source with the articles it brought since an instant, those in a topic counted apart."""
    verdict = exists().where(col(ClassificationRow.article_id) == col(ArticleRow.id), col(ClassificationRow.accepted))
    # Grouped here: to group by source, SQLite reads all articles there ever were in that order.
    came = session.execute(
        select(col(ArticleRow.source_id), verdict).where(col(ArticleRow.first_seen_at) >= since)
    ).all()
    articles = Counter(source_id for source_id, _ in came)
    accepted = Counter(source_id for source_id, in_topic in came if in_topic)
    rows = session.execute(select(SourceRow).where(col(SourceRow.enabled)).order_by(col(SourceRow.title))).scalars()
    return [
        Intake(
            source.id or 0,
            source.title,
            source.health,
            source.last_success_at,
            source.next_poll_at,
            articles[source.id],
            accepted[source.id],
        )
        for source in rows
    ]


def outgoing(session: Session, limit: int) -> list[Outgoing]:
    """The latest issues, newest first."""
    rows = session.execute(
        select(IssueRow, NewsletterRow)
        .join(NewsletterRow, col(NewsletterRow.id) == col(IssueRow.newsletter_id))
        .order_by(col(IssueRow.id).desc())
        .limit(limit)
    ).all()
    counts = counts_of(session, [issue.id for issue, _ in rows])
    return [
        Outgoing(
            issue.id,
            letter.slug,
            letter.title,
            issue.slot,
            issue.state,
            issue.note,
            issue.planned,
            counts[issue.id],
        )
        for issue, letter in rows
    ]


def readers(counted: Iterable[Counted]) -> Readers:
    """How many subscriptions there are, of what `count_readers` answered."""
    found = dict.fromkeys(SubscriptionStatus, 0)
    for one in counted:
        found[one.status] += one.number
    return Readers(
        confirmed=found[SubscriptionStatus.CONFIRMED],
        unconfirmed=found[SubscriptionStatus.UNCONFIRMED],
        unsubscribed=found[SubscriptionStatus.UNSUBSCRIBED],
    )


def _held_issues(session: Session) -> list[Trouble]:
    rows = session.execute(
        select(col(IssueRow.id), col(NewsletterRow.title), col(IssueRow.note))
        .join(NewsletterRow, col(NewsletterRow.id) == col(IssueRow.newsletter_id))
        .where(col(IssueRow.state) == IssueState.PAUSED)
    ).all()
    return [
        Trouble(
            f"issue:{number}",
            f"Issue {number} of {title} is paused. {note}".strip(),
            f"Mend the cause, then run `syndication issues resume {number}`; nobody gets it twice.",
        )
        for number, title, note in rows
    ]


def _waiting_issues(session: Session) -> list[Trouble]:
    rows = session.execute(
        select(col(IssueRow.id), col(NewsletterRow.title), col(IssueRow.note))
        .join(NewsletterRow, col(NewsletterRow.id) == col(IssueRow.newsletter_id))
        .where(col(IssueRow.state) == IssueState.SENDING, col(IssueRow.note) != "")
    ).all()
    return [
        Trouble(
            f"waiting:{number}",
            f"Issue {number} of {title} is not getting out. {note}",
            "Mend [mail] transport in var/syndication.toml or the mail server; what waits is tried again every minute.",
        )
        for number, title, note in rows
    ]


def _doubtful_mail(session: Session, now: datetime) -> list[Trouble]:
    found = []
    late = session.execute(
        select(func.count()).where(
            col(NoticeRow.state).in_((DeliveryState.READY, DeliveryState.DEFERRED)),
            col(NoticeRow.created_at) < now - _LATE_NOTICE,
        )
    ).scalar_one()
    if late:
        reply = session.execute(
            select(col(NoticeRow.reply)).where(col(NoticeRow.state) == DeliveryState.DEFERRED).limit(1)
        ).scalar()
        words = f" The server said: {reply}" if reply else ""
        found.append(
            Trouble(
                "notices",
                f"{late} confirmation or welcome mails wait for more than ten minutes.{words}",
                "Check [mail] transport in var/syndication.toml and that the mail server runs; they are tried again by themselves.",
            )
        )
    return found


def _failing_sources(session: Session) -> list[Trouble]:
    rows = session.execute(
        select(col(SourceRow.id), col(SourceRow.title), col(SourceRow.health), col(SourceRow.last_error)).where(
            col(SourceRow.enabled), col(SourceRow.health) != Health.OK
        )
    ).all()
    return [
        Trouble(f"source:{number}", f"The source {title} is {health}.", error or "It is tried again by itself.")
        for number, title, health, error in rows
    ]
