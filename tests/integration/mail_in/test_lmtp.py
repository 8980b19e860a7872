"""A mail server hands mail over by LMTP: one answer a message, and 'later' when it cannot be taken in."""

import smtplib
from collections.abc import Iterator
from pathlib import Path

import pytest

from syndication.deliver.back_channel import BackChannel
from syndication.deliver.lmtp import LmtpServer
from syndication.domain.errors import ConfigError
from syndication.domain.incoming import Envelope


class Keeper:
    """Takes in messages, or fails."""

    def __init__(self) -> None:
        self.taken: list[tuple[bytes, Envelope]] = []
        self.is_broken = False

    def __call__(self, raw: bytes, envelope: Envelope) -> bool:
        if self.is_broken:
            message = "no database"
            raise RuntimeError(message)
        self.taken.append((raw, envelope))
        return True


@pytest.fixture
def keeper() -> Keeper:
    return Keeper()


@pytest.fixture
def socket_path(keeper: Keeper, tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "lmtp.sock"
    server = LmtpServer(f"unix:{path}", keeper)
    server.start()
    yield path
    server.stop()
    assert not path.exists()


def test_a_bounce_arrives_with_its_null_sender(keeper: Keeper, socket_path: Path) -> None:
    with smtplib.LMTP(str(socket_path)) as client:
        client.sendmail("", ["bounces+x@news.example.org"], b"Subject: failed\r\n\r\n.dot\r\n")
    ((raw, envelope),) = keeper.taken
    assert envelope == Envelope("", ("bounces+x@news.example.org",))
    assert raw == b"Subject: failed\r\n\r\n.dot\r\n"


def test_a_second_recipient_comes_in_a_message_of_its_own(keeper: Keeper, socket_path: Path) -> None:
    with smtplib.LMTP(str(socket_path)) as client:
        refused = client.sendmail("a@example.org", ["one@example.org", "two@example.org"], b"Hi\r\n")
    assert refused == {"two@example.org": (452, b"4.5.3 One recipient at a time")}
    assert [envelope.recipients for _, envelope in keeper.taken] == [("one@example.org",)]


def test_what_cannot_be_taken_in_is_kept_by_the_mail_server(keeper: Keeper, socket_path: Path) -> None:
    keeper.is_broken = True
    with smtplib.LMTP(str(socket_path)) as client:
        with pytest.raises(smtplib.SMTPDataError, match="451"):
            client.sendmail("", ["one@example.org"], b"Hi\r\n")
        keeper.is_broken = False
        client.sendmail("", ["one@example.org"], b"Hi\r\n")
    assert len(keeper.taken) == 1


@pytest.mark.parametrize("listen", ["0.0.0.0:2424", "mail.example.org:2424", "127.0.0.1", "127.0.0.1:99999", "lmtp"])
def test_only_this_machine_may_speak_to_it(keeper: Keeper, listen: str) -> None:
    with pytest.raises(ConfigError, match="only this machine may reach it"):
        LmtpServer(listen, keeper)


def test_an_address_that_is_taken_is_told_and_stops_nothing_else(keeper: Keeper, tmp_path: Path) -> None:
    nowhere = tmp_path / "missing" / "lmtp.sock"
    with pytest.raises(ConfigError, match="nothing can listen there"):
        LmtpServer(f"unix:{nowhere}", keeper).start()
    channel = BackChannel(f"unix:{nowhere}", "", keeper)
    channel.start()
    channel.poll()
    assert not channel.has_mailbox
    channel.stop()
