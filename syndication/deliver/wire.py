"""The bytes of an SMTP conversation: lines in, whole replies out, and the one fault that matters, a lost connection."""

import asyncio
import re
import ssl
from collections import deque
from typing import Final, cast

from syndication.domain.delivery import Reply

_SEPARATORS: Final = (b" ", b"-", b"")
_ENHANCED: Final = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?:\s+|$)")
_LONGEST_BACKLOG: Final = 65_536
# Sender, recipient and the wish to send are all granted, in one piece, as servers answer to a pipelined envelope.
_GRANTED: Final = re.compile(rb"2\d\d [^\r\n]*\r\n2\d\d [^\r\n]*\r\n354 [^\r\n]*\r\n")


class LostError(Exception):
    """The connection ended, timed out or spoke nonsense; the text says which."""


class Wire(asyncio.Protocol):
    """One connection's replies, in order. Several may be waiting: that is what pipelining is for."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._backlog = b""
        self._lines: list[str] = []
        self._replies: deque[Reply] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._end = ""
        self._timer: asyncio.TimerHandle | None = None
        self._timeout_s = 0.0
        self._give_up_at = 0.0
        self._content: tuple[bytes, ...] = ()
        self._content_s = 0.0

    @property
    def is_open(self) -> bool:
        """Whether nothing has ended the connection so far."""
        return not self._end

    @property
    def transport(self) -> asyncio.Transport:
        """What the bytes travel over."""
        return cast("asyncio.Transport", self._transport)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the loop, once more after an upgrade to TLS."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Called by the loop."""
        if self._content and not (self._backlog or self._lines or self._replies) and _GRANTED.fullmatch(data):
            content, self._content = self._content, ()
            self._timeout_s, self._give_up_at = self._content_s, self._loop.time() + self._content_s
            self.transport.writelines(content)
            return
        *lines, self._backlog = (self._backlog + data if self._backlog else data).split(b"\n")
        for line in lines:
            self._take(line.removesuffix(b"\r"))
        if len(self._backlog) > _LONGEST_BACKLOG or len(self._lines) > _LONGEST_BACKLOG:
            self.end("The server sent a line without an end")
        self._wake()

    def connection_lost(self, error: Exception | None) -> None:
        """Called by the loop."""
        self.end(f"The connection broke: {error}" if error else "The server closed the connection")

    def end(self, reason: str) -> None:
        """Give the connection up; the first reason stands."""
        self._end = self._end or reason
        if self._timer:
            self._timer.cancel()
        if self._transport:
            self._transport.abort()
        self._wake()

    async def upgrade(self, trust: ssl.SSLContext, host: str) -> None:
        """Go on over TLS. Raises LostError when words came in clear that might pass for the server's own later.

        Source: RFC 3207 section 6; CVE-2011-0411.
        """
        if self._backlog or self._lines or self._replies:
            self.end("The server spoke before TLS began")
            raise LostError(self._end)
        self._transport = await self._loop.start_tls(self.transport, self, trust, server_hostname=host)

    def write(self, *parts: bytes) -> None:
        """Send bytes. Raises LostError when the connection has ended: then nothing of them has left."""
        if self._end:
            raise LostError(self._end)
        self.transport.writelines(parts)

    def offer(self, envelope: bytes, content: tuple[bytes, ...], content_s: float) -> None:
        """Send the envelope, and the content as soon as all of the envelope is granted in one piece.

        The next reply is then the content's, with content_s seconds to wait for it; `withdraw` tells. Raises LostError as `write`.
        """
        self._content, self._content_s = content, content_s
        self.write(envelope)

    def withdraw(self) -> bool:
        """Whether the content that was offered has left; if not, it never will by itself."""
        content, self._content = self._content, ()
        return not content

    async def reply(self, timeout_s: float) -> Reply:
        """The next reply. Raises LostError when none will come."""
        if not self._replies and not self._end:
            await self._waiting(timeout_s)
        if self._replies:
            return self._replies.popleft()
        raise LostError(self._end)

    def _waiting(self, timeout_s: float) -> asyncio.Future[None]:
        """Done as soon as there is a reply or the end."""
        self._waiter = self._loop.create_future()
        self._timeout_s = timeout_s
        self._give_up_at = self._loop.time() + timeout_s
        if self._timer is None or self._timer.when() > self._give_up_at:
            self._watch()
        return self._waiter

    def _watch(self) -> None:
        """One timer serves many waits: when it rings too early, it is set again; nobody waiting, nothing to give up."""
        if self._timer:
            self._timer.cancel()
        self._timer = None
        if self._waiter and self._loop.time() >= self._give_up_at:
            self.end(f"The server did not answer within {self._timeout_s:g} s")
        elif self._waiter:
            self._timer = self._loop.call_at(self._give_up_at, self._watch)

    def _wake(self) -> None:
        if self._waiter and (self._replies or self._end):
            waiter, self._waiter = self._waiter, None
            if not waiter.done():
                waiter.set_result(None)

    def _take(self, line: bytes) -> None:
        code, separator = line[:3], line[3:4]
        if not code.isdigit() or separator not in _SEPARATORS:
            self.end("The server does not speak SMTP")
            return
        self._lines.append(line[4:].decode("utf-8", "replace"))
        if separator != b"-":
            self._replies.append(_reply(int(code), self._lines))
            self._lines = []


def _reply(code: int, lines: list[str]) -> Reply:
    """Source: RFC 2034 section 3: the enhanced code stands before the text of each line."""
    found = _ENHANCED.match(lines[0])
    if not found:
        return Reply(code, "", "\n".join(lines))
    if len(lines) == 1:
        return Reply(code, found[1], lines[0][found.end() :])
    return Reply(code, found[1], "\n".join(line.removeprefix(found[1]).lstrip() for line in lines))
