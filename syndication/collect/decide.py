"""What to do with each item of a visit: add, update, leave, or note that another source has it. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from syndication.collect.identity import is_page, siblings
from syndication.domain.articles import Item, KnownArticle

LAST_REVISION = 24
"""An entry that changes more often flaps. Source: lemon24/reader, hash_changed limit."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the store knows of a visit's items.

    by_key: articles this source has brought, by native key. here, elsewhere: articles first seen in this or in another
    source, by canonical URL. sighted: native keys of this source under which another source's article, or another
    language of an own one, was seen. same_words: articles of this source by content hash, for items without an address.
    """

    by_key: Mapping[str, KnownArticle] = field(default_factory=dict)
    here: Mapping[str, KnownArticle] = field(default_factory=dict)
    elsewhere: Mapping[str, KnownArticle] = field(default_factory=dict)
    sighted: frozenset[str] = frozenset()
    same_words: Mapping[str, KnownArticle] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Changes:
    """What to write. update, sight, translate: the item and the article it belongs to.

    translate: items that tell the article in another language.
    """

    add: tuple[Item, ...] = ()
    update: tuple[tuple[Item, KnownArticle], ...] = ()
    sight: tuple[tuple[Item, KnownArticle], ...] = ()
    translate: tuple[tuple[Item, KnownArticle], ...] = ()
    unchanged: int = 0


def decide(items: Sequence[Item], known: Known, keys: frozenset[str], urls: Counter[str]) -> Changes:
    """What each item means.

    keys, urls: all native keys and canonical URLs of the whole document, of which `items` may be a part: an address
    that several items share names none of them.
    """
    add: list[Item] = []
    update: list[tuple[Item, KnownArticle]] = []
    sight: list[tuple[Item, KnownArticle]] = []
    translate: list[tuple[Item, KnownArticle]] = []
    for item in items:
        own = known.by_key.get(item.native_key) or _moved(item, known, keys, urls) or _retold(item, known, keys)
        original = None if own else _original(item, known)
        foreign = known.elsewhere.get(item.canonical_url) if _names_one(item, urls) else None
        if own is not None:
            if is_change(item, own):
                update.append((item, own))
        elif original is not None:
            translate.append((item, original))
        elif item.native_key in known.sighted:
            continue
        elif foreign is not None:
            sight.append((item, foreign))
        else:
            add.append(item)
    unchanged = len(items) - len(add) - len(update) - len(sight) - len(translate)
    return Changes(tuple(add), tuple(update), tuple(sight), tuple(translate), unchanged)


def is_change(item: Item, known: KnownArticle) -> bool:
    """Whether an item brings new words to its article; what was removed never comes back."""
    return not known.removed and item.content_hash != known.content_hash and known.revision < LAST_REVISION


def _moved(item: Item, known: Known, keys: frozenset[str], urls: Counter[str]) -> KnownArticle | None:
    """The article of this source at the same address whose id changed; not one that is still there under its own id."""
    found = known.here.get(item.canonical_url) if _names_one(item, urls) else None
    return found if found is not None and found.native_key not in keys else None


def _retold(item: Item, known: Known, keys: frozenset[str]) -> KnownArticle | None:
    """The article with the very same words, of an item that has no address and another id than before."""
    found = None if is_page(item.canonical_url) else known.same_words.get(item.content_hash)
    return found if found is not None and found.native_key not in keys else None


def _original(item: Item, known: Known) -> KnownArticle | None:
    """The article that an item tells in another language."""
    for key in siblings(item) if item.language else ():
        found = known.here.get(key) or known.elsewhere.get(key)
        if found is not None and found.language and _family(found.language) != _family(item.language):
            return found
    return None


def _family(language: str) -> str:
    return language.partition("-")[0].lower()


def _names_one(item: Item, urls: Counter[str]) -> bool:
    return is_page(item.canonical_url) and urls[item.canonical_url] == 1
