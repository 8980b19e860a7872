"""Items of many visits → chunks that are written one after another, and which of them may share a transaction. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from syndication.collect.identity import siblings
from syndication.domain.articles import Item

_ITEMS_A_CHUNK: Final = 50
_ITEMS_A_TRANSACTION: Final = 100
_CHARACTERS: Final = 500_000


@dataclass(frozen=True, slots=True)
class Chunk:
    """Items of one visit. visit: its place in the group. siblings: where they may stand in other languages."""

    visit: int
    items: tuple[Item, ...]
    siblings: frozenset[str]

    @property
    def characters(self) -> int:
        """How much there is to write."""
        return sum(len(item.content) for item in self.items)

    @property
    def addresses(self) -> set[str]:
        """Under which these items may be known already."""
        return {item.canonical_url for item in self.items if item.canonical_url} | self.siblings


def chunks_of(visit: int, items: Sequence[Item]) -> Iterator[Chunk]:
    """Chunks that are written within 250 ms, originals first, so that what tells them in another language finds them."""
    others = [siblings(item) for item in items]
    seen: set[str] = set()
    first: list[tuple[Item, tuple[str, ...]]] = []
    later: list[tuple[Item, tuple[str, ...]]] = []
    for item, keys in zip(items, others, strict=True):
        (later if seen.intersection(keys) else first).append((item, keys))
        seen.add(item.canonical_url)
    for part in (first, later):
        yield from _pieces(visit, part)


def together(chunks: Iterable[Chunk]) -> Iterator[list[Chunk]]:
    """Chunks in their order, those that may share a transaction in one list.

    Each is decided by what was known before the transaction, so no two of a list are of one visit or share an address.
    """
    group: list[Chunk] = []
    visits: set[int] = set()
    addresses: set[str] = set()
    items = characters = 0
    for chunk in chunks:
        items += len(chunk.items)
        characters += chunk.characters
        is_full = items > _ITEMS_A_TRANSACTION or characters > _CHARACTERS
        if group and (is_full or chunk.visit in visits or not addresses.isdisjoint(chunk.addresses)):
            yield group
            group, visits, addresses = [], set(), set()
            items, characters = len(chunk.items), chunk.characters
        group.append(chunk)
        visits.add(chunk.visit)
        addresses |= chunk.addresses
    if group:
        yield group


def _pieces(visit: int, items: Iterable[tuple[Item, tuple[str, ...]]]) -> Iterator[Chunk]:
    chunk: list[Item] = []
    others: set[str] = set()
    characters = 0
    for item, keys in items:
        size = len(item.content)
        if chunk and (len(chunk) == _ITEMS_A_CHUNK or characters + size > _CHARACTERS):
            yield Chunk(visit, tuple(chunk), frozenset(others))
            chunk, others, characters = [], set(), 0
        chunk.append(item)
        others.update(keys)
        characters += size
    if chunk:
        yield Chunk(visit, tuple(chunk), frozenset(others))
