"""The one way out: what it refuses, follows and limits, against a real server on loopback."""

import gzip
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler

import httpcore
import httpx
import pytest

from syndication.net.client import Answer, Limits, NoAnswer, SafeClient, Visit
from syndication.net.dialer import Dialer, NameService, Refused
from tests.support.web_server import Reply, Seen, WebServer, web_server

LOOPBACK = ["127.0.0.0/8"]
QUICK = Limits(connect_s=0.5, first_byte_s=0.3, total_s=0.8)


@pytest.fixture
def server() -> Iterator[WebServer]:
    with web_server(lambda _: Reply(body=b"hello")) as running:
        yield running


class Names:
    """A name service that a test controls; counts its answers."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    def __call__(self, host: str, port: int) -> Sequence[str]:
        del host, port
        self.asked += 1
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def get(url: str, *, internal: bool = True, **client: object) -> Answer | NoAnswer:
    return SafeClient("Test/1", **client).get(Visit(url, internal=internal))  # type: ignore[arg-type] # any argument


def reason(found: Answer | NoAnswer) -> str:
    assert isinstance(found, NoAnswer), found
    return found.reason


def test_an_answer_is_read_whole(server: WebServer) -> None:
    found = get(server.url("/a?b=1"))
    assert isinstance(found, Answer)
    assert (found.status, found.body, found.url) == (200, b"hello", server.url("/a?b=1"))
    assert server.seen[0].headers["user-agent"] == "Test/1"
    assert server.seen[0].headers["host"] == f"127.0.0.1:{server.port}"


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.1", "0x7f000001", "2130706433", "017700000001", "0", "[::1]", "localhost"]
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_our_own_machine_is_refused_in_every_notation(server: WebServer, host: str, scheme: str) -> None:
    client = SafeClient("Test/1")
    visit = Visit(f"{scheme}://{host}:{server.port}/", ports=frozenset({server.port}))
    found = client.get(visit)
    assert isinstance(found, NoAnswer)
    assert found.refused
    assert not server.seen


@pytest.mark.parametrize(
    "address", ["10.0.0.1", "169.254.169.254", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "fd00::1", "224.0.0.1"]
)
def test_a_name_that_leads_into_the_house_is_refused(server: WebServer, address: str) -> None:
    found = SafeClient("Test/1", resolver=Names([address])).get(
        Visit(server.url(host="feeds.example"), ports=frozenset({server.port}))
    )
    assert "closed to sources" in reason(found)


def test_addresses_that_fail_the_check_are_dropped_and_others_used(server: WebServer) -> None:
    names = Names(["169.254.169.254", "127.0.0.1"])
    found = SafeClient("Test/1", LOOPBACK, resolver=names).get(
        Visit(server.url(host="feeds.example"), ports=frozenset({server.port}))
    )
    assert isinstance(found, Answer)
    assert server.seen[0].headers["host"] == f"feeds.example:{server.port}"


def test_a_name_is_resolved_once_so_a_second_answer_changes_nothing(server: WebServer) -> None:
    names = Names(["127.0.0.1"], ["10.0.0.1"])
    assert isinstance(get(server.url(host="rebinding.example"), resolver=names), Answer)
    assert names.asked == 1


def test_a_redirect_into_the_house_is_refused(server: WebServer) -> None:
    """The first host is admitted by its network, the second is not: 10.0.0.1 is never connected to."""
    server.script = lambda seen: (
        Reply(302, {"Location": "http://inside.example/secret"}) if seen.path == "/feed" else Reply()
    )

    def names(host: str, port: int) -> Sequence[str]:
        del port
        return ["10.0.0.1"] if host == "inside.example" else ["127.0.0.1"]

    client = SafeClient("Test/1", LOOPBACK, resolver=names)
    found = client.get(Visit(server.url(host="outside.example"), ports=frozenset({server.port})))
    assert "10.0.0.1 is a private network" in reason(found)
    assert len(server.seen) == 1


def test_every_hop_of_a_redirect_is_resolved_and_checked_again(server: WebServer) -> None:
    server.script = lambda seen: Reply(302, {"Location": "/second"}) if seen.path == "/feed" else Reply(body=b"x")
    names = Names(["127.0.0.1"], ["10.0.0.1"])
    client = SafeClient("Test/1", LOOPBACK, resolver=names)
    found = client.get(Visit(server.url(host="rebinding.example"), ports=frozenset({server.port})))
    assert "closed to sources" in reason(found)
    assert names.asked == 2


def test_other_ports_than_the_webs_are_closed_to_addresses_that_documents_name(server: WebServer) -> None:
    found = SafeClient("Test/1", LOOPBACK).get(Visit(server.url()))
    assert "port" in reason(found)
    assert not server.seen


@pytest.mark.parametrize(
    "url",
    ["ftp://e.org/", "file:///etc/passwd", "gopher://e.org/", "//e.org/", "http://", "http://[::1", "", "x" * 100_000],
)
def test_what_is_no_web_address_is_refused(url: str) -> None:
    assert "not a web address" in reason(get(url))


def test_five_redirects_are_followed_and_no_more(server: WebServer) -> None:
    def script(seen: Seen) -> Reply:
        number = int(seen.path[1:])
        return Reply(301, {"Location": f"/{number - 1}"}) if number else Reply(body=b"end")

    server.script = script
    found = get(server.url("/5"))
    assert isinstance(found, Answer)
    assert (found.body, found.url, found.moved) == (b"end", server.url("/0"), True)
    assert "more than 5 times" in reason(get(server.url("/6")))


def test_a_move_is_permanent_only_when_every_hop_is(server: WebServer) -> None:
    status = {"/a": 301, "/b": 302}
    server.script = lambda seen: (
        Reply(status[seen.path], {"Location": {"/a": "/b", "/b": "/c"}[seen.path]}) if seen.path in status else Reply()
    )
    found = get(server.url("/a"))
    assert isinstance(found, Answer)
    assert not found.moved


@pytest.mark.parametrize("target", ["ftp://e.org/", "javascript:x", "file:///etc/passwd"])
def test_a_redirect_out_of_the_web_is_refused(server: WebServer, target: str) -> None:
    server.script = lambda _: Reply(302, {"Location": target})
    assert "not the web" in reason(get(server.url()))


def test_a_redirect_with_an_impossible_address_is_refused(server: WebServer) -> None:
    server.script = lambda _: Reply(302, {"Location": "http://[::1"})
    assert "no address" in reason(get(server.url()))


def test_no_cookie_and_no_referrer_is_ever_sent(server: WebServer) -> None:
    server.script = lambda seen: (
        Reply(302, {"Location": "/second", "Set-Cookie": "a=b"}) if seen.path == "/feed" else Reply()
    )
    client = SafeClient("Test/1")
    client.get(Visit(server.url(), internal=True))
    client.get(Visit(server.url(), internal=True))
    assert not any({"cookie", "referer"} & set(seen.headers) for seen in server.seen)


def test_proxies_of_the_environment_are_ignored(server: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert isinstance(get(server.url()), Answer)


def test_a_log_in_goes_to_its_own_host_only_and_is_not_told(server: WebServer) -> None:
    server.script = lambda seen: (
        Reply(302, {"Location": server.url("/second", "localhost")}) if seen.path == "/feed" else Reply()
    )
    found = get(server.url(host="user:secret@127.0.0.1"), resolver=Names(["127.0.0.1"]))
    assert isinstance(found, Answer)
    assert server.seen[0].headers["authorization"].startswith("Basic ")
    assert "authorization" not in server.seen[1].headers
    assert "secret" not in found.url


def test_a_packed_answer_is_unpacked(server: WebServer) -> None:
    server.script = lambda _: Reply(200, {"Content-Encoding": "gzip"}, gzip.compress(b"hello"))
    found = get(server.url())
    assert isinstance(found, Answer)
    assert found.body == b"hello"


def test_a_bomb_is_refused(server: WebServer) -> None:
    server.script = lambda _: Reply(200, {"Content-Encoding": "gzip"}, gzip.compress(bytes(50_000_000)))
    assert "hundred times" in reason(get(server.url()))


def test_an_endless_body_ends_at_the_limit(server: WebServer) -> None:
    def write(handler: BaseHTTPRequestHandler) -> None:
        while True:
            handler.wfile.write(b"x" * 65536)

    server.script = lambda _: Reply(write=write)
    assert "larger than 1 MiB" in reason(get(server.url(), limits=Limits(body=1024 * 1024)))


class Waiting:
    """Somebody who says nothing, or a byte now and then, until they are left: nobody waits for their end."""

    def __init__(self, byte: bytes = b"") -> None:
        self.byte = byte
        self.left = threading.Event()
        self.has_ended = False

    def write(self, handler: BaseHTTPRequestHandler) -> None:
        for _ in range(600):
            if self.left.wait(0.1):
                return
            handler.wfile.write(self.byte)
            handler.wfile.flush()
        self.has_ended = True

    def names(self, host: str, port: int) -> Sequence[str]:
        del host, port
        self.has_ended = not self.left.wait(60)
        return []

    def require_left(self) -> None:
        self.left.set()
        assert not self.has_ended


@pytest.mark.parametrize("byte", [b"", b"x"], ids=["nothing", "a byte now and then"])
def test_a_server_that_says_too_little_is_left(server: WebServer, byte: bytes) -> None:
    waiting = Waiting(byte)
    server.script = lambda _: Reply(write=waiting.write)
    assert "too slowly" in reason(get(server.url(), limits=QUICK))
    waiting.require_left()


def test_a_name_service_that_does_not_answer_is_left() -> None:
    waiting = Waiting()
    assert "could not be reached" in reason(get("http://slow.example/", resolver=waiting.names, limits=QUICK))
    waiting.require_left()


def test_faults_of_the_network_are_told_in_words(server: WebServer) -> None:
    assert "Connection refused" in reason(get("http://127.0.0.1:1/"))
    assert "failed" in reason(get(f"https://127.0.0.1:{server.port}/"))

    def names(host: str, port: int) -> Sequence[str]:
        del host, port
        raise OSError

    assert "not known to the name service" in reason(get("http://nowhere.example/", resolver=names))


def test_an_answer_that_is_no_http_is_told_in_words(server: WebServer) -> None:
    def script(_: Seen) -> Reply:
        return Reply(200, {"Content-Length": "-1"})

    server.script = script
    assert "HTTP as it should" in reason(get(server.url()))


def test_a_redirect_from_https_to_http_is_refused() -> None:
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(str(request.url))
        return httpx.Response(301, headers={"Location": "http://e.org/feed"})

    found = SafeClient("Test/1", transport=httpx.MockTransport(answer)).get(Visit("https://e.org/feed"))
    assert "from https to http" in reason(found)
    assert seen == ["https://e.org/feed"]


def test_a_connection_that_ends_somewhere_else_is_closed_before_a_word_is_said() -> None:
    class Elsewhere(httpcore.MockStream):
        is_closed = False

        def get_extra_info(self, info: str) -> object:
            return ("10.0.0.1", 80) if info == "server_addr" else None

        def close(self) -> None:
            self.is_closed = True

    stream = Elsewhere([])

    class Backend(httpcore.MockBackend):
        def connect_tcp(self, *_: object, **__: object) -> httpcore.NetworkStream:
            return stream

    with ThreadPoolExecutor(1) as pool:
        names = NameService(Names(["93.184.216.34"]), pool)
        dialer = Dialer(names, (), time.monotonic() + 5, Backend([]))
        with pytest.raises(Refused, match="private network"):
            dialer.connect_tcp("feeds.example", 80, 1)
    assert stream.is_closed
