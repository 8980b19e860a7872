"""Builders of rows for tests: each adds one thing with every column filled, and answers its id."""

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime

from sqlmodel import Session, col, select

from syndication.domain.ids import article_uid
from syndication.domain.newsletters import Choice
from syndication.domain.states import Cadence, FirstFetch, SourceKind, SubscriptionStatus
from syndication.store.tables import (
    ArticleRow,
    ArticleTextRow,
    ClassificationRow,
    CounterRow,
    NewsletterRow,
    NewsletterTopicRow,
    ScheduleRow,
    SegmentRow,
    SegmentTopicRow,
    SourceRow,
    SubscriberRow,
    SubscriptionRow,
    SubscriptionTopicRow,
    TemplateVersionRow,
    TopicRow,
)

NOW = datetime(2026, 11, 6, 7, 30, tzinfo=UTC)
"""A Friday, the instant most tests take for now."""

_numbers = itertools.count(1)


def add_counters(session: Session) -> None:
    """The counters as `init` leaves them."""
    session.add_all([CounterRow(name="seq"), CounterRow(name="rules"), CounterRow(name="feed")])
    session.flush()


def add_source(session: Session, slug: str = "radar", *, title: str = "", at: datetime = NOW) -> int:
    """A folder whose articles are news."""
    row = SourceRow(
        slug=slug,
        title=title or slug.title(),
        kind=SourceKind.FOLDER,
        location=f"/{slug}",
        first_fetch=FirstFetch.NEW,
        next_poll_at=at,
        created_at=at,
    )
    return _add(session, row)


def add_topic(session: Session, slug: str, *, title: str = "", rule: str = "word", position: int = 0) -> int:
    """A topic."""
    row = TopicRow(slug=slug, title=title or slug.title(), description="", rule=rule, position=position)
    return _add(session, row)


def add_article(
    session: Session,
    source_id: int,
    topics: Sequence[str] = (),
    *,
    title: str = "",
    news: bool = True,
    at: datetime = NOW,
    language: str = "en",
    score: float = 0.9,
) -> int:
    """An article with one text, accepted in these topics (slugs); with a seq if it is news and in a topic."""
    number = next(_numbers)
    key = f"article-{number}"
    row = ArticleRow(
        uid=article_uid(str(source_id), key),
        source_id=source_id,
        native_key=key,
        url=f"https://example.org/{key}",
        canonical_url=f"example.org/{key}",
        seq=next_seq(session) if news and topics else None,
        is_backfill=not news,
        language=language,
        first_seen_at=at,
        published_at=at,
        updated_at=at,
        content_hash=key,
    )
    article_id = _add(session, row)
    add_text(session, article_id, language, title=title or f"Title {number}")
    for slug in topics:
        accept(session, article_id, slug, score=score, at=at)
    return article_id


def add_text(session: Session, article_id: int, language: str, *, title: str) -> int:
    """One wording of an article."""
    row = ArticleTextRow(
        article_id=article_id, language=language, title=title, summary=f"About {title}.", content=f"<p>{title}</p>"
    )
    return _add(session, row)


def accept(
    session: Session,
    article_id: int,
    topic: str,
    *,
    score: float = 0.9,
    terms: Sequence[str] = ("word",),
    at: datetime = NOW,
) -> None:
    """The verdict that an article belongs to a topic (slug)."""
    topic_id = topic_id_of(session, topic)
    row = ClassificationRow(
        article_id=article_id,
        topic_id=topic_id,
        accepted=True,
        score=score,
        terms=list(terms),
        version=1,
        decided_at=at,
    )
    session.add(row)
    session.flush()


def next_seq(session: Session) -> int:
    """Raise the counter of accepted articles by one."""
    counter = session.exec(select(CounterRow).where(CounterRow.name == "seq")).one()
    counter.n += 1
    session.add(counter)
    session.flush()
    return counter.n


def topic_id_of(session: Session, slug: str) -> int:
    """The id of a topic."""
    return session.exec(select(TopicRow.id).where(TopicRow.slug == slug)).one() or 0


def add_newsletter(
    session: Session, slug: str, topics: Sequence[str], *, language: str = "en", at: datetime = NOW
) -> int:
    """A newsletter that offers these topics (slugs), its sections in this order."""
    row = NewsletterRow(
        slug=slug,
        title=slug.title(),
        description="What happened.",
        sender_name=slug.title(),
        sender_address=f"{slug}@example.org",
        postal_address="1 Main Street, Springfield",
        language=language,
        created_at=at,
    )
    newsletter_id = _add(session, row)
    for position, topic in enumerate(topics):
        topic_id = topic_id_of(session, topic)
        session.add(NewsletterTopicRow(newsletter_id=newsletter_id, topic_id=topic_id, position=position))
    session.flush()
    return newsletter_id


def add_schedule(
    session: Session,
    newsletter_id: int,
    *,
    cadence: Cadence = Cadence.WEEKLY,
    cron: str = "30 7 * * fri",
    zone: str = "UTC",
    next_slot: datetime = NOW,
    last_cut: int = 0,
) -> int:
    """A schedule; by default Fridays at 07:30 UTC."""
    row = ScheduleRow(
        newsletter_id=newsletter_id, cadence=cadence, cron=cron, zone=zone, next_slot=next_slot, last_cut=last_cut
    )
    return _add(session, row)


def add_reader(
    session: Session,
    schedule_id: int,
    topics: Sequence[str],
    *,
    address: str = "",
    language: str = "en",
    status: SubscriptionStatus = SubscriptionStatus.CONFIRMED,
    from_seq: int | None = None,
    paused_until: datetime | None = None,
    at: datetime = NOW,
) -> int:
    """A subscriber with a subscription on this schedule for these topics (slugs); answers the subscriber's id."""
    address = address or f"reader{next(_numbers)}@example.com"
    subscriber_id = _add(session, SubscriberRow(address=address, address_key=address, created_at=at))
    newsletter_id = session.exec(select(ScheduleRow.newsletter_id).where(ScheduleRow.id == schedule_id)).one()
    row = SubscriptionRow(
        newsletter_id=newsletter_id,
        subscriber_id=subscriber_id,
        status=status,
        schedule_id=schedule_id,
        segment_id=segment_of(session, topics, language),
        language=language,
        from_seq=from_seq,
        paused_until=paused_until,
        created_at=at,
        confirmed_at=at if status is SubscriptionStatus.CONFIRMED else None,
    )
    subscription_id = _add(session, row)
    for slug in topics:
        topic_id = topic_id_of(session, slug)
        session.add(SubscriptionTopicRow(subscription_id=subscription_id, topic_id=topic_id, chosen_at=at))
    session.flush()
    return subscriber_id


def segment_of(session: Session, topics: Sequence[str], language: str = "en") -> int:
    """The segment of a choice, made when it is new."""
    key = Choice(frozenset(topics), language).key
    found = session.exec(select(SegmentRow.id).where(SegmentRow.key == key)).first()
    if found:
        return found
    segment_id = _add(session, SegmentRow(key=key, language=language))
    for slug in topics:
        session.add(SegmentTopicRow(segment_id=segment_id, topic_id=topic_id_of(session, slug)))
    session.flush()
    return segment_id


def subscription_of(session: Session, subscriber_id: int) -> SubscriptionRow:
    """A reader's only subscription, fresh from the database."""
    statement = select(SubscriptionRow).where(col(SubscriptionRow.subscriber_id) == subscriber_id)
    return session.exec(statement.execution_options(populate_existing=True)).one()


def add_template(session: Session, name: str = "digest", *, html: str = "", at: datetime = NOW) -> int:
    """An active template version that comes with the product; its body is Jinja, its MJML compiled already."""
    row = TemplateVersionRow(
        name=name,
        hash=f"hash-{name}",
        subject="News",
        text="News",
        mjml="<mjml></mjml>",
        html=html or "<p>News</p>",
        is_active=True,
        created_at=at,
    )
    return _add(session, row)


def _add(session: Session, row: object) -> int:
    session.add(row)
    session.flush()
    return int(row.id)  # type: ignore[attr-defined] # every row built here has one
