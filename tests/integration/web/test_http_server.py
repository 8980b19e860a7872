"""The HTTP server over real sockets: what lies ready is answered at once, all else by the application."""

import asyncio
import http.client
import multiprocessing
import os
import re
import resource
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import uvloop
from starlette.types import ASGIApp, Receive
from starlette.types import Scope as AsgiScope
from starlette.types import Send as AsgiSend
from structlog.testing import capture_logs

from syndication.domain.site import Site
from syndication.domain.tokens import KeyRing
from syndication.publish.documents import documents
from syndication.store.database import Database
from syndication.store.feed_documents import Edition, save_documents
from syndication.store.readings import readings_since
from syndication.web.feeds import FeedServer
from syndication.web.server import AtOnce, Scope, Send, nothing_at_once, require_free, serve
from tests.support.feeds import PREFIX, PUBLIC_URL, a_feed, an_item
from tests.support.rows import NOW, add_counters

SITE = Site("News", "", PUBLIC_URL, "en", "UTC", PREFIX)
Answer = tuple[int, dict[str, str], bytes]


async def echo(scope: AsgiScope, receive: Receive, send: AsgiSend) -> None:
    """An application that says what it was asked; a path /broken fails, /slow takes its time."""
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message["body"], message["more_body"]
    if scope["path"] == "/broken":
        raise ValueError
    if scope["path"] == "/slow":
        await asyncio.sleep(0.3)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-from", b"application")]})
    for piece in (scope["method"].encode(), scope["path"].encode(), body):
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int) -> None:
    for _ in range(4000):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            break
        except ConnectionRefusedError:
            threading.Event().wait(0.005)


@contextmanager
def running(target: ASGIApp = echo, at_once: AtOnce = nothing_at_once) -> Iterator[tuple[int, Callable[[], None]]]:
    """The port of a server in a thread, and what stops it."""
    port = free_port()
    stop, loop = asyncio.Event(), uvloop.new_event_loop()
    thread = threading.Thread(
        target=loop.run_until_complete, args=(serve(target, "127.0.0.1", port, stop, at_once),), daemon=True
    )
    thread.start()
    wait_for(port)

    def end() -> None:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)

    yield port, end
    end()
    assert not thread.is_alive()
    loop.close()


def ask(
    port: int, path: str, method: str = "GET", body: bytes = b"", headers: Mapping[str, str] | None = None
) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path, body or None, dict(headers or {}))
    answer = connection.getresponse()
    found = answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    connection.close()
    return found


@pytest.fixture
def feeds(database: Database) -> FeedServer:
    with database.write() as session:
        add_counters(session)
    with database.write() as session:
        save_documents(session, [Edition(documents(a_feed(an_item())), "")])
    server = FeedServer(database, SITE, KeyRing({"a": b"k" * 32}, "a"), lambda: NOW)
    server.refresh()
    return server


def test_what_lies_ready_is_the_same_whoever_answers(feeds: FeedServer) -> None:
    def parts(answer: Answer) -> Answer:
        return answer[0], {name: value for name, value in answer[1].items() if name != "date"}, answer[2]

    with running(feeds) as (slow, _), running(feeds, feeds.answer_at_once) as (quick, _):
        kinds: list[dict[str, str]] = [
            {"Accept-Encoding": "gzip"},
            {"Accept-Encoding": "br"},
            {"Sec-Fetch-Dest": "document"},
        ]
        for headers in ({}, *kinds):
            first = parts(ask(slow, "/feeds/all.atom", headers=headers))
            assert parts(ask(quick, "/feeds/all.atom", headers=headers)) == first
            again = headers | {"If-None-Match": first[1]["etag"]}
            assert parts(ask(quick, "/feeds/all.atom", headers=again)) == parts(
                ask(slow, "/feeds/all.atom", headers=again)
            )
        for path in ("/feeds/all.rss?lang=xx", "/feeds/none.json"):
            assert parts(ask(quick, path)) == parts(ask(slow, path))
        assert parts(ask(quick, "/feeds/all.rss", "HEAD")) == parts(ask(slow, "/feeds/all.rss", "HEAD"))


def test_requests_that_are_answered_at_once_are_counted(feeds: FeedServer, database: Database) -> None:
    reader = {"User-Agent": "newsboat/2.21"}
    with running(feeds, feeds.answer_at_once) as (port, _):
        for _ in range(3):
            tag = ask(port, "/feeds/all.atom", headers=reader)[1]["etag"]
        ask(port, "/feeds/all.atom", headers={**reader, "If-None-Match": tag})
    feeds.write_readings()
    with database.read() as session:
        found = readings_since(session, NOW.date())
    assert [(one.path, one.agent, one.requests, one.unmodified, one.readers) for one in found] == [
        ("/feeds/all.atom", "newsboat", 4, 1, 1)
    ]


def test_the_thread_that_holds_the_gil_waits_for_its_turn_and_no_other() -> None:
    def threads() -> set[Path]:
        return set(Path("/proc/self/task").iterdir())

    before = threads()
    with running() as (port, _):
        ask(port, "/")
        policies = {one.name: os.sched_getscheduler(int(one.name)) for one in threads() - before}
        assert list(policies.values()).count(os.SCHED_BATCH) == 1, policies
        (worker,) = (one.name for one in threads() - before if (one / "comm").read_text() == "tokio-rt-worker\n")
        assert policies[worker] == os.SCHED_OTHER


def serve_with_few_files(port: int) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    asyncio.run(serve(echo, "127.0.0.1", port, asyncio.Event()))


def test_many_who_connect_and_say_nothing_leave_room_for_others() -> None:
    port = free_port()
    process = multiprocessing.get_context("spawn").Process(target=serve_with_few_files, args=(port,))
    process.start()
    try:
        wait_for(port)
        with ExitStack() as silent:
            for _ in range(200):
                silent.enter_context(socket.create_connection(("127.0.0.1", port), 5))
            assert ask(port, "/")[0] == 200
    finally:
        process.terminate()
        process.join(10)


def test_all_else_goes_to_the_application() -> None:
    asked = []

    def at_once(scope: Scope, send: Send) -> bool:
        del send
        asked.append(scope["path"])
        return False

    with running(at_once=at_once) as (port, _):
        assert ask(port, "/a") == (200, {**ask(port, "/a")[1], "x-from": "application"}, b"GET/a")
        body = b"x" * 300_000
        assert ask(port, "/b", "POST", body)[2] == b"POST/b" + body
        assert ask(port, "/broken")[0] == 500
        assert ask(port, "/c")[2] == b"GET/c"
    assert asked == ["/a", "/a", "/b", "/broken", "/c"]


def test_an_answer_at_once_that_fails_is_left_to_the_application() -> None:
    def at_once(scope: Scope, send: Send) -> bool:
        del send
        raise KeyError(scope["path"])

    with capture_logs() as logs, running(at_once=at_once) as (port, _):
        assert ask(port, "/a")[2] == b"GET/a"
    assert [log["event"] for log in logs] == ["not_answered_at_once"]


def test_many_at_once_on_one_connection_come_in_order(feeds: FeedServer) -> None:
    async def target(scope: AsgiScope, receive: Receive, send: AsgiSend) -> None:
        await (feeds if feeds.handles(scope["path"]) else echo)(scope, receive, send)

    with running(target, feeds.answer_at_once) as (port, _), socket.create_connection(("127.0.0.1", port), 10) as line:
        heads = [f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n" for path in ("/slow", "/feeds/none.rss", "/feeds/all.json")]
        line.sendall("".join(heads).encode())
        seen = b""
        while not seen.endswith(b"]}"):
            piece = line.recv(65536)
            assert piece
            seen += piece
    assert re.findall(rb"HTTP/1\.1 (\d+)", seen) == [b"200", b"404", b"200"]


def test_a_request_under_way_is_finished_when_the_server_stops() -> None:
    with running() as (port, end):
        found: list[Answer] = []
        asking = threading.Thread(target=lambda: found.append(ask(port, "/slow")))
        asking.start()
        threading.Event().wait(0.1)
        end()
        asking.join(10)
        assert [(answer[0], answer[2]) for answer in found] == [(200, b"GET/slow")]
        require_free("127.0.0.1", port)
