"""Message → the recipient's own mail server, where we deliver ourselves: one lane for each organisation that runs MX hosts.

A provider counts by the hosts that receive, not by the domains behind them, so a lane is the organisation of the first MX host.
A lane that answers 421 or 4.7.x is held; after that one connection tries, and each mail that is accepted lets one more be opened.
Source: RFC 5321 section 5.1; RFC 7505 (null MX); Google's written procedure for 421 4.7.28 (at least ten minutes).
"""

import asyncio
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

import dns.asyncresolver
import dns.exception
import dns.resolver

from syndication.deliver.greeting import SmtpServer, Tls
from syndication.deliver.smtp import SmtpTransport
from syndication.domain.delivery import Accepted, Deferred, Failed, Fault, Mail, Outcome, Reply
from syndication.domain.seams import Connection
from syndication.net.hosts import registrable
from syndication.net.names import Names

_HOLD_S: Final = 60.0
_LONG_HOLD_S: Final = 600.0
_KNOWN_FOR_S: Final = 300.0
_MOST_DOMAINS: Final = 10_000
_SILENCE: Final = Reply(0, "", "")
_NULL_MX: Final = Failed(Reply(556, "5.1.10", "The domain takes no mail (null MX)"), Fault.RECIPIENT, gone=True)
_NO_DOMAIN: Final = Failed(Reply(550, "5.1.2", "The domain does not exist"), Fault.RECIPIENT)


_BUSY: Final = Deferred(Reply(0, "4.3.2", "All connections to its servers are in use"), lane=True)
_LOOK_AGAIN_S: Final = 0.02
_LOOKUP_S: Final = 10.0
_PORT: Final = 25


def organisation(host: str) -> str:
    """Who runs a mail host: its registered domain, such as google.com for aspmx.l.google.com."""
    return registrable(host.lower().rstrip(".")) or host.lower()


class MailHosts(Protocol):
    """Looks up who takes mail for a domain."""

    async def hosts(self, domain: str) -> Sequence[str] | None:
        """MX hosts, the best first; [""] for a null MX; the domain itself without MX records; None: no such domain.

        Raises OSError when nobody answers now.
        """


@dataclass
class _Lane:
    """What we know of an organisation's servers. limit: connections at once; it halves on trouble and grows by one a mail."""

    limit: int
    idle: list[Connection] = field(default_factory=list)
    open: int = 0
    held_until: float = 0.0
    reply: Reply = _SILENCE

    def note(self, outcome: Outcome, most: int, now: float) -> None:
        """Learn from an outcome."""
        if isinstance(outcome, Accepted):
            self.limit = min(most, self.limit + 1)
        elif isinstance(outcome, Deferred) and outcome.lane:
            is_quota = outcome.reply.enhanced.startswith("4.7.")
            self.limit = 1 if is_quota else max(1, self.limit // 2)
            self.held_until = now + (_LONG_HOLD_S if is_quota else _HOLD_S)
            self.reply = outcome.reply


def _waiting(lane: _Lane) -> Deferred:
    return Deferred(lane.reply._replace(text=f"Waiting for its servers, which said: {lane.reply.text}"), lane=True)


class DirectTransport:
    """Delivers to each recipient's own servers. Implements `domain.seams.Transport`.

    server: how to speak to any of them (port, TLS, own name); its host is replaced. connections: over all lanes. each: at
    most to one lane. clock: monotonic seconds.
    """

    def __init__(
        self,
        hosts: MailHosts,
        server: SmtpServer,
        connections: int = 20,
        each: int = 5,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.connections = connections
        self._hosts = hosts
        self._server = server
        self._each = each
        self._clock = clock
        self._lanes: dict[str, _Lane] = {}
        self._sending: list[Connection] = []
        self._known: dict[str, tuple[float, Sequence[str] | None]] = {}

    @property
    def has_lanes(self) -> bool:
        """Trouble of one mail's lane is no trouble of the others."""
        return True

    async def connect(self) -> Connection | Outcome:
        """A way to every lane; the connections themselves are opened as mails need them."""
        return _Ways(self)

    async def send(self, mail: Mail) -> Outcome:
        """Send one mail by its lane. A lane's trouble is that mail's alone: other lanes go on."""
        domain = mail.recipient.rpartition("@")[2].lower()
        try:
            hosts = await self._hosts_of(domain)
        except OSError as error:
            return Deferred(Reply(0, "4.4.3", f"{domain}: {error}"), lane=True)
        if hosts is None:
            return _NO_DOMAIN
        if list(hosts) == [""]:
            return _NULL_MX
        lane = self._lanes.setdefault(organisation(hosts[0]), _Lane(self._each))
        return await self._by(lane, hosts, mail)

    async def close(self) -> None:
        """Close what is open and idle."""
        for lane in self._lanes.values():
            while lane.idle:
                lane.open -= 1
                await lane.idle.pop().close()

    def abandon(self) -> None:
        """Let all mails go that are being sent."""
        for connection in self._sending:
            connection.abandon()

    async def _by(self, lane: _Lane, hosts: Sequence[str], mail: Mail) -> Outcome:
        if self._clock() < lane.held_until:
            return _waiting(lane)
        opened = await self._opened(lane, hosts)
        while opened is _BUSY:
            await asyncio.sleep(_LOOK_AGAIN_S)
            opened = await self._opened(lane, hosts) if self._clock() >= lane.held_until else _waiting(lane)
        if isinstance(opened, Outcome):
            if self._clock() >= lane.held_until:
                lane.note(opened, self._each, self._clock())
            return opened
        self._sending.append(opened)
        try:
            outcome = await opened.send(mail)
        except BaseException:
            lane.open -= 1
            raise
        finally:
            self._sending.remove(opened)
        lane.note(outcome, self._each, self._clock())
        if opened.is_usable and lane.open <= lane.limit:
            lane.idle.append(opened)
        else:
            lane.open -= 1
            await opened.close()
        return outcome

    async def _opened(self, lane: _Lane, hosts: Sequence[str]) -> Connection | Outcome:
        while lane.idle:
            connection = lane.idle.pop()
            if connection.is_usable:
                return connection
            lane.open -= 1
        if lane.open >= lane.limit:
            return _BUSY
        lane.open += 1
        opened: Connection | Outcome = _BUSY
        for host in hosts:
            opened = await SmtpTransport(replace(self._server, host=host)).connect()
            if not isinstance(opened, Outcome):
                return opened
        lane.open -= 1
        return opened

    async def _hosts_of(self, domain: str) -> Sequence[str] | None:
        known = self._known.get(domain)
        if known and known[0] > self._clock():
            return known[1]
        if len(self._known) > _MOST_DOMAINS:
            self._known.clear()
        hosts = await self._hosts.hosts(domain)
        self._known[domain] = self._clock() + _KNOWN_FOR_S, hosts
        return hosts


class DnsHosts:
    """Asks the domain name system. Implements `MailHosts`."""

    def __init__(self, names: Names) -> None:
        self._names = names

    async def hosts(self, domain: str) -> Sequence[str] | None:
        """See `MailHosts`."""
        try:
            answer = await self._names.resolver(dns.asyncresolver.Resolver).resolve(domain, "MX")
        except dns.resolver.NXDOMAIN:
            return None
        except dns.resolver.NoAnswer:
            return [domain]
        except dns.exception.DNSException as error:
            message = f"its mail servers cannot be looked up: {error}"
            raise OSError(message) from error
        found = sorted((record.preference, str(record.exchange).rstrip(".")) for record in answer)
        return [host for _, host in found]


class _Ways:
    """Any lane, for one mail at a time. Implements `domain.seams.Connection`."""

    def __init__(self, transport: DirectTransport) -> None:
        self._transport = transport

    @property
    def is_usable(self) -> bool:
        """Always: each mail opens what it needs."""
        return True

    async def send(self, mail: Mail) -> Outcome:
        """See `DirectTransport.send`."""
        return await self._transport.send(mail)

    def abandon(self) -> None:
        """See `domain.seams.Connection`."""
        self._transport.abandon()

    async def close(self) -> None:
        """Close what is idle."""
        await self._transport.close()


def direct_transport(starttls: str, helo: str, names: Names) -> DirectTransport:
    """Delivering ourselves. starttls: required or off. helo: our own name. names: who is asked for MX hosts.

    Certificates of strangers' servers prove nothing without DANE or MTA-STS, so TLS hides the mail from listeners and no
    more. Source: RFC 7435.
    """
    trust = ssl.create_default_context()
    trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
    tls = Tls.OFF if starttls == "off" else Tls.STARTTLS
    return DirectTransport(
        DnsHosts(replace(names, patience_s=_LOOKUP_S)), SmtpServer("", _PORT, tls, helo=helo, trust=trust)
    )
