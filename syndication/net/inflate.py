"""Compressed bytes → bytes, a piece at a time, never more than was asked for."""

import zlib
from collections.abc import Iterator
from typing import Final, Protocol

import brotli

_PIECE: Final = 65536
_GZIP_MAGIC: Final = b"\x1f\x8b"
_ZLIB_METHOD: Final = 8
_RATIO: Final = 100
_RATIO_FROM: Final = 1024 * 1024

ACCEPTED: Final = "gzip, br, deflate"


class InflateError(Exception):
    """The body cannot or must not be unpacked; the text says why."""


class _Unpacker(Protocol):
    def feed(self, data: bytes) -> Iterator[bytes]: ...
    @property
    def is_complete(self) -> bool: ...


class Inflater:
    """Unpacks one body. encoding: the Content-Encoding header; one of gzip, br, deflate or nothing, never two.

    limit: bytes after unpacking. A ratio beyond 100:1 is refused from 1 MiB on (300 MB of zeros are 306 KB of gzip).
    """

    def __init__(self, encoding: str, limit: int) -> None:
        self._encoding = encoding.strip().lower().removeprefix("x-")
        if self._encoding not in {"", "identity", "gzip", "br", "deflate"}:
            message = f"the body is packed as '{encoding}', which nobody asked for"
            raise InflateError(message)
        self._limit = limit
        self._unpacker: _Unpacker | None = None
        self._read = 0
        self._written = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The bytes that these compressed bytes hold. Raises InflateError."""
        self._read += len(data)
        if self._unpacker is None and data:
            self._unpacker = _unpacker_for(self._encoding, data)
        for piece in self._unpacker.feed(data) if self._unpacker else ():
            self._written += len(piece)
            if self._written > self._limit:
                message = f"the body is larger than {self._limit // (1024 * 1024)} MiB"
                raise InflateError(message)
            if self._written > max(_RATIO_FROM, self._read * _RATIO):
                message = "the body unpacks to more than a hundred times its size"
                raise InflateError(message)
            yield piece

    def finish(self) -> None:
        """Raises InflateError when the body broke off."""
        if self._unpacker is not None and not self._unpacker.is_complete:
            message = "the body broke off"
            raise InflateError(message)


class _Plain:
    is_complete = True

    def feed(self, data: bytes) -> Iterator[bytes]:
        yield data


class _Zlib:
    def __init__(self, window: int) -> None:
        self._window = window
        self._stream = zlib.decompressobj(window)

    @property
    def is_complete(self) -> bool:
        return self._stream.eof

    def feed(self, data: bytes) -> Iterator[bytes]:
        try:
            while data:
                if self._stream.eof:
                    if not data.startswith(_GZIP_MAGIC):
                        return  # padding after the end
                    self._stream = zlib.decompressobj(self._window)
                yield self._stream.decompress(data, _PIECE)
                data = self._stream.unconsumed_tail or self._stream.unused_data
            while piece := self._stream.decompress(b"", _PIECE):
                yield piece
        except zlib.error as error:
            message = "the body is not packed as its header says"
            raise InflateError(message) from error


class _Brotli:
    def __init__(self) -> None:
        self._stream = brotli.Decompressor()

    @property
    def is_complete(self) -> bool:
        return bool(self._stream.is_finished())

    def feed(self, data: bytes) -> Iterator[bytes]:
        try:
            if self.is_complete:
                return
            yield self._stream.process(data, output_buffer_limit=_PIECE)
            while not self._stream.can_accept_more_data():
                yield self._stream.process(b"", output_buffer_limit=_PIECE)
        except brotli.error as error:
            message = "the body is not packed as its header says"
            raise InflateError(message) from error


def _unpacker_for(encoding: str, first: bytes) -> _Unpacker:
    if encoding == "gzip" and first.startswith(_GZIP_MAGIC[: len(first)]):
        return _Zlib(31)
    if encoding == "deflate":
        # Servers mean zlib (RFC 9110 section 8.4.1.2) or bare deflate; zlib's first byte names method 8.
        return _Zlib(15 if first[0] & 0x0F == _ZLIB_METHOD and first[0] >> 4 < _ZLIB_METHOD else -15)
    # A server that says gzip and sends plain bytes is a common fault; the bytes speak for themselves.
    return _Brotli() if encoding == "br" else _Plain()
