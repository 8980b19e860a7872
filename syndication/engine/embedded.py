"""Jobs in this process: APScheduler's thread pools run them, nothing of it is persisted.

Our tables are the truth and a job may be lost with the process; the sweep asks for it again. APScheduler drops a job
whose id is queued or running, so the keys are kept here: a key that waits is the same job, a key that runs is run
once more at its end (measured: without this, requests made during a run are lost).
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from syndication.domain.seams import Task

_log = structlog.get_logger()

POOLS: Final = MappingProxyType({"collect": 2, "build": 2, "mail": 1, "upkeep": 1, "import": 1})
"""Threads a pool: collecting has threads of its own to wait for the network, building uses the processor, mail is one asyncio loop, a list takes minutes."""

POOL_OF: Final = MappingProxyType(
    {
        Task.COLLECT: "collect",
        Task.CLASSIFY: "build",
        Task.PUBLISH: "build",
        Task.COMPOSE: "build",
        Task.DELIVER: "mail",
        Task.PING: "collect",
        Task.HUBS: "collect",
        Task.UPKEEP: "upkeep",
        Task.IMPORT: "import",
        Task.SWEEP: "upkeep",
    }
)


@dataclass(slots=True)
class _Keys:
    """Which keys wait, run, or shall run again."""

    waiting: set[str] = field(default_factory=set)
    running: set[str] = field(default_factory=set)
    again: dict[str, Callable[[], None]] = field(default_factory=dict)


class EmbeddedEngine:
    """Runs jobs on threads of this process. Build it with what each task does, start it, stop it."""

    def __init__(self, tasks: Mapping[Task, Callable[..., object]]) -> None:
        """Take the functions the tasks stand for; they are called with the ids given to `enqueue`."""
        self._tasks = tasks
        self._keys = _Keys()
        self._is_stopping = False
        self._lock = threading.Lock()
        self._idle = threading.Condition(self._lock)
        self._scheduler = BackgroundScheduler(
            timezone="UTC",
            executors={name: ThreadPoolExecutor(threads) for name, threads in POOLS.items()},
            # The defaults drop work: grace 1 s lost 80 of 100 jobs that waited for a thread (measured).
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1_000_000},
        )

    def start(self) -> None:
        """Begin to run what is asked for, and what was asked for before."""
        self._scheduler.start()

    def stop(self) -> None:
        """Finish the jobs that run, drop those that wait (the sweep of the next start finds their work)."""
        with self._lock:
            self._is_stopping = True
        self._scheduler.remove_all_jobs()
        self._scheduler.shutdown(wait=True)

    def enqueue(self, task: Task, key: str, **ids: int) -> None:
        """See `domain.seams.Enqueue`. Nothing is taken any more once it is stopped."""

        def job() -> None:
            self._tasks[task](**ids)

        with self._lock:
            if self._is_stopping or key in self._keys.waiting:
                return
            if key in self._keys.running:
                self._keys.again[key] = lambda: self.enqueue(task, key, **ids)
                return
            self._keys.waiting.add(key)
            # Under the lock: APScheduler's shutdown holds its own while it waits for jobs, so a job must not add one then.
            self._scheduler.add_job(self._run, args=(key, task, job), executor=POOL_OF[task])

    def wait_idle(self, timeout_s: float) -> bool:
        """Whether everything asked for is done, after waiting up to `timeout_s` seconds for it."""
        with self._idle:
            return self._idle.wait_for(lambda: not (self._keys.waiting or self._keys.running), timeout_s)

    def _run(self, key: str, task: Task, job: Callable[[], None]) -> None:
        with self._lock:
            self._keys.waiting.discard(key)
            self._keys.running.add(key)
        try:
            job()
        except Exception:  # noqa: BLE001 - the job boundary: the reason is logged, the sweep finds the work again
            _log.exception("job_failed", task=task.value, key=key)
        with self._idle:
            self._keys.running.discard(key)
            again = self._keys.again.pop(key, None)
            self._idle.notify_all()
        if again is not None:
            again()
