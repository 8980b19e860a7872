"""A real Postfix on this machine: what is queued, what bounces, a complaint, an unsubscribe mail, and DKIM after the hop.

Each figure is how many came out right, the limit how many there were. Mail goes to a private Postfix, from there to a
server that refuses some readers; the bounces, the complaint and the unsubscribe mail come back by LMTP, the signatures are
verified where the mails arrive, by dkimpy and by OpenDKIM. Needs root and the packages postfix and opendkim.
"""

import logging
import os
import pwd
import shutil
import smtplib
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import dkim
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from sqlmodel import select

from bench import Case
from bench._databases import fresh_database
from syndication.cli.logs import log_from
from syndication.deliver.dkim import Dkim, DkimKey
from syndication.deliver.lmtp import LmtpServer
from syndication.deliver.smtp import smtp_transport_from_url
from syndication.domain.delivery import ReturnAddresses
from syndication.domain.incoming import Envelope
from syndication.domain.states import DeliveryState, SubscriptionStatus
from syndication.jobs.deliver import deliver_ready
from syndication.jobs.mail_in import MailIn
from syndication.store.database import Database
from syndication.store.tables import SubscriptionRow, SuppressionRow
from tests.support.bounces import LOCK, complaint, unsubscribe_address
from tests.support.mailing import POST, Mailing, add_mailing, states
from tests.support.smtp import Received, SmtpServer, Stage

NOW: Final = datetime(2026, 11, 6, 7, 30, tzinfo=UTC)
READERS: Final = 200
GONE: Final = 20
OURS: Final = "news.example.org"
PATIENCE_S: Final = 60.0
JUDGED: Final = 5
DKIM: Final = Dkim(OURS, (DkimKey("s1", generate_private_key(65537, 2048)),))
BACK: Final = ReturnAddresses(f"bounces@{OURS}", verp=True, unsubscribe_address=f"unsubscribe@{OURS}")
_MASTER: Final = Path("/usr/share/postfix/master.cf.dist")
_MAIN: Final = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
myhostname = mx.{ours}
inet_interfaces = loopback-only
inet_protocols = ipv4
mydestination =
local_recipient_maps =
alias_maps =
alias_database =
mynetworks = 127.0.0.0/8
relay_domains = *
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_peername_lookup = no
smtp_dns_support_level = disabled
smtp_host_lookup = native
recipient_delimiter = +
smtpd_client_connection_count_limit = 0
default_destination_recipient_limit = 1
lmtp_destination_recipient_limit = 1
transport_maps = inline:{{ {{ {ours} = lmtp:inet:127.0.0.1:{lmtp} }}, {{ * = smtp:[127.0.0.1]:{far} }} }}
"""


def run() -> Iterator[Case]:
    """The same round on both databases."""
    _require_postfix()
    log_from(logging.ERROR)
    for name in ("sqlite", "postgresql"):
        with fresh_database(name) as database:
            yield from _round(name, database)


def _round(name: str, database: Database) -> Iterator[Case]:
    mailing = add_mailing(database, NOW, READERS, batch=100)
    office = replace(POST, dkim=DKIM, back=BACK)
    mail_in = MailIn(database, LOCK, POST.suppression_key)
    ports = _free_port(), _free_port()
    lmtp = LmtpServer(f"127.0.0.1:{ports[0]}", lambda raw, envelope: _take(mail_in, raw, envelope))
    with SmtpServer(fault=_refuse) as far, _postfix(ports, int(far.url.partition("?")[0].rpartition(":")[2])):
        lmtp.start()
        try:
            begun = time.perf_counter()
            transport = smtp_transport_from_url(f"smtp://127.0.0.1:{ports[1]}?starttls=off", connections=4)
            report = deliver_ready(database, transport, office, lambda: NOW, lambda: False)
            yield Case(f"{name}-queued", report.accepted, "mails", READERS)
            arrived = _until(lambda: len(far.messages), READERS - GONE)
            yield Case(f"{name}-arrived", arrived, "mails", READERS - GONE)
            bounced = _until(lambda: states(database, mailing.issue_id).get(DeliveryState.BOUNCED, 0), GONE)
            yield Case(f"{name}-bounced", bounced, "readers", GONE)
            yield Case(f"{name}-rate", READERS / (time.perf_counter() - begun), "mails/s")
            yield Case(f"{name}-suppressed", _suppressed(database), "readers", GONE)
            raw = [one.message for one in far.messages]
            yield Case(f"{name}-dkimpy", sum(map(_is_verified, raw)), "mails", len(raw))
            judged = raw[:JUDGED]
            yield Case(f"{name}-opendkim", sum(map(_is_passed, judged)), "mails", len(judged))
            yield from _answers(name, database, mailing, (ports[1], far.messages))
        finally:
            lmtp.stop()


def _answers(name: str, database: Database, mailing: Mailing, post: tuple[int, list[Received]]) -> Iterator[Case]:
    """A reader who complains and one who leaves by an empty mail."""
    port, messages = post
    annoyed, leaver = messages[0], messages[1]
    returned = annoyed.message.decode("ascii").partition("\r\n\r\n")[0] + "\r\n"
    _send(port, "fbl@provider.example", f"weekly@{OURS}", complaint(returned))
    complained = _until(lambda: states(database, mailing.issue_id).get(DeliveryState.COMPLAINED, 0), 1)
    yield Case(f"{name}-complained", complained, "readers", 1)
    _send(port, leaver.recipient, unsubscribe_address(_subscription(database, mailing, leaver)), b"Subject: \r\n\r\n")
    yield Case(f"{name}-unsubscribed", _until(lambda: _left(database, mailing, leaver), 1), "readers", 1)


def _is_verified(raw: bytes) -> bool:
    """Whether dkimpy believes a mail that arrived."""
    record = DKIM.keys[0].record.encode()
    return bool(dkim.verify(raw, dnsfunc=lambda _name, **_: record))


def _is_passed(raw: bytes) -> bool:
    """Whether OpenDKIM does."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "keys").write_text(f"s1._domainkey.{OURS} {DKIM.keys[0].record}\n", "ascii")
        (folder / "conf").write_text(f"Mode v\nTestPublicKeys {folder}/keys\n", "ascii")
        (folder / "mail").write_bytes(raw)
        command = [_tool("opendkim"), "-x", str(folder / "conf"), "-t", str(folder / "mail"), "-vv"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - fixed words
    return "pass" in done.stdout + done.stderr


def _take(mail_in: MailIn, raw: bytes, envelope: Envelope) -> bool:
    mail_in.take(raw, envelope, NOW)
    return True


def _refuse(stage: Stage, argument: str) -> object:
    """The far server: some readers are gone."""
    if stage != "rcpt":
        return None
    number = int(argument.partition("reader")[2].partition("@")[0])
    return "550 5.1.1 No such user here" if number < GONE else None


def _send(port: int, sender: str, recipient: str, message: bytes) -> None:
    with smtplib.SMTP("127.0.0.1", port) as client:
        client.sendmail(sender, [recipient], message)


def _until(count: Callable[[], int], wanted: int) -> int:
    """The count once it has reached what is wanted, or when patience ends."""
    end = time.monotonic() + PATIENCE_S
    while count() < wanted and time.monotonic() < end:
        time.sleep(0.1)
    return count()


def _suppressed(database: Database) -> int:
    with database.read() as session:
        return len(session.exec(select(SuppressionRow)).all())


def _subscription(database: Database, mailing: Mailing, of: Received) -> int:
    subscriber = mailing.subscribers[int(of.recipient.partition("reader")[2].partition("@")[0])]
    with database.read() as session:
        found = select(SubscriptionRow.id).where(SubscriptionRow.subscriber_id == subscriber)
        return session.exec(found).one() or 0


def _left(database: Database, mailing: Mailing, of: Received) -> int:
    with database.read() as session:
        row = session.get_one(SubscriptionRow, _subscription(database, mailing, of))
    return int(row.status is SubscriptionStatus.UNSUBSCRIBED)


@contextmanager
def _postfix(ports: tuple[int, int], far: int) -> Iterator[None]:
    """A Postfix with configuration, queue and log of its own. ports: of our LMTP listener and of its own SMTP server."""
    lmtp, smtp = ports
    folder = Path(tempfile.mkdtemp(prefix="postfix"))
    folder.chmod(0o755)
    for name in ("queue", "data"):
        (folder / name).mkdir()
    owner = pwd.getpwnam("postfix")
    os.chown(folder / "data", owner.pw_uid, owner.pw_gid)
    (folder / "main.cf").write_text(_MAIN.format(folder=folder, ours=OURS, lmtp=lmtp, far=far), "ascii")
    (folder / "master.cf").write_text(_master(smtp), "ascii")
    _command(folder, "start")
    try:
        _until(lambda: int(_answers_at(smtp)), 1)
        yield
    finally:
        _command(folder, "stop")
        shutil.rmtree(folder, ignore_errors=True)


def _master(port: int) -> str:
    """Debian's services without chroot, the SMTP server on a port of its own, the log by Postfix itself."""
    lines = []
    for line in _MASTER.read_text("utf-8").splitlines():
        if line.startswith("smtp ") and " inet " in line:
            lines.append(f"127.0.0.1:{port} inet n - n - - smtpd")
        elif line and not line.startswith(("#", " ")):
            words = line.split()
            words[4] = "n"
            lines.append(" ".join(words))
        elif line.startswith(" "):
            lines.append(line)
    if not any(line.startswith("postlog ") for line in lines):
        lines.append("postlog unix-dgram n - n - 1 postlogd")
    return "\n".join(lines) + "\n"


def _command(folder: Path, word: str) -> None:
    done = subprocess.run([_tool("postfix"), "-c", str(folder), word], capture_output=True, text=True, check=False)  # noqa: S603 - fixed words
    if done.returncode:
        message = f"postfix {word} failed: {done.stdout}{done.stderr}"
        raise SystemExit(message)


def _answers_at(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def _require_postfix() -> None:
    _tool("postfix")
    if os.geteuid() != 0:
        message = "Postfix is started by root alone: run this benchmark as root."
        raise SystemExit(message)


def _tool(name: str) -> str:
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    if not found:
        message = f"{name} is not installed: apt-get install {name}"
        raise SystemExit(message)
    return found
