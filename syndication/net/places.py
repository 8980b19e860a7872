"""Whether a host is inside or outside, as far as its name alone says: nobody is asked."""

from collections.abc import Sequence
from enum import StrEnum
from ipaddress import ip_address
from typing import Final

from syndication.net.guard import Network, refusal
from syndication.net.hosts import host_of, is_number

# Source: RFC 6761 (test, localhost), RFC 6762 (local; appendix G the names people use inside), RFC 8375 (home.arpa), ICANN 2024 (internal).
_INNER: Final = tuple(
    f".{name}"
    for name in ("localhost", "local", "internal", "intranet", "private", "corp", "home", "home.arpa", "lan", "test")
)


class Place(StrEnum):
    """Where a host is. unknown: only a name server could tell."""

    INSIDE = "inside"
    OUTSIDE = "outside"
    UNKNOWN = "unknown"


def place_of(host: str, home: str = "", allowed: Sequence[Network] = ()) -> Place:
    """Where a host is: "" is this machine. home: a host of ours, whose domain is ours. allowed: networks that are inside. Never raises."""
    host = host.rstrip(".").lower()
    if is_number(host):
        is_ours = any(ip_address(host) in network for network in allowed)
        return Place.INSIDE if is_ours or refusal(host) else Place.OUTSIDE
    is_named_inside = "." not in host or host.endswith(_INNER)
    return Place.INSIDE if is_named_inside or _is_same_domain(host, home) else Place.UNKNOWN


def _is_same_domain(host: str, home: str) -> bool:
    return "." in home and not is_number(home) and host_of(f"http://{host}") == host_of(f"http://{home}")
