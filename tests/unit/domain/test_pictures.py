"""Pictures: what they are is read from their bytes, and nothing else is let in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndication.domain.errors import PictureError
from syndication.domain.pictures import Picture, fitted, picture_from

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x01\x90\0\0\0\x64\x08\0\0\0\0"
GIF = b"GIF89a\x90\x01\x64\0\0\0\0"
JPEG = b"\xff\xd8\xff\xe0\0\x04JF\xff\xd0\xff\xc4\0\x02\xff\xc2\0\x0b\x08\0\x64\x01\x90\x03"


@pytest.mark.parametrize(
    ("body", "kind", "suffix"), [(PNG, "image/png", "png"), (GIF, "image/gif", "gif"), (JPEG, "image/jpeg", "jpg")]
)
def test_kind_and_size_are_read_from_the_bytes_and_the_name_tells_them(body: bytes, kind: str, suffix: str) -> None:
    picture = picture_from(body)

    assert (picture.kind, picture.width, picture.height) == (kind, 400, 100)
    assert picture.name.endswith(f"-400x100.{suffix}")
    assert picture.name == picture_from(body).name != picture_from(body + b"x").name


@pytest.mark.parametrize(
    "body", [b"", b"<svg/>", PNG[:20], GIF[:7], JPEG[:16], b"\xff\xd8\xff\xe0\0\x02xx", b"BM" * 50]
)
def test_what_is_no_picture_of_a_kind_that_mails_show_is_refused(body: bytes) -> None:
    with pytest.raises(PictureError, match="no PNG, JPEG or GIF"):
        picture_from(body)


def test_too_large_and_empty_pictures_are_refused() -> None:
    with pytest.raises(PictureError, match="KB"):
        picture_from(PNG + b"x" * 200_000)
    for size in (b"\0\0\0\0", b"\0\0\x07\xd1"):
        with pytest.raises(PictureError, match="at most 2000 by 2000"):
            picture_from(PNG[:16] + size + PNG[20:])


@given(st.binary(max_size=60), st.sampled_from((PNG[:8], GIF[:6], JPEG[:4], JPEG[:8])))
def test_any_bytes_are_a_picture_or_refused_in_words(rest: bytes, start: bytes) -> None:
    try:
        found: Picture | PictureError = picture_from(start + rest)
    except PictureError as error:
        found = error

    assert isinstance(found, Picture) or str(found)
    assert isinstance(found, PictureError) or 0 < found.width <= 2_000


@pytest.mark.parametrize(
    ("size", "shown"), [("400x100", (280, 70)), ("100x400", (20, 80)), ("9x8", (9, 8)), ("2000x1", (280, 1))]
)
def test_a_picture_is_shown_within_its_box_and_never_enlarged(size: str, shown: tuple[int, int]) -> None:
    assert fitted(f"{'a' * 32}-{size}.png", 280, 80) == shown


@pytest.mark.parametrize("name", ["", "logo.png", f"{'a' * 32}-0x10.png", f"../{'a' * 32}-10x10.png"])
def test_a_name_that_is_not_ours_is_no_picture(name: str) -> None:
    assert fitted(name, 280, 80) is None
