"""The embedded engine: at least once for what is asked, once for what is asked twice."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack

import pytest

from syndication.domain.seams import Task
from syndication.engine.embedded import EmbeddedEngine

PATIENCE_S = 120

Start = Callable[[Mapping[Task, Callable[..., None]]], EmbeddedEngine]


@pytest.fixture
def start() -> Iterator[Start]:
    with ExitStack() as stack:

        def make(tasks: Mapping[Task, Callable[..., None]]) -> EmbeddedEngine:
            engine = EmbeddedEngine(tasks)
            engine.start()
            stack.callback(engine.stop)
            return engine

        yield make


def _as(name: str, act: Callable[[int], None]) -> Callable[..., None]:
    """A task that takes its id by name, as engines call it."""
    return lambda **ids: act(ids[name])


def test_a_job_runs_with_its_ids(start: Start) -> None:
    seen: list[int] = []
    engine = start({Task.COMPOSE: _as("issue_id", seen.append)})
    engine.enqueue(Task.COMPOSE, "compose:7", issue_id=7)
    assert engine.wait_idle(PATIENCE_S)
    assert seen == [7]


def test_a_key_that_waits_is_one_job(start: Start) -> None:
    gate, runs = threading.Event(), []

    def deliver() -> None:
        runs.append(1)
        gate.wait(PATIENCE_S)

    engine = start({Task.DELIVER: deliver, Task.PUBLISH: deliver})
    engine.enqueue(Task.DELIVER, "first")  # fills the only thread of the pool
    for _ in range(3):
        engine.enqueue(Task.DELIVER, "second")
    gate.set()
    assert engine.wait_idle(PATIENCE_S)
    assert len(runs) == 2


def test_a_key_asked_for_while_it_runs_is_run_once_more(start: Start) -> None:
    started, gate, runs = threading.Event(), threading.Event(), []

    def publish() -> None:
        runs.append(1)
        started.set()
        gate.wait(PATIENCE_S)

    engine = start({Task.PUBLISH: publish})
    engine.enqueue(Task.PUBLISH, "publish")
    assert started.wait(PATIENCE_S)
    for _ in range(3):
        engine.enqueue(Task.PUBLISH, "publish")
    gate.set()
    assert engine.wait_idle(PATIENCE_S)
    assert len(runs) == 2


def test_a_failing_job_neither_stops_the_others_nor_blocks_its_key(start: Start) -> None:
    runs: list[int] = []

    def collect(source_id: int) -> None:
        runs.append(source_id)
        message = "broken source"
        raise ValueError(message)

    engine = start({Task.COLLECT: collect})
    for source_id in (1, 2, 1):
        engine.enqueue(Task.COLLECT, f"collect:{source_id}", source_id=source_id)
        assert engine.wait_idle(PATIENCE_S)
    assert runs == [1, 2, 1]


def test_a_hundred_jobs_due_together_all_run(start: Start) -> None:
    seen: set[int] = set()
    engine = start({Task.COLLECT: _as("source_id", seen.add)})
    for number in range(100):
        engine.enqueue(Task.COLLECT, f"collect:{number}", source_id=number)
    assert engine.wait_idle(PATIENCE_S)
    assert seen == set(range(100))


def test_stopping_waits_for_the_job_that_runs() -> None:
    started, ended = threading.Event(), threading.Event()

    def deliver() -> None:
        started.set()
        threading.Event().wait(0.2)
        ended.set()

    engine = EmbeddedEngine({Task.DELIVER: deliver})
    engine.start()
    engine.enqueue(Task.DELIVER, "deliver")
    assert started.wait(PATIENCE_S)
    engine.stop()
    assert ended.is_set()


def test_a_job_that_asks_for_the_next_one_while_it_is_stopped_ends() -> None:
    started, seen = threading.Event(), list[str]()
    engine = EmbeddedEngine({Task.CLASSIFY: lambda: classify(), Task.PUBLISH: lambda: seen.append("published")})  # noqa: PLW0108 - it knows the engine

    def classify() -> None:
        started.set()
        threading.Event().wait(0.2)
        engine.enqueue(Task.PUBLISH, "publish")
        seen.append("classified")

    engine.start()
    engine.enqueue(Task.CLASSIFY, "classify")
    assert started.wait(PATIENCE_S)
    stopping = threading.Thread(target=engine.stop, daemon=True)
    stopping.start()
    stopping.join(PATIENCE_S)
    assert not stopping.is_alive()
    assert seen == ["classified"]
