"""Which addresses may be connected to."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndication.net.guard import INTERNAL, networks, refusal

CLOSED = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.255.255.254", "169.254.169.254", "172.16.0.1",  # noqa: S104 - nothing is bound to it
    "172.31.255.255", "192.0.0.8", "192.0.0.9", "192.0.0.10", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1",
    "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::808:808",
    "64:ff9b:1::7f00:1", "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::", "2002:808:808::1", "3fff::1", "5f00::1",
    "fc00::1", "fd12:3456::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "ff0e::1",
]  # fmt: skip
OPEN = [
    "8.8.8.8",
    "1.1.1.1",
    "93.184.216.34",
    "172.15.0.1",
    "172.32.0.1",
    "100.63.0.1",
    "2606:4700::1111",
    "::ffff:8.8.8.8",
]


@pytest.mark.parametrize("address", CLOSED)
def test_an_address_that_is_not_public_is_refused(address: str) -> None:
    assert refusal(address)


@pytest.mark.parametrize("address", OPEN)
def test_a_public_address_may_be_connected_to(address: str) -> None:
    assert refusal(address) is None


@pytest.mark.parametrize("address", ["", "example.org", "127.1", "0x7f000001", "1.2.3.4.5"])
def test_what_is_no_address_is_refused(address: str) -> None:
    assert refusal(address)


def test_a_network_the_admin_opened_may_be_connected_to() -> None:
    allowed = networks(["10.0.0.0/8", "::1/128"])
    assert refusal("10.1.2.3", allowed) is None
    assert refusal("::ffff:10.1.2.3", allowed) is None
    assert refusal("::1", allowed) is None
    assert refusal("192.168.0.1", allowed)


def test_an_opened_nat64_network_does_not_open_what_is_inside() -> None:
    allowed = networks(["64:ff9b::/96"])
    assert refusal("64:ff9b::808:808", allowed) is None
    assert refusal("64:ff9b::7f00:1", allowed)
    assert refusal("64:ff9b::a00:1", allowed)


def test_an_opened_6to4_network_does_not_open_what_is_inside() -> None:
    assert refusal("2002:7f00:1::1", networks(["2002::/16"]))


def test_an_internal_source_may_live_in_private_networks_but_never_where_clouds_keep_secrets() -> None:
    assert refusal("192.168.0.1", INTERNAL) is None
    assert refusal("127.0.0.1", INTERNAL) is None
    assert refusal("169.254.169.254", INTERNAL)
    assert refusal("fe80::1", INTERNAL)


def test_a_network_that_is_none_is_refused_when_it_is_read() -> None:
    with pytest.raises(ValueError, match="host bits"):
        networks(["10.0.0.1/8"])


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
def test_what_is_not_global_is_never_open(address: object) -> None:
    ip = ip_address(str(address))
    if not ip.is_global or ip.is_multicast:
        assert refusal(str(ip))


@given(st.ip_addresses(v=4))
def test_an_address_inside_an_address_never_says_more_than_it_would_alone(inner: object) -> None:
    number = int(ip_address(str(inner)))
    for outer in (number, 0xFFFF00000000 | number, 0x64FF9B << 96 | number, 0x2002 << 112 | number << 80):
        assert refusal(str(inner)) is None or refusal(str(ip_address(outer.to_bytes(16, "big")))) is not None
