"""Whether an address may be connected to: a pure decision, so that no document can make us speak to our own house.

`ipaddress.is_global` alone is no guard: it is True for 224.0.0.1, 64:ff9b::7f00:1 and 2002:7f00:1:: (measured), and
differs between versions of Python. Hence the explicit list.
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_CLOSED: Final[tuple[tuple[Network, str], ...]] = tuple(
    (ip_network(network), words)
    for network, words in (
        ("0.0.0.0/8", "this host"),
        ("10.0.0.0/8", "a private network"),
        ("100.64.0.0/10", "a provider's private network"),
        ("127.0.0.0/8", "this machine"),
        ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "a private network"),
        ("192.0.0.0/24", "reserved for protocols"),
        ("192.0.2.0/24", "for documentation only"),
        ("192.88.99.0/24", "a 6to4 relay"),
        ("192.168.0.0/16", "a private network"),
        ("198.18.0.0/15", "for benchmarks only"),
        ("198.51.100.0/24", "for documentation only"),
        ("203.0.113.0/24", "for documentation only"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
        ("::/96", "this machine or an embedded IPv4 address"),
        ("64:ff9b::/96", "a NAT64 address"),
        ("64:ff9b:1::/48", "a local NAT64 address"),
        ("100::/64", "a discard address"),
        ("2001::/23", "reserved for protocols"),
        ("2001:db8::/32", "for documentation only"),
        ("2002::/16", "a 6to4 address"),
        ("3fff::/20", "for documentation only"),
        ("5f00::/16", "a segment-routing address"),
        ("fc00::/7", "a private network"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "site-local"),
        ("ff00::/8", "multicast"),
    )
)
_NAT64: Final = tuple(ip_network(network) for network in ("64:ff9b::/96", "64:ff9b:1::/48"))
_COMPATIBLE: Final = ip_network("::/96")
_UNSPECIFIED_AND_LOOPBACK: Final = 1  # :: and ::1 are IPv6 addresses of their own, no embedded IPv4

INTERNAL: Final[tuple[Network, ...]] = tuple(
    ip_network(network)
    for network in (
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "::1/128",
        "fc00::/7",
    )
)
"""What a source marked internal may live in. Link-local is not among them: clouds answer with secrets there."""


def networks(written: Sequence[str]) -> tuple[Network, ...]:
    """Networks from CIDR words such as '10.0.0.0/8'. Raises ValueError for anything else."""
    return tuple(ip_network(words) for words in written)


def refusal(address: str, allowed: Sequence[Network] = ()) -> str | None:
    """Why this IP address must not be connected to, in words; None when it may.

    allowed: networks the admin opened. An IPv4 address inside an IPv6 one must pass as well. Never raises.
    Source: IANA special-purpose address registries; RFC 6052, RFC 3056.
    """
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return f"{address} is no IP address"
    mapped = ip.ipv4_mapped if isinstance(ip, IPv6Address) else None
    if mapped is not None:
        return refusal(str(mapped), allowed)
    if not any(ip in network for network in allowed):
        reason = _closed(ip)
        if reason:
            return f"{ip} is {reason}"
    inner = _embedded(ip)
    return refusal(str(inner), allowed) if inner else None


def _closed(ip: Address) -> str | None:
    """Why an address is not public, None when it is."""
    for network, words in _CLOSED:
        if ip in network:
            return words
    return None if ip.is_global and not ip.is_multicast else "not public"


def _embedded(ip: Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 address leads to."""
    if isinstance(ip, IPv4Address):
        return None
    if ip.sixtofour:
        return ip.sixtofour
    is_compatible = ip in _COMPATIBLE and int(ip) > _UNSPECIFIED_AND_LOOPBACK
    if is_compatible or any(ip in network for network in _NAT64):
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    return None
