"""SpamAssassin's opinion of a message, where it is installed: of its daemon on this machine, else of its command.

The daemon answers in 0.1 s, the command loads all rules anew, in 1.1 s (measured). Source: spamd/PROTOCOL of SpamAssassin.
"""

import re
import shutil
import socket
import subprocess
from contextlib import suppress
from typing import Final, NamedTuple

MOST_POINTS: Final = 1.0
"""A digest of the templates that come with the product has -1.0 without the network's tests (measured)."""

DAEMON: Final = ("127.0.0.1", 783)

_SCORE: Final = re.compile(rb"^X-Spam-Status:[^\n]*?score=(-?\d+(?:\.\d+)?)", re.MULTILINE)
_TESTS: Final = re.compile(rb"tests=([A-Z0-9_, ]+)")
_VERDICT: Final = re.compile(rb"^Spam: *\w+ *; *(-?\d+(?:\.\d+)?) */", re.MULTILINE)
_TIMEOUT_S: Final = 20.0
_MOST_BYTES: Final = 65_536
_LONGEST_LINE: Final = 100


class SpamOpinion(NamedTuple):
    """points: the more, the worse. tests: those that gave them. fault: why there is no opinion, though it is installed."""

    points: float
    tests: str
    fault: str = ""


def spam_opinion(
    raw: bytes,
    *,
    daemon: tuple[str, int] = DAEMON,
    command: str = "spamassassin",
    timeout_s: float = _TIMEOUT_S,
) -> SpamOpinion | None:
    """What SpamAssassin thinks of a message; None when it is not installed here. Takes up to twice `timeout_s`."""
    asked = _daemon(raw, daemon, timeout_s)
    if asked is not None and not asked.fault:
        return asked
    found = shutil.which(command)
    return _command(raw, found, timeout_s) if found else asked


def _daemon(raw: bytes, daemon: tuple[str, int], timeout_s: float) -> SpamOpinion | None:
    """None when no daemon listens."""
    try:
        with socket.create_connection(daemon, timeout_s) as connection:
            connection.settimeout(timeout_s)
            connection.sendall(b"SYMBOLS SPAMC/1.5\r\nContent-length: %d\r\n\r\n%b" % (len(raw), raw))
            with suppress(OSError):  # some close first
                connection.shutdown(socket.SHUT_WR)
            answer = _read(connection)
    except ConnectionRefusedError:
        return None
    except OSError as error:
        return _without(f"its daemon at port {daemon[1]} does not answer ({error})")
    head, _, tests = answer.partition(b"\r\n\r\n")
    verdict = _VERDICT.search(head)
    if verdict is None:
        line = head.decode("ascii", "replace").partition("\n")[0].strip()
        return _without(f"its daemon answers '{line[:_LONGEST_LINE]}'")
    return SpamOpinion(float(verdict[1]), _words(tests.strip()))


def _read(connection: socket.socket) -> bytes:
    parts = b""
    while (part := connection.recv(4096)) and len(parts) < _MOST_BYTES:
        parts += part
    return parts


def _command(raw: bytes, command: str, timeout_s: float) -> SpamOpinion:
    try:
        done = subprocess.run([command, "-L", "-t"], input=raw, capture_output=True, timeout=timeout_s, check=False)  # noqa: S603 - found on the path
    except (OSError, subprocess.TimeoutExpired) as error:
        return _without(f"the command fails ({type(error).__name__})")
    lines = done.stdout.replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    header = lines.replace(b"\n\t", b" ").replace(b"\n ", b" ")
    score, tests = _SCORE.search(header), _TESTS.search(header)
    if score is None:
        return _without(f"the command ends with {done.returncode} and no verdict")
    return SpamOpinion(float(score[1]), _words(tests[1]) if tests else "")


def _words(tests: bytes) -> str:
    return " ".join(tests.decode("ascii", "replace").replace(",", " ").split())


def _without(fault: str) -> SpamOpinion:
    return SpamOpinion(0.0, "", fault)
