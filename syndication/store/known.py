"""What is known of the items that visits bring: one look for all sources of a group."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import bindparam
from sqlalchemy import select as select_columns
from sqlmodel import Session, col

from syndication.domain.articles import Item, KnownArticle
from syndication.store.database import serialised
from syndication.store.tables import ArticleRow, SightingRow

_WRITERS_LOCK: Final = 0x5D1_C011
_KNOWN: Final = select_columns(
    col(ArticleRow.id),
    col(ArticleRow.source_id),
    col(ArticleRow.native_key),
    col(ArticleRow.canonical_url),
    col(ArticleRow.content_hash),
    col(ArticleRow.revision),
    col(ArticleRow.removed_at),
    col(ArticleRow.native_id),
    col(ArticleRow.language),
).order_by(col(ArticleRow.id))
# Two lists and not a list of pairs: for pairs SQLite reads the whole table. What else they find does no harm.
_SOURCES: Final[Any] = bindparam("sources", expanding=True)
_KEYS: Final[Any] = bindparam("keys", expanding=True)
_BY_KEY: Final = _KNOWN.where(col(ArticleRow.source_id).in_(_SOURCES), col(ArticleRow.native_key).in_(_KEYS))
_BY_HASH: Final = _KNOWN.where(col(ArticleRow.source_id).in_(_SOURCES), col(ArticleRow.content_hash).in_(_KEYS))
_BY_URL: Final = _KNOWN.where(col(ArticleRow.canonical_url).in_(bindparam("urls", expanding=True)))
_SIGHTED: Final = select_columns(col(SightingRow.source_id), col(SightingRow.native_key)).where(
    col(SightingRow.source_id).in_(_SOURCES), col(SightingRow.native_key).in_(_KEYS)
)


@dataclass(frozen=True, slots=True)
class Asked:
    """Items of one source. siblings: further canonical URLs to look at."""

    source_id: int
    items: Sequence[Item]
    siblings: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class KnownItems:
    """What the store knows of items of one source.

    by_key: articles this source has brought, by native key. here, elsewhere: articles first seen in this or in another
    source, by canonical URL; an address of several articles of this source names none. sighted: native keys under which
    this source was seen to carry another source's article. same_words: articles of this source by content hash.
    """

    by_key: Mapping[str, KnownArticle]
    here: Mapping[str, KnownArticle]
    elsewhere: Mapping[str, KnownArticle]
    sighted: frozenset[str]
    same_words: Mapping[str, KnownArticle]


def known_items(session: Session, asked: Sequence[Asked]) -> list[KnownItems]:
    """What is known of each source's items. In a writing session nobody else adds articles until it ends."""
    # SQLite has one writer; here two sources could bring the same new article at the same moment.
    serialised(session, _WRITERS_LOCK)
    sources = [one.source_id for one in asked]
    keys = [item.native_key for one in asked for item in one.items]
    hashes = [item.content_hash for one in asked for item in one.items if not item.canonical_url]
    connection = session.connection()
    own = _by(connection.execute(_BY_KEY, {"sources": sources, "keys": keys}), "native_key")
    worded = connection.execute(_BY_HASH, {"sources": sources, "keys": hashes}) if hashes else ()
    same_words = _by(worded, "content_hash")
    sighted: defaultdict[int, set[str]] = defaultdict(set)
    for source_id, key in connection.execute(_SIGHTED, {"sources": sources, "keys": keys}):
        sighted[source_id].add(key)
    urls = [_urls(one) for one in asked]
    at_urls: defaultdict[str, list[Any]] = defaultdict(list)
    for article in connection.execute(_BY_URL, {"urls": sorted(set().union(*urls))}):
        at_urls[article.canonical_url].append(article)
    return [
        KnownItems(
            by_key=own[one.source_id],
            here=_here(one.source_id, wanted, at_urls),
            elsewhere=_elsewhere(one.source_id, wanted, at_urls),
            sighted=frozenset(sighted[one.source_id]),
            same_words=same_words[one.source_id],
        )
        for one, wanted in zip(asked, urls, strict=True)
    ]


def _urls(asked: Asked) -> set[str]:
    return {*(item.canonical_url for item in asked.items if item.canonical_url), *asked.siblings}


def _by(articles: Iterable[Any], name: str) -> defaultdict[int, dict[str, KnownArticle]]:
    found: defaultdict[int, dict[str, KnownArticle]] = defaultdict(dict)
    for article in articles:
        found[article.source_id][getattr(article, name)] = _known(article)
    return found


def _here(source_id: int, urls: Collection[str], at_urls: Mapping[str, Sequence[Any]]) -> dict[str, KnownArticle]:
    own = {url: [one for one in at_urls[url] if one.source_id == source_id] for url in urls if url in at_urls}
    return {url: _known(articles[0]) for url, articles in own.items() if len(articles) == 1}


def _elsewhere(source_id: int, urls: Collection[str], at_urls: Mapping[str, Sequence[Any]]) -> dict[str, KnownArticle]:
    """The oldest counts."""
    others = {url: [one for one in at_urls[url] if one.source_id != source_id] for url in urls if url in at_urls}
    return {url: _known(articles[0]) for url, articles in others.items() if articles}


def _known(article: Any) -> KnownArticle:  # noqa: ANN401 - a row of `_KNOWN`
    return KnownArticle(
        article.id,
        article.content_hash,
        article.revision,
        article.removed_at is not None,
        article.native_key,
        article.native_id,
        article.language,
    )
