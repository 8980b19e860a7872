"""Questions to the domain name system: what a domain publishes about its mail."""

from dataclasses import dataclass

from dns.exception import DNSException
from dns.resolver import NXDOMAIN, NoAnswer, Resolver


@dataclass(frozen=True, slots=True)
class Names:
    """A resolver. servers: addresses of name servers, by default those of this machine. port: of theirs.

    patience_s: how long an answer is waited for.
    """

    servers: tuple[str, ...] = ()
    port: int = 53
    patience_s: float = 4.0

    def texts(self, name: str) -> tuple[str, ...] | None:
        """The TXT records of a name, each whole; None when nobody answers, so that nothing can be said."""
        try:
            resolver = Resolver(configure=not self.servers)
            if self.servers:
                resolver.nameservers = list(self.servers)
                resolver.port = self.port
            resolver.lifetime = self.patience_s
            answer = resolver.resolve(name, "TXT")
        except (NXDOMAIN, NoAnswer):
            return ()
        except (DNSException, OSError):
            return None
        return tuple(b"".join(record.strings).decode("utf-8", "replace") for record in answer)
