"""One client for everything that fetches a URL: guarded at every redirect, with limits, without cookies or proxies."""

import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urljoin, urlsplit

import httpcore
import httpx

from syndication.net.dialer import Refused, Resolver, resolve
from syndication.net.guard import networks
from syndication.net.inflate import ACCEPTED, InflateError, Inflater
from syndication.net.transport import GuardedTransport

PORTS: Final = frozenset({80, 443})
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_PERMANENT: Final = frozenset({301, 308})
_DEFAULT_PORT: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Limits:
    """Where a visit ends. Times in seconds, body in bytes after unpacking.

    slowest: bytes a second, on the average of what came after first_byte_s.
    """

    connect_s: float = 10.0
    first_byte_s: float = 20.0
    total_s: float = 60.0
    body: int = 15 * 1024 * 1024
    redirects: int = 5
    slowest: int = 512


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
    """What one request asks for. internal: its host may live on a private network. ports: open besides 80 and 443.

    secrets: headers for the host of `url` alone, which no redirect takes along. proxy: an http address with or without
    log-in, "" for none. ca: further certificates to trust, as PEM. body: what is sent; the method is GET without one.
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    internal: bool = False
    ports: frozenset[int] = frozenset()
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    proxy: str = field(default="", repr=False)
    ca: str = field(default="", repr=False)
    body: bytes | None = None


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
        """The answer, redirects followed. Never raises for anything the address or the far side does."""
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

    def once(self, visit: Visit) -> Answer | NoAnswer:
        """The first answer, a redirect too. Never raises for anything the address or the far side does."""
        return self._once(visit, visit.url, time.monotonic() + self._limits.total_s)

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
                return self._read(response, request.url)
            finally:
                response.close()
        except ssl.SSLError as error:
            return NoAnswer(f"the certificates given for {host} cannot be used: {error}", refused=True)
        except Refused as error:
            remedy = "Say that it lives on a private network, or open that network with collect.allowed_networks"
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
            **(visit.secrets if _origin(url) == _origin(visit.url) else {}),
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
            "proxy": visit.proxy,
            "ca": visit.ca,
        }
        method = "GET" if visit.body is None else "POST"
        return httpx.Request(method, parts, headers=headers, content=visit.body, extensions=extensions)

    def _read(self, response: httpx.Response, url: httpx.URL) -> Answer:
        headers = dict(response.headers.items())
        is_redirect = response.status_code in _REDIRECTS
        body = b"" if is_redirect else b"".join(self._inflated(response))
        return Answer(response.status_code, headers, body, str(url.copy_with(userinfo=b"") if url.userinfo else url))

    def _inflated(self, response: httpx.Response) -> Iterator[bytes]:
        inflater = Inflater(response.headers.get("content-encoding", ""), self._limits.body)
        began, came = time.monotonic(), 0
        for piece in response.iter_raw():
            came += len(piece)
            passed = time.monotonic() - began
            if passed > self._limits.first_byte_s and came < passed * self._limits.slowest:
                raise httpcore.ReadTimeout
            yield from inflater.feed(piece)
        inflater.finish()


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.rpartition("@")[2].lower()


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
