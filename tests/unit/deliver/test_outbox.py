"""The outbox: a message is a whole file or none, and sending it twice leaves one."""

import asyncio
import os
from pathlib import Path

from syndication.deliver.outbox import OutboxTransport
from syndication.domain.delivery import Accepted, Deferred, DeliveryKind, DeliveryName, Mail, Outcome

MAIL = Mail(DeliveryName(DeliveryKind.NOTICE, 3, 4), "a@b.test", "c@d.test", (b"Subject: x\r\n\r\ny\r\n",))


def sent(folder: Path, mail: Mail = MAIL) -> Outcome:
    async def send() -> Outcome:
        connection = await OutboxTransport(folder).connect()
        if isinstance(connection, Deferred):
            return connection
        assert not isinstance(connection, Outcome)
        assert connection.is_usable
        outcome = await connection.send(mail)
        await connection.close()
        return outcome

    return asyncio.run(send())


def test_a_message_is_a_file_named_by_its_delivery(tmp_path: Path) -> None:
    outcome = sent(tmp_path / "var" / "outbox")
    assert isinstance(outcome, Accepted)
    assert outcome.reply.text == "Kept as n3-4.eml"
    assert (tmp_path / "var" / "outbox" / "n3-4.eml").read_bytes() == MAIL.message


def test_folder_and_file_are_for_their_owner_alone(tmp_path: Path) -> None:
    folder, before = tmp_path / "var" / "outbox", os.umask(0o022)
    try:
        sent(folder)
    finally:
        os.umask(before)
    assert [path.stat().st_mode & 0o777 for path in (folder, folder / "n3-4.eml")] == [0o700, 0o600]


def test_sending_twice_leaves_one_file(tmp_path: Path) -> None:
    assert sent(tmp_path) == sent(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["n3-4.eml"]


def test_a_folder_that_cannot_be_made_defers(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    outcome = sent(tmp_path / "file")
    assert isinstance(outcome, Deferred)
    assert outcome.lane


def test_a_file_that_cannot_be_written_defers(tmp_path: Path) -> None:
    (tmp_path / "n3-4.part").mkdir()
    outcome = sent(tmp_path)
    assert isinstance(outcome, Deferred)
    assert outcome.lane
