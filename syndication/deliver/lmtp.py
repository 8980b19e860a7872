"""Mail server → us, by LMTP on this machine: what bounced, who complains, who leaves by mail.

One recipient a transaction, so that each has an answer of its own. LMTP knows no log-in, so only this machine may speak to
it. What cannot be taken in now is answered 451: the mail server keeps it and comes again. Source: RFC 2033.
"""

import asyncio
import ipaddress
import os
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Final

import structlog
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import Envelope as SmtpEnvelope
from aiosmtpd.smtp import Session as SmtpSession

from syndication.domain.errors import ConfigError
from syndication.domain.incoming import Envelope

_log = structlog.get_logger()

Take = Callable[[bytes, Envelope], object]
"""Takes in one message; what it raises means 'later'. Called from threads."""

_UNIX: Final = "unix:"
_LARGEST: Final = 10 * 1024 * 1024
_TIMEOUT_S: Final = 300


class LmtpServer:
    """Listens from `start` to `stop`, in a thread of its own. listen: '127.0.0.1:2424' or 'unix:/run/…/lmtp.sock'.

    Raises ConfigError for an address that is not one or that other machines can reach.
    """

    def __init__(self, listen: str, take: Take) -> None:
        self._handler = _Handler(take)
        self._path = Path(listen.removeprefix(_UNIX)) if listen.startswith(_UNIX) else None
        self._host, self._port = ("", 0) if self._path else _loopback(listen)
        self._thread: Thread | None = None
        self._end: Callable[[], object] = lambda: None

    def start(self) -> None:
        """Begin to listen. Raises ConfigError when the address is taken."""
        started: Future[None] = Future()
        self._thread = Thread(target=lambda: asyncio.run(self._serve(started)), name="lmtp")
        self._thread.start()
        try:
            started.result()
        except OSError as error:
            self._thread.join()
            message = f"[mail_in] listen: nothing can listen there: {error.strerror or error}. Choose another address."
            raise ConfigError(message) from error

    def stop(self) -> None:
        """Stop listening; what is being taken in is finished."""
        self._end()
        if self._thread:
            self._thread.join()

    async def _serve(self, started: "Future[None]") -> None:
        loop, stopping = asyncio.get_running_loop(), asyncio.Event()
        self._end = partial(loop.call_soon_threadsafe, stopping.set)
        try:
            server = await self._listening(loop)
        except OSError as error:
            started.set_exception(error)
            return
        started.set_result(None)
        try:
            await stopping.wait()
        finally:
            server.close()
            if self._path:
                self._path.unlink(missing_ok=True)

    async def _listening(self, loop: asyncio.AbstractEventLoop) -> asyncio.Server:
        def session() -> LMTP:
            return LMTP(
                self._handler,
                data_size_limit=_LARGEST,
                hostname="localhost",
                ident="LMTP",
                timeout=_TIMEOUT_S,
                loop=loop,
            )

        if self._path is None:
            return await loop.create_server(session, self._host, self._port)
        self._path.unlink(missing_ok=True)
        server = await loop.create_unix_server(session, str(self._path))
        # The mail server is another user; who may enter the folder may speak.
        self._path.chmod(0o666)
        return server


class _Handler:
    def __init__(self, take: Take) -> None:
        self._take = take

    async def handle_RCPT(  # noqa: N802 - as aiosmtpd calls it
        self, server: LMTP, session: SmtpSession, envelope: SmtpEnvelope, address: str, options: list[str]
    ) -> str:
        del server, session
        if envelope.rcpt_tos:
            return "452 4.5.3 One recipient at a time"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, server: LMTP, session: SmtpSession, envelope: SmtpEnvelope) -> str:  # noqa: N802 - as above
        del server, session
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        # The library writes the null sender as '<>'.
        arrived = Envelope((envelope.mail_from or "").strip("<>"), tuple(envelope.rcpt_tos))
        try:
            await asyncio.to_thread(self._take, content, arrived)
        except Exception:  # noqa: BLE001 - whatever it was: the mail server keeps the message
            _log.exception("mail_not_taken_in")
            return "451 4.3.0 Not now; keep it and try again"
        return "250 2.0.0 Ok"


def _loopback(listen: str) -> tuple[str, int]:
    host, _, port = listen.rpartition(":")
    host = host.strip("[]")
    try:
        is_ours = host == "localhost" or ipaddress.ip_address(host).is_loopback
        number = int(port)
    except ValueError:
        is_ours, number = False, 0
    if not is_ours or not 0 <= number < 65536:  # noqa: PLR2004 - ports have 16 bits
        message = (
            f"[mail_in] listen is '{listen}'; write 127.0.0.1:2424 or unix:{os.sep}run{os.sep}syndication{os.sep}lmtp.sock. "
            "LMTP knows no log-in, so only this machine may reach it."
        )
        raise ConfigError(message)
    return host, number
