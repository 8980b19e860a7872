"""A daemon that speaks SpamAssassin's protocol on loopback; it stands for the foreign one."""

import socket
import threading
import time
from typing import Self

OK = b"SPAMD/1.1 0 EX_OK\r\nContent-length: 21\r\nSpam: False ; %s / 5.0\r\n\r\nHTML_MESSAGE,NO_RELAYS"


class SpamDaemon:
    """Answers every question the same until the block ends. answer: its bytes. wait_s: before it answers."""

    def __init__(self, answer: bytes = OK % b"0.3", wait_s: float = 0.0) -> None:
        self.asked: list[bytes] = []
        self._answer, self._wait_s = answer, wait_s
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._answer_all, daemon=True)
        self._stopped = False

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        return "127.0.0.1", int(self._socket.getsockname()[1])

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped = True
        with socket.create_connection(self.address):
            pass
        self._thread.join()
        self._socket.close()

    def _answer_all(self) -> None:
        while True:
            connection, _ = self._socket.accept()
            with connection:
                if self._stopped:
                    return
                self.asked.append(_all(connection))
                time.sleep(self._wait_s)
                try:
                    connection.sendall(self._answer)
                except OSError:
                    continue  # the asker had no patience


def _all(connection: socket.socket) -> bytes:
    parts = b""
    while part := connection.recv(65_536):
        parts += part
    return parts
