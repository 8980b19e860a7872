"""Our public address as others reach it: through DNS and whatever server stands in front. Asks it and changes nothing."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from syndication.domain.site import FRONT_HEADER, Front
from syndication.domain.tokens import KeyRing, Purpose
from syndication.net.client import Answer, NoAnswer, SafeClient, Visit

NOBODY: Final = 2**40 - 1
"""The largest subscription id that a token can name: nobody's."""

_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
_REDIRECTS: Final = range(300, 400)
_OK: Final = 200
_PROXY: Final = "Let the web server in front pass POST requests to this address on unchanged, then check again."


class Fault(NamedTuple):
    """What is wrong, and what mends it."""

    words: str
    remedy: str


@dataclass(frozen=True, slots=True)
class OwnAddress:
    """url: without a slash at its end. pauses_s: before asking again where nothing answers, as the service may be starting."""

    url: str
    keys: KeyRing
    client: SafeClient
    pauses_s: tuple[float, ...] = ()

    def front(self) -> Front | Fault:
        """What the server in front says of visitors, or why that cannot be asked."""
        answer = self._ask("/healthz")
        if isinstance(answer, NoAnswer):
            remedy = "Start `syndication serve`, and let this name lead to the web server in front of it."
            return Fault(f"Nothing answers at {self.url}: {answer.reason}.", remedy)
        if answer.headers.get(FRONT_HEADER) not in set(Front):
            words = f"Something else answers at {self.url} ({answer.status})."
            return Fault(words, "Let the web server in front pass every path on to this service unchanged.")
        return Front(answer.headers[FRONT_HEADER])

    def one_click(self) -> Iterator[Fault]:
        """Why one-click unsubscribing would not work, tried with a link that is nobody's. Source: RFC 8058 section 3.1."""
        path = f"/unsubscribe/{self.keys.sign(Purpose.UNSUBSCRIBE, NOBODY)}"
        for form, meaning in ((b"List-Unsubscribe=One-Click", "POST"), (None, "GET")):
            answer = self._ask(path, form)
            if isinstance(answer, NoAnswer):
                words = f"Nothing answers a {meaning} at the unsubscribe address: {answer.reason}."
                yield Fault(words, "Readers could not leave. Start `syndication serve`, or mend public_url.")
                return
            if answer.status in _REDIRECTS:
                words = f"A {meaning} of the unsubscribe address is redirected ({answer.status}), which mail providers do not follow."
                yield Fault(words, "Make public_url exactly the address that answers.")
            elif answer.status != _OK:
                yield Fault(f"A {meaning} of the unsubscribe address is answered {answer.status}.", _PROXY)

    def _ask(self, path: str, form: bytes | None = None) -> Answer | NoAnswer:
        url = self.url + path
        port = urlsplit(url).port
        headers = {} if form is None else _FORM
        visit = Visit(url, internal=True, ports=frozenset({port} if port else ()), headers=headers, body=form)
        answer = self.client.once(visit)
        for pause_s in self.pauses_s:
            if isinstance(answer, Answer):
                break
            time.sleep(pause_s)
            answer = self.client.once(visit)
        return answer
