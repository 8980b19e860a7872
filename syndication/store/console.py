"""What the console's main page shows: what is wrong, what came in, what went out."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlmodel import Session, col

from syndication.domain.states import DeliveryState, Health, IssueState, SubscriptionStatus
from syndication.domain.troubles import Trouble
from syndication.store.counting import tallies
from syndication.store.tables import (
    ArticleRow,
    ClassificationRow,
    IssueRow,
    NewsletterRow,
    NoticeRow,
    SourceRow,
    SubscriptionRow,
)

_LATE_NOTICE: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Intake:
    """What one source brought. Instants: aware UTC."""

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
        *_held_issues(session),
        *_waiting_issues(session),
        *_doubtful_mail(session, now),
        *_failing_sources(session),
    ]


def intake(session: Session, since: datetime) -> list[Intake]:
    """Each enabled source with the articles it brought since an instant, those in a topic counted apart."""
    accepted = select(col(ClassificationRow.article_id)).where(col(ClassificationRow.accepted)).distinct().subquery()
    rows = session.execute(
        select(SourceRow, func.count(col(ArticleRow.id)), func.count(accepted.c.article_id))
        .outerjoin(
            ArticleRow, (col(ArticleRow.source_id) == col(SourceRow.id)) & (col(ArticleRow.first_seen_at) >= since)
        )
        .outerjoin(accepted, accepted.c.article_id == col(ArticleRow.id))
        .where(col(SourceRow.enabled))
        .group_by(col(SourceRow.id))
        .order_by(col(SourceRow.title))
    ).all()
    return [
        Intake(source.title, source.health, source.last_success_at, source.next_poll_at, articles, in_topic)
        for source, articles, in_topic in rows
    ]


def outgoing(session: Session, limit: int) -> list[Outgoing]:
    """The latest issues, newest first."""
    rows = session.execute(
        select(IssueRow, NewsletterRow)
        .join(NewsletterRow, col(NewsletterRow.id) == col(IssueRow.newsletter_id))
        .order_by(col(IssueRow.id).desc())
        .limit(limit)
    ).all()
    return [
        Outgoing(
            issue.id,
            letter.slug,
            letter.title,
            issue.slot,
            issue.state,
            issue.note,
            issue.planned,
            _counts(session, issue.id),
        )
        for issue, letter in rows
    ]


def _counts(session: Session, issue_id: int) -> dict[DeliveryState, int]:
    found: dict[DeliveryState, int] = {}
    for tally in tallies(session, issue_id):
        found[tally.state] = found.get(tally.state, 0) + tally.deliveries
    return found


def readers(session: Session) -> Readers:
    """How many subscriptions there are."""
    status = col(SubscriptionRow.status)
    counted = session.execute(select(status, func.count()).group_by(status))
    found = {SubscriptionStatus(word): number for word, number in counted}
    return Readers(
        confirmed=found.get(SubscriptionStatus.CONFIRMED, 0),
        unconfirmed=found.get(SubscriptionStatus.UNCONFIRMED, 0),
        unsubscribed=found.get(SubscriptionStatus.UNSUBSCRIBED, 0),
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
