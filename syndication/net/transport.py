"""httpx's seam to the network: every connection is guarded, and no proxy is ever read from the environment."""

import socket
import ssl
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import lru_cache
from ipaddress import ip_address
from typing import Final

import certifi
import httpcore
import httpx

from syndication.net.dialer import Dialer, NameService, Refused, Resolver, resolve
from syndication.net.guard import INTERNAL, Network, refusal

_RESOLVERS: Final = 32
_OWN_AUTHORITIES: Final = 64


class GuardedTransport(httpx.BaseTransport):
    """One fresh guarded connection a request."""

    def __init__(self, allowed: Sequence[Network], resolver: Resolver = resolve) -> None:
        self._allowed = tuple(allowed)
        self._names = NameService(resolver, ThreadPoolExecutor(_RESOLVERS, thread_name_prefix="resolve"))
        self._tls = _context("")

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request. extensions: `deadline` (monotonic), `internal`, `proxy`, `ca`. Raises httpcore's errors.

        A proxy is the admin's and may live inside; behind it, it decides what a name is, and we only what a number is.
        """
        proxy = request.extensions["proxy"]
        is_inside = request.extensions["internal"] or proxy
        allowed = (*self._allowed, *INTERNAL) if is_inside else self._allowed
        url = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        dialer = Dialer(self._names, allowed, request.extensions["deadline"])
        ca = request.extensions["ca"]
        tls = _context(ca) if ca else self._tls
        connection: httpcore.HTTPConnection | httpcore.HTTPProxy
        if proxy:
            self._require_open(request)
            connection = _proxy(proxy, tls, dialer)
        else:
            connection = httpcore.HTTPConnection(url.origin, ssl_context=tls, network_backend=dialer)
        try:
            response = connection.handle_request(
                httpcore.Request(
                    request.method,
                    url,
                    headers=request.headers.raw,
                    content=request.stream if request.headers.get("content-length", "0") != "0" else None,
                    extensions=request.extensions,
                )
            )
        except BaseException:
            connection.close()
            raise
        return httpx.Response(
            response.status, headers=response.headers, stream=_Body(response, connection), request=request
        )

    def _require_open(self, request: httpx.Request) -> None:
        """Raises Refused for a number that is closed to this request, also behind a proxy."""
        number = _number(request.url.host)
        allowed = (*self._allowed, *INTERNAL) if request.extensions["internal"] else self._allowed
        reason = refusal(number, allowed) if number else None
        if reason:
            message = f"{request.url.host} is closed to sources: {reason}"
            raise Refused(message)

    def close(self) -> None:
        """Forget waiting name look-ups."""
        self._names.pool.shutdown(wait=False, cancel_futures=True)


class _Body(httpx.SyncByteStream):
    def __init__(self, response: httpcore.Response, connection: httpcore.HTTPConnection | httpcore.HTTPProxy) -> None:
        self._response = response
        self._connection = connection

    def __iter__(self) -> Iterator[bytes]:
        yield from self._response.iter_stream()

    def close(self) -> None:
        self._response.close()
        self._connection.close()


def _number(host: str) -> str:
    """The address that a host is without any name service, in its usual form; "" for a name.

    Proxies read 2130706433, 0x7f.1 and 017700000001 as resolvers do. Source: POSIX, inet_addr; RFC 6761 section 6.3 for localhost.
    """
    host = host.rstrip(".")
    if host == "localhost" or host.endswith(".localhost"):
        return "127.0.0.1"
    with suppress(ValueError):
        return str(ip_address(host))
    with suppress(OSError):
        return socket.inet_ntoa(socket.inet_aton(host))
    return ""


@lru_cache(maxsize=_OWN_AUTHORITIES)
def _context(ca: str) -> ssl.SSLContext:
    """The house's own certificates count as much as the bundled ones: on-premises servers use a private CA.

    ca: further certificates. Raises ssl.SSLError when they are none.
    """
    context = ssl.create_default_context(cafile=certifi.where())
    context.load_default_certs()
    if ca:
        context.load_verify_locations(cadata=ca)
    return context


def _proxy(address: str, tls: ssl.SSLContext, dialer: Dialer) -> httpcore.HTTPProxy:
    url = httpx.URL(address)
    auth = (url.username, url.password) if url.userinfo else None
    return httpcore.HTTPProxy(
        str(url.copy_with(userinfo=b"")), auth, ssl_context=tls, max_connections=1, network_backend=dialer
    )
