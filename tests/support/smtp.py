"""A real SMTP server on loopback that keeps what it gets and can be told to misbehave at any stage.

    with SmtpServer() as server:
        …  # send to server.url
        assert server.messages[0].recipient == "anna@example.org"

`fault` is asked at every stage with the stage and its argument (the line after the verb; at `dot` and `stored` the
recipient). It answers None (behave), a reply such as "451 4.3.0 Later", bytes to write as they are, DROP (close without
a word) or Stall(seconds).
At `stored` the message is already kept: DROP there is the gap of RFC 1047.
"""

import asyncio
import ssl
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Literal, Self

Stage = Literal["connect", "ehlo", "starttls", "auth", "mail", "rcpt", "data", "dot", "stored", "rset", "quit"]
DROP: Final = object()


@dataclass(frozen=True, slots=True)
class Stall:
    """Wait before going on as usual."""

    seconds: float


Fault = Callable[[Stage, str], "str | object | Stall | None"]


@dataclass(frozen=True, slots=True)
class Received:
    """A message that the server took responsibility for. sender, recipient: with their ESMTP parameters cut off."""

    sender: str
    recipient: str
    message: bytes
    tls: bool
    login: str
    sender_parameters: str
    recipient_parameters: str


class _Dropped(Exception):  # noqa: N818 - a signal, not an error
    """The connection is to be closed without a word."""


@dataclass
class SmtpServer:
    """A server on 127.0.0.1.

    offers: what EHLO says; STARTTLS is added when there is a `tls` context, AUTH when there is a `password` (the base64
    that is expected: PLAIN's one word, or LOGIN's two with a space). lenient_data: DATA is answered 354 even when no
    recipient was accepted, as some servers do behind pipelining.
    """

    fault: Fault = lambda _stage, _argument: None
    offers: tuple[str, ...] = ("PIPELINING", "SIZE 10485760", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES")
    tls: ssl.SSLContext | None = None
    implicit_tls: bool = False
    password: str = ""
    offers_plain: bool = True
    lenient_data: bool = False
    port: int = 0
    messages: list[Received] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    connections: int = 0

    def __enter__(self) -> Self:
        """Listen on a free port of 127.0.0.1."""
        self._loop = asyncio.new_event_loop()
        self._stopped = asyncio.Event()
        started: Future[int] = Future()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(started),))
        self._thread.start()
        self.port = started.result(10)
        return self

    def __exit__(self, *_: object) -> None:
        """Close everything at once."""
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join(10)
        self._loop.close()

    @property
    def url(self) -> str:
        """Where to send to, without TLS."""
        return f"smtp://127.0.0.1:{self.port}?starttls=off"

    @property
    def recipients(self) -> list[str]:
        """Who got something, in order of arrival."""
        return [message.recipient for message in self.messages]

    async def _serve(self, started: "Future[int]") -> None:
        context = self.tls if self.implicit_tls else None
        server = await asyncio.start_server(self._client, "127.0.0.1", self.port, limit=2**24, ssl=context)
        started.set_result(server.sockets[0].getsockname()[1])
        await self._stopped.wait()
        server.close()
        clients = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in clients:
            task.cancel()
        await asyncio.gather(*clients, return_exceptions=True)

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with suppress(_Dropped, OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await _Session(self, reader, writer).run()
        writer.close()


class _Session:
    """One connection."""

    def __init__(self, server: SmtpServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.server = server
        self.reader = reader
        self.writer = writer
        self.tls = server.implicit_tls
        self.login = ""
        self.sender: str | None = None
        self.recipient: str | None = None

    async def run(self) -> None:
        if not await self._misbehave("connect", ""):
            await self._say("220 test.local ESMTP")
        while True:
            line = (await self.reader.readuntil(b"\r\n")).decode().removesuffix("\r\n")
            self.server.commands.append(line)
            verb, _, argument = line.partition(" ")
            handler = getattr(self, f"_{verb.lower()}", None)
            if handler is None:
                await self._say("502 5.5.1 No such command")
            else:
                await handler(argument)

    async def _say(self, *lines: str) -> None:
        for line in lines[:-1]:
            self.writer.write(f"{line[:3]}-{line[4:]}\r\n".encode())
        self.writer.write(f"{lines[-1]}\r\n".encode())
        await self.writer.drain()

    async def _misbehave(self, stage: Stage, argument: str) -> bool:
        """Whether the fault has answered already."""
        fault = self.server.fault(stage, argument)
        if fault is DROP:
            raise _Dropped
        if isinstance(fault, Stall):
            await asyncio.sleep(fault.seconds)
        if isinstance(fault, bytes):
            self.writer.write(fault)
            return True
        if isinstance(fault, str):
            await self._say(*fault.split("\n"))
            if fault.startswith("421"):
                raise _Dropped
            return True
        return False

    async def _ehlo(self, argument: str) -> None:
        if await self._misbehave("ehlo", argument):
            return
        offers = list(self.server.offers)
        if self.server.tls and not self.tls:
            offers.append("STARTTLS")
        if self.server.password:
            offers.append("AUTH PLAIN LOGIN" if self.server.offers_plain else "AUTH LOGIN")
        await self._say("250 test.local", *(f"250 {offer}" for offer in offers))

    async def _starttls(self, argument: str) -> None:
        if await self._misbehave("starttls", argument):
            return
        assert self.server.tls
        await self._say("220 2.0.0 Go")
        await self.writer.start_tls(self.server.tls)
        self.tls = True

    async def _auth(self, argument: str) -> None:
        if await self._misbehave("auth", argument):
            return
        method, _, given = argument.partition(" ")
        if method == "LOGIN":
            given = given or await self._ask("VXNlcm5hbWU6")
            given = f"{given} {await self._ask('UGFzc3dvcmQ6')}"
        if given == self.server.password:
            self.login = given
            await self._say("235 2.7.0 Welcome")
        else:
            await self._say("535 5.7.8 Wrong name or password")

    async def _ask(self, challenge: str) -> str:
        await self._say(f"334 {challenge}")
        return (await self.reader.readuntil(b"\r\n")).decode().strip()

    async def _mail(self, argument: str) -> None:
        if not await self._misbehave("mail", argument):
            self.sender = argument.removeprefix("FROM:")
            await self._say("250 2.1.0 Ok")

    async def _rcpt(self, argument: str) -> None:
        if await self._misbehave("rcpt", argument):
            return
        if self.sender is None:
            await self._say("503 5.5.1 MAIL first")
            return
        self.recipient = argument.removeprefix("TO:")
        await self._say("250 2.1.5 Ok")

    async def _data(self, argument: str) -> None:
        if await self._misbehave("data", argument):
            return
        if self.recipient is None and not self.server.lenient_data:
            await self._say("554 5.5.1 No valid recipients")
            return
        await self._say("354 Go")
        lines = []
        while (line := await self.reader.readuntil(b"\r\n")) != b".\r\n":
            lines.append(line.removeprefix(b"."))
        if self.recipient is None:
            await self._say("554 5.5.1 No valid recipients")
        else:
            await self._keep(b"".join(lines))

    async def _keep(self, message: bytes) -> None:
        sender, _, sender_parameters = (self.sender or "").partition(" ")
        recipient, _, recipient_parameters = (self.recipient or "").partition(" ")
        sender, recipient = sender.strip("<>"), recipient.strip("<>")
        self.sender = self.recipient = None
        if await self._misbehave("dot", recipient):
            return
        self.server.messages.append(
            Received(sender, recipient, message, self.tls, self.login, sender_parameters, recipient_parameters)
        )
        if not await self._misbehave("stored", recipient):
            await self._say(f"250 2.0.0 Queued as {len(self.server.messages)}")

    async def _rset(self, argument: str) -> None:
        if not await self._misbehave("rset", argument):
            self.sender = self.recipient = None
            await self._say("250 2.0.0 Ok")

    async def _quit(self, argument: str) -> None:
        await self._misbehave("quit", argument)
        await self._say("221 2.0.0 Bye")
        raise _Dropped
