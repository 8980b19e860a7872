"""A newsletter's colours → forms of them that can be read on light and on dark ground."""

import re
from typing import Final

AA: Final = 4.5
"""Least contrast of text to its ground. Source: WCAG 2.2, success criterion 1.4.3."""

PAPER: Final = "#fdfdfd"
INK: Final = "#1f2937"
NIGHT: Final = "#111827"
GROUND: Final = "#f3f4f6"
FADED: Final = "#4b5563"
_FALLBACK: Final = "#0b5fa5"
_FORM: Final = re.compile(r"#[0-9a-fA-F]{6}")
_STEPS: Final = 40
_KNEE: Final = 0.04045
# The grey on which black and white words are equally easy to read, 4.6.
_MIDDLE: Final = (117, 117, 117)

_Rgb = tuple[int, int, int]


def palette(accent: str, ground: str = GROUND) -> dict[str, str]:
    """The colours of a mail by name, six-digit hex.

    accent, accent_dark (on dark ground), on_accent (words on the accent), ground, on_ground (words on the ground).
    Arguments: '#rrggbb'; anything else counts as the default blue or grey.
    """
    own = accent.lower() if is_colour(accent) else _FALLBACK
    around = ground.lower() if is_colour(ground) else GROUND
    return {
        "accent": readable(own, PAPER),
        "accent_dark": readable(own, NIGHT, 6),
        "on_accent": PAPER,
        "ground": around,
        "on_ground": readable(FADED, around),
    }


def is_colour(words: str) -> bool:
    """Whether this is a colour as we write it, '#rrggbb'."""
    return bool(_FORM.fullmatch(words))


def readable(colour: str, ground: str, least: float = AA) -> str:
    """The colour, darkened or lightened as little as needed to have the least contrast to the ground."""
    target = "#000000" if _luminance(_rgb(ground)) > _luminance(_MIDDLE) else "#ffffff"
    shades = (_mixed(colour, target, step / _STEPS) for step in range(_STEPS + 1))
    return next(shade for shade in shades if contrast(shade, ground) >= least)


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, 1 to 21. Source: WCAG 2.2, "contrast ratio"."""
    darker, lighter = sorted((_luminance(_rgb(one)), _luminance(_rgb(other))))
    return (lighter + 0.05) / (darker + 0.05)


def _rgb(colour: str) -> _Rgb:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _mixed(colour: str, target: str, share: float) -> str:
    pairs = zip(_rgb(colour), _rgb(target), strict=True)
    return "#" + "".join(f"{round(own + (other - own) * share):02x}" for own, other in pairs)


def _luminance(rgb: _Rgb) -> float:
    """Source: WCAG 2.2, "relative luminance"."""
    red, green, blue = (_linear(channel / 255) for channel in rgb)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= _KNEE else ((channel + 0.055) / 1.055) ** 2.4
