"""Which host a request bothers: politeness counts by registrable domain, since that is whom a publisher runs."""

from functools import lru_cache
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from publicsuffixlist import PublicSuffixList

from syndication.net.guard import refusal

_LONGEST: Final = 253


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


@lru_cache(maxsize=65_536)
def host_of(url: str) -> str:
    """The registrable domain of an address ('news.example.co.uk' → 'example.co.uk'), a number or a bare name as it is.

    "" for what is no web address. Source: publicsuffix.org, the list that travels with the library.
    """
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".").lower()
    except ValueError:
        return ""
    if parts.scheme not in {"http", "https"}:
        return ""
    if is_number(host) or "." not in host:
        return host[:_LONGEST]
    return (registrable(host) or host)[:_LONGEST]


def registrable(host: str) -> str:
    """Whom a host belongs to ('news.example.co.uk' → 'example.co.uk'), "" for what nobody can register.

    The list behind it takes a fifth of a second to read, when the first asks.
    """
    return _suffixes().privatesuffix(host) or ""


def is_same_site(one: str, other: str) -> bool:
    """Whether two addresses belong to one registrable domain."""
    return bool(host_of(one)) and host_of(one) == host_of(other)


def is_inside(url: str) -> bool:
    """Whether an address names this machine or a private network by number or by a name without a domain."""
    host = host_of(url)
    return (
        "." not in host
        or host.endswith((".localhost", ".local", ".internal"))
        or bool(is_number(host) and refusal(host))
    )


def is_number(host: str) -> bool:
    """Whether a host is an IP address."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
