"""A mailbox is read by IMAP: what is recognised is deleted there, the rest stays for people."""

import re
import socket
import threading
from collections.abc import Iterator

import pytest

from syndication.deliver.back_channel import BackChannel
from syndication.deliver.imap import Mailbox, envelope_of, fetch_mailbox, mailbox_from_url
from syndication.domain.errors import ConfigError
from syndication.domain.incoming import Envelope

BOUNCE = b"Return-Path: <>\r\nDelivered-To: bounces+x@news.example.org\r\nSubject: failed\r\n\r\nNo.\r\n"
LETTER = b"Return-Path: <anna@example.org>\r\nTo: Us <us@example.org>\r\nSubject: hello\r\n\r\nHi.\r\n"


class FarMailbox:
    """Somebody's IMAP server with one mailbox. Source: RFC 9051, as far as it is asked."""

    def __init__(self, *messages: bytes) -> None:
        self.messages = dict(enumerate(messages, 1))
        self.flags: dict[int, str] = {}
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection, connection.makefile("rwb") as file:
                file.write(b"* OK ready\r\n")
                file.flush()
                for line in file:
                    tag, _, command = line.decode().strip().partition(" ")
                    file.write(self._answer(command) + f"{tag} {self._ending(command)}\r\n".encode())
                    file.flush()

    def _ending(self, command: str) -> str:
        return "NO wrong password" if command.startswith("LOGIN") and '"right"' not in command else "OK done"

    def _answer(self, command: str) -> bytes:
        if command.startswith("CAPABILITY"):
            return b"* CAPABILITY IMAP4rev1\r\n"
        if command.startswith("SELECT"):
            return b"* %d EXISTS\r\n" % len(self.messages)
        if command.startswith("UID SEARCH"):
            unseen = (str(uid) for uid in self.messages if "Seen" not in self.flags.get(uid, ""))
            return f"* SEARCH {' '.join(unseen)}\r\n".encode()
        fetch = re.match(r"UID FETCH (\d+)", command)
        if fetch:
            raw = self.messages[int(fetch[1])]
            return b"* 1 FETCH (UID %s BODY[]<0> {%d}\r\n%s)\r\n" % (fetch[1].encode(), len(raw), raw)
        store = re.match(r"UID STORE (\d+) \+FLAGS (.*)", command)
        if store:
            self.flags[int(store[1])] = store[2]
        if command.startswith("EXPUNGE"):
            for uid in [uid for uid, flags in self.flags.items() if "Deleted" in flags]:
                self.messages.pop(uid, None)
        return b"* BYE\r\n" if command.startswith("LOGOUT") else b""


@pytest.fixture
def far() -> Iterator[FarMailbox]:
    mailbox = FarMailbox(BOUNCE, LETTER)
    yield mailbox
    mailbox.close()


def where(far: FarMailbox, password: str = "right") -> Mailbox:  # noqa: S107 - of a server of this test
    return mailbox_from_url(f"imap://us:{password}@127.0.0.1:{far.port}")


def test_what_is_recognised_goes_and_the_rest_stays_read(far: FarMailbox) -> None:
    taken: list[Envelope] = []

    def take(raw: bytes, envelope: Envelope) -> bool:
        taken.append(envelope)
        return raw == BOUNCE

    assert fetch_mailbox(where(far), take) == 2
    assert taken == [
        Envelope("", ("bounces+x@news.example.org",)),
        Envelope("anna@example.org", ("us@example.org",)),
    ]
    assert far.messages == {2: LETTER}
    assert fetch_mailbox(where(far), take) == 0


def test_a_message_that_could_not_be_taken_in_is_looked_at_again(far: FarMailbox) -> None:
    def broken(raw: bytes, envelope: Envelope) -> bool:
        raise OSError(raw, envelope)

    channel = BackChannel("", f"imap://us:right@127.0.0.1:{far.port}", broken)
    assert channel.has_mailbox
    channel.poll()
    assert far.flags == {}
    assert fetch_mailbox(where(far), lambda _raw, _envelope: True) == 2


def test_a_mailbox_that_cannot_be_read_costs_nothing(far: FarMailbox) -> None:
    channel = BackChannel("", f"imap://us:wrong@127.0.0.1:{far.port}", lambda _raw, _envelope: True)
    channel.start()
    channel.poll()
    channel.stop()
    assert len(far.messages) == 2


@pytest.mark.parametrize("url", ["pop3://u:p@host/", "imaps://host/", "imaps://u:pa/ss@host:x/", "imaps:///INBOX"])
def test_an_address_that_is_no_mailbox_is_told_without_the_password(url: str) -> None:
    with pytest.raises(ConfigError, match="imap is a URL such as") as error:
        mailbox_from_url(url)
    assert "pa/ss" not in str(error.value)


def test_a_mailbox_is_named_by_its_url() -> None:
    assert mailbox_from_url("imaps://us%40example.org:p%2Fw@mail.example.org/Bounces") == Mailbox(
        "mail.example.org", 993, "us@example.org", "p/w", "Bounces"
    )


def test_a_message_that_nobody_addressed_has_no_envelope() -> None:
    assert envelope_of(b"Subject: x\r\n\r\n") == Envelope(None, ())
