"""What visits leave behind: articles, their wordings and sightings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, insert
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from syndication.domain.articles import Item, Wording
from syndication.domain.ids import article_uid
from syndication.domain.sources import Source
from syndication.domain.states import FirstFetch
from syndication.store.collecting import row_id
from syndication.store.tables import FOR_GOOD, ArticleRow, ArticleTextRow, SightingRow, SourceRow

# Written without objects: those cost five times what the database does for a new article (measured).
_NEW_ARTICLE: Final = {"story_id": None, "seq": None, "revision": 1, "rules_version": 0, "removed_at": None}
_TAKEN_UIDS: Final = select_columns(col(ArticleRow.uid)).where(
    col(ArticleRow.uid).in_(bindparam("uids", expanding=True))
)
_ADD_ARTICLES: Final = insert(ArticleRow).returning(col(ArticleRow.id), sort_by_parameter_order=True)
_ADD_TEXTS: Final = insert(ArticleTextRow)
_ADD_SIGHTINGS: Final = insert(SightingRow)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where new articles come from. history: native keys of those that are history although they come late."""

    source_id: int
    source: Source
    history: frozenset[str] = frozenset()


def add_articles(session: Session, brought: Sequence[tuple[Origin, Sequence[Item]]], now: datetime) -> None:
    """Store new articles of any sources with their wordings and first sighting. now: aware UTC, becomes `first_seen_at`.

    They are history when it is their source's first visit and its `first_fetch` says so.
    """
    new = [
        (origin, item, article_uid(origin.source.slug, item.native_key)) for origin, items in brought for item in items
    ]
    if not new:
        return
    connection = session.connection()
    # A slug that another source had before, while its articles live on.
    taken = set(connection.execute(_TAKEN_UIDS, {"uids": [uid for _, _, uid in new]}).scalars())
    rows = [_new_row(origin, item, _other_uid(origin, item) if uid in taken else uid, now) for origin, item, uid in new]
    ids = [row_id(number) for number in connection.execute(_ADD_ARTICLES, rows).scalars()]
    rows = [text for number, (_, item, _) in zip(ids, new, strict=True) for text in _new_texts(number, item)]
    connection.execute(_ADD_TEXTS, rows)
    sighted = [(origin.source_id, item, number) for number, (origin, item, _) in zip(ids, new, strict=True)]
    add_sightings(session, sighted, now)


def _new_row(origin: Origin, item: Item, uid: str, now: datetime) -> dict[str, Any]:
    is_backfill = origin.source.first_fetch is FirstFetch.BACKFILL and not origin.source.fetched_before
    return {
        **_NEW_ARTICLE,
        "uid": uid,
        "source_id": origin.source_id,
        "native_key": item.native_key,
        "is_backfill": is_backfill or item.native_key in origin.history,
        "native_id": item.native_id,
        "language": item.language,
        "first_seen_at": now,
        "published_at": item.published.at,
        "published_precision": item.published.precision,
        "published_from": item.published.origin,
        "published_raw": item.published.raw,
        "updated_at": now,
        **_facts(item),
    }


def _new_texts(number: int, item: Item) -> list[dict[str, Any]]:
    told: list[Item | Wording] = [item, *_further(item)]
    return [
        {
            "article_id": number,
            "language": wording.language,
            "title": wording.title,
            "summary": wording.summary,
            "content": wording.content,
            "revision": 1,
        }
        for wording in told
    ]


def _other_uid(origin: Origin, item: Item) -> str:
    return article_uid(f"{origin.source.slug}#{origin.source_id}", item.native_key)


def update_articles(session: Session, items: Sequence[tuple[Item, int]], now: datetime) -> None:
    """Store new wordings of articles (item, article id). now: aware UTC, becomes `updated_at`.

    Neither public id, place in the order of acceptance nor date of publication changes; they are classified again.
    """
    if not items:
        return
    # Locked: a look that classify commits between reading and writing would pass for one at the new wording.
    wanted = (
        select(ArticleRow).where(col(ArticleRow.id).in_([number for _, number in items])).order_by(col(ArticleRow.id))
    )
    rows = session.exec(wanted.with_for_update().execution_options(populate_existing=True))
    articles = {row.id: row for row in rows}
    for item, number in items:
        article = articles[number]
        wording = _wording(session, article, item.language)
        wording.title, wording.summary, wording.content = item.title, item.summary, item.content
        wording.revision += 1
        for name, value in _facts(item).items():
            setattr(article, name, value)
        article.language = wording.language
        article.revision += 1
        article.updated_at = now
        article.rules_version = 0
        session.add_all((article, wording))
        for told in _further(item):
            _tell(session, number, told)
    session.flush()


def translate_articles(session: Session, items: Sequence[tuple[Item, int]], now: datetime) -> set[str]:
    """Keep what items tell of articles (item, article id) in their own languages; the keys of what was new or changed.

    now: aware UTC. The articles are classified again; neither ids nor places in the order of acceptance change. One whose
    text is kept no more is left alone: every visit would bring its further texts back.
    """
    changed: set[str] = set()
    textless = _textless(session, [number for _, number in items])
    for item, number in items:
        if number in textless:
            continue
        told = Wording(item.language, item.title, item.summary, item.content)
        if not _tell(session, number, told):
            continue
        changed.add(item.native_key)
        article = session.get_one(ArticleRow, number, with_for_update=True, populate_existing=True)
        article.updated_at, article.rules_version = now, 0
        article.revision += 1
        session.add(article)
    session.flush()
    return changed


def _textless(session: Session, numbers: Sequence[int]) -> set[int]:
    """Which of these articles have no whole text any more; it stays so until the transaction ends."""
    if not numbers:
        return set()
    of = select_columns(col(ArticleRow.id), col(ArticleRow.rules_version)).where(col(ArticleRow.id).in_(numbers))
    rows = session.execute(of.order_by(col(ArticleRow.id)).with_for_update())
    return {number for number, version in rows if version == FOR_GOOD}


def trust_of(session: Session, source_id: int) -> int:
    """How badly a source's own ids behaved so far."""
    return session.get_one(SourceRow, source_id).id_faults


def keep_trust(session: Session, source_id: int, faults: int, *, distrusted: bool, ids: Mapping[int, str]) -> None:
    """Keep how a source's ids behave, and the ids (by article id) that changed."""
    row = session.get_one(SourceRow, source_id)
    row.id_faults, row.distrusted = faults, distrusted
    session.add(row)
    for number, native_id in ids.items():
        article = session.get_one(ArticleRow, number)
        article.native_id = native_id
        session.add(article)
    session.flush()


def last_success_of(session: Session, source_id: int) -> datetime | None:
    """When a source was last read (aware UTC)."""
    return session.get_one(SourceRow, source_id).last_success_at


def _further(item: Item) -> list[Wording]:
    return [told for told in item.translations if told.language and told.language != item.language]


def _tell(session: Session, number: int, told: Wording) -> bool:
    """Keep an article's wording in a further language; whether anything changed."""
    wanted = select(ArticleTextRow).where(
        col(ArticleTextRow.article_id) == number, col(ArticleTextRow.language) == told.language
    )
    row = session.exec(wanted).first()
    if row is None:
        row = ArticleTextRow(article_id=number, language=told.language, title=told.title, revision=0)
    elif (row.title, row.summary, row.content) == (told.title, told.summary, told.content):
        return False
    row.title, row.summary, row.content = told.title, told.summary, told.content
    row.revision += 1
    session.add(row)
    return True


def add_sightings(session: Session, sighted: Sequence[tuple[int, Item, int]], now: datetime) -> None:
    """Note which articles sources carry (source id, item, article id). now: aware UTC."""
    rows = [
        {
            "article_id": number,
            "source_id": source_id,
            "native_key": item.native_key,
            "url": item.url,
            "first_seen_at": now,
        }
        for source_id, item, number in sighted
    ]
    if rows:
        session.connection().execute(_ADD_SIGHTINGS, rows)


def _facts(item: Item) -> dict[str, Any]:
    """The columns of an article that an edit may change."""
    return {
        "url": item.url,
        "canonical_url": item.canonical_url,
        "content_hash": item.content_hash,
        "authors": list(item.authors),
        "tags": list(item.tags),
        "enclosures": [
            {"url": enclosure.url, "media_type": enclosure.media_type, "length": enclosure.length}
            for enclosure in item.enclosures
        ],
        "image_url": item.image_url,
        "ai_generated": item.ai_generated,
        "reading_minutes": item.reading_minutes,
    }


def _wording(session: Session, article: ArticleRow, language: str) -> ArticleTextRow:
    """The text that an edit in this language replaces: the one in that language, else the article's own, renamed."""
    texts = session.exec(select(ArticleTextRow).where(col(ArticleTextRow.article_id) == article.id)).all()
    by_language = {wording.language: wording for wording in texts}
    found = by_language.get(language) or by_language.get(article.language)
    if found is None:
        return ArticleTextRow(article_id=row_id(article.id), language=language, title="", revision=0)
    found.language = language
    return found


def uids_of(session: Session, source_id: int, keys: Sequence[str]) -> dict[str, str]:
    """Public ids of what this source carries, by native key; another source's article that it was seen to carry, too."""
    found = session.execute(
        select_columns(col(SightingRow.native_key), col(ArticleRow.uid))
        .join(ArticleRow, col(ArticleRow.id) == col(SightingRow.article_id))
        .where(col(SightingRow.source_id) == source_id, col(SightingRow.native_key).in_(keys))
    )
    return {row.native_key: row.uid for row in found}
