"""What feeds are made of: the newest articles of each, and the pages of its archive."""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Select, Subquery, and_, case, false, func, or_, select, true
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from syndication import __version__
from syndication.domain.articles import Enclosure
from syndication.domain.feeds import Feed, FeedItem, FeedTopic, Origin
from syndication.domain.ids import article_id, feed_id
from syndication.domain.site import Site
from syndication.domain.states import SourceKind
from syndication.domain.web_address import names_of_secrets
from syndication.html.text import lead, plain_text
from syndication.store.database import by_indexes
from syndication.store.feed_plans import ITEMS, FeedKind, FeedPlan, Page, pages_of
from syndication.store.tables import (
    ArchiveEntryRow,
    ArticleRow,
    ArticleTextRow,
    ClassificationRow,
    SourceRow,
    TopicRow,
)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FEW: Final = 2_000
_MANY: Final = 10_000
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
    col(ArticleRow.removed_at),
    col(SourceRow.title).label("source_title"),
    col(SourceRow.kind).label("source_kind"),
    col(SourceRow.location).label("source_location"),
    col(SourceRow.base_url).label("source_base_url"),
    col(SourceRow.internal).label("source_internal"),
    col(SourceRow.language).label("source_language"),
    col(SourceRow.full_text).label("source_full_text"),
)
_ARTICLES: Final = select(*_COLUMNS).join(SourceRow, col(SourceRow.id) == col(ArticleRow.source_id))


@dataclass(frozen=True, slots=True)
class Outline:
    """What a feed holds. fingerprint: changes when its documents may, far cheaper to know than the documents.

    current: for a page of an archive the path of the feed, else "".
    """

    plan: FeedPlan
    articles: Sequence[Row[Any]]
    topics: Sequence[Row[Any]]
    fingerprint: str
    current: str = ""


def outline_feed(session: Session, site: Site, plan: FeedPlan) -> Outline:
    """Which articles a feed holds, without their texts; only what an enabled topic accepted is in any feed.

    Newest first by publication, or by when we first saw the article if that was earlier: nobody climbs by a date in
    the future; by public id where dates are equal. Articles of backfill are in at once, removed ones out.
    """
    return outline_feeds(session, site, [plan])[0]


def outline_feeds(session: Session, site: Site, plans: Sequence[FeedPlan]) -> list[Outline]:
    """Of each feed what `outline_feed` tells, in fewer statements."""
    begun = _begun(session, plans)  # before `by_indexes`, which would have all of the history read
    found = [session.execute(_newest(session, plan)).all() for plan in plans]
    topics = _topics(session, {article.id for articles in found for article in articles})
    return [
        _outline(site, replace(plan, begun=_lacking(begun[plan.history], articles)), articles, topics)
        for plan, articles in zip(plans, found, strict=True)
    ]


def _begun(session: Session, plans: Sequence[FeedPlan]) -> defaultdict[str, list[int]]:
    """By history (name) the ids of the articles that stand in its history after the last full page, in order."""
    begun = defaultdict[str, list[int]](list)
    feed, number = col(ArchiveEntryRow.feed), col(ArchiveEntryRow.number)
    firsts = [(plan.history, plan.pages * ITEMS) for plan in plans if plan.pages]
    if firsts:
        places = [and_(feed == name, number > first, number < first + ITEMS) for name, first in firsts]
        wanted = select(feed, col(ArchiveEntryRow.article_id)).where(or_(*places)).order_by(feed, number)
        for name, article in session.execute(wanted):
            begun[name].append(article)
    return begun


def _lacking(begun: Sequence[int], articles: Sequence[Row[Any]]) -> int:
    """How many articles the page that is not full has, 0 when the feed has all of them."""
    return 0 if {article.id for article in articles}.issuperset(begun) else len(begun)


def outline_page(session: Session, site: Site, plan: FeedPlan, page: Page) -> Outline:
    """A page of a feed's archive, newest first; page 1 has the oldest articles. See `store.archives`."""
    wanted = (
        _ARTICLES.join(ArchiveEntryRow, col(ArchiveEntryRow.article_id) == col(ArticleRow.id))
        .where(col(ArchiveEntryRow.feed) == plan.history)
        .where(col(ArchiveEntryRow.number) > page.last - page.articles, col(ArchiveEntryRow.number) <= page.last)
        .order_by(col(ArchiveEntryRow.number).desc())
    )
    own = replace(plan, path=f"{plan.path}/archive/{page.name}", pages=page.number - 1)
    articles = session.execute(wanted).all()
    return _outline(site, own, articles, _topics(session, {article.id for article in articles}), current=plan.path)


def _outline(
    site: Site, plan: FeedPlan, articles: Sequence[Row[Any]], known: Sequence[Row[Any]], *, current: str = ""
) -> Outline:
    """known: the topics of these and other articles."""
    ids = {article.id for article in articles}
    topics = [topic for topic in known if topic.article_id in ids]
    data = (__version__, site, plan, current, list(map(tuple, articles)), list(map(tuple, topics)))
    fingerprint = hashlib.sha256(repr(data).encode(errors="surrogatepass")).hexdigest()
    return Outline(plan, articles, topics, fingerprint, current)


def load_feed(session: Session, site: Site, outline: Outline) -> Feed:
    """The feed with the texts of its articles. updated_at: the newest change among them, 1970 when there are none."""
    return load_feeds(session, site, [outline])[0]


def load_feeds(session: Session, site: Site, outlines: Sequence[Outline]) -> list[Feed]:
    """Of each feed what `load_feed` answers, in one statement."""
    texts = _texts(session, {article.id for outline in outlines for article in outline.articles})
    return [_feed(site, outline, texts) for outline in outlines]


def _feed(site: Site, outline: Outline, known: Mapping[int, Sequence[Row[Any]]]) -> Feed:
    plan, articles = outline.plan, outline.articles
    topics = _by_article(outline.topics)
    texts = {one.id: _text(plan, one, known[one.id]) for one in articles if one.id in known}
    changes = [max(at for at in _dates(article) if at) for article in articles]
    return Feed(
        id=feed_id(site.tag_prefix, *plan.name.split("/", maxsplit=1)),
        path=plan.path,
        title=plan.title,
        description=plan.description,
        home_url=f"{site.public_url}{_home(outline)}",
        public_url=site.public_url,
        language=plan.language or site.language,
        updated_at=max(changes, default=_EPOCH),
        items=tuple(
            _item(site, plan, article, texts[article.id], topics[article.id])
            for article in articles
            if article.id in texts and article.removed_at is None
        ),
        query=plan.query,
        hubs=() if outline.current or plan.kind is FeedKind.CHOICE else site.hubs,
        older=_older(outline),
        current=outline.current,
        logo=f"{site.public_url}/pictures/{plan.logo}" if plan.logo else "",
    )


def _dates(article: Row[Any]) -> tuple[datetime | None, ...]:
    return article.updated_at, article.first_seen_at, article.removed_at


def _home(outline: Outline) -> str:
    """The page of a feed for people."""
    if outline.plan.kind is FeedKind.ALL:
        return "/"
    return "/feeds/" if outline.plan.kind is FeedKind.CHOICE else f"{outline.current or outline.plan.path}/"


def _older(outline: Outline) -> str:
    page = next(pages_of(outline.plan), None)
    return f"{outline.current or outline.plan.path}/archive/{page.name}" if page else ""


def shown_at(article: type[ArticleRow] = ArticleRow) -> ColumnElement[datetime]:
    """The date an article is sorted by."""
    published_at, first_seen_at = col(article.published_at), col(article.first_seen_at)
    return case((published_at < first_seen_at, published_at), else_=first_seen_at)


def _newest(session: Session, plan: FeedPlan) -> Select[Any]:
    """What is told of the newest articles of a feed, but their texts and topics."""
    is_few = plan.topics and (0 < plan.pages * ITEMS < _FEW or is_sparse(session, plan.topics))
    wanted = _ARTICLES.where(*(_own(plan) if is_few else _recent(session, plan)))
    return wanted.order_by(shown_at().desc(), col(ArticleRow.uid)).limit(ITEMS)


def _own(plan: FeedPlan) -> list[ColumnElement[bool]]:
    """Conditions by which all articles of a feed's topics are read."""
    present = col(ArticleRow.removed_at).is_(None)
    return [present, *_narrowed(plan), col(ArticleRow.id).in_(accepted_in(plan.topics))]


def _narrowed(plan: FeedPlan) -> Iterator[ColumnElement[bool]]:
    """What a feed asks of an article beside its topics."""
    if plan.source:
        yield col(ArticleRow.source_id) == plan.source
    if plan.languages:
        yield col(ArticleRow.language).in_(plan.languages)


def _is_shown(topics: Sequence[int], article: type[ArticleRow] = ArticleRow) -> ColumnElement[bool]:
    """Whether an article is there and any of these topics (ids) accepted it; without ids any enabled topic.

    To be looked up article by article, the newest first, hence a value: what is a condition PostgreSQL turns into a join of all
    articles with all verdicts, which took 140 ms a feed of 25,000 articles that it had not counted yet, and takes 0.3 ms so.
    """
    accepted = _accepting(topics, article).limit(1).scalar_subquery()
    return case((col(article.removed_at).is_(None), accepted), else_=false())


def accepted_in(topics: Sequence[int]) -> Select[Any]:
    """The ids of all articles in any of these topics (ids)."""
    accepted = select(col(ClassificationRow.article_id)).where(col(ClassificationRow.accepted))
    return accepted.where(col(ClassificationRow.topic_id).in_(topics))


def is_sparse(session: Session, topics: Sequence[int], few: int = _FEW) -> bool:
    """Whether topics (ids) hold so few articles, less than `few`, that all of them are found faster than the newest by date."""
    first = accepted_in(topics).limit(few).subquery()
    found: int = session.execute(select(func.count()).select_from(first)).scalar_one()
    return found < few


def _recent(session: Session, plan: FeedPlan) -> list[ColumnElement[bool]]:
    """Conditions narrowed to a few articles by the index on publication, without losing any of the newest by what is shown.

    Nothing is shown later than it was published, so the first date of any articles that fill a feed is a floor.
    """
    by_indexes(session)
    may_be_old = plan.topics and not plan.languages
    floor = _floor(session, plan, _MANY if may_be_old else None)
    if floor is None and may_be_old:
        # What topics without news hold is found by reading all of it, not by reading all that was published since.
        if is_sparse(session, plan.topics, _MANY):
            return _own(plan)
        floor = _floor(session, plan)
    found = [*_narrowed(plan), _is_shown(plan.topics)]
    return found if floor is None else [col(ArticleRow.published_at) >= floor, *found]


def _floor(session: Session, plan: FeedPlan, most: int | None = None) -> datetime | None:
    """The first date in a full feed's worth of articles, looked for among so many newest by publication; None where they hold less.

    No order is asked of what is found, or SQLite would sort all of it: any such articles give a floor, the newest a high one.
    """
    shown = _dates_among(list(_narrowed(plan)), plan.topics, most, ITEMS)
    count, floor = session.execute(select(func.count(), func.min(shown.c.shown_at))).one()
    return floor if count == ITEMS else None


def are_old(session: Session, topics: Sequence[int], wanted: int) -> bool:
    """Whether topics (ids) of less than 10,000 articles hold fewer than `wanted` of the newest 10,000 of all."""
    dates = _dates_among([], topics, _MANY, wanted)
    found: int = session.execute(select(func.count()).select_from(dates)).scalar_one()
    return found < wanted and is_sparse(session, topics, _MANY)


def _dates_among(
    narrowed: Sequence[ColumnElement[bool]], topics: Sequence[int], most: int | None, wanted: int
) -> Subquery:
    """`shown_at` of so many articles of topics (ids), looked for among the newest `most` by publication."""
    columns = (ArticleRow.id, ArticleRow.removed_at, ArticleRow.published_at, ArticleRow.first_seen_at)
    recent = select(*map(col, columns)).where(*narrowed).order_by(col(ArticleRow.published_at).desc())
    article = aliased(ArticleRow, recent.limit(most).subquery())
    shown = select(shown_at(article).label("shown_at")).where(_is_shown(topics, article))
    return shown.limit(wanted).subquery()


def is_accepted(topics: Sequence[int] = ()) -> ColumnElement[bool]:
    """Whether any of these topics (ids) accepted an article; without ids any enabled topic."""
    return _accepting(topics).exists()


def _accepting(topics: Sequence[int], article: type[ArticleRow] = ArticleRow) -> Select[bool]:
    """True for each of these topics (ids) that accepted an article; without ids for each enabled topic."""
    accepted = select(true()).where(col(ClassificationRow.article_id) == col(article.id))
    accepted = accepted.where(col(ClassificationRow.accepted))
    if topics:
        return accepted.where(col(ClassificationRow.topic_id).in_(topics))
    return accepted.where(col(ClassificationRow.topic_id) == col(TopicRow.id), col(TopicRow.enabled))


def _topics(session: Session, ids: Collection[int]) -> Sequence[Row[Any]]:
    """Slug, title and matched words of the topics of these articles, in the order of the topics."""
    columns = (ClassificationRow.article_id, TopicRow.slug, TopicRow.title, ClassificationRow.terms)
    statement = (
        select(*map(col, columns))
        .join(TopicRow, col(TopicRow.id) == col(ClassificationRow.topic_id))
        .where(col(ClassificationRow.article_id).in_(ids), col(ClassificationRow.accepted), col(TopicRow.enabled))
        .order_by(col(TopicRow.position), col(TopicRow.id), col(ClassificationRow.article_id))
    )
    return session.execute(statement).all()


def _texts(session: Session, ids: Collection[int]) -> dict[int, list[Row[Any]]]:
    """The texts of each article, the oldest first."""
    columns = (ArticleTextRow.article_id, ArticleTextRow.language, ArticleTextRow.title, ArticleTextRow.summary)
    statement = select(*map(col, columns), col(ArticleTextRow.content)).order_by(col(ArticleTextRow.id))
    texts = defaultdict[int, list[Row[Any]]](list)
    for row in session.execute(statement.where(col(ArticleTextRow.article_id).in_(ids))):
        texts[row.article_id].append(row)
    return texts


def _text(plan: FeedPlan, article: Row[Any], texts: Sequence[Row[Any]]) -> Row[Any]:
    """Of the texts of an article the one in the wanted language, else in its own, else the oldest."""
    wanted = plan.wording
    return max(
        texts, key=lambda text: 2 if wanted and text.language == wanted else int(text.language == article.language)
    )


def _by_article(topics: Sequence[Row[Any]]) -> defaultdict[int, list[FeedTopic]]:
    found: defaultdict[int, list[FeedTopic]] = defaultdict(list)
    for row in topics:
        found[row.article_id].append(FeedTopic(row.slug, row.title, tuple(row.terms)))
    return found


def _item(site: Site, plan: FeedPlan, article: Row[Any], text: Row[Any], topics: Sequence[FeedTopic]) -> FeedItem:
    is_short = plan.summary or not article.source_full_text
    published_at = min(article.published_at, article.first_seen_at)
    return FeedItem(
        id=article_id(site.tag_prefix, article.uid),
        url=article.url or f"{site.public_url}/articles/{article.uid}",
        title=text.title,
        summary=(text.summary or lead(plain_text(text.content))) if is_short else text.summary,
        content="" if is_short else text.content,
        authors=tuple(article.authors),
        topics=tuple(topics),
        origin=_origin(site, article),
        published_at=published_at,
        # Many readers show this date in place of the other: history must not look as if it were of today.
        updated_at=article.updated_at if article.updated_at > article.first_seen_at else published_at,
        language=text.language or article.language or article.source_language,
        enclosures=tuple(Enclosure(**file) for file in article.enclosures),
        image_url=article.image_url,
        ai_generated=article.ai_generated,
    )


def _origin(site: Site, article: Row[Any]) -> Origin:
    """Credit to the source. What may tell strangers a password or the name of an inner host is not told."""
    is_feed = article.source_kind is SourceKind.FEED and not article.source_internal
    is_feed = is_feed and not _has_secrets(article.source_location)
    return Origin(
        feed_id=feed_id(site.tag_prefix, FeedKind.SOURCE, article.source_id),
        title=article.source_title,
        url=article.source_location if is_feed else article.source_base_url,
        updated_at=article.updated_at,
        is_feed=is_feed,
    )


@lru_cache  # asked for each article, of which many have one source
def _has_secrets(location: str) -> bool:
    return bool(names_of_secrets(location))
