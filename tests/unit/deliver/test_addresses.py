"""Addresses: what mail can be sent to, and what makes two of them the same reader."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndication.deliver.addresses import Address, parse_address
from syndication.domain.errors import AddressError
from syndication.lang.words import words_in


def test_the_domain_is_ascii_and_the_key_lower_case() -> None:
    assert parse_address("  Anna.Lind@Bücher.example ") == Address(
        "Anna.Lind@xn--bcher-kva.example", "anna.lind@xn--bcher-kva.example"
    )


def test_only_an_address_with_an_ascii_local_part_can_go_to_any_server() -> None:
    assert parse_address("anna@bücher.example").is_ascii
    assert not parse_address("jürgen@example.org").is_ascii


@pytest.mark.parametrize("text", ["reader@mail.local", "reader@news.test", "a+tag@example.org", "o'hara@example.org"])
def test_intranet_and_tagged_addresses_are_accepted(text: str) -> None:
    assert parse_address(text).address == text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "type an e-mail address"),
        ("anna", "has an @-sign"),
        ("anna＠example.org", "has an @-sign"),  # noqa: RUF001 - the full-width sign is meant
        ("@example.org", "stands before the @-sign"),
        ("anna@", "stands after the @-sign"),
        ("anna@localhost", "lacks its ending"),
        ("anna@[192.0.2.1]", "no domain"),
        ("anna@host.invalid", "no domain"),
        ("anna@exam_ple.org", "no domain"),
        ("anna@example.org/", "no domain"),
        ('"anna lind"@example.org', "no spaces"),
        ("a b@example.org", "no spaces"),
        ("Anna <anna@example.org>", "nothing else"),
        ("anna@bob@example.org", "nothing else"),
        ("anna@example.org\r\nBcc: x@example.org", "nothing else"),
        ("anna@example.org, bob@example.org", "nothing else"),
        ("anna@example..org", "two dots"),
        ("an..na@example.org", "two dots"),
        ("anna.@example.org", "beside the @-sign"),
        ("anna@example.org.", "beside the @-sign"),
        ("an(na)@example.org", "character before"),
        ("an\ud800na@example.org", "character before"),
        ("a" * 65 + "@example.org", "too long"),
        ("ü" * 33 + "@example.org", "too long"),
        ("a@" + "b.example." * 30 + "org", "too long"),
    ],
)
def test_what_no_mail_can_be_sent_to_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(AddressError, match=r"^[A-Z].+\.$") as caught:
        parse_address(text)
    assert words in str(caught.value)
    assert words_in("it").knows(str(caught.value))


@given(st.text(alphabet="a@. <ü-\ud800"))
def test_whatever_is_typed_is_an_address_or_refused_in_the_readers_language(text: str) -> None:
    said = ""
    try:
        parse_address(text)
    except AddressError as error:
        said = str(error)
    assert not said or words_in("it").knows(said)


def test_a_local_part_of_64_bytes_is_the_longest() -> None:
    text = "a" * 64 + "@example.org"
    assert parse_address(text).address == text
