"""Subscribing to hubs, what is decided: when to ask again, which lease holds, whether a push is the hub's. Source: WebSub."""

import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode

REFUSED_FOR: Final = timedelta(days=7)
"""How long a hub that refused is left alone."""

LEASE: Final = timedelta(days=10)
"""What a hub is asked for."""

_METHODS: Final = frozenset({"sha1", "sha256", "sha384", "sha512"})
_FIRST_PAUSE: Final = timedelta(minutes=10)
_LONGEST_PAUSE: Final = timedelta(days=1)
_SHORTEST_LEASE: Final = timedelta(minutes=20)
_LONGEST_LEASE: Final = timedelta(days=30)
_UNSAID_LEASE: Final = timedelta(days=1)
_DIGITS: Final = 9
_EARLY: Final = timedelta(days=1)
_RENEWED_AT: Final = 0.8


def subscription_form(callback: str, topic: str, secret: str) -> bytes:
    """The request to a hub to tell us of a topic. Source: WebSub section 5.1."""
    fields = {
        "hub.callback": callback,
        "hub.mode": "subscribe",
        "hub.topic": topic,
        "hub.lease_seconds": str(int(LEASE.total_seconds())),
        "hub.secret": secret,
    }
    return urlencode(fields).encode()


def granted(seconds: str, now: datetime) -> tuple[datetime, datetime]:
    """When a lease ends and when to renew it (aware UTC). seconds: as the hub wrote them; nonsense counts as a day."""
    given = timedelta(seconds=int(seconds[:_DIGITS])) if seconds.isascii() and seconds.isdecimal() else _UNSAID_LEASE
    lease = min(max(given, _SHORTEST_LEASE), _LONGEST_LEASE)
    return now + lease, now + max(lease * _RENEWED_AT, lease - _EARLY)


def again_at(failures: int, now: datetime) -> datetime:
    """When to ask a hub again that has failed so many times in a row before (aware UTC)."""
    return now + min(_FIRST_PAUSE * (1 << min(failures, 10)), _LONGEST_PAUSE)


def is_genuine(signature: str, secret: str, body: bytes) -> bool:
    """Whether a push bears the secret that only its hub knows. Source: WebSub section 8; `X-Hub-Signature: method=hex`."""
    method, _, written = signature.partition("=")
    if method not in _METHODS or not written.isascii():
        return False
    return hmac.compare_digest(hmac.new(secret.encode(), body, getattr(hashlib, method)).hexdigest(), written.lower())
