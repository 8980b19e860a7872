"""What to do with each item of a visit: add, update, leave, or note that another source has it. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from syndication.collect.identity import is_page
from syndication.domain.articles import Item, KnownArticle

LAST_REVISION = 24
"""An entry that changes more often flaps. Source: lemon24/reader, hash_changed limit."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the store knows of a visit's items.

    by_key: articles this source has brought, by native key. here, elsewhere: articles first seen in this or in another
    source, by canonical URL. sighted: native keys of this source under which another source's article was seen.
    """

    by_key: Mapping[str, KnownArticle] = field(default_factory=dict)
    here: Mapping[str, KnownArticle] = field(default_factory=dict)
    elsewhere: Mapping[str, KnownArticle] = field(default_factory=dict)
    sighted: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Changes:
    """What to write. update, sight: the item and the id of the article it belongs to."""

    add: tuple[Item, ...] = ()
    update: tuple[tuple[Item, KnownArticle], ...] = ()
    sight: tuple[tuple[Item, KnownArticle], ...] = ()
    unchanged: int = 0


def decide(items: Sequence[Item], known: Known, keys: frozenset[str], urls: Counter[str]) -> Changes:
    """What each item means.

    keys, urls: all native keys and canonical URLs of the whole document, of which `items` may be a part: an address
    that several items share names none of them.
    """
    add: list[Item] = []
    update: list[tuple[Item, KnownArticle]] = []
    sight: list[tuple[Item, KnownArticle]] = []
    for item in items:
        own = known.by_key.get(item.native_key) or _moved(item, known, keys, urls)
        foreign = known.elsewhere.get(item.canonical_url) if _names_one(item, urls) else None
        if own is not None:
            if is_change(item, own):
                update.append((item, own))
        elif item.native_key in known.sighted:
            continue
        elif foreign is not None:
            sight.append((item, foreign))
        else:
            add.append(item)
    unchanged = len(items) - len(add) - len(update) - len(sight)
    return Changes(tuple(add), tuple(update), tuple(sight), unchanged)


def is_change(item: Item, known: KnownArticle) -> bool:
    """Whether an item brings new words to its article; what was removed never comes back."""
    return not known.removed and item.content_hash != known.content_hash and known.revision < LAST_REVISION


def _moved(item: Item, known: Known, keys: frozenset[str], urls: Counter[str]) -> KnownArticle | None:
    """The article of this source at the same address whose id changed; not one that is still there under its own id."""
    found = known.here.get(item.canonical_url) if _names_one(item, urls) else None
    return found if found is not None and found.native_key not in keys else None


def _names_one(item: Item, urls: Counter[str]) -> bool:
    return is_page(item.canonical_url) and urls[item.canonical_url] == 1
