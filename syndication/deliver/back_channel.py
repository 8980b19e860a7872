"""The ways mail comes back to us, together: the LMTP listener and the mailbox, whichever is set."""

import imaplib
from collections.abc import Callable
from typing import Final

import structlog

from syndication.deliver.imap import fetch_mailbox, mailbox_from_url
from syndication.deliver.lmtp import LmtpServer
from syndication.domain.errors import ConfigError
from syndication.domain.incoming import Envelope

_log = structlog.get_logger()

Take = Callable[[bytes, Envelope], bool]
"""Takes in one message; whether it was recognised."""

_UNREADABLE: Final = (OSError, imaplib.IMAP4.error, EOFError, ValueError)


class BackChannel:
    """Both ways, "" for one that is not used. Raises ConfigError for a setting that cannot be meant."""

    def __init__(self, listen: str, mailbox_url: str, take: Take) -> None:
        self._take = take
        self._server = LmtpServer(listen, take) if listen else None
        self._mailbox = mailbox_from_url(mailbox_url) if mailbox_url else None

    @property
    def has_mailbox(self) -> bool:
        """Whether `poll` has anything to do."""
        return self._mailbox is not None

    def start(self) -> None:
        """Begin to listen; when another process does so already, it is left to that one."""
        if self._server:
            try:
                self._server.start()
            except ConfigError as error:
                _log.error("mail_in_not_listening", reason=str(error))
                self._server = None

    def stop(self) -> None:
        """Stop listening."""
        if self._server:
            self._server.stop()

    def poll(self) -> None:
        """Look into the mailbox; one that cannot be read is looked at again next time."""
        if self._mailbox:
            try:
                fetch_mailbox(self._mailbox, self._take)
            except _UNREADABLE as error:
                _log.warning("mailbox_not_read", host=self._mailbox.host, reason=str(error))
