"""Threads that wait for the network: as many as it takes, in the order of what they are given."""

from collections.abc import Iterator
from threading import Barrier, Event, Semaphore

import pytest

from syndication.jobs.visitors import Visitors

LONG_S = 20.0


class Stage:
    """What visitors work on: they are held until they may go."""

    def __init__(self, least: int, most: int) -> None:
        self.began = Semaphore(0)
        self.may_go = Event()
        self.all_done = Event()
        self.order: list[int] = []
        self.visitors = Visitors(self._work, self.all_done, least, least, most)

    def _work(self, number: int) -> int:
        self.order.append(number)
        self.began.release()
        self.may_go.wait(LONG_S)
        return number

    def begun(self, number: int) -> None:
        """`number` more have begun, and no other does."""
        assert all(self.began.acquire(timeout=LONG_S) for _ in range(number))
        assert not self.began.acquire(timeout=0.05)

    def finish(self) -> list[int]:
        self.may_go.set()
        assert self.all_done.wait(LONG_S)
        while self.began.acquire(blocking=False):
            pass
        return sorted(self.visitors.take())


@pytest.fixture
def stage() -> Iterator[Stage]:
    stage = Stage(2, 8)
    yield stage
    stage.may_go.set()
    stage.visitors.drop()
    stage.visitors.close()


def test_few_work_while_nobody_says_that_they_wait(stage: Stage) -> None:
    stage.visitors.give(range(6))
    stage.begun(2)
    assert stage.visitors.under_way == 6
    assert stage.finish() == [0, 1, 2, 3, 4, 5]
    assert stage.order == [0, 1, 2, 3, 4, 5]
    assert stage.visitors.under_way == 0


def test_those_that_hang_hold_up_nobody_behind_them(stage: Stage) -> None:
    stage.visitors.give(range(10))
    stage.begun(2)
    stage.visitors.adapt(0.0)
    stage.begun(2)
    stage.visitors.adapt(0.0)
    stage.begun(4)
    stage.visitors.adapt(0.0)  # never more than most
    stage.begun(0)
    assert stage.finish() == list(range(10))


def test_fewer_go_on_when_there_is_enough_to_do(stage: Stage) -> None:
    stage.visitors.give(range(5))
    stage.visitors.adapt(0.0)
    stage.begun(4)
    stage.visitors.adapt(1.0)
    stage.visitors.adapt(1.0)
    stage.finish()
    stage.may_go.clear()
    stage.visitors.give(range(5))
    stage.begun(2)


def test_the_last_look_counts_only_while_others_wait(stage: Stage) -> None:
    stage.visitors.give(range(2))
    stage.begun(2)
    stage.visitors.adapt(0.0)
    stage.visitors.give(range(2, 6))
    stage.begun(0)


def test_what_nobody_has_begun_is_dropped(stage: Stage) -> None:
    stage.visitors.give(range(6))
    stage.begun(2)
    stage.visitors.drop()
    assert stage.visitors.under_way == 2
    assert stage.finish() == [0, 1]


def test_who_worked_tells_how_long_and_goes_on_with_what_comes_later() -> None:
    both, all_done = Barrier(2), Event()

    def work(number: int) -> int:
        both.wait(LONG_S)
        return sum(range(number))

    visitors = Visitors(work, all_done, 2, 2, 2)
    for _ in range(2):
        visitors.give([200_000, 200_000])
        assert all_done.wait(LONG_S)
        all_done.clear()
        assert len(visitors.take()) == 2
    assert visitors.worked_s > 0
    visitors.close()
