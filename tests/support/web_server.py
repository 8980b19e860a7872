"""A real HTTP server on loopback that answers as a test says; the double for foreign publishers."""

import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Seen:
    """A request as it arrived; header names in lower case."""

    path: str
    headers: Mapping[str, str]
    body: bytes = b""
    method: str = "GET"


@dataclass(frozen=True)
class Reply:
    """What to answer; a field with several values stands there once for each.

    A handler in place of the body writes what it likes after the head.
    """

    status: int = 200
    headers: Mapping[str, str | list[str]] = field(default_factory=dict)
    body: bytes = b""
    write: Callable[[BaseHTTPRequestHandler], None] | None = None

    def fields(self) -> Iterator[tuple[str, str]]:
        """The lines of the head."""
        for name, values in self.headers.items():
            yield from ((name, value) for value in ([values] if isinstance(values, str) else values))


Script = Callable[[Seen], Reply]


@dataclass
class WebServer:
    """A running server. seen: all requests in order. script: may be replaced at any time."""

    port: int
    script: Script
    seen: list[Seen] = field(default_factory=list)

    def url(self, path: str = "/feed", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"


@contextmanager
def web_server(script: Script, address: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> Iterator[WebServer]:
    """Serve until the end of the block. address: of this machine. tls: speak https with it."""
    running = WebServer(0, script)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the name that http.server asks for
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            seen = Seen(self.path, {name.lower(): value for name, value in self.headers.items()}, body, self.command)
            running.seen.append(seen)
            reply = running.script(seen)
            self.send_response(reply.status)
            for name, value in reply.fields():
                self.send_header(name, value)
            if reply.write is None:
                self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            try:
                if reply.write is None:
                    self.wfile.write(reply.body)
                else:
                    reply.write(self)
            except OSError:
                self.close_connection = True  # the client had enough, as it should

        do_POST = do_GET  # noqa: N815 - as above

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as http.server has it
            del format, args

    server = ThreadingHTTPServer((address, 0), Handler)
    running.port = server.server_port
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield running
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
