"""Readers and what waits for them, made through the functions under test."""

from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from syndication.domain.newsletters import Choice
from syndication.domain.states import DeliveryState, IssueState, NoticeKind
from syndication.store.answering import Answer
from syndication.store.consent import Visit
from syndication.store.database import Database
from syndication.store.subscribing import SignUp, confirm, sign_up
from syndication.store.tables import (
    ConsentEventRow,
    DeliveryRow,
    DigestBodyRow,
    DigestRow,
    IssueRow,
    NoticeRow,
    SubscriptionRow,
    SubscriptionTopicRow,
)
from tests.support import rows
from tests.support.rows import NOW

VISIT = Visit(ip="192.0.2.7", user_agent="Browser/1", page="/", language="en", text_version="v1")
DAY = timedelta(days=1)


def wanted(newsletter_id: int, *topics: str, address: str = "ann@example.com") -> SignUp:
    """A request for these topics."""
    return SignUp(newsletter_id, address, address, f"mark of {address}", Choice(frozenset(topics), "en"))


def ask(database: Database, newsletter_id: int, *topics: str, now: datetime = NOW) -> Answer | None:
    """Somebody fills in the form."""
    with database.write() as session:
        return sign_up(session, wanted(newsletter_id, *topics), VISIT, now)


def only(session: Session) -> SubscriptionRow:
    """The only subscription."""
    return session.exec(select(SubscriptionRow)).one()


def events(session: Session) -> list[str]:
    """What the proof says, oldest first."""
    return list(session.exec(select(ConsentEventRow.event).order_by(col(ConsentEventRow.id))))


def topics_of(session: Session, subscription: SubscriptionRow) -> set[int]:
    """The ids of the chosen topics."""
    return set(
        session.exec(
            select(SubscriptionTopicRow.topic_id).where(SubscriptionTopicRow.subscription_id == subscription.id)
        )
    )


def mailed(session: Session, subscriber_id: int, newsletter_id: int, kind: NoticeKind, at: datetime) -> None:
    """A notice that was made at an instant."""
    if session.get(DigestBodyRow, "body") is None:
        session.add(DigestBodyRow(hash="body", subject="s", text="t", html="h"))
        session.flush()
    session.add(
        NoticeRow(kind=kind, newsletter_id=newsletter_id, subscriber_id=subscriber_id, body_hash="body", created_at=at)
    )


def reader(database: Database, newsletter_id: int, *topics: str) -> int:
    """A confirmed reader; answers the subscription's id."""
    answer = ask(database, newsletter_id, *topics)
    assert answer
    with database.write() as session:
        assert confirm(session, answer.subscription_id, VISIT, NOW)
    return answer.subscription_id


def waiting_issue(
    session: Session, newsletter_id: int, subscription_id: int, state: DeliveryState, start: int = 30
) -> None:
    """An issue of which one delivery to this reader is in a state."""
    subscription = session.get(SubscriptionRow, subscription_id)
    assert subscription
    session.add(DigestBodyRow(hash="issue", subject="s", text="t", html="h"))
    issue = IssueRow(
        newsletter_id=newsletter_id,
        schedule_id=subscription.schedule_id,
        slot=NOW,
        state=IssueState.SENDING,
        from_seq=30,
        cut_seq=40,
        created_at=NOW,
        planned_at=NOW,
    )
    session.add(issue)
    template = rows.add_template(session)
    session.flush()
    assert issue.id
    digest = DigestRow(
        issue_id=issue.id, start=start, content_hash="c", body_hash="issue", language="en", template_version_id=template
    )
    session.add(digest)
    session.flush()
    assert digest.id
    session.add(
        DeliveryRow(issue_id=issue.id, subscriber_id=subscription.subscriber_id, digest_id=digest.id, state=state)
    )
