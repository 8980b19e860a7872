"""What visitors and readers see: newsletters on offer, past issues, one reader's own page.

Nothing here tells one reader about another.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import func, select
from sqlmodel import Session, col

from syndication.cron.cadences import hour_of
from syndication.domain.delivery import DeliveryKind, DeliveryName
from syndication.domain.digests import MailBody
from syndication.domain.newsletters import Newsletter
from syndication.domain.states import Cadence, IssueState, SubscriptionStatus
from syndication.domain.topics import Topic
from syndication.store.bodies import mail_body
from syndication.store.moving import offered_schedules
from syndication.store.newsletters import (
    StoredNewsletter,
    StoredSchedule,
    default_schedule,
    newsletter,
    newsletters,
    stored_schedule,
)
from syndication.store.tables import (
    ArticleRow,
    ClassificationRow,
    DeliveryRow,
    DigestBodyRow,
    DigestRow,
    IssueArticleRow,
    IssueRow,
    NewsletterRow,
    NoticeRow,
    ScheduleRow,
    SubscriptionRow,
    SubscriptionTopicRow,
    TopicRow,
)

# An issue is public from the first mail on; a slot without an issue is told too, or it reads as a fault.
_SENT_OUT = (IssueState.SENDING, IssueState.PAUSED, IssueState.SENT)
_TOLD = (*_SENT_OUT, IssueState.EMPTY, IssueState.SKIPPED)


@dataclass(frozen=True, slots=True)
class Offer:
    """A newsletter as visitors see it. next_slot: aware UTC, None while no schedule is enabled. zone: of the schedule."""

    newsletter_id: int
    newsletter: Newsletter
    topics: tuple[Topic, ...]
    next_slot: datetime | None = None
    zone: str = "UTC"
    cadences: tuple[Cadence, ...] = ()


@dataclass(frozen=True, slots=True)
class PastIssue:
    """An issue in the archive. at: its slot, else when it was made; aware UTC. articles: how many it holds."""

    issue_id: int
    at: datetime
    state: IssueState
    subject: str
    note: str
    articles: int
    intro: str = ""

    @property
    def has_page(self) -> bool:
        """Whether there is anything to show beyond the line in the archive."""
        return self.state in _SENT_OUT


@dataclass(frozen=True, slots=True)
class ReaderPage:
    """A reader's own relation to a newsletter, as their pages show it. own_hour: '07:30', "" for the newsletter's."""

    subscription_id: int
    subscriber_id: int
    offer: Offer
    status: SubscriptionStatus
    topics: frozenset[str]
    language: str
    from_seq: int | None
    paused_until: datetime | None
    confirmed_at: datetime | None
    cadence: Cadence
    own_hour: str = ""


@dataclass(frozen=True, slots=True)
class SentMail:
    """A mail as it was made, with splice marks, and the subscription whose links belong into them."""

    subscription_id: int
    body: MailBody


def offers(session: Session) -> list[Offer]:
    """All newsletters, the oldest first."""
    return [_offer(session, stored) for stored in newsletters(session)]


def offer_of(session: Session, slug_or_id: str | int) -> Offer | None:
    """One newsletter by slug or id, None when there is none."""
    stored = newsletter(session, slug_or_id)
    return None if stored is None else _offer(session, stored)


def spoken_languages(session: Session) -> list[tuple[str, tuple[str, ...]]]:
    """Of each newsletter, the oldest first: its own language, and which others readers may choose (none: any)."""
    wanted = select(col(NewsletterRow.language), col(NewsletterRow.languages)).order_by(col(NewsletterRow.id))
    return [(own, tuple(others)) for own, others in session.execute(wanted)]


def topics_in_feeds(session: Session) -> list[Topic]:
    """The topics that have feeds, in the order of the admin."""
    rows = session.execute(select(TopicRow).where(col(TopicRow.enabled)).order_by(TopicRow.position, TopicRow.id))  # type: ignore[arg-type]  # sqlmodel types a column as its value
    return [_topic(row) for row in rows.scalars()]


def past_issues(session: Session, newsletter_id: int, limit: int) -> list[PastIssue]:
    """The newest issues of a newsletter that visitors may know of, newest first."""
    wanted = (
        select(IssueRow)
        .where(col(IssueRow.newsletter_id) == newsletter_id, col(IssueRow.state).in_(_TOLD))
        .order_by(func.coalesce(col(IssueRow.slot), col(IssueRow.created_at)).desc(), col(IssueRow.id).desc())
        .limit(limit)
    )
    return _past(session, session.execute(wanted).scalars().all())


def past_issue(session: Session, newsletter_id: int, issue_id: int) -> PastIssue | None:
    """One issue that has a page of its own, None while it is not public."""
    row = session.get(IssueRow, issue_id)
    if row is None or row.newsletter_id != newsletter_id or row.state not in _SENT_OUT:
        return None
    return _past(session, [row])[0]


def articles_of_issue(session: Session, issue_id: int, topics: Sequence[str], limit: int) -> list[int]:
    """The articles of an issue that are in any of these topics (slugs), newest first."""
    accepted = (
        select(col(ClassificationRow.article_id))
        .join(TopicRow, col(TopicRow.id) == col(ClassificationRow.topic_id))
        .where(col(ClassificationRow.accepted), col(TopicRow.slug).in_(topics))
    )
    wanted = (
        select(col(IssueArticleRow.article_id))
        .join(ArticleRow, col(ArticleRow.id) == col(IssueArticleRow.article_id))
        .where(col(IssueArticleRow.issue_id) == issue_id, col(ArticleRow.id).in_(accepted))
        .order_by(col(ArticleRow.published_at).desc(), col(ArticleRow.id).desc())
        .limit(limit)
    )
    return list(session.execute(wanted).scalars())


def is_removed_article(session: Session, uid: str) -> bool:
    """Whether there was an article with this public id that is gone."""
    gone = select(col(ArticleRow.id)).where(col(ArticleRow.uid) == uid, col(ArticleRow.removed_at).is_not(None))
    return session.execute(gone).first() is not None


def article_credit(session: Session, article_id: int) -> tuple[str, ...]:
    """The authors of an article."""
    found = session.execute(select(col(ArticleRow.authors)).where(col(ArticleRow.id) == article_id)).scalar_one()
    return tuple(found)


def reader_page(session: Session, subscription_id: int) -> ReaderPage | None:
    """One reader's page; None when the reader was erased or the request expired."""
    row = session.get(SubscriptionRow, subscription_id)
    if row is None:
        return None
    stored = newsletter(session, row.newsletter_id)
    schedule = session.get(ScheduleRow, row.schedule_id)
    if stored is None or schedule is None:
        return None
    topics = session.execute(
        select(col(TopicRow.slug))
        .join(SubscriptionTopicRow, col(SubscriptionTopicRow.topic_id) == col(TopicRow.id))
        .where(col(SubscriptionTopicRow.subscription_id) == subscription_id)
    ).scalars()
    return ReaderPage(
        subscription_id=subscription_id,
        subscriber_id=row.subscriber_id,
        offer=_scheduled(session, stored, stored_schedule(schedule, stored.value.slug)),
        status=row.status,
        topics=frozenset(topics),
        language=row.language,
        from_seq=row.from_seq,
        paused_until=row.paused_until,
        confirmed_at=row.confirmed_at,
        cadence=schedule.cadence,
        own_hour=hour_of(schedule.cron) if schedule.is_own else "",
    )


def reader_in(session: Session, newsletter_id: int, subscriber_id: int) -> ReaderPage | None:
    """A subscriber's relation to one newsletter, None when there is none."""
    wanted = select(col(SubscriptionRow.id)).where(
        col(SubscriptionRow.newsletter_id) == newsletter_id, col(SubscriptionRow.subscriber_id) == subscriber_id
    )
    found = session.execute(wanted).scalar_one_or_none()
    return None if found is None else reader_page(session, found)


def mail_of(session: Session, name: DeliveryName) -> SentMail | None:
    """The mail of one delivery; None when there is none, or its reader was erased."""
    if name.kind is DeliveryKind.ISSUE:
        wanted = (
            select(col(IssueRow.newsletter_id), DigestBodyRow)
            .join(DeliveryRow, col(DeliveryRow.issue_id) == col(IssueRow.id))
            .join(DigestRow, col(DigestRow.id) == col(DeliveryRow.digest_id))
            .join(DigestBodyRow, col(DigestBodyRow.hash) == col(DigestRow.body_hash))
            .where(col(DeliveryRow.issue_id) == name.parent, col(DeliveryRow.subscriber_id) == name.subscriber)
        )
    else:
        wanted = (
            select(col(NoticeRow.newsletter_id), DigestBodyRow)
            .join(DigestBodyRow, col(DigestBodyRow.hash) == col(NoticeRow.body_hash))
            .where(col(NoticeRow.id) == name.parent, col(NoticeRow.subscriber_id) == name.subscriber)
        )
    found = session.execute(wanted).first()
    if found is None:
        return None
    newsletter_id, body = found
    subscription_id = session.execute(
        select(col(SubscriptionRow.id)).where(
            col(SubscriptionRow.newsletter_id) == newsletter_id, col(SubscriptionRow.subscriber_id) == name.subscriber
        )
    ).scalar_one_or_none()
    if subscription_id is None:
        return None
    return SentMail(subscription_id, mail_body(session, body))


def _offer(session: Session, stored: StoredNewsletter) -> Offer:
    return _scheduled(session, stored, default_schedule(session, stored.id))


def _scheduled(session: Session, stored: StoredNewsletter, schedule: StoredSchedule | None) -> Offer:
    cadences = tuple(each.value.cadence for each in offered_schedules(session, stored.id))
    offer = Offer(stored.id, stored.value, stored.topics, cadences=cadences)
    if schedule is None or not schedule.value.enabled:
        return offer
    return replace(offer, next_slot=schedule.value.next_slot, zone=schedule.value.zone)


def _topic(row: TopicRow) -> Topic:
    return Topic(row.slug, row.title, row.description, row.rule, row.version)


def _past(session: Session, rows: Sequence[IssueRow]) -> list[PastIssue]:
    counted = (
        select(col(IssueArticleRow.issue_id), func.count())
        .where(col(IssueArticleRow.issue_id).in_([row.id for row in rows]))
        .group_by(col(IssueArticleRow.issue_id))
    )
    articles: dict[int, int] = dict(session.execute(counted).all())
    return [
        PastIssue(
            issue_id=row.id or 0,
            at=row.slot or row.created_at,
            state=row.state,
            subject=row.subject,
            note=row.note,
            articles=articles.get(row.id or 0, 0),
            intro=row.intro,
        )
        for row in rows
    ]
