"""Add, update, leave or note: what an item of a visit means."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest

from syndication.collect.decide import LAST_REVISION, Changes, Known, decide
from syndication.domain.articles import KnownArticle
from tests.support.items import item

OWN = KnownArticle(7, "hash", 1, native_key="key")
FOREIGN = KnownArticle(8, "other", 1, native_key="theirs")


def decided(items: Sequence[object], known: Known) -> Changes:
    some = [each for each in items if isinstance(each, type(item()))]
    return decide(some, known, frozenset(i.native_key for i in some), Counter(i.canonical_url for i in some))


def test_an_unknown_item_is_added() -> None:
    assert decided([item()], Known()).add == (item(),)


def test_a_known_item_with_the_same_words_is_left_alone() -> None:
    assert decided([item()], Known({"key": OWN})) == Changes(unchanged=1)


def test_a_known_item_with_new_words_is_updated() -> None:
    changed = item(content_hash="new")
    assert decided([changed], Known({"key": OWN})).update == ((changed, OWN),)


def test_an_item_that_changes_for_ever_is_left_alone_at_last() -> None:
    often = replace(OWN, revision=LAST_REVISION)
    assert decided([item(content_hash="new")], Known({"key": often})) == Changes(unchanged=1)


def test_what_was_removed_never_comes_back() -> None:
    gone = replace(OWN, removed=True)
    assert decided([item(content_hash="new")], Known({"key": gone})) == Changes(unchanged=1)


def test_a_new_id_at_the_same_address_is_the_same_article() -> None:
    renamed = item(native_key="other key", content_hash="new")
    assert decided([renamed], Known(here={renamed.canonical_url: OWN})).update == ((renamed, OWN),)


def test_an_address_whose_article_is_still_there_under_its_own_id_does_not_make_two_one() -> None:
    second = item(native_key="second", canonical_url="https://e.org/b")
    known = Known({"key": OWN}, {"https://e.org/b": OWN})
    assert decided([item(), second], known).add == (second,)


def test_an_address_that_several_items_share_names_none_of_them() -> None:
    items = [item(native_key="x"), item(native_key="y")]
    assert len(decided(items, Known(here={items[0].canonical_url: OWN})).add) == 2
    assert len(decided(items, Known(elsewhere={items[0].canonical_url: FOREIGN})).add) == 2


def test_a_front_page_names_no_article() -> None:
    front = item(native_key="x", canonical_url="https://e.org")
    assert decided([front], Known(here={"https://e.org": OWN}, elsewhere={"https://e.org": FOREIGN})).add == (front,)


def test_another_sources_article_is_seen_and_not_stored_twice() -> None:
    assert decided([item()], Known(elsewhere={item().canonical_url: FOREIGN})).sight == ((item(), FOREIGN),)


def test_a_sighting_is_noted_once() -> None:
    known = Known(elsewhere={item().canonical_url: FOREIGN}, sighted=frozenset({"key"}))
    assert decided([item()], known) == Changes(unchanged=1)


@pytest.mark.parametrize("key", ["key", "unknown"])
def test_every_item_is_counted_once(key: str) -> None:
    changes = decided(
        [item(native_key=key), item(native_key="b", canonical_url="https://e.org/b")], Known({"key": OWN})
    )
    assert len(changes.add) + len(changes.update) + len(changes.sight) + changes.unchanged == 2


def test_an_item_in_another_language_is_a_text_of_the_article_it_translates() -> None:
    italian = item(native_key="it", canonical_url="https://e.org/it/a", variants=("https://e.org/a",), language="it")
    english = replace(OWN, language="en-GB")
    assert decided([italian], Known(here={"https://e.org/a": english})).translate == ((italian, english),)
    same = replace(OWN, language="it-IT")
    assert decided([italian], Known(here={"https://e.org/a": same})).add == (italian,)


def test_the_same_words_under_another_id_and_without_an_address_are_the_same_article() -> None:
    renamed = item(native_key="new id", canonical_url="")
    known = Known(same_words={renamed.content_hash: OWN})
    assert decided([renamed], known) == Changes(unchanged=1)
    assert decided([item(native_key="key", canonical_url=""), renamed], known).add != ()
