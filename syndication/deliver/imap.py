"""A mailbox elsewhere → us, by IMAP: for who has no mail server of their own.

What is recognised is taken in and deleted there; anything else stays, marked as read, for people. A message is marked
only after it was taken in, so a failure costs nothing but a second look.
"""

import email
import imaplib
import ssl
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from email import policy
from email.message import Message
from email.utils import getaddresses
from typing import Any, Final, Never
from urllib.parse import unquote, urlsplit

from syndication.domain.errors import ConfigError
from syndication.domain.incoming import Envelope

_EXAMPLE: Final = "imaps://user:password@mail.example.org/INBOX"
_PORTS: Final = {"imaps": 993, "imap": 143}
_TIMEOUT_S: Final = 30
_AT_ONCE: Final = 200
_LARGEST: Final = 2_000_000
_ADDRESSED: Final = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "To", "Cc")

Take = Callable[[bytes, Envelope], bool]
"""Takes in one message; whether it was recognised. What it raises ends the visit."""


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Where mail is fetched. is_secure: TLS at once; else STARTTLS, unless the host is this machine."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    folder: str = "INBOX"
    is_secure: bool = True


def mailbox_from_url(url: str) -> Mailbox:
    """The mailbox that `imaps://user:password@host/FOLDER` names. Raises ConfigError, without the password in it."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        _refuse("its host or port cannot be read; percent-encode special characters of the password")
    if parts.scheme not in _PORTS or not parts.hostname or not parts.username:
        _refuse("it does not have that form")
    return Mailbox(
        host=parts.hostname,
        port=port or _PORTS[parts.scheme],
        user=unquote(parts.username),
        password=unquote(parts.password or ""),
        folder=unquote(parts.path.strip("/")) or "INBOX",
        is_secure=parts.scheme == "imaps",
    )


def fetch_mailbox(mailbox: Mailbox, take: Take) -> int:
    """Take in what is unread in a mailbox; how many messages. Raises OSError or imaplib's error when it cannot be read."""
    with _open(mailbox) as client:
        client.login(mailbox.user, mailbox.password)
        _ok(client.select(f'"{mailbox.folder}"'))
        taken = 0
        for uid in _unread(client):
            raw = _bytes_of(client, uid)
            if raw is None:
                continue
            flags = r"(\Seen \Deleted)" if take(raw, envelope_of(raw)) else r"(\Seen)"
            _ok(client.uid("STORE", uid, "+FLAGS", flags))
            taken += 1
        client.expunge()
        return taken


def envelope_of(raw: bytes) -> Envelope:
    """How a message arrived, from the fields that mail servers add. Source: RFC 5321 section 4.4."""
    message = email.message_from_bytes(raw, policy=policy.compat32)
    returned = message["Return-Path"]
    sender = None if returned is None else str(returned).strip().strip("<>").strip()
    return Envelope(sender, tuple(_addressees(message)))


def _addressees(message: Message) -> Iterator[str]:
    for name in _ADDRESSED:
        for _, address in getaddresses([str(one) for one in message.get_all(name, [])]):
            if "@" in address:
                yield address


def _open(mailbox: Mailbox) -> imaplib.IMAP4:
    if mailbox.is_secure:
        return imaplib.IMAP4_SSL(
            mailbox.host, mailbox.port, ssl_context=ssl.create_default_context(), timeout=_TIMEOUT_S
        )
    client = imaplib.IMAP4(mailbox.host, mailbox.port, timeout=_TIMEOUT_S)
    if mailbox.host not in {"localhost", "127.0.0.1", "::1"}:
        client.starttls(ssl.create_default_context())
    return client


def _unread(client: imaplib.IMAP4) -> list[str]:
    found = b" ".join(one for one in _ok(client.uid("SEARCH", "UNSEEN")) if one)
    return found.decode("ascii").split()[:_AT_ONCE]


def _bytes_of(client: imaplib.IMAP4, uid: str) -> bytes | None:
    """The beginning of a message, left unread; None when it has gone."""
    for one in _ok(client.uid("FETCH", uid, f"(BODY.PEEK[]<0.{_LARGEST}>)")):
        if isinstance(one, tuple):
            return bytes(one[1])
    return None


def _ok(answer: tuple[str, Sequence[Any]]) -> Sequence[Any]:
    """What the server answered. Raises imaplib's error unless it says OK."""
    status, data = answer
    if status != "OK":
        message = f"The mailbox answered {status}: {data}"
        raise imaplib.IMAP4.error(message)
    return data


def _refuse(reason: str) -> Never:
    message = f"[mail_in] imap is a URL such as {_EXAMPLE}; {reason}."
    raise ConfigError(message)
