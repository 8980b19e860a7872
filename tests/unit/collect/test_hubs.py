"""What is decided about hubs: leases, pauses, signatures."""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndication.collect.hubs import again_at, granted, is_genuine, subscription_form

NOW = datetime(2026, 11, 20, 7, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


def test_a_hub_is_asked_for_a_topic_with_a_secret_and_a_lease() -> None:
    asked = parse_qs(subscription_form("https://n.example/websub/x", "https://a.example/feed?a=1&b=2", "s").decode())
    assert asked == {
        "hub.callback": ["https://n.example/websub/x"],
        "hub.mode": ["subscribe"],
        "hub.topic": ["https://a.example/feed?a=1&b=2"],
        "hub.lease_seconds": ["864000"],
        "hub.secret": ["s"],
    }


@pytest.mark.parametrize(
    ("seconds", "lease", "renewed"),
    [
        ("864000", 10 * DAY, 9 * DAY),
        ("86400", DAY, 0.8 * DAY),
        ("1", 20 * MINUTE, 16 * MINUTE),
        ("99999999999999999999", 30 * DAY, 29 * DAY),
        ("", DAY, 0.8 * DAY),
        ("-5", DAY, 0.8 * DAY),
        ("\u0665", DAY, 0.8 * DAY),
    ],
)
def test_a_lease_is_renewed_before_it_ends(seconds: str, lease: timedelta, renewed: timedelta) -> None:
    assert granted(seconds, NOW) == (NOW + lease, NOW + renewed)


def test_pauses_double_up_to_a_day() -> None:
    assert [again_at(failures, NOW) - NOW for failures in (0, 1, 2, 7, 8, 1000)] == [
        10 * MINUTE,
        20 * MINUTE,
        40 * MINUTE,
        1280 * MINUTE,
        DAY,
        DAY,
    ]


@pytest.mark.parametrize("method", ["sha1", "sha256", "sha384", "sha512"])
def test_a_push_is_genuine_with_its_secret_by_every_method_of_the_standard(method: str) -> None:
    signature = hmac.new(b"secret", b"body", getattr(hashlib, method)).hexdigest()
    assert is_genuine(f"{method}={signature}", "secret", b"body")
    assert is_genuine(f"{method}={signature.upper()}", "secret", b"body")
    assert not is_genuine(f"{method}={signature}", "other", b"body")
    assert not is_genuine(f"{method}={signature}", "secret", b"bodz")
    assert not is_genuine(signature, "secret", b"body")


@given(st.text())
def test_no_other_signature_is_taken(signature: str) -> None:
    assert not is_genuine(signature, "secret", b"body")
    assert not is_genuine(f"sha256={signature}", "secret", b"body")
    assert not is_genuine(f"md5={hashlib.md5(b'body', usedforsecurity=False).hexdigest()}", "secret", b"body")
