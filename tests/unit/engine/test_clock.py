"""The clock wakes us again and again, whatever the last waking met."""

import threading

from syndication.scheduler import TICK, Clock

PATIENCE_S = 120


def test_a_tick_that_fails_is_followed_by_the_next_one() -> None:
    twice = threading.Event()
    ticks: list[int] = []

    def tick() -> None:
        ticks.append(1)
        if len(ticks) > 1:
            twice.set()
        message = "the database is away"
        raise OSError(message)

    clock = Clock({tick: TICK})
    clock.start()
    assert twice.wait(PATIENCE_S)
    clock.stop()
