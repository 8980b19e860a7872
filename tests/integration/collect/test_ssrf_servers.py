"""No request reaches a closed address, in whatever way it is written, named, redirected to or changed under our hands.

The proof is a server on every address of this machine that counts connections: none may come.
"""

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from syndication.net.client import NoAnswer, SafeClient, Visit
from tests.support.web_server import Reply, web_server

FORMS = [
    "127.0.0.1", "127.1", "127.0.1", "0x7f000001", "0x7f.0.0.1", "2130706433", "017700000001", "0177.0.0.1", "127.255.255.254",
    "0", "0.0.0.0",  # noqa: S104 - an address to refuse
    "localhost", "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
    "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b:1::7f00:1]", "[2002:7f00:1::]", "[2001:0:7f00:1::]", "[fe80::1]", "[fec0::1]",
    "[fc00::1]", "[ff02::1]", "[5f00::1]", "[3fff::1]", "[2001:db8::1]", "[100::1]", "10.0.0.1", "100.64.0.1", "169.254.169.254", "172.16.0.1",
    "192.0.0.8", "192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "240.0.0.1",
    "255.255.255.255", "127\u30020\u30020\u30021", "\uff11\uff12\uff17.0.0.1",
]  # fmt: skip
EMBEDDED = [
    "::ffff:127.0.0.1", "::7f00:1", "64:ff9b::7f00:1", "64:ff9b:1::7f00:1", "2002:7f00:1::", "2001:0:7f00:1::", "fe80::1%lo", "127.0.0.1", "::1",
]  # fmt: skip


class Counter:
    """Counts connections to every address of this machine, IPv4 and IPv6."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
        self.port: int = self.socket.getsockname()[1]
        self.came = 0

    def run(self) -> None:
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self.came += 1
            connection.close()


@contextmanager
def counting() -> Iterator[Counter]:
    counter = Counter()
    thread = threading.Thread(target=counter.run)
    thread.start()
    try:
        yield counter
    finally:
        counter.socket.shutdown(socket.SHUT_RDWR)
        counter.socket.close()
        thread.join()


@pytest.fixture
def counter() -> Iterator[Counter]:
    with counting() as running:
        yield running


def refused(client: SafeClient, url: str, port: int) -> bool:
    found = client.get(Visit(url, ports=frozenset({port})))
    return isinstance(found, NoAnswer)


def test_the_counter_counts(counter: Counter) -> None:
    for host in ("127.0.0.1", "::1"):
        socket.create_connection((host, counter.port), 5).close()
    # An answer to a third connection says that the first two were counted.
    with socket.create_connection(("127.0.0.1", counter.port), 5) as third:
        assert third.recv(1) == b""
    assert counter.came == 3


def test_no_form_of_a_closed_address_is_connected_to(counter: Counter) -> None:
    client = SafeClient("Test/1")
    for host in FORMS:
        for scheme in ("http", "https"):
            assert refused(client, f"{scheme}://{host}:{counter.port}/feed", counter.port), host
    assert counter.came == 0


def test_no_redirect_leads_to_a_closed_address(counter: Counter) -> None:
    """The first host is admitted by its network alone; where it points to is inside."""
    with web_server(lambda seen: Reply(302, {"Location": seen.path[1:]}), "127.0.0.77") as outside:

        def names(host: str, port: int) -> Sequence[str]:
            if host == "outside.example":
                return ["127.0.0.77"]
            return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]

        client = SafeClient("Test/1", ["127.0.0.77/32"], resolver=names)
        ports = frozenset({outside.port, counter.port})
        targets = [host for host in FORMS if host.isascii()]
        for host in targets:
            target = f"http://{host}:{counter.port}/secret"
            found = client.get(Visit(f"http://outside.example:{outside.port}/{target}", ports=ports))
            assert isinstance(found, NoAnswer), host
        assert len(outside.seen) == len(targets)
    assert counter.came == 0


@pytest.mark.parametrize("address", EMBEDDED)
def test_no_name_leads_to_a_closed_address(counter: Counter, address: str) -> None:
    client = SafeClient("Test/1", resolver=lambda _host, _port: [address])
    assert refused(client, f"http://feeds.example:{counter.port}/", counter.port)
    assert counter.came == 0


def test_a_name_that_changes_its_mind_gains_nothing(counter: Counter) -> None:
    """DNS rebinding: the address that was checked is the one that is connected to, at every request anew."""
    answers = [["192.0.2.1"], ["127.0.0.1"], ["127.0.0.1"]]
    asked: list[str] = []

    def names(host: str, port: int) -> Sequence[str]:
        del port
        asked.append(host)
        return answers[(len(asked) - 1) % len(answers)]

    client = SafeClient("Test/1", ["127.0.0.77/32"], resolver=names)
    for _ in range(6):
        assert refused(client, f"http://rebinding.example:{counter.port}/", counter.port)
    assert len(asked) == 6
    assert counter.came == 0


def test_a_log_in_or_a_fragment_does_not_hide_the_host(counter: Counter) -> None:
    client = SafeClient("Test/1")
    for url in (
        f"http://example.org@127.0.0.1:{counter.port}/",
        f"http://127.0.0.1:{counter.port}#@example.org/",
        f"http://127.0.0.1:{counter.port}\\@example.org/",
        f"http:///127.0.0.1:{counter.port}/",
        f"http://127.0.0.1%00.example.org:{counter.port}/",
        f"gopher://127.0.0.1:{counter.port}/",
        f"file://127.0.0.1:{counter.port}/",
    ):
        assert refused(client, url, counter.port), url
    assert counter.came == 0


def test_an_internal_source_may_live_inside_but_never_at_link_local_addresses(counter: Counter) -> None:
    client = SafeClient("Test/1", resolver=lambda _host, _port: ["169.254.169.254"])
    found = client.get(Visit(f"http://metadata.example:{counter.port}/", internal=True))
    assert isinstance(found, NoAnswer)
    assert "link-local" in found.reason
    assert isinstance(SafeClient("Test/1").get(Visit(f"http://127.0.0.1:{counter.port}/", internal=True)), NoAnswer)
    assert counter.came == 1  # this one was let in, and hung up on
