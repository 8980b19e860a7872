"""The HTTP server: granian inside this process, until it is told to stop.

Granian reads a request in a thread of its own and then waits for the event loop, whatever the answer is. What lies
ready is answered before that, in granian's thread: two changes of threads are dearer than such an answer. Source: ADR 31.
"""

import asyncio
import os
import resource
import socket
import sys
from asyncio.tasks import _enter_task, _leave_task
from collections.abc import Awaitable, Callable, MutableMapping
from functools import partial
from typing import Any, Final, Self, cast

import structlog
from granian._futures import _cbsched_aioschedule, _future_watcher_wrapper
from granian._granian import ASGIWorker, CallbackScheduler
from granian.asgi import _callback_wrapper
from granian.constants import Interfaces
from granian.server.embed import Server

from syndication.domain.errors import ConfigError

_log = structlog.get_logger()

_CONNECTIONS: Final = 1024
_FILES: Final = 65_536

AsgiApp = Callable[[Any, Any, Any], Awaitable[None]]
Scope = MutableMapping[str, Any]
Send = Callable[[dict[str, Any]], object]
AtOnce = Callable[[Scope, Send], bool]
"""Answers a request, as ASGI has it, if that needs no waiting; False when it does, and nothing was sent. Called in another
thread than the event loop's; what is sent has gone when `send` returns."""


def require_free(host: str, port: int) -> None:
    """Raises ConfigError, with the setting that mends it, when nobody can listen there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            message = (
                f"Cannot listen on {host} port {port}: {error.strerror}. Stop the program that uses it, or choose "
                "another port: SYNDICATION_SERVER__PORT=8001, or [server] port in var/syndication.toml."
            )
            raise ConfigError(message) from error


def _allow_files() -> None:
    """As many open files as the system lets us have: the usual 1,024 can all be connections, and none left for work."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(hard, _FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


Callback = Callable[[Any], Any]
# What granian does not type, or types as an older version had it.
_watched: Callback = cast("Any", _future_watcher_wrapper)
_later: Callable[..., Callback] = cast("Any", _cbsched_aioschedule)
_worker: Callable[..., Any] = cast("Any", ASGIWorker)


def nothing_at_once(scope: Scope, send: Send) -> bool:  # noqa: ARG001 - as `AtOnce` has it
    """Leave every request to the application."""
    return False


async def serve(target: AsgiApp, host: str, port: int, stop: asyncio.Event, at_once: AtOnce = nothing_at_once) -> None:
    """Answer requests until `stop` is set; requests under way are finished. at_once: is asked before `target`."""
    _allow_files()
    server = Server(
        target,
        address=host,
        port=port,
        interface=Interfaces.ASGINL,
        websockets=False,
        log_enabled=False,
        backlog=_CONNECTIONS,
    )
    running = asyncio.create_task(server.serve(cast("Any", partial(_work, at_once))))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
    server.stop()  # type: ignore[no-untyped-call]  # granian leaves it untyped
    stopping.cancel()
    await running


async def _work(at_once: AtOnce, number: int, stopping: Any, target: AsgiApp, sock: Any, *options: Any) -> None:  # noqa: ANN401 - granian leaves them untyped
    """What granian's own worker for this interface does (granian.server.embed, 2.8), with a scheduler of ours.

    With the runtime that granian takes for several threads, and one thread: it is woken only when it sleeps. Source: ADR 31.
    """
    *limits, _tasks, mode, http1, http2, websockets, files, access_log, ssl, prefix = options
    loop = asyncio.get_running_loop()
    ended = loop.create_future()
    stopping.add_cb(lambda: loop.call_soon_threadsafe(ended.set_result, None))
    callback = _watched(_callback_wrapper(target, prefix, {}, access_log))  # type: ignore[no-untyped-call]  # granian leaves it untyped
    worker = _worker(number, sock, None, *limits, mode, http1, http2, websockets, files, *ssl, (None, None))
    worker.serve_mtr(_Scheduler(loop, callback, at_once), loop, stopping)
    await ended


def _give_way() -> None:
    """Let this thread wait for its turn when it is woken, where the system has a word for that.

    It is woken for every answer by the thread that reads and writes, and would push that or the client off its processor. Source: ADR 31.
    """
    if sys.platform == "linux" and os.sched_getscheduler(0) == os.SCHED_OTHER:
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


class _Scheduler(CallbackScheduler):
    """Is called by granian for each request, in granian's thread."""

    __slots__ = ()

    def __new__(cls, loop: asyncio.AbstractEventLoop, callback: Callback, at_once: AtOnce) -> Self:
        del at_once
        made: Callable[..., Self] = super().__new__
        return made(cls, loop, callback, None, partial(_enter_task, loop), partial(_leave_task, loop))

    def __init__(self, loop: asyncio.AbstractEventLoop, callback: Callback, at_once: AtOnce) -> None:
        super().__init__()
        later = _later(loop, self._ctx, callback)
        is_begun = False

        def schedule(watcher: Any) -> None:  # noqa: ANN401 - granian leaves it untyped
            nonlocal is_begun
            if not is_begun:
                is_begun = True
                _give_way()
            try:
                is_answered = at_once(watcher.scope, watcher.proto.send)
            except Exception as error:  # noqa: BLE001 - granian would swallow it, and the client wait for ever
                _log.error("not_answered_at_once", error=repr(error))
                is_answered = False
            if not is_answered:
                later(watcher)

        self._schedule_fn = schedule
