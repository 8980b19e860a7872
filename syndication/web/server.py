"""The HTTP server: granian inside this process, until it is told to stop."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any

from granian.constants import Interfaces
from granian.server.embed import Server

from syndication.domain.errors import ConfigError

AsgiApp = Callable[[Any, Any, Any], Awaitable[None]]


def require_free(host: str, port: int) -> None:
    """Raises ConfigError, with the setting that mends it, when nobody can listen there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            message = (
                f"Cannot listen on {host} port {port}: {error.strerror}. Stop the program that uses it, or choose "
                "another port: SYNDICATION_SERVER__PORT=8001, or [server] port in var/syndication.toml."
            )
            raise ConfigError(message) from error


async def serve(target: AsgiApp, host: str, port: int, stop: asyncio.Event) -> None:
    """Answer requests until `stop` is set; requests under way are finished."""
    server = Server(
        target,
        address=host,
        port=port,
        interface=Interfaces.ASGINL,
        websockets=False,
        log_enabled=False,
        backlog=1024,
    )
    running = asyncio.create_task(server.serve())
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
    server.stop()  # type: ignore[no-untyped-call]  # granian leaves it untyped
    stopping.cancel()
    await running
