"""An issue that is being sent, with readers, digests, deliveries and batches; quick enough for thousands of readers."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert
from sqlmodel import Session, SQLModel, col, select

from syndication.deliver.smtp import smtp_transport_from_url
from syndication.domain.seams import Transport
from syndication.domain.site import Site
from syndication.domain.splice import Splice
from syndication.domain.states import (
    Cadence,
    DeliveryState,
    IssueState,
    NoticeKind,
    SubscriptionStatus,
    UnknownPolicy,
)
from syndication.domain.tokens import KeyRing
from syndication.jobs.deliver import DeliverReport, PostOffice, deliver_ready
from syndication.store.database import Database
from syndication.store.tables import (
    DeliveryBatchRow,
    DeliveryRow,
    DigestBodyRow,
    DigestRow,
    IssueRow,
    NewsletterRow,
    NoticeRow,
    ScheduleRow,
    SegmentRow,
    SubscriberRow,
    SubscriptionRow,
    TemplateVersionRow,
)
from tests.support.smtp import Fault, Stage

NOW = datetime(2026, 11, 20, 7, 30, tzinfo=UTC)
KEYS = KeyRing({"a": b"k" * 32}, "a")
SITE = Site("AI News", "", "https://news.example.org", "en", "UTC", "tag:news.example.org,2026-11-01:abc")
POST = PostOffice(KEYS, SITE, b"s" * 32)


@dataclass(frozen=True, slots=True)
class Mailing:
    """The ids of what `add_mailing` made. subscribers: as `address` numbers them."""

    newsletter_id: int
    issue_id: int
    subscribers: tuple[int, ...]


def address(number: int) -> str:
    """The address of a reader by number."""
    return f"reader{number}@example.com"


def add_mailing(
    database: Database,
    at: datetime,
    readers: int = 3,
    *,
    batch: int = 100,
    bodies: tuple[str, ...] = ("<p>One</p>", "<p>Two</p>"),
    policy: UnknownPolicy = UnknownPolicy.RESEND,
) -> Mailing:
    """A newsletter with an issue frozen at an instant, whose window is (0, 10] and whose schedule was cut there.

    bodies: HTML of its digests; the readers get them in turn.
    """
    with database.write() as session:
        newsletter_id = _newsletter(session, at, policy)
        schedule_id = _schedule(session, newsletter_id, at)
        issue_id = _issue(session, newsletter_id, schedule_id, at)
        subscribers = _readers(session, newsletter_id, schedule_id, readers, at)
        digests = [_digest(session, issue_id, number, html, at) for number, html in enumerate(bodies)]
        delivery = {"issue_id": issue_id, "state": DeliveryState.READY}
        delivery |= {"attempt": 0, "resends": 0, "enhanced": "", "reply": ""}
        rows = [
            delivery | {"subscriber_id": one, "digest_id": digests[place % len(digests)]}
            for place, one in enumerate(subscribers)
        ]
        session.execute(insert(DeliveryRow), rows)
        for start in range(0, readers, batch):
            members = subscribers[start : start + batch]
            session.add(DeliveryBatchRow(issue_id=issue_id, lo=members[0], hi=members[-1]))
    return Mailing(newsletter_id, issue_id, subscribers)


def add_notice_for(
    database: Database, mailing: Mailing, kind: NoticeKind, at: datetime, *, status: SubscriptionStatus
) -> int:
    """A notice to a new reader of the newsletter, whose subscription has this status; the notice's id."""
    with database.write() as session:
        schedule_id = session.exec(select(ScheduleRow.id)).first() or 0
        number = len(session.exec(select(SubscriberRow.id)).all())
        subscriber_id = _readers(session, mailing.newsletter_id, schedule_id, 1, at, first=number, status=status)[-1]
        if session.get(DigestBodyRow, "notice") is None:
            session.add(_body("notice", "<p>Notice</p>"))
            session.flush()
        row = NoticeRow(
            kind=kind,
            newsletter_id=mailing.newsletter_id,
            subscriber_id=subscriber_id,
            body_hash="notice",
            created_at=at,
        )
        return _added(session, row)


def states(database: Database, issue_id: int) -> dict[DeliveryState, int]:
    """How many deliveries of an issue are in each state."""
    with database.read() as session:
        found = session.exec(select(DeliveryRow.state).where(DeliveryRow.issue_id == issue_id)).all()
    return Counter(DeliveryState(state) for state in found)


def delivery(database: Database, mailing: Mailing, number: int) -> DeliveryRow:
    """A reader's delivery by the reader's number."""
    with database.read() as session:
        return session.get_one(DeliveryRow, (mailing.issue_id, mailing.subscribers[number]))


def _newsletter(session: Session, at: datetime, policy: UnknownPolicy) -> int:
    row = NewsletterRow(
        slug="weekly",
        title="Weekly",
        sender_name="Weekly",
        sender_address="weekly@news.example.org",
        postal_address="1 Main Street",
        unknown_policy=policy,
        created_at=at,
    )
    return _added(session, row)


def _schedule(session: Session, newsletter_id: int, at: datetime) -> int:
    row = ScheduleRow(
        newsletter_id=newsletter_id,
        cadence=Cadence.WEEKLY,
        cron="30 7 * * fri",
        zone="UTC",
        next_slot=at + timedelta(days=7),
        last_cut=10,
    )
    return _added(session, row)


def _issue(session: Session, newsletter_id: int, schedule_id: int, at: datetime) -> int:
    row = IssueRow(
        newsletter_id=newsletter_id,
        schedule_id=schedule_id,
        slot=at,
        state=IssueState.SENDING,
        from_seq=0,
        cut_seq=10,
        created_at=at,
        frozen_at=at,
        planned_at=at,
    )
    return _added(session, row)


def _readers(
    session: Session,
    newsletter_id: int,
    schedule_id: int,
    count: int,
    at: datetime,
    *,
    first: int = 0,
    status: SubscriptionStatus = SubscriptionStatus.CONFIRMED,
) -> tuple[int, ...]:
    """The ids of all readers there are now, after adding so many."""
    segment_id = session.exec(select(SegmentRow.id)).first() or _added(session, SegmentRow(key="en:", language="en"))
    before = set(session.exec(select(SubscriberRow.id)).all())
    names = [address(number) for number in range(first, first + count)]
    rows: list[dict[str, Any]] = [
        {"address": name, "address_key": name, "name": "", "created_at": at} for name in names
    ]
    session.execute(insert(SubscriberRow), rows)
    ids = tuple(one or 0 for one in session.exec(select(SubscriberRow.id).order_by(col(SubscriberRow.id))).all())
    shared = {"newsletter_id": newsletter_id, "schedule_id": schedule_id, "segment_id": segment_id, "status": status}
    shared |= {"language": "en", "created_at": at}
    session.execute(insert(SubscriptionRow), [shared | {"subscriber_id": one} for one in ids if one not in before])
    return ids


def _digest(session: Session, issue_id: int, number: int, html: str, at: datetime) -> int:
    template_id = session.exec(select(TemplateVersionRow.id)).first() or _added(
        session,
        TemplateVersionRow(name="digest", hash="h", subject="", text="", mjml="", html="", created_at=at),
    )
    session.add(_body(f"body{number}", html))
    session.flush()
    row = DigestRow(
        issue_id=issue_id,
        start=0,
        content_hash=f"content{number}",
        body_hash=f"body{number}",
        language="en",
        template_version_id=template_id,
    )
    return _added(session, row)


def _body(key: str, html: str) -> DigestBodyRow:
    link = f"https://news.example.org/unsubscribe/{Splice.UNSUBSCRIBE.mark}"
    return DigestBodyRow(hash=key, subject="News", text=f"News\n{link}\n", html=f'{html}<a href="{link}">Leave</a>')


def _added(session: Session, row: SQLModel) -> int:
    session.add(row)
    session.flush()
    return int(row.id)  # type: ignore[attr-defined] # every row made here has one


def run(
    database: Database,
    transport: Transport | str,
    at: datetime = NOW,
    stop: Callable[[], bool] = lambda: False,
    post: PostOffice = POST,
) -> DeliverReport:
    """Deliver everything that is ready over a transport, or to a server's address."""
    if isinstance(transport, str):
        transport = smtp_transport_from_url(transport)
    return deliver_ready(database, transport, post, lambda: at, stop)


def fault_for(recipient: str, stage: Stage, answer: object) -> Fault:
    """A server that misbehaves to one reader."""

    def fault(at: Stage, argument: str) -> object:
        return answer if at == stage and recipient in argument else None

    return fault
