"""Picture: a logo that mails and pages show, checked by its own bytes before anything keeps it."""

import hashlib
import re
from dataclasses import dataclass
from typing import Final, Literal

from syndication.domain.errors import PictureError

MOST_BYTES: Final = 200_000
MOST_PIXELS: Final = 2_000
"""Of each side. Larger ones only make mails slow to open."""

_NAME: Final = re.compile(r"[0-9a-f]{32}-([1-9]\d{0,3})x([1-9]\d{0,3})\.(?:png|gif|jpg)")
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_GIF: Final = (b"GIF87a", b"GIF89a")
_JPEG: Final = b"\xff\xd8\xff"
# Start-of-frame markers hold the size; C4, C8 and CC are none. Source: ITU-T T.81, table B.1.
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_BARE: Final = frozenset(range(0xD0, 0xD9)) | {0x01}
_SUFFIXES: Final = {"image/png": "png", "image/gif": "gif", "image/jpeg": "jpg"}


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that is safe to serve. name: of its content and size, so it can be kept for good. width, height: pixels."""

    name: str
    kind: str
    width: int
    height: int
    body: bytes


def fitted(name: str, width: int, height: int) -> tuple[int, int] | None:
    """The size at which a picture is shown within a box, by its name: never larger than it is, its shape kept.

    None for a name that is not one of ours.
    """
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    own_width, own_height = int(found[1]), int(found[2])
    share = min(width / own_width, height / own_height, 1)
    return max(1, round(own_width * share)), max(1, round(own_height * share))


def picture_from(body: bytes) -> Picture:
    """The picture that these bytes are. Raises PictureError when they are none, or too large.

    Only what all mail programs show: PNG, JPEG and GIF. SVG is left out, as it can hold scripts and few programs show it.
    """
    if len(body) > MOST_BYTES:
        message = f"The picture has {len(body) // 1000} KB, at most {MOST_BYTES // 1000} are shown. Make it smaller."
        raise PictureError(message)
    found = _look(body)
    if found is None:
        message = "This is no PNG, JPEG or GIF that can be read. Mail programs show no other pictures."
        raise PictureError(message)
    kind, width, height = found
    if not (0 < width <= MOST_PIXELS and 0 < height <= MOST_PIXELS):
        message = f"The picture has {width} by {height} pixels, at most {MOST_PIXELS} by {MOST_PIXELS} can be used."
        raise PictureError(message)
    name = f"{hashlib.sha256(body).hexdigest()[:32]}-{width}x{height}.{_SUFFIXES[kind]}"
    return Picture(name, kind, width, height, body)


def _look(body: bytes) -> tuple[str, int, int] | None:
    """Kind, width and height."""
    try:
        if body.startswith(_PNG) and body[12:16] == b"IHDR":
            return "image/png", _number(body[16:20], 4), _number(body[20:24], 4)
        if body.startswith(_GIF):
            return "image/gif", _number(body[6:8], 2, "little"), _number(body[8:10], 2, "little")
        if body.startswith(_JPEG):
            return _jpeg(body)
    except IndexError:
        return None
    return None


def _jpeg(body: bytes) -> tuple[str, int, int] | None:
    """The size in the first frame header. Raises IndexError where the file ends too early."""
    at = 2
    while body[at] == 0xFF:  # noqa: PLR2004 - the byte that begins every marker
        marker = body[at + 1]
        if marker in _FRAMES:
            return "image/jpeg", _number(body[at + 7 : at + 9], 2), _number(body[at + 5 : at + 7], 2)
        at += 2 if marker in _BARE else 2 + _number(body[at + 2 : at + 4], 2)
    return None


def _number(digits: bytes, length: int, order: Literal["big", "little"] = "big") -> int:
    """An unsigned number. Raises IndexError when the file ends within it."""
    if len(digits) < length:
        raise IndexError
    return int.from_bytes(digits, order)
