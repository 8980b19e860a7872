"""What an item is called, and when two addresses are one page."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndication.collect.identity import Named, canonical_url, is_page, native_keys


def named(native_id: str, url: str, words: str) -> Named:
    return Named(native_id, canonical_url(url), lambda: words)


def test_an_id_that_is_unique_is_the_key() -> None:
    assert native_keys([named("a", "https://e.org/1", ""), named("b", "https://e.org/2", "")]) == ["a", "b"]


def test_an_id_that_repeats_is_told_apart_by_the_address() -> None:
    keys = native_keys([named("a", "https://e.org/1", "x"), named("a", "https://e.org/2", "y"), named("b", "", "z")])
    assert keys == ["a|https://e.org/1", "a|https://e.org/2", "b"]


def test_an_id_and_address_that_repeat_are_told_apart_by_the_words() -> None:
    keys = native_keys([named("a", "", "one"), named("a", "", "two")])
    assert None not in keys
    assert len(set(keys)) == 2


def test_an_item_that_is_there_twice_counts_once() -> None:
    item = named("a", "https://e.org/1", "words")
    assert native_keys([item, item])[1] is None


def test_without_an_id_the_address_is_the_key_but_for_a_front_page() -> None:
    page, front, bare = native_keys(
        [named("", "https://e.org/1", "x"), named("", "https://e.org/", "y"), named("", "", "z")]
    )
    assert page == "https://e.org/1"
    assert front is not None
    assert front.startswith("words:")
    assert bare is not None
    assert bare.startswith("words:")


def test_an_id_that_moves_to_https_stays_the_same() -> None:
    old = native_keys([named("http://e.org/?p=1", "", "")])
    assert old == native_keys([named("https://e.org/?p=1", "", "")])


def test_a_key_fits_into_an_index() -> None:
    (key,) = native_keys([named("x" * 100_000, "", "")])
    assert key is not None
    assert len(key) <= 200


@pytest.mark.parametrize(
    "same",
    [
        "https://example.org/a",
        "http://example.org/a",
        "https://www.example.org/a",
        "https://EXAMPLE.org/a",
        "https://example.org:443/a",
        "https://example.org/a/",
        "https://example.org/a#comments",
        "https://example.org/a?utm_source=rss&utm_medium=feed",
        "https://example.org/a?fbclid=1&gclid=2&mc_cid=3",
        "https://example.org/a?ref=example.org",
    ],
)
def test_these_addresses_are_one_page(same: str) -> None:
    assert canonical_url(same) == "https://example.org/a"


@pytest.mark.parametrize(
    "other",
    [
        "https://example.org/A",
        "https://example.org/a?id=1",
        "https://example.org:8443/a",
        "https://sub.example.org/a",
        "https://example.org/a#!b",
        "https://example.org/a?ref=elsewhere.org",
        "https://example.org/a?b=1&a=2",
    ],
)
def test_these_addresses_are_other_pages(other: str) -> None:
    assert canonical_url(other) != "https://example.org/a"


def test_the_order_of_a_query_is_kept() -> None:
    assert canonical_url("https://e.org/?b=1&a=2") != canonical_url("https://e.org/?a=2&b=1")


def test_a_host_has_one_spelling() -> None:
    assert canonical_url("https://bücher.example/x") == canonical_url("https://xn--bcher-kva.example/x")


@pytest.mark.parametrize("url", ["", "https://", "https://[::1", "https://e.org:x/", f"https://{'a' * 70}.org/"])
def test_what_has_no_host_has_no_key(url: str) -> None:
    assert canonical_url(url) == ""


def test_a_front_page_names_no_article() -> None:
    assert not is_page(canonical_url("https://example.org/"))
    assert not is_page("")
    assert is_page(canonical_url("https://example.org/?p=1"))
    assert is_page(canonical_url("https://example.org/#!one"))
    assert is_page(canonical_url(f"https://example.org/{'long' * 100}"))


@given(st.text(max_size=100))
def test_any_text_has_a_key_that_is_stable(url: str) -> None:
    once = canonical_url(url)
    assert len(once) <= 200
    if once.startswith("https://"):
        assert canonical_url(once) == once


@given(st.from_regex(r"\A(www\.)?[a1-]{0,70}(\.[a1-]{0,3}){0,2}\Z"), st.from_regex(r"\A(/[a~.%&;:@\[{é]{0,4}){0,3}\Z"))
def test_an_address_as_most_are_is_the_same_page_as_with_its_default_port(host: str, path: str) -> None:
    assert canonical_url(f"http://{host}{path}") == canonical_url(f"http://{host}:80{path}")
