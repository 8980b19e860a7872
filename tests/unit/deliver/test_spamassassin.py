"""SpamAssassin's opinion: of its daemon, of its command, of neither; a failure of its own is told and holds nothing."""

from pathlib import Path

import pytest

from syndication.deliver.spamassassin import SpamOpinion, spam_opinion
from tests.support.spamd import OK, SpamDaemon

RAW = b"Subject: News\r\n\r\nHello.\r\n"
NOBODY = ("127.0.0.1", 1)
NONE = "no-such-command"
HEADER = (
    "X-Spam-Status: No, score={points} required=5.0 tests=HTML_MESSAGE,\\r\\n"
    "\\tMPART_ALT_DIFF,NO_RELAYS autolearn=no version=4.0.1\\r\\nSubject: News\\r\\n\\r\\nscore=99 tests=NONE\\r\\n"
)


def command(folder: Path, script: str) -> str:
    """A command of this name that does what the script says."""
    file = folder / "spamassassin"
    file.write_text(f"#!/bin/sh\ncat >/dev/null\n{script}\n")
    file.chmod(0o755)
    return str(file)


def judging(folder: Path, points: str) -> str:
    return command(folder, f"printf '{HEADER.format(points=points)}'")


def test_the_daemon_is_asked_with_the_whole_message() -> None:
    with SpamDaemon(OK % b"-1.2") as daemon:
        found = spam_opinion(RAW, daemon=daemon.address, command=NONE)
    assert found == SpamOpinion(-1.2, "HTML_MESSAGE NO_RELAYS")
    assert daemon.asked == [b"SYMBOLS SPAMC/1.5\r\nContent-length: 25\r\n\r\n" + RAW]


def test_without_a_daemon_the_command_is_asked(tmp_path: Path) -> None:
    found = spam_opinion(RAW, daemon=NOBODY, command=judging(tmp_path, "2.2"))
    assert found == SpamOpinion(2.2, "HTML_MESSAGE MPART_ALT_DIFF NO_RELAYS")


def test_without_either_nobody_is_asked() -> None:
    assert spam_opinion(RAW, daemon=NOBODY, command=NONE) is None


def test_a_daemon_that_is_slow_is_told_and_not_waited_for() -> None:
    with SpamDaemon(wait_s=0.4) as daemon:
        found = spam_opinion(RAW, daemon=daemon.address, command=NONE, timeout_s=0.05)
        words = f"its daemon at port {daemon.address[1]} does not answer"
    assert found
    assert words in found.fault


@pytest.mark.parametrize("answer", [b"", b"SPAMD/1.0 76 Bad header line\r\n\r\n", b"\xff\xfe", b"x" * 200_000])
def test_a_daemon_that_answers_nonsense_is_told(answer: bytes) -> None:
    with SpamDaemon(answer) as daemon:
        found = spam_opinion(RAW, daemon=daemon.address, command=NONE)
    assert found
    assert found.fault.startswith("its daemon answers '")
    assert len(found.fault) < 200


def test_the_command_stands_in_for_a_daemon_that_fails(tmp_path: Path) -> None:
    with SpamDaemon(b"") as daemon:
        found = spam_opinion(RAW, daemon=daemon.address, command=judging(tmp_path, "0.7"))
    assert found == SpamOpinion(0.7, "HTML_MESSAGE MPART_ALT_DIFF NO_RELAYS")


@pytest.mark.parametrize(
    ("script", "fault"),
    [
        ("exit 2", "the command ends with 2 and no verdict"),
        ("echo 'Subject: News'", "the command ends with 0 and no verdict"),
        ("exec sleep 5", "the command fails (TimeoutExpired)"),
    ],
)
def test_a_command_that_fails_is_told(tmp_path: Path, script: str, fault: str) -> None:
    found = spam_opinion(RAW, daemon=NOBODY, command=command(tmp_path, script), timeout_s=0.3)
    assert found == SpamOpinion(0.0, "", fault)


def test_a_command_that_cannot_be_run_is_told(tmp_path: Path) -> None:
    file = tmp_path / "spamassassin"
    file.write_bytes(b"\x7fELF")
    file.chmod(0o755)
    found = spam_opinion(RAW, daemon=NOBODY, command=str(file))
    assert found == SpamOpinion(0.0, "", "the command fails (OSError)")
