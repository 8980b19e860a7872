"""Items of one source → articles, in short transactions; what every way in shares: visits, pushes, deliveries of hubs."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from sqlmodel import Session

from syndication.collect.decide import Changes, Known, decide
from syndication.collect.identity import siblings
from syndication.collect.trust import judge
from syndication.domain.articles import DateOrigin, Item
from syndication.domain.sources import Fetched, Source
from syndication.store.database import Database
from syndication.store.intake import (
    Origin,
    add_articles,
    add_sightings,
    keep_trust,
    known_items,
    last_success_of,
    translate_articles,
    trust_of,
    update_articles,
)

_ITEMS_A_CHUNK: Final = 50
_LATE_ITEMS: Final = 10
_LATE: Final = timedelta(days=1)
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
    names = fetched.names
    visit = _Visit(
        Origin(source_id, source),
        frozenset(names.keys if names else (item.native_key for item in fetched.items)),
        Counter(names.urls if names else (item.canonical_url for item in fetched.items)),
    )
    visit.origin = Origin(source_id, source, _history(database, visit, fetched.items))
    added: set[str] = set()
    updated: set[str] = set()
    for chunk in [piece for items in _in_turn(fetched.items) for piece in _chunks(items)]:
        with database.write() as session:
            changes = _decide(session, visit, chunk)
            add_articles(session, visit.origin, changes.add, now)
            update_articles(session, [(item, article.article_id) for item, article in changes.update], now)
            add_sightings(session, source_id, [(item, article.article_id) for item, article in changes.sight], now)
            told = [(item, article.article_id) for item, article in changes.translate]
            retold = translate_articles(session, told, now)
            unseen = [(item, number) for item, number in told if item.native_key not in visit.sighted]
            add_sightings(session, source_id, unseen, now)
        added |= {item.native_key for item in changes.add}
        updated |= {item.native_key for item, _ in changes.update} | retold
    if visit.new_ids or source.distrusted:
        _judge(database, visit, fetched.unchanged)
    return Stored(frozenset(added), frozenset(updated))


@dataclass(slots=True)
class _Visit:
    """What holds for all chunks of a visit, and what they showed of the source's ids."""

    origin: Origin
    keys: frozenset[str]
    urls: Counter[str]
    sighted: frozenset[str] = frozenset()
    at_known: int = 0
    new_ids: dict[int, str] = field(default_factory=dict)


def _decide(session: Session, visit: _Visit, chunk: Sequence[Item]) -> Changes:
    """What to do with a chunk; notes the ids of known addresses."""
    others = {key for item in chunk for key in siblings(item)}
    known = known_items(session, visit.origin.source_id, chunk, others)
    visit.sighted = known.sighted
    for item in chunk:
        article = known.here.get(item.canonical_url) if visit.urls[item.canonical_url] == 1 else None
        if article is None or not article.native_id or not item.native_id:
            continue
        visit.at_known += 1
        if _bare(article.native_id) != _bare(item.native_id):
            visit.new_ids[article.article_id] = item.native_id
    facts = Known(known.by_key, known.here, known.elsewhere, known.sighted, known.same_words)
    return decide(chunk, facts, visit.keys, visit.urls)


def _bare(native_id: str) -> str:
    return native_id.removeprefix("http://").removeprefix("https://")


def _judge(database: Database, visit: _Visit, unchanged: int) -> None:
    """Trust the source's ids less or more after what the visit showed."""
    source_id, distrusted = visit.origin.source_id, visit.origin.source.distrusted
    with database.write() as session:
        faults, distrusted = judge(
            trust_of(session, source_id),
            distrusted=distrusted,
            known=visit.at_known + unchanged,
            changed=len(visit.new_ids),
        )
        keep_trust(session, source_id, faults, distrusted=distrusted, ids=visit.new_ids)


def _history(database: Database, visit: _Visit, items: Sequence[Item]) -> frozenset[str]:
    """Items that would be new and are older than the last visit, when they are many: the source gave new ids to old ones."""
    source_id = visit.origin.source_id
    if not visit.origin.source.fetched_before or len(items) <= _LATE_ITEMS:
        return frozenset()
    with database.read() as session:
        before = last_success_of(session, source_id)
        old = [item for item in items if before and _is_older(item, before)]
        if len(old) <= _LATE_ITEMS:
            return frozenset()
        found = _decide(session, replace(visit), old).add
    return frozenset(item.native_key for item in found) if len(found) > _LATE_ITEMS else frozenset()


def _is_older(item: Item, before: datetime) -> bool:
    return item.published.origin is not DateOrigin.FIRST_SEEN and item.published.at < before - _LATE


def _in_turn(items: Sequence[Item]) -> tuple[list[Item], list[Item]]:
    """Originals first, so that what tells them in another language finds them."""
    seen: set[str] = set()
    first: list[Item] = []
    later: list[Item] = []
    for item in items:
        (later if seen.intersection(siblings(item)) else first).append(item)
        seen.add(item.canonical_url)
    return first, later


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
