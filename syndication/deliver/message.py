"""Encoded body and newsletter → the message of one reader, the same bytes at every attempt.

Everything that readers share is written once; a reader costs a few signatures and one join. Nothing depends on the
clock, and no value of a reader can add a header. Source: RFC 5322; RFC 2369; RFC 2919; RFC 3834; RFC 8058.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from enum import Enum, auto
from typing import Final, NamedTuple

from syndication.deliver.encode import encode_body
from syndication.deliver.headers import clean, is_writable, machine_line, mailbox_line, words_line
from syndication.domain.delivery import DeliveryName, Mail
from syndication.domain.digests import MailBody
from syndication.domain.newsletters import Newsletter
from syndication.domain.site import Site
from syndication.domain.splice import Splice
from syndication.domain.tokens import KeyRing, Purpose, keyed

_PURPOSES: Final = {
    Splice.UNSUBSCRIBE: Purpose.UNSUBSCRIBE,
    Splice.PREFERENCES: Purpose.PREFERENCES,
    Splice.CONFIRM: Purpose.CONFIRM,
}
_LONGEST_DESCRIPTION: Final = 60


class _Own(Enum):
    """The places in the header where a reader's own values go."""

    RECIPIENT = auto()
    MESSAGE_ID = auto()


@dataclass(frozen=True, slots=True)
class Secrets:
    """keys: sign the links. message_key: makes Message-IDs; must never change, or a second attempt gets another one."""

    keys: KeyRing
    message_key: bytes


@dataclass(frozen=True, slots=True)
class Occasion:
    """What a mail is sent for.

    stream: 'digest', or the kind of notice. campaign: a word that all mails of this occasion share, such as 'i12'.
    at: aware UTC, from the row of the issue or notice, so that every attempt has the same Date. to_list: the reader is
    on the newsletter's list (a digest, a welcome), so the mail carries the fields of a list and one-click unsubscribe.
    """

    stream: str
    campaign: str
    at: datetime
    to_list: bool


class Reader(NamedTuple):
    """Whom a mail goes to. subscription: id of their relation to the newsletter; the links in the mail act on it."""

    subscription: int
    address: str


def view_value(name: DeliveryName, keys: KeyRing) -> str:
    """What stands in the address of a delivery's page, `/view/VALUE`: the delivery's name, a dash and its reader's token."""
    return f"{name.text}-{keys.sign(Purpose.VIEW, name.subscriber)}"


def message_id(name: DeliveryName, message_key: bytes, domain: str) -> str:
    """The Message-ID of a delivery without its angle brackets, e.g. 'i12-345.0f3a….@news.example.org'.

    The same at every attempt; the keyed part keeps strangers from naming a delivery that they never had.
    """
    text = name.text
    return f"{text}.{keyed(message_key, b'message-id ' + text.encode()).hex()[:16]}@{domain}"


class MessageBuilder:
    """Makes the messages of all readers of one body.

    Raises AddressError when the newsletter's sender or reply address cannot be written.
    """

    def __init__(
        self, body: MailBody, newsletter: Newsletter, site: Site, occasion: Occasion, secrets: Secrets
    ) -> None:
        encoded = encode_body(body)
        self._secrets = secrets
        self._sender = newsletter.sender_address
        self._domain = newsletter.sender_address.rpartition("@")[2]
        before, after = _shared_fields(body.subject, newsletter, site, occasion)
        content_type = machine_line("Content-Type", f'multipart/alternative; boundary="{encoded.boundary}"')
        self._literals: list[bytes] = [f"{before}To: ".encode("ascii"), b"\r\nMessage-ID: <", b">\r\n"]
        self._places: list[_Own | Splice] = [_Own.RECIPIENT, _Own.MESSAGE_ID]
        if occasion.to_list:
            self._literals[-1] += f"List-Unsubscribe: <{site.public_url}/unsubscribe/".encode("ascii")
            self._literals.append(b">\r\n")
            self._places.append(Splice.UNSUBSCRIBE)
        self._literals[-1] += f"{after}{content_type}\r\n".encode("ascii") + encoded.literals[0]
        self._literals.extend(encoded.literals[1:])
        self._places.extend(encoded.marks)
        self._needed = frozenset(self._places)
        # No value of a reader begins with a dot, and the encoding writes none at the start of a line.
        self._is_dotless = not any(b"\n." in literal for literal in self._literals)

    def build(self, name: DeliveryName, reader: Reader) -> Mail:
        """The mail of one reader. An address that cannot be written in a header is left out of it; no server takes it."""
        values = self._values(name, reader)
        parts: list[bytes] = [b""] * (2 * len(self._places) + 1)
        parts[::2] = self._literals
        parts[1::2] = [values[place] for place in self._places]
        return Mail(name, self._sender, reader.address, b"".join(parts), self._is_dotless)

    def _values(self, name: DeliveryName, reader: Reader) -> dict[_Own | Splice, bytes]:
        recipient = reader.address if is_writable(reader.address) else "undisclosed-recipients:;"
        values: dict[_Own | Splice, bytes] = {
            _Own.RECIPIENT: recipient.encode(),
            _Own.MESSAGE_ID: message_id(name, self._secrets.message_key, self._domain).encode("ascii"),
        }
        for splice, purpose in _PURPOSES.items():
            if splice in self._needed:
                values[splice] = self._secrets.keys.sign(purpose, reader.subscription).encode("ascii")
        if Splice.VIEW in self._needed:
            values[Splice.VIEW] = view_value(name, self._secrets.keys).encode("ascii")
        return values


def _shared_fields(subject: str, newsletter: Newsletter, site: Site, occasion: Occasion) -> tuple[str, str]:
    """The fields before To, and those after List-Unsubscribe."""
    before = (
        mailbox_line("From", newsletter.sender_name, newsletter.sender_address),
        words_line("Subject", subject),
        machine_line("Date", format_datetime(occasion.at)),
    )
    after = [
        *((mailbox_line("Reply-To", "", newsletter.reply_to),) if newsletter.reply_to else ()),
        *(_list_fields(newsletter, site) if occasion.to_list else ()),
        machine_line("Auto-Submitted", "auto-generated"),
        machine_line("X-Auto-Response-Suppress", "OOF, AutoReply"),
        machine_line("Feedback-ID", _feedback_id(newsletter, site, occasion)),
        machine_line("MIME-Version", "1.0"),
    ]
    return "".join(before), "".join(after)


def _list_fields(newsletter: Newsletter, site: Site) -> tuple[str, ...]:
    archive = f"{site.public_url}/newsletters/{newsletter.slug}/"
    owner = newsletter.reply_to or newsletter.sender_address
    return (
        machine_line("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        machine_line("List-ID", _list_id(newsletter)),
        machine_line("List-Archive", f"<{archive}>"),
        machine_line("List-Help", f"<{site.public_url}/>"),
        machine_line("List-Owner", f"<mailto:{owner}>"),
        machine_line("Precedence", "list"),
    )


def _list_id(newsletter: Newsletter) -> str:
    """Source: RFC 2919 section 3; the description is optional and left out unless it is short ASCII."""
    identifier = f"<{newsletter.slug}.{newsletter.sender_address.rpartition('@')[2]}>"
    title = clean(newsletter.title).translate({ord(mark): None for mark in '"\\'})
    return f'"{title}" {identifier}' if title.isascii() and 0 < len(title) <= _LONGEST_DESCRIPTION else identifier


def _feedback_id(newsletter: Newsletter, site: Site, occasion: Occasion) -> str:
    """campaign:newsletter:stream:sender. The last part is the installation's, 5 to 15 characters, and never changes."""
    sender = "s" + hashlib.sha256(site.tag_prefix.encode()).hexdigest()[:10]
    return f"{occasion.campaign}:{newsletter.slug}:{occasion.stream}:{sender}"
