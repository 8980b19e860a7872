"""What visitors and readers see: newsletters on offer, past issues, one reader's own page.

Nothing here tells one reader about another.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select
from sqlmodel import Session, col

from syndication.domain.newsletters import Newsletter
from syndication.domain.states import Cadence, IssueState, SubscriptionStatus
from syndication.domain.topics import Topic
from syndication.store.tables import (
    ArticleRow,
    ClassificationRow,
    IssueArticleRow,
    IssueRow,
    NewsletterRow,
    NewsletterTopicRow,
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
    cadence: Cadence | None = None
    next_slot: datetime | None = None
    zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class PastIssue:
    """An issue in the archive. at: its slot, else when it was made; aware UTC. articles: how many it holds."""

    issue_id: int
    at: datetime
    state: IssueState
    subject: str
    note: str
    articles: int

    @property
    def has_page(self) -> bool:
        """Whether there is anything to show beyond the line in the archive."""
        return self.state in _SENT_OUT


@dataclass(frozen=True, slots=True)
class ReaderPage:
    """A reader's own relation to a newsletter, as their pages show it."""

    subscription_id: int
    subscriber_id: int
    offer: Offer
    status: SubscriptionStatus
    topics: frozenset[str]
    language: str
    from_seq: int | None
    paused_until: datetime | None
    confirmed_at: datetime | None


def offers(session: Session) -> list[Offer]:
    """All newsletters, the oldest first."""
    return _offers(session, select(NewsletterRow).order_by(col(NewsletterRow.id)))


def offer_by_slug(session: Session, slug: str) -> Offer | None:
    """One newsletter by its slug."""
    return next(iter(_offers(session, select(NewsletterRow).where(col(NewsletterRow.slug) == slug))), None)


def offer_by_id(session: Session, newsletter_id: int) -> Offer:
    """One newsletter that is known to exist."""
    return _offers(session, select(NewsletterRow).where(col(NewsletterRow.id) == newsletter_id))[0]


def topics_in_feeds(session: Session) -> list[Topic]:
    """The topics that have feeds, in the order of the admin."""
    rows = session.execute(select(TopicRow).where(col(TopicRow.enabled)).order_by(TopicRow.position, TopicRow.id))  # type: ignore[arg-type]
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
    offer = offer_by_id(session, row.newsletter_id)
    schedule = session.get(ScheduleRow, row.schedule_id)
    topics = session.execute(
        select(col(TopicRow.slug))
        .join(SubscriptionTopicRow, col(SubscriptionTopicRow.topic_id) == col(TopicRow.id))
        .where(col(SubscriptionTopicRow.subscription_id) == subscription_id)
    ).scalars()
    return ReaderPage(
        subscription_id=subscription_id,
        subscriber_id=row.subscriber_id,
        offer=_with_schedule(offer, schedule),
        status=row.status,
        topics=frozenset(topics),
        language=row.language,
        from_seq=row.from_seq,
        paused_until=row.paused_until,
        confirmed_at=row.confirmed_at,
    )


def subscription_between(session: Session, newsletter_id: int, subscriber_id: int) -> int | None:
    """The id of a subscriber's subscription to a newsletter."""
    return session.execute(
        select(col(SubscriptionRow.id)).where(
            col(SubscriptionRow.newsletter_id) == newsletter_id, col(SubscriptionRow.subscriber_id) == subscriber_id
        )
    ).scalar_one_or_none()


def _offers(session: Session, wanted: Select[NewsletterRow]) -> list[Offer]:
    rows = session.execute(wanted).scalars().all()
    ids = [row.id for row in rows]
    topics: dict[int, list[Topic]] = {}
    chosen = (
        select(col(NewsletterTopicRow.newsletter_id), TopicRow)
        .join(TopicRow, col(TopicRow.id) == col(NewsletterTopicRow.topic_id))
        .where(col(NewsletterTopicRow.newsletter_id).in_(ids), col(TopicRow.enabled))
        .order_by(col(NewsletterTopicRow.position), col(TopicRow.id))
    )
    for newsletter_id, topic in session.execute(chosen):
        topics.setdefault(newsletter_id, []).append(_topic(topic))
    schedules: dict[int, ScheduleRow] = {}
    enabled = select(ScheduleRow).where(col(ScheduleRow.newsletter_id).in_(ids), col(ScheduleRow.enabled))
    for schedule in session.execute(enabled.order_by(col(ScheduleRow.id).desc())).scalars():
        schedules[schedule.newsletter_id] = schedule  # the oldest one wins: it is the one sign-up uses
    return [_with_schedule(_offer(row, topics.get(row.id or 0, ())), schedules.get(row.id or 0)) for row in rows]


def _offer(row: NewsletterRow, topics: Iterable[Topic]) -> Offer:
    chosen = tuple(topics)
    newsletter = Newsletter(
        slug=row.slug,
        title=row.title,
        description=row.description,
        sender_name=row.sender_name,
        sender_address=row.sender_address,
        postal_address=row.postal_address,
        language=row.language,
        topics=tuple(topic.slug for topic in chosen),
        reply_to=row.reply_to,
        accent=row.accent,
        unknown_policy=row.unknown_policy,
    )
    return Offer(row.id or 0, newsletter, chosen)


def _with_schedule(offer: Offer, schedule: ScheduleRow | None) -> Offer:
    if schedule is None or not schedule.enabled:
        return offer
    return Offer(
        offer.newsletter_id, offer.newsletter, offer.topics, schedule.cadence, schedule.next_slot, schedule.zone
    )


def _topic(row: TopicRow) -> Topic:
    return Topic(row.slug, row.title, row.description, row.rule, row.version)


def _past(session: Session, rows: Sequence[IssueRow]) -> list[PastIssue]:
    counted = (
        select(col(IssueArticleRow.issue_id), func.count())
        .where(col(IssueArticleRow.issue_id).in_([row.id for row in rows]))
        .group_by(col(IssueArticleRow.issue_id))
    )
    articles: dict[int, int] = dict(session.execute(counted).tuples().all())
    return [
        PastIssue(
            issue_id=row.id or 0,
            at=row.slot or row.created_at,
            state=row.state,
            subject=row.subject,
            note=row.note,
            articles=articles.get(row.id or 0, 0),
        )
        for row in rows
    ]
