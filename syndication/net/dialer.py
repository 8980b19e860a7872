"""Connects to an address that was checked, and to that one only; every wait ends at one deadline.

The name is resolved once; the address that passed is the address connected, and the far end is asked for it again
afterwards. So a name that changes its mind between check and use (DNS rebinding) gains nothing.
"""

import socket
import ssl
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from typing import Any, Final, Protocol

import httpcore

from syndication.net.guard import Network, refusal

_TRIED_ADDRESSES: Final = 4


class Resolver(Protocol):
    """Names to addresses."""

    def __call__(self, host: str, port: int) -> Sequence[str]:
        """All IP addresses of a host, in the order to try them. Raises OSError when the name is not known."""


class Refused(httpcore.ConnectError):
    """No address of the host may be connected to."""


def resolve(host: str, port: int) -> list[str]:
    """The system's answer: what the host's own name service says, numbers in any notation included."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True, slots=True)
class NameService:
    """Resolves with a time limit: the system's own resolver has none."""

    resolver: Resolver
    pool: ThreadPoolExecutor

    def addresses(self, host: str, port: int, timeout_s: float) -> Sequence[str]:
        """As the resolver. Raises httpcore.ConnectError in words."""
        try:
            return self.pool.submit(self.resolver, host, port).result(timeout_s)
        except FutureTimeoutError as error:
            message = f"the name service did not answer for {host}"
            raise httpcore.ConnectTimeout(message) from error
        except (OSError, UnicodeError) as error:
            message = f"the host {host} is not known to the name service"
            raise httpcore.ConnectError(message) from error


class Dialer(httpcore.NetworkBackend):
    """Opens one guarded connection. deadline: by the monotonic clock; nothing waits beyond it. backend: for tests."""

    def __init__(
        self,
        names: NameService,
        allowed: Sequence[Network],
        deadline: float,
        backend: httpcore.NetworkBackend | None = None,
    ) -> None:
        self._names = names
        self._allowed = allowed
        self._deadline = deadline
        self._backend = backend or httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """A stream to the first address of the host that may be connected to and answers."""
        until = min(self._deadline, time.monotonic() + (timeout or 0.0))
        admitted, refused = self._admitted(host, port, until)
        if not admitted:
            message = f"{host} leads to an address that is closed to sources: {'; '.join(refused) or 'none'}"
            raise Refused(message)
        last: httpcore.NetworkError | httpcore.TimeoutException | None = None
        for address in admitted[:_TRIED_ADDRESSES]:
            try:
                stream = self._backend.connect_tcp(address, port, _left(until), local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                last = error
                continue
            return self._verified(stream, address)
        raise last or httpcore.ConnectTimeout

    def _admitted(self, host: str, port: int, until: float) -> tuple[list[str], list[str]]:
        admitted: list[str] = []
        refused: list[str] = []
        for address in self._names.addresses(host, port, _left(until)):
            reason = refusal(address, self._allowed)
            if reason:
                refused.append(reason)
            else:
                admitted.append(address)
        return admitted, refused

    def _verified(self, stream: httpcore.NetworkStream, admitted: str) -> httpcore.NetworkStream:
        peer = str(stream.get_extra_info("server_addr")[0])
        reason = None if peer == admitted else refusal(peer, self._allowed)
        if reason:
            stream.close()
            raise Refused(reason)
        return _Bounded(stream, self._deadline)


class _Bounded(httpcore.NetworkStream):
    """A stream whose every wait ends at the deadline: a server that sends a byte now and then holds nobody up."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._bounded(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._bounded(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        stream = self._stream.start_tls(ssl_context, server_hostname, self._bounded(timeout))
        return _Bounded(stream, self._deadline)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 - as httpcore
        return self._stream.get_extra_info(info)

    def _bounded(self, timeout: float | None) -> float:
        left = _left(self._deadline)
        return left if timeout is None else min(timeout, left)


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        message = "the time is over"
        raise httpcore.ReadTimeout(message)
    return left
