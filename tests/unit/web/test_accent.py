"""Any accent colour an admin can choose stays readable, by day and by night."""

from hypothesis import given
from hypothesis import strategies as st

from syndication.web.accent import NIGHT, PAPER, accent_css, contrast, readable

colours = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")
AA = 4.5


@given(colours)
def test_every_accent_can_be_read_on_light_and_on_dark_pages(colour: str) -> None:
    assert contrast(readable(colour, PAPER), PAPER) >= AA
    assert contrast(readable(colour, NIGHT), NIGHT) >= AA


@given(colours)
def test_every_button_can_be_read(colour: str) -> None:
    assert contrast("#ffffff", readable(colour, PAPER)) >= AA
    assert contrast("#101216", readable(colour, NIGHT)) >= AA


def test_a_readable_colour_is_left_as_it_is() -> None:
    assert readable("#0b5fa5", PAPER) == "#0b5fa5"


def test_contrast_is_what_wcag_says() -> None:
    assert round(contrast("#000000", "#ffffff"), 2) == 21
    assert round(contrast("#777777", "#ffffff"), 2) == 4.48


def test_the_style_sheet_holds_both_shades() -> None:
    css = accent_css("#ffee00")
    assert "prefers-color-scheme:dark" in css
    assert "#ffee00" in css
    assert css.index("#ffee00") > css.index("dark")  # bright yellow is readable by night only
