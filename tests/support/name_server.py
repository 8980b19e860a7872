"""A name server on loopback that answers from tables; it stands for the foreign one."""

import socket
import threading
from collections.abc import Collection, Mapping
from typing import Self

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

from syndication.net.names import Names


class NameServer:
    """Answers until the block ends. texts: name → its TXT records; other names do not exist but hosts, which are here."""

    def __init__(self, texts: Mapping[str, list[str]], hosts: Collection[str] = ()) -> None:
        self._texts, self._hosts = texts, hosts
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._answer_all, daemon=True)

    @property
    def address(self) -> str:
        """As a setting names it."""
        return f"127.0.0.1:{self._socket.getsockname()[1]}"

    @property
    def names(self) -> Names:
        """A resolver that asks this server."""
        return Names((self.address,))

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
        name, kind = question.question[0].name, question.question[0].rdtype
        words = name.to_text(omit_final_dot=True)
        if words not in {*self._texts, *self._hosts}:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif kind == dns.rdatatype.A and words in self._hosts:
            answer.answer.append(dns.rrset.from_text(name, 60, "IN", "A", "127.0.0.1"))
        elif kind == dns.rdatatype.TXT and self._texts.get(words):
            texts = [" ".join(f'"{part}"' for part in _parts(text)) for text in self._texts[words]]
            answer.answer.append(dns.rrset.from_text(name, 60, "IN", "TXT", *texts))
        return answer.to_wire()


def _parts(text: str) -> list[str]:
    return [text[start : start + 255] for start in range(0, len(text), 255)]
