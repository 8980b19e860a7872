"""Compressed bodies, a piece at a time."""

import gzip
import zlib
from collections.abc import Callable
from contextlib import suppress

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndication.net.inflate import InflateError, Inflater

LIMIT = 15 * 1024 * 1024


def quick_brotli(data: bytes) -> bytes:
    return bytes(brotli.compress(data, quality=1))


PACK: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "deflate": zlib.compress, "br": quick_brotli}


def unpack(encoding: str, data: bytes, *, limit: int = LIMIT, step: int = 1000) -> bytes:
    inflater = Inflater(encoding, limit)
    pieces = [piece for at in range(0, len(data), step) for piece in inflater.feed(data[at : at + step])]
    inflater.finish()
    return b"".join(pieces)


def bare_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


@given(st.binary(max_size=5000), st.integers(1, 700))
def test_every_packing_gives_the_bytes_back(data: bytes, step: int) -> None:
    assert unpack("", data, step=step) == data
    assert unpack("gzip", gzip.compress(data), step=step) == data
    assert unpack("X-GZIP", gzip.compress(data), step=step) == data
    assert unpack("deflate", zlib.compress(data), step=step) == data
    assert unpack("br", brotli.compress(data), step=step) == data


def test_deflate_without_its_wrapper_is_understood() -> None:
    assert unpack("deflate", bare_deflate(b"hello " * 100)) == b"hello " * 100


def test_gzip_members_follow_each_other() -> None:
    assert unpack("gzip", gzip.compress(b"one") + gzip.compress(b"two"), step=7) == b"onetwo"


def test_padding_after_gzip_is_ignored() -> None:
    assert unpack("gzip", gzip.compress(b"one") + b"\0\0\0") == b"one"


def test_plain_bytes_that_claim_to_be_gzip_are_taken_as_they_are() -> None:
    assert unpack("gzip", b"<rss/>") == b"<rss/>"


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br"])
def test_a_bomb_is_stopped_long_before_it_is_unpacked(encoding: str) -> None:
    zeros = bytes(40 * 1024 * 1024)
    pieces = Inflater(encoding, LIMIT).feed(PACK[encoding](zeros))
    written: list[int] = []
    with pytest.raises(InflateError, match="hundred times"):
        written.extend(len(piece) for piece in pieces)
    assert sum(written) < 16 * 1024 * 1024


def test_a_body_over_the_limit_is_stopped() -> None:
    with pytest.raises(InflateError, match="larger than 1 MiB"):
        unpack("", b"x" * (1024 * 1024 + 1), limit=1024 * 1024)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br"])
def test_a_body_that_breaks_off_is_an_error(encoding: str) -> None:
    with pytest.raises(InflateError, match="broke off"):
        unpack(encoding, PACK[encoding](bytes(range(256)) * 40)[:-20])


def test_an_empty_body_is_empty_in_every_packing() -> None:
    for encoding in ("", "gzip", "deflate", "br"):
        assert unpack(encoding, b"") == b""
        inflater = Inflater(encoding, LIMIT)
        assert list(inflater.feed(b"")) == []
        inflater.finish()


def test_bytes_after_the_end_of_brotli_are_ignored() -> None:
    packed = brotli.compress(b"one")
    inflater = Inflater("br", LIMIT)
    assert b"".join(inflater.feed(packed)) == b"one"
    assert list(inflater.feed(b"more")) == []


@pytest.mark.parametrize("encoding", ["gzip, gzip", "compress", "br, gzip", "zstd"])
def test_a_packing_that_nobody_asked_for_is_an_error(encoding: str) -> None:
    with pytest.raises(InflateError, match="nobody asked for"):
        Inflater(encoding, LIMIT)


@given(st.sampled_from(["gzip", "deflate", "br"]), st.binary(max_size=2000))
def test_any_bytes_at_all_end_as_bytes_or_an_error(encoding: str, data: bytes) -> None:
    for wrong in (data, b"\x1f\x8b" + data):
        with suppress(InflateError):
            unpack(encoding, wrong)
