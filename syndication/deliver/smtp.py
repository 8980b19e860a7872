"""Message → server: our own SMTP stages, so that every ending has one certain meaning.

Libraries raise the same error before and after a server took a message (measured). Here nothing of a message leaves
before the server's 354, so whatever ends earlier was certainly not sent; whatever ends later without a reply is
unknown. MAIL, RCPT and DATA go out in one write where the server offers PIPELINING. Source: RFC 5321; RFC 2920;
RFC 1047 for the gap that no protocol closes.
"""

import ipaddress
import ssl
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Never
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from syndication.deliver.greeting import RefusedError, SmtpServer, Timeouts, Tls, open_wire
from syndication.deliver.headers import is_writable
from syndication.deliver.replies import Stage, outcome_of
from syndication.deliver.wire import LostError, Wire
from syndication.domain.delivery import Deferred, Failed, Fault, Mail, Outcome, Reply, Unknown
from syndication.domain.errors import ConfigError
from syndication.domain.seams import Connection

_GOODBYE_S: Final = 2.0
_GO_ON: Final = 354
_CLOSING: Final = 421
_EXAMPLE: Final = "smtp://user:password@mail.example.org:587"


@dataclass(frozen=True, slots=True)
class SmtpTransport:
    """The one relay, over at most `connections` connections. Implements `domain.seams.Transport`."""

    server: SmtpServer
    connections: int = 4

    @property
    def has_lanes(self) -> bool:
        """One relay is one lane."""
        return False

    async def connect(self) -> Connection | Outcome:
        """A connection that is greeted, encrypted and logged in, or why there is none."""
        server = self.server
        try:
            wire, offers = await open_wire(server)
            return SmtpConnection(wire, offers, server.timeouts)
        except RefusedError as error:
            return Deferred(error.reply, lane=True)
        except TimeoutError:
            reason = f"no answer within {server.timeouts.connect:g} s"
        except (OSError, LostError) as error:
            reason = str(error)
        return Deferred(Reply(0, "", f"{server.host}:{server.port}: {reason}"), lane=True)


class SmtpConnection:
    """One open connection. Implements `domain.seams.Connection`."""

    def __init__(self, wire: Wire, offers: dict[str, str], timeouts: Timeouts) -> None:
        self._wire = wire
        self._offers = offers
        self._timeouts = timeouts
        self._is_usable = True
        self._is_pipelined = "PIPELINING" in offers
        self._has_size = "SIZE" in offers
        self._has_dsn = "DSN" in offers
        size = offers.get("SIZE", "")
        self._largest = int(size) if size.isdecimal() else 0

    @property
    def is_usable(self) -> bool:
        """Whether another mail may be sent over it."""
        return self._is_usable and self._wire.is_open

    async def send(self, mail: Mail) -> Outcome:
        """Send one mail; every ending is an outcome."""
        impossible = self._impossible(mail)
        if impossible:
            return impossible
        if not self._is_pipelined:
            return await self._step_by_step(mail)
        wire = self._wire
        try:
            wire.offer(self._pipelined(mail), _content_of(mail), self._timeouts.content)
            reply = await self._answer()
        except LostError as error:
            return Unknown(str(error)) if wire.withdraw() else Deferred(Reply(0, "", str(error)), lane=True)
        return outcome_of(reply, Stage.CONTENT) if wire.withdraw() else await self._step_by_step(mail, reply)

    async def close(self) -> None:
        """Say QUIT, wait a moment for the answer, and hang up."""
        with suppress(LostError):
            self._wire.write(b"QUIT\r\n")
            await self._wire.reply(_GOODBYE_S)
        self._wire.end("We closed the connection")

    def abandon(self) -> None:
        """See `domain.seams.Connection`."""
        self._wire.end("The service was stopped while the server had not answered")

    def _impossible(self, mail: Mail) -> Outcome | None:
        """Why a mail can never be sent over this connection, without asking the server."""
        if not is_writable(mail.recipient):
            return Failed(Reply(553, "5.1.3", "Not an address that mail can be sent to"), Fault.RECIPIENT)
        if not mail.recipient.isascii() and "SMTPUTF8" not in self._offers:
            return Failed(Reply(553, "5.6.7", "The mail server takes no international addresses"), Fault.MESSAGE)
        if 0 < self._largest < mail.size:
            return Failed(Reply(552, "5.3.4", f"The mail server takes {self._largest} bytes at most"), Fault.MESSAGE)
        return None

    def _pipelined(self, mail: Mail) -> bytes:
        """The whole envelope in one write. Where all of it is granted at once, the message follows without our waking up."""
        return self._mail_line(mail) + self._rcpt_line(mail) + b"DATA\r\n"

    async def _step_by_step(self, mail: Mail, first: Reply | None = None) -> Outcome:
        """One reply after another. first: the first answer to an envelope that was pipelined."""
        try:
            refused = await self._envelope(mail, first)
        except LostError as error:
            return Deferred(Reply(0, "", str(error)), lane=True)
        return refused or await self._content(mail)

    async def _envelope(self, mail: Mail, first: Reply | None) -> Outcome | None:
        """MAIL, RCPT and DATA: None when the server waits for the message, else the outcome."""
        commands = (
            (Stage.MAIL, self._mail_line(mail)),
            (Stage.RCPT, self._rcpt_line(mail)),
            (Stage.CONTENT, b"DATA\r\n"),
        )
        for stage, line in commands:
            if not self._is_pipelined:
                self._wire.write(line)
            reply = first or await self._answer()
            first = None
            is_fine = reply.code == _GO_ON if stage is Stage.CONTENT else reply.code // 100 == 2  # noqa: PLR2004 - 2yz
            if not is_fine:
                await self._clear(stage)
                return _definite(reply, stage)
        return None

    async def _clear(self, refused: Stage) -> None:
        """End a transaction of which one stage was refused, the answers to what was already written included."""
        try:
            if self._is_pipelined:
                await self._skip_answers(refused)
            if self.is_usable:
                self._wire.write(b"RSET\r\n")
                await self._answer()
        except LostError:
            self._is_usable = False

    async def _skip_answers(self, refused: Stage) -> None:
        """A server that asks for the message all the same gets none: a lone dot. Source: RFC 2920 section 3.1."""
        last = Reply(0, "", "")
        for _ in range(Stage.CONTENT.value - refused.value):
            last = await self._answer()
        if last.code == _GO_ON:
            self._wire.write(b".\r\n")
            await self._answer()

    async def _content(self, mail: Mail) -> Outcome:
        try:
            self._wire.write(*_content_of(mail))
        except LostError as error:
            return Deferred(Reply(0, "", str(error)), lane=True)
        try:
            return outcome_of(await self._answer(self._timeouts.content), Stage.CONTENT)
        except LostError as error:
            return Unknown(str(error))

    async def _answer(self, timeout_s: float | None = None) -> Reply:
        reply = await self._wire.reply(self._timeouts.command if timeout_s is None else timeout_s)
        if reply.code == _CLOSING:
            self._is_usable = False
        return reply

    def _mail_line(self, mail: Mail) -> bytes:
        line = f"MAIL FROM:<{mail.sender}>"
        if self._has_size:
            line += f" SIZE={mail.size}"
        if not mail.recipient.isascii():
            line += " BODY=8BITMIME SMTPUTF8"
        if self._has_dsn:
            line += f" RET=HDRS ENVID={_xtext(mail.envelope_id or mail.name.text)}"
        return f"{line}\r\n".encode()

    def _rcpt_line(self, mail: Mail) -> bytes:
        line = f"RCPT TO:<{mail.recipient}>"
        if self._has_dsn and mail.recipient.isascii():
            line += f" NOTIFY=FAILURE ORCPT=rfc822;{_xtext(mail.recipient)}"
        return f"{line}\r\n".encode()


def _content_of(mail: Mail) -> tuple[bytes, ...]:
    if mail.is_dotless and mail.parts[-1].endswith(b"\r\n"):
        return *mail.parts, b".\r\n"
    message = _dot_stuffed(mail.message)
    return message, b".\r\n" if message.endswith(b"\r\n") else b"\r\n.\r\n"


def _definite(reply: Reply, stage: Stage) -> Outcome:
    """The outcome of an envelope that was not accepted; a 2yz or 3yz out of place sends nothing either."""
    if reply.code // 100 in {4, 5}:
        return outcome_of(reply, stage)
    return Deferred(reply, lane=True)


def _xtext(text: str) -> str:
    """Source: RFC 3461 section 4."""
    return text.replace("+", "+2B").replace("=", "+3D")


def _dot_stuffed(message: bytes) -> bytes:
    """Source: RFC 5321 section 4.5.2."""
    return (b"." if message.startswith(b".") else b"") + message.replace(b"\r\n.", b"\r\n..")


def smtp_transport_from_url(url: str, *, connections: int = 4, starttls: str = "required") -> SmtpTransport:
    """The relay that a URL names: `smtp://user:password@host:587?starttls=required`, or `smtps://…` for TLS at once.

    In the query: starttls=required|off (else the argument counts), ca=FILE with the certificates to believe instead of
    the system's, helo=NAME for our own name. Ports default to 587 and 465. User and password are percent-decoded.
    Raises ConfigError, without the password in it.
    """
    parts, options = _split(url)
    mode = options.pop("starttls", starttls)
    authorities = options.pop("ca", "")
    helo = options.pop("helo", "localhost")
    if options:
        _refuse(f"it has an unknown option {min(options)!r}; known are starttls, ca and helo")
    if mode not in {"required", "off"}:
        _refuse(f"starttls is {mode!r}; it can be required or off")
    tls = Tls.IMPLICIT if parts.scheme == "smtps" else Tls.STARTTLS if mode == "required" else Tls.OFF
    host = parts.hostname or ""
    if parts.username and tls is Tls.OFF and not _is_loopback(host):
        _refuse("it would send the password in clear; use starttls=required or smtps://")
    server = SmtpServer(
        host=host,
        port=parts.port or (465 if tls is Tls.IMPLICIT else 587),
        tls=tls,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        helo=helo,
        trust=_trust(authorities) if authorities else None,
    )
    return SmtpTransport(server, connections)


def _split(url: str) -> tuple[SplitResult, dict[str, str]]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        _refuse("its host or port cannot be read; percent-encode special characters of the password")
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname or port == 0 or parts.path not in {"", "/"}:
        _refuse("it does not have that form")
    return parts, dict(parse_qsl(parts.query, keep_blank_values=True))


def _refuse(reason: str) -> Never:
    message = f"The mail transport is 'outbox' or a URL such as {_EXAMPLE}; {reason}."
    raise ConfigError(message)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _trust(file: str) -> ssl.SSLContext:
    if not Path(file).is_file():
        _refuse(f"its ca file {file!r} does not exist")
    try:
        return ssl.create_default_context(cafile=file)
    except ssl.SSLError:
        _refuse(f"its ca file {file!r} holds no certificate in PEM form")
