"""A publisher of ten thousand hosts on one port of loopback: a process of its own that answers as fast as it can."""

import asyncio
import contextlib
import multiprocessing
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final, cast

import uvloop

ENTRIES: Final = 30
NEW: Final = 5
ETAG: Final = b'"one"'
_WORDS: Final = [
    "agents",
    "run",
    "models",
    "on",
    "machines",
    "that",
    "people",
    "own",
    "and",
    "every",
    "team",
    "measures",
    "what",
    "they",
    "cost",
]
_FIRST: Final = datetime(2026, 11, 1, tzinfo=UTC)


def document(host: str, first: int) -> bytes:
    """30 entries of 2 KB, numbered from `first` on, newest first; all words differ from host to host."""
    entries = "".join(_entry(host, number) for number in reversed(range(first, first + ENTRIES)))
    return (
        f"<?xml version='1.0'?><rss version='2.0'><channel><title>{host}</title><link>https://{host}/</link>{entries}"
        "</channel></rss>"
    ).encode()


def _entry(host: str, number: int) -> str:
    shift = (sum(host.encode()) + number) % len(_WORDS)
    words = " ".join([*_WORDS[shift:], *_WORDS[:shift]] * 21)
    at = (_FIRST + timedelta(hours=number)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    return (
        f"<item><guid isPermaLink='false'>{host}/{number}</guid><title>News {number} of {host}</title>"
        f"<link>https://{host}/news/{number}</link><pubDate>{at}</pubDate>"
        f"<description>&lt;p&gt;{number} {words}&lt;/p&gt;</description></item>"
    )


@contextlib.contextmanager
def publisher() -> Iterator[int]:
    """The port of a running publisher. `/N` is a document whose entries begin at N."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(port,), daemon=True)
    process.start()
    _wait_for(port)
    yield port
    process.terminate()
    process.join()


def _wait_for(port: int) -> None:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    message = "the publisher did not start"
    raise SystemExit(message)


class _Publisher(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are no subclass
        self._heard = b""

    def data_received(self, data: bytes) -> None:
        self._heard += data
        if b"\r\n\r\n" not in self._heard:
            return
        head = self._heard.lower()
        if ETAG in head:
            self._transport.write(b"HTTP/1.1 304 Not Modified\r\nETag: %s\r\nConnection: close\r\n\r\n" % ETAG)
        else:
            self._transport.write(self._whole(head))
        self._transport.close()

    def _whole(self, head: bytes) -> bytes:
        host = head.partition(b"host: ")[2].partition(b"\r\n")[0].decode().partition(":")[0]
        path = head.partition(b" ")[2].partition(b" ")[0].decode()
        if "robots" in path:
            return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        body = document(host, int(path[1:]))
        tag = b'"at%s"' % path[1:].encode()
        return (
            b"HTTP/1.1 200 OK\r\nETag: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % (tag, len(body)) + body
        )


def _serve(port: int) -> None:
    async def run() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(_Publisher, "127.0.0.1", port, backlog=4096)
        await server.serve_forever()

    uvloop.run(run())
