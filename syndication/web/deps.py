"""What the pages need, given to them once: by `create_app(deps)`, read by every endpoint through `deps_of`."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Final, Protocol, cast

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from syndication.collect.fetcher import SourceFetcher
from syndication.domain.findings import Finding
from syndication.domain.seams import Box, Enqueue, Transport
from syndication.domain.site import Profile, Site
from syndication.domain.tokens import KeyRing
from syndication.store.database import Database

Network = IPv4Network | IPv6Network
LOOPBACK: Final[tuple[Network, ...]] = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


class FeedServer(Protocol):
    """Answers the addresses of feed documents, before the router is asked."""

    def handles(self, path: str) -> bool:
        """Whether this address is a feed document."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, as ASGI has it."""


@dataclass(frozen=True, slots=True)
class Deps:
    """clock: this instant, aware UTC. outbox: the folder mail is kept in, None when it leaves by SMTP.

    box: seals log-ins of sources. checker: looks at a source before it is saved. var_folder: everything that is this
    installation's own. proxies: who may tell us a visitor's address in X-Forwarded-For.
    transport: the way a test mail leaves. examine: looks for what stands between this installation and its readers.
    """

    database: Database
    site: Site
    keys: KeyRing
    suppression_key: bytes
    clock: Callable[[], datetime]
    enqueue: Enqueue
    profile: Profile
    outbox: Path | None
    var_folder: Path
    feeds: FeedServer
    transport: Callable[[], Transport]
    proxies: tuple[Network, ...] = LOOPBACK
    box: Box | None = None
    checker: SourceFetcher | None = None
    examine: Callable[[], tuple[Finding, ...]] | None = None


def deps_of(request: Request) -> Deps:
    """What `create_app` was given."""
    return cast("Deps", request.state.deps)
