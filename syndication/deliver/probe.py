"""Trying the relay for real: greeting, encryption, log-in and sender address, without a mail."""

from dataclasses import replace
from typing import Final

from syndication.deliver.greeting import RefusedError, SmtpServer, Timeouts, open_wire
from syndication.deliver.headers import is_writable
from syndication.deliver.wire import LostError, Wire
from syndication.domain.delivery import Reply

_PATIENCE: Final = Timeouts(connect=8.0, command=8.0, content=8.0)
_DONE: Final = 250


async def try_relay(server: SmtpServer, senders: tuple[str, ...]) -> str:
    """Why the relay would not take mail from these senders, in its own words; "" when it would. Ends within seconds.

    Each sender is named and taken back (RSET); nothing is sent. Source: RFC 5321 section 4.1.1.5.
    """
    hasty = replace(server, timeouts=_PATIENCE)
    try:
        wire, _ = await open_wire(hasty)
    except RefusedError as error:
        return _words(error.reply)
    except TimeoutError:
        return f"{server.host}:{server.port} does not answer within {_PATIENCE.connect:g} s"
    except (OSError, LostError) as error:
        return f"{server.host}:{server.port}: {error}"
    try:
        return await _try_senders(wire, senders)
    except LostError as error:
        return str(error)
    finally:
        wire.end("We closed the connection")


async def _try_senders(wire: Wire, senders: tuple[str, ...]) -> str:
    for sender in filter(is_writable, senders):
        wire.write(f"MAIL FROM:<{sender}>\r\n".encode())
        reply = await wire.reply(_PATIENCE.command)
        if reply.code != _DONE:
            return f"{sender} is refused: {_words(reply)}"
        wire.write(b"RSET\r\n")
        await wire.reply(_PATIENCE.command)
    wire.write(b"QUIT\r\n")
    return ""


def _words(reply: Reply) -> str:
    return " ".join(str(part) for part in (reply.code or "", reply.enhanced, reply.text) if part)
