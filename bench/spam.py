"""SpamAssassin's opinion of every mail that comes with the product, by a real daemon and by the command.

How many are fine, of all; whether an advertisement that everybody knows is noticed; mails a second. Needs Debian's
packages spamd and spamassassin; the daemon is started on a free port, without the network's tests.
"""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from bench import Case
from syndication.deliver.message import MessageBuilder, Occasion, Reader, Secrets
from syndication.deliver.spamassassin import MOST_POINTS, SpamOpinion, spam_opinion
from syndication.domain.delivery import DeliveryKind, DeliveryName
from syndication.domain.digests import MailBody
from tests.support.mailing import KEYS, NOW, SITE
from tests.support.mails import every_mail
from tests.support.stories import WEEKLY

# Source: spamassassin.apache.org/gtube, which every installation scores with 1,000 points.
_GTUBE: Final = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
_BY_COMMAND: Final = 3


def run() -> Iterator[Case]:
    """Both ways over the same mails."""
    mails = [_message(kind, body) for kind, body in every_mail()]
    kind, body = next(every_mail())
    advert = _message(kind, replace(body, text=f"{body.text}\n{_GTUBE}\n"))
    with _daemon() as address:
        begun = time.perf_counter()
        found = [_opinion(raw, address) for raw in mails]
        seconds = time.perf_counter() - begun
        fine = sum(one.points <= MOST_POINTS for one in found)
        yield Case("shipped-mails-fine", fine, "mails", len(mails))
        yield Case("advertisement-noticed", _opinion(advert, address).points > MOST_POINTS, "mails", 1)
        yield Case("daemon", len(mails) / seconds, "mails/s")
    begun = time.perf_counter()
    again = [_opinion(raw, ("127.0.0.1", 1)).points for raw in mails[:_BY_COMMAND]]
    yield Case("command", _BY_COMMAND / (time.perf_counter() - begun), "mails/s")
    same = sum(one.points == points for one, points in zip(found, again, strict=False))
    yield Case("command-agrees", same, "mails", _BY_COMMAND)


def _message(kind: str, body: MailBody) -> bytes:
    occasion = Occasion(kind, "i1", NOW, to_list=kind == "digest")
    builder = MessageBuilder(body, WEEKLY, SITE, occasion, Secrets(KEYS, b"s" * 32))
    return builder.build(DeliveryName(DeliveryKind.ISSUE, 1, 1), Reader(1, "reader@example.com")).message


def _opinion(raw: bytes, daemon: tuple[str, int]) -> SpamOpinion:
    found = spam_opinion(raw, daemon=daemon)
    assert found, "the command is not installed"
    assert not found.fault, found.fault
    return found


@contextmanager
def _daemon() -> Iterator[tuple[str, int]]:
    """A daemon of SpamAssassin that runs until the block ends, and its address."""
    found = shutil.which("spamd") or shutil.which("spamd", path="/usr/sbin")
    if not found or not shutil.which("spamassassin"):
        message = "SpamAssassin is not installed: apt-get install spamd spamassassin"
        raise SystemExit(message)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = ("127.0.0.1", int(free.getsockname()[1]))
    options = ["--local", "--max-children=1", "--listen", address[0], "--port", str(address[1]), "--syslog", "null"]
    with subprocess.Popen([found, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:  # noqa: S603 - fixed words
        try:
            _wait_for(address)
            yield address
        finally:
            process.terminate()


def _wait_for(address: tuple[str, int]) -> None:
    """It loads its rules first."""
    for _ in range(300):
        with socket.socket() as one:
            if one.connect_ex(address) == 0:
                return
        time.sleep(0.1)
    message = "SpamAssassin's daemon does not start."
    raise SystemExit(message)
