"""A folder of files → what one visit brought. Nothing outside the folder is ever read."""

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from syndication.collect.decoding import decode
from syndication.collect.drafts import Context, Draft, finish
from syndication.collect.files import KINDS, Unreadable, read_file
from syndication.domain.plural import plural
from syndication.domain.sources import Fetched, FetchFailed, FetchResult, NotModified, Source

_FILE_BYTES: Final = 5 * 1024 * 1024
_FILES: Final = 2000


@dataclass(frozen=True, slots=True)
class _Found:
    """A file that may hold an article. name: its path within the folder."""

    name: str
    path: Path
    size: int
    changed_ns: int


def fetch_folder(source: Source, now: datetime) -> FetchResult:
    """All articles below the folder `source.location`, in the order of their paths. now: aware UTC.

    Not modified when no file was added, removed or written to since. A file that cannot be read is a note in
    `repairs` and does not stop the others. At most 2,000 files are read, those changed last.
    """
    root = Path(source.location)
    if not root.is_dir():
        return FetchFailed(f"{root} is not a folder: make it, or correct the source's location")
    root = root.resolve()
    found, notes = _files(root)
    if found is None:
        return FetchFailed(f"{root} cannot be read: let the service's user read it")
    body_hash = _signature(found)
    if source.fetched_before and body_hash == source.body_hash:
        return NotModified()
    drafts: list[Draft] = []
    for file in found:
        draft = _read(file, source.base_url)
        if isinstance(draft, Draft):
            drafts.append(draft)
        else:
            notes.append(f"{file.name}: {draft.reason}")
    items = finish(drafts, Context(now, source.base_url, source.language, is_language_sure=True))
    return Fetched(items=items, body_hash=body_hash, repairs=tuple(notes))


def _files(root: Path) -> tuple[list[_Found] | None, list[str]]:
    """The files to read by path, None when the folder itself cannot be read; and notes about those left out."""
    closed: list[OSError] = []
    notes: list[str] = []
    found: list[_Found] = []
    for path in _walk(root, closed):
        file = _look(root, path)
        if isinstance(file, Unreadable):
            notes.append(f"{path.relative_to(root).as_posix()}: {file.reason}")
        else:
            found.append(file)
    if any(error.filename == str(root) for error in closed):
        return None, notes
    notes += [f"{error.filename}: {error.strerror}" for error in closed]
    if len(found) > _FILES:
        notes.append(
            f"{plural(len(found) - _FILES, 'file was', 'files were')} left out: at most {_FILES} are read, those changed last"
        )
        found = sorted(found, key=lambda file: (-file.changed_ns, file.name))[:_FILES]
    return sorted(found, key=lambda file: file.name), sorted(notes)


def _walk(root: Path, closed: list[OSError]) -> Iterator[Path]:
    """Files of the known kinds below the folder; hidden ones and linked folders are passed over."""
    for folder, folders, names in os.walk(root, onerror=closed.append):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if not name.startswith(".") and Path(name).suffix.lower() in KINDS:
                yield Path(folder, name)


def _look(root: Path, path: Path) -> _Found | Unreadable:
    try:
        real = path.resolve(strict=True)
        facts = real.stat()
    except (OSError, RuntimeError):  # RuntimeError: links that lead in a circle
        return Unreadable("leads nowhere")
    if not real.is_relative_to(root):
        return Unreadable("leads out of the folder and was not read")
    if not real.is_file():
        return Unreadable("is no file")
    return _Found(path.relative_to(root).as_posix(), real, facts.st_size, facts.st_mtime_ns)


def _read(file: _Found, base_url: str) -> Draft | Unreadable:
    if file.size > _FILE_BYTES:
        return Unreadable(f"is larger than {_FILE_BYTES // (1024 * 1024)} MiB")
    try:
        body = file.path.read_bytes()
    except OSError as error:
        return Unreadable(f"cannot be read: {error.strerror}")
    text = decode(body)
    return read_file(file.name, text, base_url) if text.strip() else Unreadable("is empty")


def _signature(found: Sequence[_Found]) -> str:
    """Changes when a file is added, removed or written to."""
    facts = "\0".join(f"{file.name}\0{file.size}\0{file.changed_ns}" for file in found)
    return hashlib.sha256(facts.encode("utf-8", "surrogateescape")).hexdigest()
