"""Connect, greet, encrypt, log in: everything before the first mail."""

import asyncio
import base64
import ssl
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from syndication.deliver.wire import Wire
from syndication.domain.delivery import Reply

_GREETED: Final = 220
_DONE: Final = 250
_ASKS: Final = 334
_LOGGED_IN: Final = 235


class Tls(StrEnum):
    """How a connection is encrypted; never 'when offered', which anybody in between can prevent."""

    STARTTLS = "starttls"
    IMPLICIT = "implicit"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds. content: a shorter wait after the final dot makes duplicates. Source: RFC 5321 section 4.5.3.2."""

    connect: float = 30.0
    command: float = 300.0
    content: float = 600.0


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where mail is handed over and how. helo: our own name. trust: verifies the server's certificate and host name."""

    host: str
    port: int
    tls: Tls = Tls.STARTTLS
    user: str = ""
    password: str = field(default="", repr=False)
    helo: str = "localhost"
    trust: ssl.SSLContext | None = None
    timeouts: Timeouts = Timeouts()

    def trusted(self) -> ssl.SSLContext:
        """Who is believed: a given context, else the system's authorities."""
        return self.trust or ssl.create_default_context()


class RefusedError(Exception):
    """The server will not have us, or we will not have it; `reply` says why."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.text)
        self.reply = reply


async def open_wire(server: SmtpServer) -> tuple[Wire, dict[str, str]]:
    """A connection that is greeted, encrypted and logged in, and what the server offers, by EHLO keyword.

    Raises RefusedError, LostError, OSError or TimeoutError.
    """
    loop = asyncio.get_running_loop()
    trust = server.trusted() if server.tls is Tls.IMPLICIT else None
    async with asyncio.timeout(server.timeouts.connect):
        _, wire = await loop.create_connection(Wire, server.host, server.port, ssl=trust)
        try:
            return wire, await _begin(server, wire)
        except BaseException:
            wire.end("We gave up")
            raise


async def _begin(server: SmtpServer, wire: Wire) -> dict[str, str]:
    await _expect(server, wire, _GREETED)
    offers = await _hello(server, wire)
    if server.tls is Tls.STARTTLS:
        offers = await _encrypt(server, wire, offers)
    if server.user:
        await _log_in(server, wire, offers)
    return offers


async def _expect(server: SmtpServer, wire: Wire, code: int) -> Reply:
    reply = await wire.reply(server.timeouts.command)
    if reply.code != code:
        raise RefusedError(reply)
    return reply


async def _hello(server: SmtpServer, wire: Wire) -> dict[str, str]:
    wire.write(f"EHLO {server.helo}\r\n".encode())
    reply = await _expect(server, wire, _DONE)
    pairs = (line.partition(" ") for line in reply.text.split("\n")[1:])
    return {name.upper(): value for name, _, value in pairs}


async def _encrypt(server: SmtpServer, wire: Wire, offers: dict[str, str]) -> dict[str, str]:
    if "STARTTLS" not in offers:
        reason = f"{server.host} offers no STARTTLS. Nothing is sent in clear unless the URL says starttls=off."
        raise RefusedError(Reply(0, "", reason))
    wire.write(b"STARTTLS\r\n")
    await _expect(server, wire, _GREETED)
    await wire.upgrade(server.trusted(), server.host)
    return await _hello(server, wire)


async def _log_in(server: SmtpServer, wire: Wire, offers: dict[str, str]) -> None:
    methods = offers.get("AUTH", "").upper().split()
    if "PLAIN" in methods:
        wire.write(b"AUTH PLAIN " + _base64(f"\0{server.user}\0{server.password}") + b"\r\n")
    elif "LOGIN" in methods:
        wire.write(b"AUTH LOGIN\r\n")
        await _expect(server, wire, _ASKS)
        wire.write(_base64(server.user) + b"\r\n")
        await _expect(server, wire, _ASKS)
        wire.write(_base64(server.password) + b"\r\n")
    else:
        raise RefusedError(Reply(0, "", f"{server.host} offers neither AUTH PLAIN nor AUTH LOGIN"))
    await _expect(server, wire, _LOGGED_IN)


def _base64(text: str) -> bytes:
    return base64.b64encode(text.encode())
