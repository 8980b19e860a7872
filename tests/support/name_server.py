"""A name server on loopback that answers TXT questions from a table; it stands for the foreign one."""

import socket
import threading
from collections.abc import Mapping
from typing import Self

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

from syndication.net.names import Names


class NameServer:
    """Answers until the block ends. texts: name → its TXT records; other names do not exist."""

    def __init__(self, texts: Mapping[str, list[str]]) -> None:
        self._texts = texts
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._answer_all, daemon=True)

    @property
    def names(self) -> Names:
        """A resolver that asks this server."""
        return Names(("127.0.0.1",), self._socket.getsockname()[1])

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        port = self._socket.getsockname()[1]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", ("127.0.0.1", port))
        self._thread.join()
        self._socket.close()

    def _answer_all(self) -> None:
        while True:
            question, asker = self._socket.recvfrom(4096)
            if not question:
                return
            self._socket.sendto(self._answer(dns.message.from_wire(question)), asker)

    def _answer(self, question: dns.message.Message) -> bytes:
        answer = dns.message.make_response(question)
        answer.flags |= dns.flags.RA
        name = question.question[0].name
        found = self._texts.get(name.to_text(omit_final_dot=True))
        if found is None:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif found:
            words = [" ".join(f'"{part}"' for part in _parts(text)) for text in found]
            answer.answer.append(dns.rrset.from_text(name, 60, "IN", "TXT", *words))
        return answer.to_wire()


def _parts(text: str) -> list[str]:
    return [text[start : start + 255] for start in range(0, len(text), 255)]
