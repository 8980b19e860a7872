"""A CSV file of readers → records, without holding it in memory."""

import codecs
import csv
import hashlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final, TextIO

from syndication.domain.errors import ConfigError
from syndication.domain.reader_lists import Columns, ReaderLine

LISTS: Final = "imports"
"""The folder in var/ where uploaded lists lie; it is in no backup."""
_DELIMITERS: Final = ",;\t|"
_BLOCK: Final = 1 << 20
_START: Final = 64_000

Record = tuple[ReaderLine, tuple[str, ...]]
"""What a record says, and its cells as they stand in the file."""


class ReaderFile:
    """A CSV file as records. Finds out encoding (UTF-8, UTF-16, else Windows-1252), delimiter and columns."""

    def __init__(self, path: Path, name: str = "") -> None:
        """Look through the whole file once. name: what its owner calls it, by default its name without its folder.

        Raises ConfigError when it cannot be read or has no addresses.
        """
        self._path: Final = path
        self.name: Final = name or path.name
        self.digest, self._encoding, self.records = _look(path)
        with self._open() as file:
            start = file.read(_START)
        if not start.strip():
            message = f"{self.name}: the file is empty."
            raise ConfigError(message)
        first_line = start.splitlines()[0]
        self._skips = 1 if first_line.lower().startswith("sep=") else 0
        self._delimiter = first_line[4:5] if self._skips else _delimiter_of(first_line)
        first = next(self._rows(), [])
        columns = Columns.of(first)
        if columns is None:
            message = (
                f"{self.name}: no column holds addresses. The first line names the columns, and one must be 'email'. "
                f"It says: {', '.join(first)[:200]}"
            )
            raise ConfigError(message)
        self.columns: Final = columns
        self.header: Final = tuple(first) if not columns.is_headless else ("email",)
        # Of lines: fewer records where a cell has line ends or a line is empty. For a progress bar.
        self.records -= self._skips + (not columns.is_headless)

    def lines(self, after: int = 0) -> Iterator[Record]:
        """The records with a number above `after`; the first has 1, and empty lines have none."""
        rows = self._rows()
        if not self.columns.is_headless:
            next(rows, None)
        for number, cells in enumerate(islice(rows, after, None), after + 1):
            yield self.columns.read(number, cells), tuple(cells)

    def _rows(self) -> Iterator[list[str]]:
        with self._open() as file:
            reader = csv.reader((line.replace("\0", "") for line in file), delimiter=self._delimiter)
            try:
                yield from (cells for cells in islice(reader, self._skips, None) if any(map(str.strip, cells)))
            except csv.Error as error:
                message = f"{self.name}, line {reader.line_num}: {error}. Is a quotation mark missing before it?"
                raise ConfigError(message) from error

    def _open(self) -> TextIO:
        return self._path.open(encoding=self._encoding, newline="")


def _look(path: Path) -> tuple[str, str, int]:
    """Digest, encoding and number of lines of a file, without holding it."""
    digest, lines, last = hashlib.sha256(), 0, b"\n"
    utf8: codecs.IncrementalDecoder | None = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as file:
            start = file.read(4)
            file.seek(0)
            while block := file.read(_BLOCK):
                digest.update(block)
                lines += block.count(b"\n")
                last = block[-1:]
                utf8 = _still_utf8(utf8, block)
    except OSError as error:
        message = f"{path}: cannot be read: {error.strerror or error}."
        raise ConfigError(message) from error
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    else:
        encoding = "utf-8-sig" if utf8 else "cp1252"
    return digest.hexdigest(), encoding, lines + (last != b"\n")


def _still_utf8(decoder: codecs.IncrementalDecoder | None, block: bytes) -> codecs.IncrementalDecoder | None:
    try:
        if decoder:
            decoder.decode(block)
    except UnicodeDecodeError:
        return None
    return decoder


def _delimiter_of(line: str) -> str:
    return max(_DELIMITERS, key=lambda one: (line.count(one), -_DELIMITERS.index(one)))


def forget_lists_with(folder: Path, address: str) -> int:
    """Remove every list below var/ (`folder`) that holds this address, however it is encoded; answers how many went."""
    needles = [address.lower().encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-16-be")]
    found = [path for path in sorted((folder / LISTS).glob("*.csv")) if _holds(path, needles)]
    for path in found:
        path.unlink(missing_ok=True)
    return len(found)


def _holds(path: Path, needles: list[bytes]) -> bool:
    """Whether any of these stands in a file, whatever the case of its letters."""
    longest, rest = max(map(len, needles)), b""
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                text = rest + block.lower()
                if any(needle in text for needle in needles):
                    return True
                rest = text[-longest:]
    except FileNotFoundError:
        pass
    return False
