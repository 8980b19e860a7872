"""Whether a source's own ids can be believed, with hysteresis. Pure."""

from typing import Final

_FEWEST: Final = 3
_SHARE: Final = 0.3
_BAD: Final = 4
_WORST: Final = 8


def judge(faults: int, *, distrusted: bool, known: int, changed: int) -> tuple[int, bool]:
    """Faults and distrust after a visit that showed `known` known addresses, `changed` of them under another id.

    One visit on which three in ten changed is enough for distrust and weighs as much as four good ones.
    """
    if known < _FEWEST:
        return faults, distrusted
    if changed >= _SHARE * known:
        return min(faults + _BAD, _WORST), True
    left = max(faults - 1, 0)
    return left, distrusted and left > 0
