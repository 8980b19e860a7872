"""Addresses: what mail can be sent to, and what makes two of them the same reader."""

import pytest

from syndication.deliver.addresses import Address, parse_address
from syndication.domain.errors import AddressError


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
    "text",
    [
        "",
        "anna",
        "@example.org",
        "anna@",
        "anna@localhost",
        "anna@[192.0.2.1]",
        '"anna lind"@example.org',
        "Anna <anna@example.org>",
        "a b@example.org",
        "anna@example..org",
        "anna@example.org\r\nBcc: x@example.org",
        "anna@example.org, bob@example.org",
        "a" * 65 + "@example.org",
        "ü" * 33 + "@example.org",
    ],
)
def test_what_no_mail_can_be_sent_to_is_refused_in_words(text: str) -> None:
    with pytest.raises(AddressError, match=r"^[A-Z].+\.$"):
        parse_address(text)


def test_a_local_part_of_64_bytes_is_the_longest() -> None:
    text = "a" * 64 + "@example.org"
    assert parse_address(text).address == text
