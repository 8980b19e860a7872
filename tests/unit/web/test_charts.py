"""Numbers become bars that stand on the ground, fit the box and say what they are."""

from hypothesis import given
from hypothesis import strategies as st

from syndication.web.admin.charts import Chart, Column

CHART = Chart(
    "Mails.", "mails", ("accepted", "failed"), (Column("one", (3, 1)), Column("two", (0, 0)), Column("three", (8, 0)))
)


def test_a_chart_says_its_total_and_its_largest_column() -> None:
    assert CHART.summary == "12 mails; most: 8, three."
    assert Chart("Mails.", "mails", ("sent",), (Column("one", (0,)),)).summary == "No mails."
    assert Chart("Mails.", "mails", ("sent",), ()).bars() == []


def test_bars_are_stacked_from_the_ground_and_say_what_they_are() -> None:
    first, second, third = CHART.bars()
    assert (first.y + first.height, first.words) == (CHART.height, "one: 3 accepted")
    assert (second.y + second.height, second.part, second.words) == (first.y, 1, "one: 1 failed")
    assert (third.y, third.height) == (0, CHART.height)


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), min_size=1, max_size=60))
def test_every_bar_fits_into_the_box(numbers: list[tuple[int, int]]) -> None:
    chart = Chart("", "", ("a", "b"), tuple(Column(str(place), pair) for place, pair in enumerate(numbers)))
    bars = chart.bars()
    assert len(bars) == sum(number > 0 for pair in numbers for number in pair)
    for bar in bars:
        assert bar.x >= 0
        assert bar.x + bar.width <= chart.width + 0.01
        assert bar.y >= -0.01
        assert bar.y + bar.height <= chart.height + 0.02
