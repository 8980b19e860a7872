"""Items → articles, in short transactions; what every way in shares: visits, pushes, deliveries of hubs."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlmodel import Session

from syndication.collect.decide import Changes, Known, decide
from syndication.collect.trust import judge
from syndication.domain.articles import DateOrigin, Item, KnownArticle
from syndication.domain.sources import Fetched, Source
from syndication.jobs.chunks import Chunk, chunks_of, together
from syndication.store.database import Database
from syndication.store.intake import (
    Origin,
    add_articles,
    add_sightings,
    keep_trust,
    last_success_of,
    translate_articles,
    trust_of,
    update_articles,
)
from syndication.store.known import Asked, KnownItems, known_items

_LATE_ITEMS: Final = 10
_LATE: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Brought:
    """What one visit, push or delivery brought of a source."""

    source_id: int
    source: Source
    fetched: Fetched


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of the items, by native key; those in neither were known and have not changed."""

    added: frozenset[str] = frozenset()
    updated: frozenset[str] = frozenset()


def store_items(database: Database, source_id: int, source: Source, fetched: Fetched, now: datetime) -> Stored:
    """Store what is new or changed; may be repeated or killed at any point. now: aware UTC."""
    (stored,) = store_group(database, [Brought(source_id, source, fetched)], now)
    if isinstance(stored, Exception):
        raise stored
    return stored


def store_group(database: Database, brought: Sequence[Brought], now: datetime) -> list[Stored | Exception]:
    """As `store_items` for many sources. What goes wrong with one is the answer for that one and costs no other anything.

    Items go in chunks, each with what is known of it in one transaction, which chunks of several sources share.
    """
    visits = [_Visit(one) for one in brought]
    for visit in visits:
        with _blamed(visit):
            visit.history = _history(database, visit)
    chunks = (chunk for place, visit in enumerate(visits) for chunk in chunks_of(place, visit.brought.fetched.items))
    for group in together(chunks):
        _store(database, visits, group, now)
    for visit in visits:
        if visit.fault is None and (visit.new_ids or visit.brought.source.distrusted):
            with _blamed(visit):
                _judge(database, visit)
    return [visit.fault or Stored(frozenset(visit.added), frozenset(visit.updated)) for visit in visits]


@dataclass(slots=True)
class _Visit:
    """What holds for all chunks of a visit, what became of them so far, and what they showed of the source's ids."""

    brought: Brought
    history: frozenset[str] = frozenset()
    added: set[str] = field(default_factory=set)
    updated: set[str] = field(default_factory=set)
    at_known: int = 0
    new_ids: dict[int, str] = field(default_factory=dict)
    fault: Exception | None = None
    keys: frozenset[str] = field(init=False)
    urls: Counter[str] = field(init=False)

    def __post_init__(self) -> None:
        names, items = self.brought.fetched.names, self.brought.fetched.items
        self.keys = frozenset(names.keys if names else (item.native_key for item in items))
        self.urls = Counter(names.urls if names else (item.canonical_url for item in items))


@dataclass(frozen=True, slots=True)
class _Look:
    """What to do with a chunk, and what was known of it."""

    visit: _Visit
    items: Sequence[Item]
    known: KnownItems
    changes: Changes


@contextmanager
def _blamed(visit: _Visit) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # noqa: BLE001 - the boundary of one source: our fault with it stops no other
        visit.fault = error


def _store(database: Database, visits: Sequence[_Visit], chunks: Sequence[Chunk], now: datetime) -> None:
    """Write chunks in one transaction; one by one when that fails, so that only the faulty one is lost."""
    sound = [chunk for chunk in chunks if visits[chunk.visit].fault is None]
    if len(sound) == 1:
        with _blamed(visits[sound[0].visit]):
            _write(database, visits, sound, now)
        return
    try:
        _write(database, visits, sound, now)
    except Exception:  # noqa: BLE001 - the boundary of one source: our fault with it stops no other
        for chunk in sound:
            _store(database, visits, [chunk], now)


def _write(database: Database, visits: Sequence[_Visit], chunks: Sequence[Chunk], now: datetime) -> None:
    """Write chunks, and note on their visits what became of them once that is committed."""
    with database.write() as session:
        looks = _looks(session, visits, chunks)
        add_articles(session, [(_origin(look.visit), look.changes.add) for look in looks], now)
        update_articles(session, [pair for look in looks for pair in _numbered(look.changes.update)], now)
        add_sightings(session, [one for look in looks for one in _sighted(look, look.changes.sight)], now)
        retold = [translate_articles(session, _numbered(look.changes.translate), now) for look in looks]
        unseen = [
            [(item, article) for item, article in look.changes.translate if item.native_key not in look.known.sighted]
            for look in looks
        ]
        add_sightings(
            session, [one for look, told in zip(looks, unseen, strict=True) for one in _sighted(look, told)], now
        )
    for look, keys in zip(looks, retold, strict=True):
        look.visit.added.update(item.native_key for item in look.changes.add)
        look.visit.updated.update(keys, (item.native_key for item, _ in look.changes.update))
        _note_ids(look)


def _looks(session: Session, visits: Sequence[_Visit], chunks: Sequence[Chunk]) -> list[_Look]:
    asked = [Asked(visits[chunk.visit].brought.source_id, chunk.items, chunk.siblings) for chunk in chunks]
    found = []
    for chunk, known in zip(chunks, known_items(session, asked), strict=True):
        visit = visits[chunk.visit]
        facts = Known(known.by_key, known.here, known.elsewhere, known.sighted, known.same_words)
        changes = decide(chunk.items, facts, visit.keys, visit.urls)
        found.append(_Look(visit, chunk.items, known, changes))
    return found


def _origin(visit: _Visit) -> Origin:
    return Origin(visit.brought.source_id, visit.brought.source, visit.history)


def _numbered(pairs: Sequence[tuple[Item, KnownArticle]]) -> list[tuple[Item, int]]:
    return [(item, article.article_id) for item, article in pairs]


def _sighted(look: _Look, pairs: Sequence[tuple[Item, KnownArticle]]) -> list[tuple[int, Item, int]]:
    return [(look.visit.brought.source_id, item, article.article_id) for item, article in pairs]


def _note_ids(look: _Look) -> None:
    """Count the ids of known addresses, and keep those that changed."""
    visit = look.visit
    for item in look.items:
        article = look.known.here.get(item.canonical_url) if visit.urls[item.canonical_url] == 1 else None
        if article is None or not article.native_id or not item.native_id:
            continue
        visit.at_known += 1
        if _bare(article.native_id) != _bare(item.native_id):
            visit.new_ids[article.article_id] = item.native_id


def _bare(native_id: str) -> str:
    return native_id.removeprefix("http://").removeprefix("https://")


def _judge(database: Database, visit: _Visit) -> None:
    """Trust the source's ids less or more after what the visit showed."""
    source_id, distrusted = visit.brought.source_id, visit.brought.source.distrusted
    with database.write() as session:
        faults, distrusted = judge(
            trust_of(session, source_id),
            distrusted=distrusted,
            known=visit.at_known + visit.brought.fetched.unchanged,
            changed=len(visit.new_ids),
        )
        keep_trust(session, source_id, faults, distrusted=distrusted, ids=visit.new_ids)


def _history(database: Database, visit: _Visit) -> frozenset[str]:
    """Items that would be new and are older than the last visit, when they are many: the source gave new ids to old ones."""
    source_id, items = visit.brought.source_id, visit.brought.fetched.items
    if not visit.brought.source.fetched_before or len(items) <= _LATE_ITEMS:
        return frozenset()
    with database.read() as session:
        before = last_success_of(session, source_id)
        old = [item for item in items if before and _is_older(item, before)]
        if len(old) <= _LATE_ITEMS:
            return frozenset()
        looks = _looks(session, [visit], list(chunks_of(0, old)))
    found = [item for look in looks for item in look.changes.add]
    return frozenset(item.native_key for item in found) if len(found) > _LATE_ITEMS else frozenset()


def _is_older(item: Item, before: datetime) -> bool:
    return item.published.origin is not DateOrigin.FIRST_SEEN and item.published.at < before - _LATE
