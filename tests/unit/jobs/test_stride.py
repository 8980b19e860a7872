"""A chunk's size follows the time the last one took."""

from syndication.jobs.stride import Stride


def test_short_chunks_grow_up_to_the_most() -> None:
    stride = Stride(size=30, least=10, most=100)
    sizes = []
    for _ in range(3):
        stride.begin()
        stride.end()
        sizes.append(stride.size)
    assert sizes == [60, 100, 100]


def test_long_chunks_shrink_down_to_the_least() -> None:
    stride = Stride(size=30, least=10, most=100)
    sizes = []
    for _ in range(2):
        stride.begin()
        stride._begun_s -= 1
        stride.end()
        sizes.append(stride.size)
    assert sizes == [15, 10]


def test_chunks_of_the_right_length_stay() -> None:
    stride = Stride(size=30, least=10, most=100)
    stride.begin()
    stride._begun_s -= 0.1
    stride.end()
    assert stride.size == 30
