"""Items of one source → articles, in short transactions; what every way in shares: visits, pushes, deliveries of hubs."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from syndication.collect.decide import Known, decide
from syndication.domain.articles import Item
from syndication.domain.sources import Fetched, Source
from syndication.store.database import Database
from syndication.store.intake import add_articles, add_sightings, known_items, update_articles

_ITEMS_A_CHUNK: Final = 50
_CHARACTERS_A_CHUNK: Final = 500_000


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of the items, by native key; those in neither were known and have not changed."""

    added: frozenset[str] = frozenset()
    updated: frozenset[str] = frozenset()


def store_items(database: Database, source_id: int, source: Source, fetched: Fetched, now: datetime) -> Stored:
    """Store what is new or changed; may be repeated or killed at any point. now: aware UTC.

    Items go in chunks, each with what is known of it in one transaction.
    """
    items, names = fetched.items, fetched.names
    keys = frozenset(names.keys if names else (item.native_key for item in items))
    urls = Counter(names.urls if names else (item.canonical_url for item in items))
    added: set[str] = set()
    updated: set[str] = set()
    for chunk in _chunks(items):
        with database.write() as session:
            known = known_items(session, source_id, chunk)
            changes = decide(chunk, Known(known.by_key, known.here, known.elsewhere, known.sighted), keys, urls)
            add_articles(session, source_id, source, changes.add, now)
            update_articles(session, [(item, article.article_id) for item, article in changes.update], now)
            add_sightings(session, source_id, [(item, article.article_id) for item, article in changes.sight], now)
        added |= {item.native_key for item in changes.add}
        updated |= {item.native_key for item, _ in changes.update}
    return Stored(frozenset(added), frozenset(updated))


def _chunks(items: Sequence[Item]) -> Iterator[list[Item]]:
    """Pieces that are written within 250 ms, whatever their size."""
    chunk: list[Item] = []
    characters = 0
    for item in items:
        size = len(item.content)
        if chunk and (len(chunk) == _ITEMS_A_CHUNK or characters + size > _CHARACTERS_A_CHUNK):
            yield chunk
            chunk, characters = [], 0
        chunk.append(item)
        characters += size
    if chunk:
        yield chunk
