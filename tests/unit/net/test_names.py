"""Name servers as settings write them."""

import pytest

from syndication.net.names import Names, server_of


@pytest.mark.parametrize(
    ("words", "server"),
    [
        ("192.0.2.53", ("192.0.2.53", 53)),
        ("192.0.2.53:5353", ("192.0.2.53", 5353)),
        ("2001:db8::53", ("2001:db8::53", 53)),
        ("[2001:db8::53]", ("2001:db8::53", 53)),
        ("[2001:db8::53]:5353", ("2001:db8::53", 5353)),
    ],
)
def test_a_server_is_an_address_with_or_without_a_port(words: str, server: tuple[str, int]) -> None:
    assert server_of(words) == server


@pytest.mark.parametrize("words", ["", "ns.example.org", "192.0.2.53/24", "192.0.2.53:x", "192.0.2.53:70000", ":53"])
def test_anything_else_is_refused(words: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        server_of(words)


def test_a_number_needs_no_server() -> None:
    assert list(Names(("127.0.0.1:9",)).addresses("192.0.2.7", 443)) == ["192.0.2.7"]
