"""The history of feeds: each article gets a place once, counted from the oldest; full pages never change their articles.

Source: RFC 5005 section 4: archive documents are stable, so that who has read one need not read it again.
"""

from array import array
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from typing import Final

from sqlalchemy import ColumnElement, Select, String, and_, case, cast, column, exists, func, literal, select, values
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from syndication.store.bulk import insert_rows
from syndication.store.counters import raise_counter
from syndication.store.database import Database, to_the_end
from syndication.store.feed_plans import EVERYTHING, FeedKind, languages_of
from syndication.store.publishing import is_accepted, shown_at
from syndication.store.tables import ArchiveEntryRow, ArticleRow, ClassificationRow, TopicRow

_A_CHUNK: Final = 2_500
"""Places given in one transaction, so that it stays far below 250 ms."""

_AT_ONCE: Final = 2
"""Kinds of feeds on PostgreSQL: while it writes the places of one, another is looked through. SQLite does its work in this process."""

_SORTED_AT_ONCE: Final = 50_000
"""SQLite sorts in memory, 100 bytes an article; PostgreSQL does so on the disk, and would read all of the history at each look."""

Place = tuple[str, int]
"""A feed's name and an article that has no place in its history yet."""


def append_history(database: Database, *, thorough: bool) -> int:
    """Give every article of a feed that lacks it a place in the feed's history; answers how many were given.

    Within one run the older article gets the lower number. thorough: look at all articles; else only at those that came
    since the last run, which costs next to nothing.
    """
    with database.read() as session:
        since = 0 if thorough else _newest_known(session)
        *kinds, everything = _lacking(session, since)
    with ThreadPoolExecutor(1 if database.is_sqlite else _AT_ONCE) as several:
        given = sum(several.map(partial(_append_lacking, database), kinds))
    # Last, as it tells the next run what was looked at.
    return given + _append_lacking(database, everything)


def _append_lacking(database: Database, lacking: Select[str, int | None]) -> int:
    """Give what this answers its place; how many were given."""
    given = 0
    most = _SORTED_AT_ONCE if database.is_sqlite else None
    while True:
        found = _lacking_places(database, lacking.limit(most))
        places = ((feed, article_id) for feed, ids in found.items() for article_id in ids)
        while chunk := list(islice(places, _A_CHUNK)):
            given += _give(database, chunk)
        if sum(map(len, found.values())) != most:
            return given


def _lacking_places(database: Database, lacking: Select[str, int | None]) -> Mapping[str, Sequence[int]]:
    """By feed the articles that lack a place, so that few feeds are asked for their last number; 8 bytes each."""
    found: defaultdict[str, array[int]] = defaultdict(lambda: array("q"))
    with database.read() as session:
        to_the_end(session)
        for feed, article_id in session.execute(lacking, execution_options={"yield_per": _A_CHUNK}):
            found[feed].append(article_id)
    return found


def has_news(session: Session, article_ids: Collection[int]) -> bool:
    """Whether one of these articles came after all that have a place."""
    return max(article_ids) > _newest_known(session)


def _newest_known(session: Session) -> int:
    everything = col(ArchiveEntryRow.feed) == EVERYTHING
    return session.execute(select(func.max(ArchiveEntryRow.article_id)).where(everything)).scalar() or 0


def _lacking(session: Session, since: int) -> Iterator[Select[str, int | None]]:
    """For each kind of feed the places that are lacking, oldest article first; of the feed of everything in the end."""
    source = literal(f"{FeedKind.SOURCE}/") + cast(col(ArticleRow.source_id), String)
    yield _places(source, since).where(is_accepted())
    topic = literal(f"{FeedKind.TOPIC}/") + cast(col(ClassificationRow.topic_id), String)
    accepted = and_(col(ClassificationRow.article_id) == col(ArticleRow.id), col(ClassificationRow.accepted))
    enabled = and_(col(TopicRow.id) == col(ClassificationRow.topic_id), col(TopicRow.enabled))
    yield _places(topic, since).join(ClassificationRow, accepted).join(TopicRow, enabled)
    families = languages_of(session)
    if families:
        known = [code for codes in families.values() for code in codes]
        whens = [
            (col(ArticleRow.language).in_(codes), f"{FeedKind.LANGUAGE}/{name}") for name, codes in families.items()
        ]
        yield _places(case(*whens, else_=""), since).where(is_accepted(), col(ArticleRow.language).in_(known))
    yield _places(literal(EVERYTHING), since).where(is_accepted())


def _places(feed: ColumnElement[str], since: int) -> Select[str, int | None]:
    has_place = exists().where(col(ArchiveEntryRow.feed) == feed, col(ArchiveEntryRow.article_id) == col(ArticleRow.id))
    lacking = select(feed.label("feed"), col(ArticleRow.id)).where(
        col(ArticleRow.id) > since, col(ArticleRow.removed_at).is_(None), ~has_place
    )
    return lacking.order_by(shown_at(), col(ArticleRow.uid))


def _give(database: Database, places: Sequence[Place]) -> int:
    try:
        with database.write() as session:
            return _append(session, places, careful=False)
    except IntegrityError:
        # Somebody else gave some of them since they were looked for.
        with database.write() as session:
            return _append(session, places, careful=True)


def _append(session: Session, places: Sequence[Place], *, careful: bool) -> int:
    """careful: look first which of the articles have their place by now, which takes longer than giving them."""
    # Whoever else gives places waits here until the commit.
    raise_counter(session, "feed", 0)
    by_feed = defaultdict[str, list[int]](list)
    for feed, article_id in places:
        by_feed[feed].append(article_id)
    last = _last_numbers(session, by_feed)
    placed = _placed(session, by_feed) if careful else {}
    rows = []
    for feed, ids in by_feed.items():
        new = [article_id for article_id in ids if article_id not in placed.get(feed, ())]
        rows += [(feed, number, article_id) for number, article_id in enumerate(new, last[feed] + 1)]
    return insert_rows(session, ArchiveEntryRow, ("feed", "number", "article_id"), rows, all_new=True)


def _last_numbers(session: Session, feeds: Iterable[str]) -> dict[str, int]:
    """By feed the last number that was given in it, 0 for none: one look into the index for each."""
    asked = values(column("feed", String)).data([(feed,) for feed in feeds]).cte("asked")
    last = select(func.max(ArchiveEntryRow.number)).where(col(ArchiveEntryRow.feed) == asked.c.feed)
    return {feed: number or 0 for feed, number in session.execute(select(asked.c.feed, last.scalar_subquery()))}


def _placed(session: Session, by_feed: Mapping[str, Sequence[int]]) -> dict[str, set[int]]:
    """By feed those of the articles that have their place."""
    feed, article = col(ArchiveEntryRow.feed), col(ArchiveEntryRow.article_id)
    return {
        name: set(session.scalars(select(article).where(feed == name, article.in_(ids))))
        for name, ids in by_feed.items()
    }
