"""A web address and the secrets in it: what may be shown, and what may not."""

import re
from typing import Final
from urllib.parse import unquote_plus, urlsplit, urlunsplit

_SECRET_ENDS: Final = (
    "token",
    "secret",
    "password",
    "passwd",
    "passphrase",
    "signature",
    "credential",
    "apikey",
    "accesskey",
    "authkey",
    "secretkey",
    "privatekey",
    "subscriptionkey",
)
"""Ends of the names of parameters that hold a secret wherever they are met, signs between words left out."""

_SECRET: Final = frozenset({"auth", "jwt", "pass", "pwd", "sig"})
_DOUBTFUL_END: Final = "key"
"""It names a section (`?key=politics`) as often as it is one: then the value tells."""

_LEAST_RANDOM: Final = 16


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
    secret = [pair for pair in pairs if _is_secret(pair)]
    if not at and not secret:
        return url, ""
    query = "&".join(pair for pair in pairs if pair not in secret)
    return urlunsplit(parts._replace(netloc=host, query=query)), "&".join(filter(None, [user, *secret]))


def names_of_secrets(url: str) -> tuple[str, ...]:
    """What an address holds of secrets, without their values: 'log-in', and the names of parameters in their order."""
    shown, _ = without_secrets(url)
    if shown == url:
        return ()
    parts = urlsplit(url)
    log_in = ("log-in",) if "@" in parts.netloc else ()
    return *log_in, *(pair.partition("=")[0] for pair in parts.query.split("&") if _is_secret(pair))


def with_secrets_of(url: str, known: str) -> str:
    """An address with what `known` holds of secrets, where both are of one server and the address names none itself."""
    shown, _ = without_secrets(known)
    if shown == known or without_secrets(url)[1]:
        return url
    new, old, bare = urlsplit(url), urlsplit(known), urlsplit(shown)
    if (new.scheme, new.netloc) != (bare.scheme, bare.netloc):
        return url
    secret = [pair for pair in old.query.split("&") if _is_secret(pair)]
    return urlunsplit(new._replace(netloc=old.netloc, query="&".join(filter(None, [new.query, *secret]))))


def _is_secret(pair: str) -> bool:
    written, _, value = pair.partition("=")
    name = re.sub(r"[^a-z0-9]", "", unquote_plus(written).lower())
    if not value:
        return False
    return name in _SECRET or name.endswith(_SECRET_ENDS) or (name.endswith(_DOUBTFUL_END) and _looks_random(value))


def _looks_random(value: str) -> bool:
    """Whether a value is long and mixes letters and digits within a word, as made keys do and names of sections do not."""
    words = re.split(r"[^A-Za-z0-9]+", unquote_plus(value))
    mixed = any(re.search("[A-Za-z]", word) and re.search("[0-9]", word) for word in words)
    return len(value) >= _LEAST_RANDOM and mixed
