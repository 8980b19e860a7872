"""A web address and the secrets in it: what may be shown, and what may not."""

from typing import Final
from urllib.parse import urlsplit, urlunsplit

_SECRET: Final = frozenset(
    [
        "access_token",
        "api_key",
        "apikey",
        "auth",
        "auth_token",
        "passwd",
        "password",
        "secret",
        "sig",
        "signature",
        "token",
    ]
)
"""Parameters that hold a secret wherever they are met; `key` is not among them, as it names a section as often."""


def without_secrets(url: str) -> tuple[str, str]:
    """An address as it may be shown, and what was left out of it, "" when nothing was. Other words come back as they are."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url, ""
    if parts.scheme.lower() not in {"http", "https"}:
        return url, ""
    user, at, host = parts.netloc.rpartition("@")
    pairs = parts.query.split("&") if parts.query else []
    secret = [pair for pair in pairs if pair.partition("=")[0].lower() in _SECRET and pair.partition("=")[2]]
    if not at and not secret:
        return url, ""
    query = "&".join(pair for pair in pairs if pair not in secret)
    return urlunsplit(parts._replace(netloc=host, query=query)), "&".join(filter(None, [user, *secret]))
