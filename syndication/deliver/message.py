"""Encoded body and newsletter → the message of one reader, the same bytes at every attempt.

Everything that readers share is written once; a reader costs a few signatures and one join. Nothing depends on the
clock, and no value of a reader can add a header. Source: RFC 5322; RFC 2369; RFC 2919; RFC 3834; RFC 8058.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from functools import cached_property
from typing import Final, NamedTuple

from syndication.deliver.dkim import Dkim, Sealer, Unsigned
from syndication.deliver.encode import encode_body
from syndication.deliver.headers import clean, is_writable, machine_line, mailbox_line, words_line
from syndication.domain.delivery import DeliveryName, Mail, ReturnAddresses
from syndication.domain.digests import MailBody
from syndication.domain.newsletters import Newsletter
from syndication.domain.site import Site
from syndication.domain.splice import Splice
from syndication.domain.tokens import KeyRing, Purpose, delivery_token, keyed, tagged_address

_PURPOSES: Final = {
    Splice.PREFERENCES: Purpose.PREFERENCES,
    Splice.CONFIRM: Purpose.CONFIRM,
}
_LONGEST_DESCRIPTION: Final = 60
# Each reader's own fields, by how many there are: as they are written, and as they are signed.
_OWN_FIELDS: Final = {
    2: "To: {}\r\nMessage-ID: {}\r\n",
    3: "To: {}\r\nMessage-ID: {}\r\nList-Unsubscribe: {}\r\n",
}
_OWN_RELAXED: Final = {
    2: "to:{}\r\nmessage-id:{}\r\n",
    3: "to:{}\r\nmessage-id:{}\r\nlist-unsubscribe:{}\r\n",
}
_NO_WAY_BACK: Final = ReturnAddresses()


@dataclass(frozen=True, slots=True)
class Secrets:
    """keys: sign the links. dkim: signs the mails of senders it covers, None where the relay signs.

    message_key: makes Message-IDs and the names that bounces come back under; it must never change, or a second attempt
    gets another one.
    """

    keys: KeyRing
    message_key: bytes
    dkim: Dkim | None = None


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


class UnsignedMail(NamedTuple):
    """A mail whose signatures are still missing."""

    mail: Mail
    signatures: tuple[Unsigned, ...]

    def sealed(self) -> Mail:
        """The mail with its signatures before all else."""
        if not self.signatures:
            return self.mail
        return self.mail._replace(parts=(*(one.sign() for one in self.signatures), *self.mail.parts))


class _Layout(NamedTuple):
    """What all mails of one body share. before, after: fields around each reader's own. body: pieces, gaps where values go."""

    before: bytes
    after: bytes
    body: list[bytes]
    places: Mapping[Splice, Sequence[int]]
    sealer: Sealer | None
    is_dotless: bool


class MessageBuilder:
    """Makes the messages of all readers of one body; any number of threads may build at a time.

    Raises AddressError when the newsletter's sender or reply address cannot be written.
    """

    def __init__(
        self,
        body: MailBody,
        newsletter: Newsletter,
        site: Site,
        occasion: Occasion,
        secrets: Secrets,
        back: ReturnAddresses = _NO_WAY_BACK,
    ) -> None:
        self._body = body
        self._secrets = secrets
        self._back = back
        self._at = occasion.at
        self._sender = back.bounce_address or newsletter.sender_address
        self._domain = newsletter.sender_address.rpartition("@")[2]
        self._to_list = occasion.to_list
        self._page = f"{site.public_url}/unsubscribe/"
        self._before, self._after = _shared_fields(body.subject, newsletter, site, occasion)
        covers = secrets.dkim and secrets.dkim.covers(newsletter.sender_address)
        self._dkim = secrets.dkim if covers else None

    @cached_property
    def _layout(self) -> _Layout:
        """Made for the first reader, while mails of other bodies are being sent."""
        encoded = encode_body(self._body)
        after = [*self._after, machine_line("Content-Type", f'multipart/alternative; boundary="{encoded.boundary}"')]
        sealer = None
        if self._dkim:
            own = ("To", "Message-ID", "List-Unsubscribe") if self._to_list else ("To", "Message-ID")
            sealer = Sealer(self._dkim, [*self._before, *after], own, self._at, encoded.literals[0])
        return _Layout(
            "".join(self._before).encode("ascii"),
            "".join(after).encode("ascii") + b"\r\n",
            _woven(encoded.literals, encoded.marks),
            {mark: _places(encoded.marks, mark) for mark in encoded.marks},
            sealer,
            # No value of a reader begins with a dot, and the encoding writes none at the start of a line.
            not any(b"\n." in literal for literal in encoded.literals),
        )

    def build(self, name: DeliveryName, reader: Reader) -> Mail:
        """The mail of one reader, signed."""
        return self.unsigned(name, reader).sealed()

    def unsigned(self, name: DeliveryName, reader: Reader) -> UnsignedMail:
        """The mail of one reader, not signed yet. An address that cannot be written in a header is left out of it; no server takes it."""
        layout = self._layout
        token = self._secrets.keys.sign(Purpose.UNSUBSCRIBE, reader.subscription)
        body = layout.body.copy()
        for mark, places in layout.places.items():
            value = token if mark is Splice.UNSUBSCRIBE else self._value(mark, name, reader)
            for place in places:
                body[place] = value.encode("ascii")
        recipient = reader.address if is_writable(reader.address) else "undisclosed-recipients:;"
        own = [recipient, f"<{message_id(name, self._secrets.message_key, self._domain)}>"]
        if self._to_list:
            own.append(self._ways_out(token))
        head = layout.before + _OWN_FIELDS[len(own)].format(*own).encode() + layout.after
        signatures: tuple[Unsigned, ...] = ()
        if layout.sealer:
            signatures = layout.sealer.unsigned(_OWN_RELAXED[len(own)].format(*own).encode(), body[1:])
        sender, envelope_id = self._envelope(name)
        mail = Mail(name, sender, reader.address, (head, *body), layout.is_dotless, envelope_id)
        return UnsignedMail(mail, signatures)

    def _envelope(self, name: DeliveryName) -> tuple[str, str]:
        """Envelope sender and ENVID."""
        if not self._back.bounce_address:
            return self._sender, name.text
        token = delivery_token(name, self._secrets.message_key)
        return (tagged_address(self._sender, token) if self._back.verp else self._sender), token

    def _ways_out(self, token: str) -> str:
        """The link, and where mail comes in an address: that works from an empty mail. Source: RFC 8058; RFC 2369."""
        link = f"<{self._page}{token}>"
        if not self._back.unsubscribe_address:
            return link
        return f"{link}, <mailto:{tagged_address(self._back.unsubscribe_address, token)}?subject=unsubscribe>"

    def _value(self, mark: Splice, name: DeliveryName, reader: Reader) -> str:
        keys = self._secrets.keys
        if mark is Splice.YOURS:
            return keys.sign_for_an_hour(Purpose.YOURS, reader.subscription, self._at)
        return view_value(name, keys) if mark is Splice.VIEW else keys.sign(_PURPOSES[mark], reader.subscription)


def _woven(literals: Sequence[bytes], marks: Sequence[Splice]) -> list[bytes]:
    """The literals with a gap between any two."""
    parts = [b""] * (2 * len(marks) + 1)
    parts[::2] = literals
    return parts


def _places(marks: Sequence[Splice], wanted: Splice) -> tuple[int, ...]:
    return tuple(2 * place + 1 for place, mark in enumerate(marks) if mark is wanted)


def _shared_fields(subject: str, newsletter: Newsletter, site: Site, occasion: Occasion) -> tuple[list[str], list[str]]:
    """The lines before To, and those after List-Unsubscribe."""
    before = [
        mailbox_line("From", newsletter.sender_name, newsletter.sender_address),
        words_line("Subject", subject),
        machine_line("Date", format_datetime(occasion.at)),
    ]
    after = [
        *((mailbox_line("Reply-To", "", newsletter.reply_to),) if newsletter.reply_to else ()),
        *(_list_fields(newsletter, site) if occasion.to_list else ()),
        machine_line("Auto-Submitted", "auto-generated"),
        machine_line("X-Auto-Response-Suppress", "OOF, AutoReply"),
        machine_line("Feedback-ID", _feedback_id(newsletter, site, occasion)),
        machine_line("MIME-Version", "1.0"),
    ]
    return before, after


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
