"""One client for everything that fetches a URL: guarded at every redirect, with limits, without cookies or proxies."""

import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urljoin, urlsplit

import certifi
import httpcore
import httpx

from syndication.net.dialer import Dialer, NameService, Refused, Resolver, resolve
from syndication.net.guard import INTERNAL, Network, networks
from syndication.net.inflate import ACCEPTED, InflateError, Inflater

PORTS: Final = frozenset({80, 443})
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_PERMANENT: Final = frozenset({301, 308})
_DEFAULT_PORT: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Limits:
    """Where a visit ends. Times in seconds, body in bytes after unpacking."""

    connect_s: float = 10.0
    first_byte_s: float = 20.0
    total_s: float = 60.0
    body: int = 15 * 1024 * 1024
    redirects: int = 5


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said. headers: names in lower case. url: after redirects. moved: every redirect was permanent."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str
    moved: bool = False


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """No usable answer. reason: in words for the admin, with the host and without the rest of the address.

    refused: the address is closed to us, so trying again changes nothing.
    """

    reason: str
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Visit:
    """What one request asks for. internal: its host may live on a private network. ports: open besides 80 and 443."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    internal: bool = False
    ports: frozenset[int] = frozenset()


class SafeClient:
    """Fetches URLs that a person or a document chose. May be used by many threads at once.

    allowed_networks: CIDR words of private networks that every request may go to.
    """

    def __init__(
        self,
        user_agent: str,
        allowed_networks: Sequence[str] = (),
        *,
        limits: Limits | None = None,
        resolver: Resolver = resolve,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._user_agent = user_agent
        self._limits = limits or Limits()
        self._transport = transport or GuardedTransport(networks(allowed_networks), resolver)

    def get(self, visit: Visit) -> Answer | NoAnswer:
        """The answer to a GET, redirects followed. Never raises for anything the address or the far side does."""
        deadline = time.monotonic() + self._limits.total_s
        url = visit.url
        moved = True
        for hop in range(self._limits.redirects + 1):
            answer = self._once(visit, url, deadline)
            if isinstance(answer, NoAnswer) or answer.status not in _REDIRECTS or "location" not in answer.headers:
                return answer if isinstance(answer, NoAnswer) else _with_moved(answer, moved=moved and hop > 0)
            target = _redirect(url, answer.headers["location"])
            if isinstance(target, NoAnswer):
                return target
            moved = moved and answer.status in _PERMANENT
            url = target
        return NoAnswer(f"{_host(visit.url)} redirects more than {self._limits.redirects} times")

    def _once(self, visit: Visit, url: str, deadline: float) -> Answer | NoAnswer:
        try:
            request = self._request(visit, url, deadline)
        except (httpx.InvalidURL, ValueError, TypeError):
            return NoAnswer("the address is not a web address: it must look like https://example.org/feed")
        closed = _closed_port(visit, request.url)
        if closed:
            return closed
        host = request.url.host
        try:
            response = self._transport.handle_request(request)
            try:
                return self._read(response, url)
            finally:
                response.close()
        except Refused as error:
            remedy = "Mark the source as internal, or open its network with collect.allowed_networks"
            return NoAnswer(f"{error}. {remedy}.", refused=True)
        except InflateError as error:
            return NoAnswer(f"{host}: {error}")
        except (httpcore.TimeoutException, httpx.TimeoutException) as error:
            return NoAnswer(_slow(host, error, self._limits))
        except (httpcore.NetworkError, httpcore.ProtocolError, httpx.TransportError) as error:
            return NoAnswer(_broken(host, error))

    def _request(self, visit: Visit, url: str, deadline: float) -> httpx.Request:
        parts = httpx.URL(url)
        if parts.scheme not in _DEFAULT_PORT or not parts.host:
            raise ValueError(url)
        headers = {
            "User-Agent": self._user_agent,
            "Accept-Encoding": ACCEPTED,
            "Connection": "close",
            **visit.headers,
        }
        if parts.userinfo:
            basic = httpx.BasicAuth(parts.username, parts.password)
            headers["Authorization"] = next(basic.auth_flow(httpx.Request("GET", parts))).headers["Authorization"]
        extensions = {
            "timeout": {
                "connect": self._limits.connect_s,
                "read": self._limits.first_byte_s,
                "write": self._limits.first_byte_s,
            },
            "deadline": deadline,
            "internal": visit.internal,
        }
        return httpx.Request("GET", parts, headers=headers, extensions=extensions)

    def _read(self, response: httpx.Response, url: str) -> Answer:
        headers = {name: response.headers[name] for name in response.headers}
        is_redirect = response.status_code in _REDIRECTS
        body = b"" if is_redirect else b"".join(self._inflated(response))
        return Answer(response.status_code, headers, body, str(httpx.URL(url).copy_with(userinfo=b"")))

    def _inflated(self, response: httpx.Response) -> Iterator[bytes]:
        inflater = Inflater(response.headers.get("content-encoding", ""), self._limits.body)
        for piece in response.iter_raw():
            yield from inflater.feed(piece)
        inflater.finish()


class GuardedTransport(httpx.BaseTransport):
    """httpx's seam to the network: one fresh guarded connection a request; no proxy is ever read from anywhere."""

    def __init__(self, allowed: Sequence[Network], resolver: Resolver = resolve) -> None:
        self._allowed = tuple(allowed)
        self._names = NameService(resolver, ThreadPoolExecutor(32, thread_name_prefix="resolve"))
        # The house's own certificates count as much as the bundled ones: on-premises servers use a private CA.
        self._tls = ssl.create_default_context(cafile=certifi.where())
        self._tls.load_default_certs()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request. extensions: `deadline` (monotonic) and `internal`. Raises httpcore's errors."""
        allowed = (*self._allowed, *INTERNAL) if request.extensions["internal"] else self._allowed
        url = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        dialer = Dialer(self._names, allowed, request.extensions["deadline"])
        connection = httpcore.HTTPConnection(url.origin, ssl_context=self._tls, network_backend=dialer)
        try:
            response = connection.handle_request(
                httpcore.Request(request.method, url, headers=request.headers.raw, extensions=request.extensions)
            )
        except BaseException:
            connection.close()
            raise
        return httpx.Response(
            response.status, headers=response.headers, stream=_Body(response, connection), request=request
        )

    def close(self) -> None:
        """Forget waiting name look-ups."""
        self._names.pool.shutdown(wait=False, cancel_futures=True)


class _Body(httpx.SyncByteStream):
    def __init__(self, response: httpcore.Response, connection: httpcore.HTTPConnection) -> None:
        self._response = response
        self._connection = connection

    def __iter__(self) -> Iterator[bytes]:
        yield from self._response.iter_stream()

    def close(self) -> None:
        self._response.close()
        self._connection.close()


def _with_moved(answer: Answer, *, moved: bool) -> Answer:
    return Answer(answer.status, answer.headers, answer.body, answer.url, moved)


def _redirect(url: str, location: str) -> str | NoAnswer:
    """Where a redirect leads."""
    try:
        target = urljoin(url, location.strip())
        scheme = urlsplit(target).scheme
    except ValueError:
        return NoAnswer(f"{_host(url)} redirects to something that is no address")
    if scheme not in _DEFAULT_PORT:
        return NoAnswer(f"{_host(url)} redirects to '{scheme}:', which is not the web")
    if scheme == "http" and urlsplit(url).scheme == "https":
        return NoAnswer(f"{_host(url)} redirects from https to http, which anybody on the way could have forged")
    return target


def _closed_port(visit: Visit, url: httpx.URL) -> NoAnswer | None:
    port = url.port or _DEFAULT_PORT[url.scheme]
    if visit.internal or port in PORTS or port in visit.ports:
        return None
    return NoAnswer(f"port {port} of {url.host} is closed to sources; only 80 and 443 are open", refused=True)


def _host(url: str) -> str:
    return urlsplit(url).hostname or "the address"


def _slow(host: str, error: Exception, limits: Limits) -> str:
    if isinstance(error, (httpcore.ConnectTimeout, httpx.ConnectTimeout)):
        return f"{host} could not be reached within {limits.connect_s:g} s{f': {error}' if str(error) else ''}"
    return f"{host} answered too slowly: the limits are {limits.first_byte_s:g} s to begin, {limits.total_s:g} s in all"


def _broken(host: str, error: Exception) -> str:
    cause = error.__context__
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"the certificate of {host} is not trusted: {cause.verify_message}"
    if isinstance(error, httpcore.ProtocolError):
        return f"{host} does not speak HTTP as it should: {error}"
    return f"the connection to {host} failed: {error or type(error).__name__}"
