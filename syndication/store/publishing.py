"""What feeds are made of: which feeds there are, and the newest articles of each."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final
from urllib.parse import urlsplit

from sqlalchemy import ColumnElement, Row, Select, case, exists, func, select
from sqlmodel import Session, col

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


def load_feed(session: Session, site: Site, plan: FeedPlan) -> Feed:
    """A feed with its newest articles; only articles that an enabled topic accepted are in any feed.

    Newest first by publication, or by when we first saw the article if that was earlier: nobody climbs by a date in
    the future. Articles of backfill are in at once, removed ones out. updated_at: the newest change among the items.
    """
    ids = _newest(session, plan)
    texts, topics = _texts(session, ids), _topics(session, ids)
    rows = session.execute(select(ArticleRow, SourceRow).join(SourceRow).where(col(ArticleRow.id).in_(ids)))
    pairs = {article.id: (article, source) for article, source in rows}
    items = tuple(_item(site, *pairs[key], texts[key], topics[key]) for key in ids if key in texts)
    changes = [max(pairs[key][0].updated_at, pairs[key][0].first_seen_at) for key in ids]
    return Feed(
        id=feed_id(site.tag_prefix, plan.kind, plan.key),
        path=plan.path,
        title=plan.title,
        description=plan.description,
        home_url=f"{site.public_url}/" if plan.kind is FeedKind.ALL else f"{site.public_url}/feeds/",
        public_url=site.public_url,
        language=plan.language or site.language,
        updated_at=max(changes, default=_EPOCH),
        items=items,
    )


def _shown_at() -> ColumnElement[datetime]:
    published_at, first_seen_at = col(ArticleRow.published_at), col(ArticleRow.first_seen_at)
    return case((published_at < first_seen_at, published_at), else_=first_seen_at)


def _newest(session: Session, plan: FeedPlan) -> list[int]:
    """Ids of the articles of a feed, newest first; by public id where dates are equal."""
    wanted = select(col(ArticleRow.id)).where(col(ArticleRow.removed_at).is_(None))
    if plan.kind is FeedKind.TOPIC:
        wanted = wanted.join(ClassificationRow, col(ClassificationRow.article_id) == col(ArticleRow.id)).where(
            col(ClassificationRow.topic_id) == plan.key, col(ClassificationRow.accepted)
        )
    elif plan.kind is FeedKind.SOURCE:
        wanted = wanted.where(col(ArticleRow.source_id) == plan.key, _is_accepted())
    else:
        wanted = _recent(session, wanted.where(_is_accepted()))
    newest = wanted.order_by(_shown_at().desc(), col(ArticleRow.uid)).limit(ITEMS)
    return [key for key in session.scalars(newest) if key is not None]


def _recent(session: Session, wanted: Select[int | None]) -> Select[int | None]:
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


def _texts(session: Session, ids: Sequence[int]) -> dict[int, list[ArticleTextRow]]:
    rows = session.scalars(select(ArticleTextRow).where(col(ArticleTextRow.article_id).in_(ids)))
    texts: dict[int, list[ArticleTextRow]] = {}
    for row in sorted(rows, key=lambda text: text.id or 0):
        texts.setdefault(row.article_id, []).append(row)
    return texts


def _topics(session: Session, ids: Sequence[int]) -> defaultdict[int, list[Row[Any]]]:
    """Slug, title and matched words of each article's topics, in the order of the topics."""
    columns = (ClassificationRow.article_id, TopicRow.slug, TopicRow.title, ClassificationRow.terms)
    statement = (
        select(*(col(column) for column in columns))
        .join(TopicRow, col(TopicRow.id) == col(ClassificationRow.topic_id))
        .where(col(ClassificationRow.article_id).in_(ids), col(ClassificationRow.accepted), col(TopicRow.enabled))
        .order_by(col(TopicRow.position), col(TopicRow.id))
    )
    topics: defaultdict[int, list[Row[Any]]] = defaultdict(list)
    for row in session.execute(statement):
        topics[row.article_id].append(row)
    return topics


def _item(
    site: Site, article: ArticleRow, source: SourceRow, texts: Sequence[ArticleTextRow], topics: Sequence[Row[Any]]
) -> FeedItem:
    text = next((text for text in texts if text.language == article.language), texts[0])
    return FeedItem(
        id=article_id(site.tag_prefix, article.uid),
        url=article.url or f"{site.public_url}/articles/{article.uid}",
        title=text.title,
        summary=text.summary,
        content=text.content,
        authors=tuple(article.authors),
        topics=tuple(FeedTopic(row.slug, row.title, tuple(row.terms)) for row in topics),
        origin=_origin(site, article, source),
        published_at=min(article.published_at, article.first_seen_at),
        updated_at=article.updated_at,
        language=text.language or article.language or source.language,
        enclosures=tuple(Enclosure(**file) for file in article.enclosures),
        image_url=article.image_url,
        ai_generated=article.ai_generated,
    )


def _origin(site: Site, article: ArticleRow, source: SourceRow) -> Origin:
    """Credit to the source. What may tell strangers a password or the name of an inner host is not told."""
    is_feed = source.kind is SourceKind.FEED and not source.internal and not urlsplit(source.location).username
    return Origin(
        feed_id=feed_id(site.tag_prefix, FeedKind.SOURCE, source.id or 0),
        title=source.title,
        url=source.location if is_feed else source.base_url,
        updated_at=article.updated_at,
        is_feed=is_feed,
    )
