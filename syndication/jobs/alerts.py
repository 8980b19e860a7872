"""What is wrong → the operator, by every channel that is set up; once per cause, again only when it came back."""

import asyncio
import shlex
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog

from syndication.deliver.alert_mail import send_alert
from syndication.domain.troubles import Trouble
from syndication.net.webhook import post_json
from syndication.store.alerting import keep_troubles, mark_told, mark_untold
from syndication.store.console import troubles
from syndication.store.database import Database

_COMMAND_SECONDS: Final = 20

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Channels:
    """How the operator hears of trouble; empty ones are not used. smtp: URL of a server, with sender and recipient."""

    site: str
    webhook: str = ""
    command: str = ""
    smtp: str = ""
    sender: str = ""
    recipient: str = ""


def tell_troubles(database: Database, channels: Channels, besides: Sequence[Trouble], now: datetime) -> int:
    """Tell what is newly wrong and not told yet; answers how many causes were told. besides: troubles of this machine.

    now: aware UTC. A cause counts as told when one channel took it; without any channel the log is the only one.
    """
    with database.read() as session:
        found = [*troubles(session, now), *besides]
    with database.write() as session:
        new = keep_troubles(session, found, now)
    told = 0
    for trouble in new:
        _log.error("trouble", cause=trouble.cause, what=trouble.what)
        faults = list(_tell(channels, trouble, now))
        is_told = not faults or "" in faults
        with database.write() as session:
            if is_told:
                mark_told(session, [trouble.cause], now)
            else:
                mark_untold(session, [trouble.cause], "; ".join(faults), now)
                _log.error("alert_failed", cause=trouble.cause, faults=faults)
        told += is_told
    return told


def _tell(channels: Channels, trouble: Trouble, now: datetime) -> Iterator[str]:
    """For each channel why it failed, "" when it did not."""
    words = f"{trouble.what}\n\n{trouble.remedy}\n\n{channels.site}/admin/\n"
    if channels.webhook:
        value = {"cause": trouble.cause, "what": trouble.what, "remedy": trouble.remedy, "site": channels.site}
        yield post_json(channels.webhook, value)
    if channels.command:
        yield _run(channels.command, words)
    if channels.smtp:
        envelope = (channels.sender or channels.recipient, channels.recipient)
        yield asyncio.run(send_alert(channels.smtp, envelope, trouble.what[:120], words, now))


def _run(command: str, words: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - the operator's own settings name it; no shell
            shlex.split(command), input=words, capture_output=True, text=True, timeout=_COMMAND_SECONDS, check=False
        )
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        return f"the command failed: {error}"
    return "" if done.returncode == 0 else f"the command ended with {done.returncode}: {done.stderr.strip()[:200]}"
