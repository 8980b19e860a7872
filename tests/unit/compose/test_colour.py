"""Colours: whatever accent an admin takes, text stays readable."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syndication.compose.colour import AA, NIGHT, PAPER, contrast, palette, readable


@settings(deadline=None)
@given(st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}"))
def test_every_accent_gives_readable_colours(accent: str) -> None:
    colours = palette(accent)

    assert contrast(colours["accent"], PAPER) >= AA
    assert contrast(colours["accent_dark"], NIGHT) >= AA
    assert contrast(colours["on_accent"], colours["accent"]) >= AA


def test_a_readable_colour_stays_as_it_is() -> None:
    assert readable("#0b5fa5", PAPER) == "#0b5fa5"
    assert palette("#0B5FA5")["accent"] == "#0b5fa5"


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("wrong", ["", "red", "#fff", "#0b5fa5;}", "javascript:"])
def test_what_is_no_colour_counts_as_the_default(wrong: str) -> None:
    assert palette(wrong) == palette("#0b5fa5")
