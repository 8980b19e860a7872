"""How many visits go on at once."""

import pytest

from syndication.collect.width import next_width


@pytest.mark.parametrize(
    ("width", "share", "wanted"),
    [
        (1, 0.0, 2),
        (16, 0.49, 32),
        (20, 0.1, 32),
        (32, 0.1, 32),
        (8, 0.5, 9),
        (32, 0.69, 32),
        (8, 0.7, 8),
        (8, 0.85, 8),
        (8, 0.86, 6),
        (2, 1.0, 1),
        (1, 1.0, 1),
    ],
)
def test_visits_that_wait_make_room_for_others_and_busy_ones_do_not(width: int, share: float, wanted: int) -> None:
    assert next_width(width, 1, 32, share) == wanted


def test_slow_hosts_get_all_connections_within_five_looks_and_give_them_back() -> None:
    width = 1
    for _ in range(5):
        width = next_width(width, 1, 32, 0.05)
    assert width == 32
    for _ in range(12):
        width = next_width(width, 1, 32, 1.0)
    assert width == 1
