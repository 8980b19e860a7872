"""Questions to the domain name system: what a domain publishes about its mail, and where its hosts are."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final, TypeVar
from urllib.parse import urlsplit

from dns.exception import DNSException
from dns.nameserver import Do53Nameserver
from dns.resolver import NXDOMAIN, BaseResolver, NoAnswer, Resolver

from syndication.net.dialer import resolve
from syndication.net.hosts import is_number

_PORT: Final = 53
_Kind = TypeVar("_Kind", bound=BaseResolver)


def server_of(words: str) -> tuple[str, int]:
    """Address and port of '192.0.2.53', '192.0.2.53:5353' or '[2001:db8::53]:5353'. Raises ValueError."""
    try:
        return str(ip_address(words)), _PORT
    except ValueError:
        parts = urlsplit(f"//{words}")
        if parts.netloc != words:
            raise
        return str(ip_address(parts.hostname or "")), parts.port or _PORT


def only_servers(found: tuple[str, ...]) -> tuple[str, ...]:
    """The same, each of which `server_of` can read. Raises ValueError that names the one that it cannot."""
    for words in found:
        try:
            server_of(words)
        except ValueError as error:
            message = f"must be addresses of name servers such as 192.0.2.53 or 192.0.2.53:5353, not '{words}'"
            raise ValueError(message) from error
    return found


@dataclass(frozen=True, slots=True)
class Names:
    """Whom to ask. servers: name servers as `server_of` reads them, by default those of this machine.

    patience_s: how long an answer is waited for.
    """

    servers: tuple[str, ...] = ()
    patience_s: float = 4.0

    def resolver(self, kind: type[_Kind]) -> _Kind:
        """A resolver that asks these servers. Raises DNSException when none are named and this machine has none."""
        made = kind(configure=not self.servers)
        if self.servers:
            made.nameservers = [Do53Nameserver(*server_of(words)) for words in self.servers]
        made.lifetime = self.patience_s
        return made

    def asked(self) -> tuple[str, ...]:
        """The addresses of the servers that would be asked; () when this machine has none. Asks nobody."""
        if self.servers:
            return tuple(server_of(words)[0] for words in self.servers)
        try:
            return tuple(map(str, Resolver(configure=True).nameservers))
        except DNSException:
            return ()

    def texts(self, name: str) -> tuple[str, ...] | None:
        """The TXT records of a name, each whole; None when nobody answers, so that nothing can be said."""
        try:
            answer = self.resolver(Resolver).resolve(name, "TXT")
        except (NXDOMAIN, NoAnswer):
            return ()
        except (DNSException, OSError):
            return None
        return tuple(b"".join(record.strings).decode("utf-8", "replace") for record in answer)

    def addresses(self, host: str, port: int) -> Sequence[str]:
        """Where a host is, as the servers say; without any as this machine says. Raises OSError. See `dialer.Resolver`."""
        if not self.servers or is_number(host):
            return resolve(host, port)
        try:
            return list(self.resolver(Resolver).resolve_name(host).addresses())
        except DNSException as error:
            raise OSError(str(error)) from error
