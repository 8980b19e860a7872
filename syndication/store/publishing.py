"""What feeds are made of: which feeds there are, and the newest articles of each."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final
from urllib.parse import urlsplit

from sqlalchemy import ColumnElement, Row, Select, case, exists, func, select
from sqlmodel import Session, col

from syndication import __version__
from syndication.domain.articles import Enclosure
from syndication.domain.feeds import Feed, FeedItem, FeedTopic, Origin
from syndication.domain.ids import article_id, feed_id
from syndication.domain.site import Site
from syndication.domain.states import SourceKind
from syndication.store.tables import (
    ArticleRow,
    ArticleTextRow,
    ClassificationRow,
    SourceRow,
    TopicRow,
)

ITEMS: Final = 50
"""How many articles a feed holds. Source: JSON Feed 1.1, 'under 100 KB ideal, 250 KB fine'."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# What documents show of an article; `content_hash` and `revision` stand for its texts.
_COLUMNS: Final[Sequence[Any]] = (
    col(ArticleRow.id),
    col(ArticleRow.uid),
    col(ArticleRow.source_id),
    col(ArticleRow.url),
    col(ArticleRow.language),
    col(ArticleRow.first_seen_at),
    col(ArticleRow.published_at),
    col(ArticleRow.updated_at),
    col(ArticleRow.content_hash),
    col(ArticleRow.revision),
    col(ArticleRow.authors),
    col(ArticleRow.enclosures),
    col(ArticleRow.image_url),
    col(ArticleRow.ai_generated),
    col(SourceRow.title).label("source_title"),
    col(SourceRow.kind).label("source_kind"),
    col(SourceRow.location).label("source_location"),
    col(SourceRow.base_url).label("source_base_url"),
    col(SourceRow.internal).label("source_internal"),
    col(SourceRow.language).label("source_language"),
)


class FeedKind(StrEnum):
    """What a feed is made of; the middle of its address and of its id."""

    ALL = "all"
    TOPIC = "topics"
    SOURCE = "sources"


@dataclass(frozen=True, slots=True)
class FeedPlan:
    """A feed that is to be published. key: id of its topic or source, 0 for the feed of everything."""

    kind: FeedKind
    key: int
    path: str
    title: str
    description: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class Outline:
    """What a feed holds. fingerprint: changes when its documents may, far cheaper to know than the documents."""

    plan: FeedPlan
    articles: Sequence[Row[Any]]
    topics: Sequence[Row[Any]]
    fingerprint: str


def planned_feeds(session: Session, site: Site) -> list[FeedPlan]:
    """All feeds there are: everything, each enabled topic, each source."""
    everything = FeedPlan(FeedKind.ALL, 0, "/feeds/all", site.title, site.description)
    topics = select(TopicRow).where(col(TopicRow.enabled)).order_by(col(TopicRow.position), col(TopicRow.id))
    sources = select(SourceRow).order_by(col(SourceRow.id))
    return [
        everything,
        *(_plan(FeedKind.TOPIC, row, site, row.description) for row in session.scalars(topics)),
        *(_plan(FeedKind.SOURCE, row, site, "", row.language) for row in session.scalars(sources)),
    ]


def _plan(kind: FeedKind, row: TopicRow | SourceRow, site: Site, description: str, language: str = "") -> FeedPlan:
    title = f"{row.title} · {site.title}"
    return FeedPlan(kind, row.id or 0, f"/feeds/{kind}/{row.slug}", title, description, language)


def outline_feed(session: Session, site: Site, plan: FeedPlan) -> Outline:
    """Which articles a feed holds, without their texts; only what an enabled topic accepted is in any feed.

    Newest first by publication, or by when we first saw the article if that was earlier: nobody climbs by a date in
    the future; by public id where dates are equal. Articles of backfill are in at once, removed ones out.
    """
    articles = session.execute(_newest(session, plan)).all()
    topics = _topics(session, [article.id for article in articles])
    known = (__version__, site, plan, list(map(tuple, articles)), list(map(tuple, topics)))
    fingerprint = hashlib.sha256(repr(known).encode(errors="surrogatepass")).hexdigest()
    return Outline(plan, articles, topics, fingerprint)


def load_feed(session: Session, site: Site, outline: Outline) -> Feed:
    """The feed with the texts of its articles. updated_at: the newest change among them, 1970 when there are none."""
    plan, articles = outline.plan, outline.articles
    texts, topics = _texts(session, outline), _by_article(outline.topics)
    changes = [max(article.updated_at, article.first_seen_at) for article in articles]
    return Feed(
        id=feed_id(site.tag_prefix, plan.kind, plan.key),
        path=plan.path,
        title=plan.title,
        description=plan.description,
        home_url=f"{site.public_url}/" if plan.kind is FeedKind.ALL else f"{site.public_url}/feeds/",
        public_url=site.public_url,
        language=plan.language or site.language,
        updated_at=max(changes, default=_EPOCH),
        items=tuple(
            _item(site, article, texts[article.id], topics[article.id]) for article in articles if article.id in texts
        ),
    )


def _shown_at() -> ColumnElement[datetime]:
    published_at, first_seen_at = col(ArticleRow.published_at), col(ArticleRow.first_seen_at)
    return case((published_at < first_seen_at, published_at), else_=first_seen_at)


def _newest(session: Session, plan: FeedPlan) -> Select[Any]:
    """What is told of the newest articles of a feed, but their texts and topics."""
    wanted = select(*_COLUMNS).join(SourceRow, col(SourceRow.id) == col(ArticleRow.source_id))
    wanted = wanted.where(col(ArticleRow.removed_at).is_(None))
    if plan.kind is FeedKind.TOPIC:
        wanted = wanted.join(ClassificationRow, col(ClassificationRow.article_id) == col(ArticleRow.id)).where(
            col(ClassificationRow.topic_id) == plan.key, col(ClassificationRow.accepted)
        )
    elif plan.kind is FeedKind.SOURCE:
        wanted = wanted.where(col(ArticleRow.source_id) == plan.key, _is_accepted())
    else:
        wanted = _recent(session, wanted.where(_is_accepted()))
    return wanted.order_by(_shown_at().desc(), col(ArticleRow.uid)).limit(ITEMS)


def _recent(session: Session, wanted: Select[Any]) -> Select[Any]:
    """Narrowed to a few articles by the index on publication, without losing any of the newest by what is shown.

    Nothing is shown later than it was published, so the date of the last of the newest by publication is a floor.
    """
    by_publication = wanted.with_only_columns(_shown_at().label("shown_at"))
    newest = by_publication.order_by(col(ArticleRow.published_at).desc()).limit(ITEMS).subquery()
    count, floor = session.execute(select(func.count(), func.min(newest.c.shown_at))).one()
    return wanted.where(col(ArticleRow.published_at) >= floor) if count == ITEMS else wanted


def _is_accepted() -> ColumnElement[bool]:
    return (
        exists()
        .where(col(ClassificationRow.article_id) == col(ArticleRow.id), col(ClassificationRow.accepted))
        .where(col(ClassificationRow.topic_id) == col(TopicRow.id), col(TopicRow.enabled))
    )


def _topics(session: Session, ids: Sequence[int]) -> Sequence[Row[Any]]:
    """Slug, title and matched words of the topics of these articles, in the order of the topics."""
    columns = (ClassificationRow.article_id, TopicRow.slug, TopicRow.title, ClassificationRow.terms)
    statement = (
        select(*map(col, columns))
        .join(TopicRow, col(TopicRow.id) == col(ClassificationRow.topic_id))
        .where(col(ClassificationRow.article_id).in_(ids), col(ClassificationRow.accepted), col(TopicRow.enabled))
        .order_by(col(TopicRow.position), col(TopicRow.id), col(ClassificationRow.article_id))
    )
    return session.execute(statement).all()


def _texts(session: Session, outline: Outline) -> dict[int, Row[Any]]:
    """Of each article the text in its own language, else the oldest."""
    own = {article.id: article.language for article in outline.articles}
    columns = (ArticleTextRow.article_id, ArticleTextRow.language, ArticleTextRow.title, ArticleTextRow.summary)
    statement = select(*map(col, columns), col(ArticleTextRow.content)).order_by(col(ArticleTextRow.id))
    texts: dict[int, Row[Any]] = {}
    for row in session.execute(statement.where(col(ArticleTextRow.article_id).in_(own))):
        if row.article_id not in texts or row.language == own[row.article_id]:
            texts[row.article_id] = row
    return texts


def _by_article(topics: Sequence[Row[Any]]) -> defaultdict[int, list[FeedTopic]]:
    found: defaultdict[int, list[FeedTopic]] = defaultdict(list)
    for row in topics:
        found[row.article_id].append(FeedTopic(row.slug, row.title, tuple(row.terms)))
    return found


def _item(site: Site, article: Row[Any], text: Row[Any], topics: Sequence[FeedTopic]) -> FeedItem:
    return FeedItem(
        id=article_id(site.tag_prefix, article.uid),
        url=article.url or f"{site.public_url}/articles/{article.uid}",
        title=text.title,
        summary=text.summary,
        content=text.content,
        authors=tuple(article.authors),
        topics=tuple(topics),
        origin=_origin(site, article),
        published_at=min(article.published_at, article.first_seen_at),
        updated_at=article.updated_at,
        language=text.language or article.language or article.source_language,
        enclosures=tuple(Enclosure(**file) for file in article.enclosures),
        image_url=article.image_url,
        ai_generated=article.ai_generated,
    )


def _origin(site: Site, article: Row[Any]) -> Origin:
    """Credit to the source. What may tell strangers a password or the name of an inner host is not told."""
    is_feed = article.source_kind is SourceKind.FEED and not article.source_internal
    is_feed = is_feed and not urlsplit(article.source_location).username
    return Origin(
        feed_id=feed_id(site.tag_prefix, FeedKind.SOURCE, article.source_id),
        title=article.source_title,
        url=article.source_location if is_feed else article.source_base_url,
        updated_at=article.updated_at,
        is_feed=is_feed,
    )
