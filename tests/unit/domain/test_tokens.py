"""Tokens: short, lower case, for one purpose, and worthless in every other form."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndication.domain.delivery import DeliveryKind, DeliveryName
from syndication.domain.errors import TokenError
from syndication.domain.tokens import (
    KeyRing,
    Purpose,
    delivery_token,
    open_delivery_token,
    tag_of,
    tagged_address,
)

RING = KeyRing({"a": b"first" * 8, "b": b"second" * 8}, "b")
PURPOSES = st.sampled_from(list(Purpose))
IDS = st.integers(0, 2**40 - 1)
KEY = b"message" * 5
NAMES = st.builds(
    DeliveryName, st.sampled_from(list(DeliveryKind)), st.integers(0, 10**18 - 1), st.integers(0, 10**18 - 1)
)


@given(PURPOSES, IDS)
def test_a_token_opens_to_the_id_it_was_made_for(purpose: Purpose, number: int) -> None:
    assert RING.open(purpose, RING.sign(purpose, number)) == number


@given(PURPOSES, IDS)
def test_a_token_fits_an_address_and_survives_folding_to_lower_case(purpose: Purpose, number: int) -> None:
    token = RING.sign(purpose, number)
    assert len(token) <= 50
    assert token.isalnum()
    assert token == token.lower()


@given(PURPOSES, PURPOSES, IDS)
def test_a_token_for_one_purpose_is_worthless_for_another(made: Purpose, asked: Purpose, number: int) -> None:
    if made is not asked:
        with pytest.raises(TokenError):
            RING.open(asked, RING.sign(made, number))


@given(IDS, st.integers(0, 32), st.sampled_from("abcdefghijklmnopqrstuvwxyz234567"))
def test_a_token_with_any_character_changed_is_refused(number: int, place: int, character: str) -> None:
    token = RING.sign(Purpose.CONFIRM, number)
    forged = token[:place] + character + token[place + 1 :]
    if forged != token:
        with pytest.raises(TokenError):
            RING.open(Purpose.CONFIRM, forged)


@given(st.text(max_size=60))
def test_any_other_text_is_refused_in_the_same_words(text: str) -> None:
    with pytest.raises(TokenError, match="This link is not valid"):
        RING.open(Purpose.CONFIRM, text)


def test_a_token_made_before_a_rotation_still_opens() -> None:
    old = KeyRing({"a": b"first" * 8}, "a").sign(Purpose.UNSUBSCRIBE, 9)
    assert RING.open(Purpose.UNSUBSCRIBE, old) == 9


def test_a_token_of_another_installation_is_refused() -> None:
    other = KeyRing({"b": b"theirs" * 8}, "b").sign(Purpose.UNSUBSCRIBE, 9)
    with pytest.raises(TokenError):
        RING.open(Purpose.UNSUBSCRIBE, other)


@given(NAMES)
def test_a_delivery_is_found_again_from_its_bounce_address(name: DeliveryName) -> None:
    address = tagged_address("bounces@news.example.org", delivery_token(name, KEY))
    assert address.endswith("@news.example.org")
    assert len(address.partition("@")[0]) <= 64
    assert open_delivery_token(tag_of(address.upper()), KEY) == name


@given(NAMES, st.integers(0, 54), st.sampled_from("abcdefghijklmnopqrstuvwxyz234567-0189"))
def test_a_delivery_token_with_any_character_changed_is_refused(name: DeliveryName, place: int, character: str) -> None:
    token = delivery_token(name, KEY)
    forged = token[:place] + character + token[place + 1 :]
    assert open_delivery_token(forged, KEY) == (name if forged == token else None)


@given(st.one_of(st.text(max_size=60), NAMES.map(lambda name: name.text)))
def test_what_is_no_delivery_token_names_no_delivery(text: str) -> None:
    assert open_delivery_token(text, KEY) is None


def test_an_address_without_a_tag_has_none() -> None:
    assert tag_of("bounces@news.example.org") == ""
    assert tag_of("") == ""


def test_a_token_for_an_hour_opens_for_one_hour_at_least_and_two_at_most() -> None:
    keys = KeyRing({"a": b"k" * 32}, "a")
    made_at = datetime(2026, 11, 20, 7, 59, tzinfo=UTC)
    token = keys.sign_for_an_hour(Purpose.YOURS, 77, made_at)
    assert keys.open_within_the_hour(Purpose.YOURS, token, made_at + timedelta(hours=1)) == 77
    for wrong, at in (
        (token, made_at + timedelta(hours=2)),
        (token[:-1], made_at),
        (keys.sign(Purpose.YOURS, 77), made_at),
    ):
        with pytest.raises(TokenError):
            keys.open_within_the_hour(Purpose.YOURS, wrong, at)
