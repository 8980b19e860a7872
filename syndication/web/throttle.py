"""How often one visitor may ask: token buckets, kept in memory, the same answer for everybody who is over the limit."""

import threading
from collections import OrderedDict
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

_MOST_BUCKETS: Final = 10_000


class Throttle:
    """Lets `most` requests through in any stretch of `span`, refilled evenly."""

    def __init__(self, most: int, span: timedelta) -> None:
        self._most = float(most)
        self._a_second = most / span.total_seconds()
        self._buckets: OrderedDict[str, tuple[float, datetime]] = OrderedDict()
        self._lock = threading.Lock()

    def allows(self, key: str, now: datetime) -> bool:
        """Whether one more request of this key may pass; if so it is counted. now: aware UTC."""
        with self._lock:
            level, at = self._buckets.pop(key, (self._most, now))
            level = min(self._most, level + max(0.0, (now - at).total_seconds()) * self._a_second)
            passes = level >= 1
            self._buckets[key] = (level - passes, now)
            if len(self._buckets) > _MOST_BUCKETS:
                self._buckets.popitem(last=False)
        return passes


def network_of(address: str) -> str:
    """The network that a visitor's address is counted by: /24 for IPv4, /64 for IPv6; other words are taken as they are."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    return str(ip_network(f"{found}/{64 if found.version == 6 else 24}", strict=False))  # noqa: PLR2004 - IP versions
