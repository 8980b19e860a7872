"""A newsletter's accent colour → the shades that can be read on light and on dark pages.

Source: WCAG 2.2, success criterion 1.4.3, "relative luminance" and "contrast ratio".
"""

from typing import Final

PAPER: Final = "#faf9f7"
NIGHT: Final = "#1c1f24"
"""The grounds of site.css on which coloured words are hardest to read: the page by day, the cards by night."""

_ENOUGH: Final = 4.6  # 4.5 is the limit; a little more, so that rounding never falls below
_LINEAR_BELOW: Final = 0.04045
_STEPS: Final = 64
_WHITE: Final = (255, 255, 255)
_BLACK: Final = (0, 0, 0)

_Rgb = tuple[int, int, int]


def contrast(first: str, second: str) -> float:
    """The contrast ratio of two '#rrggbb' colours, 1 to 21."""
    lighter, darker = sorted((_luminance(_rgb(first)), _luminance(_rgb(second))), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def readable(colour: str, ground: str) -> str:
    """The colour itself, or the shade nearest to it that can be read on a ground."""
    towards = _BLACK if _luminance(_rgb(ground)) > 0.5 else _WHITE  # noqa: PLR2004 - light or dark ground
    shades = (_mixed(_rgb(colour), towards, step / _STEPS) for step in range(_STEPS + 1))
    return next(shade for shade in shades if contrast(shade, ground) >= _ENOUGH)


def accent_css(accent: str) -> str:
    """The style sheet for one accent, '#rrggbb'."""
    light, dark = readable(accent, PAPER), readable(accent, NIGHT)
    return (
        f":root{{--accent:{light};--on-accent:#ffffff}}"
        f"@media(prefers-color-scheme:dark){{:root{{--accent:{dark};--on-accent:#101216}}}}\n"
    )


def _rgb(colour: str) -> _Rgb:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _mixed(colour: _Rgb, towards: _Rgb, share: float) -> str:
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in zip(colour, towards, strict=True))


def _luminance(colour: _Rgb) -> float:
    red, green, blue = (_linear(value / 255) for value in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(value: float) -> float:
    return value / 12.92 if value <= _LINEAR_BELOW else float(((value + 0.055) / 1.055) ** 2.4)
