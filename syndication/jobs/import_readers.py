"""A CSV file of readers → subscriptions, in chunks; after a kill the same import goes on where it was, with exact counts."""

import csv
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from types import MappingProxyType
from typing import Final, TextIO

from syndication.deliver.addresses import parse_address
from syndication.domain.errors import AddressError, ConfigError
from syndication.domain.newsletters import Choice
from syndication.domain.reader_lists import ReaderLine
from syndication.domain.spreadsheet import guarded
from syndication.domain.tokens import suppression_mark
from syndication.jobs.reader_file import ReaderFile, Record
from syndication.jobs.stride import Stride
from syndication.lang.words import LANGUAGES
from syndication.store.database import Database
from syndication.store.importing import (
    Fate,
    ImportProgress,
    NewReader,
    Target,
    begin_import,
    fates_of,
    finish_import,
    offered_topics,
    rejected_numbers,
    take_chunk,
)
from syndication.store.newsletters import StoredNewsletter, default_schedule, newsletter

_AT_ONCE: Final = 1_000


@dataclass(frozen=True, slots=True)
class ImportWish:
    """What an admin asks for. consent: in their words, how these people agreed. topics: slugs for who brings none.

    tags: a tag of the list → topic; a tag that equals a topic's slug or title needs no line. Empty topics: all offered.
    """

    newsletter: str
    consent: str
    topics: tuple[str, ...] = ()
    language: str = ""
    tags: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did, or would do. records: of the file, without its header. unknown_tags: tag → how often."""

    records: int
    counts: Mapping[Fate, int]
    unknown_tags: Mapping[str, int]
    ignored_columns: tuple[str, ...]
    import_id: int | None = None
    done: bool = True


@dataclass(frozen=True, slots=True)
class Refused:
    """A record that cannot become a reader. cells: as they stand in the file."""

    number: int
    reason: str
    cells: tuple[str, ...]


Progress = Callable[[int], None]
"""Told after each chunk how many records have been taken. What it raises ends the work there; asked again, it goes on."""


class BusyError(ConfigError):
    """Another process runs the same import."""


def plan_import(
    database: Database,
    key: bytes,
    file: ReaderFile,
    wish: ImportWish,
    *,
    progress: Progress = lambda _: None,
    refuse: Callable[[Refused], None] = lambda _: None,
) -> ImportReport:
    """What an import would do now; writes nothing. key: the suppression key. Raises ConfigError for a wrong wish."""
    run = _Run(database, key, wish, file)
    counts: Counter[Fate] = Counter()
    seen: set[str] = set()
    taken = 0
    for readers, refused in run.chunks(0):
        with database.read() as session:
            fates = fates_of(session, run.target, readers)
        for reader in readers:
            fate = fates[reader.number]
            counts[Fate.KNOWN if fate is Fate.ADDED and reader.key in seen else fate] += 1
            seen.add(reader.key)
        for one in refused:
            refuse(one)
        counts[Fate.REJECTED] += len(refused)
        taken += len(readers) + len(refused)
        progress(taken)
    return ImportReport(taken, counts, run.unknown_tags, file.columns.ignored)


def import_readers(
    database: Database,
    key: bytes,
    file: ReaderFile,
    wish: ImportWish,
    clock: Callable[[], datetime],
    progress: Progress = lambda _: None,
) -> ImportReport:
    """Take every record that was not taken yet. The same file and wish again: goes on, or says what it did.

    key: the suppression key. clock: aware UTC. Raises ConfigError for a wrong wish.
    """
    run = _Run(database, key, wish, file)
    with database.write() as session:
        state = begin_import(session, run.target, run.key, clock())
    if state.finished_at is None:
        state = run.take_all(state, clock, progress)
        with database.write() as session:
            finish_import(session, state, clock())
    return ImportReport(state.position, state.counts, run.unknown_tags, file.columns.ignored, state.id)


def refused_records(database: Database, file: ReaderFile, import_id: int) -> Iterator[Refused]:
    """The records that an import refused, read from the file again, each with the reason."""
    with database.read() as session:
        numbers = rejected_numbers(session, import_id)
    for line, cells in file.lines():
        if line.number in numbers:
            yield Refused(line.number, _reason(line.email), cells)


def refused_csv(file: ReaderFile, refused: Iterable[Refused], out: TextIO) -> int:
    """Write refused records as CSV, with their number and reason before the columns they came with; answers how many."""
    write = refused_writer(file, out)
    count = 0
    for one in refused:
        write(one)
        count += 1
    return count


def refused_writer(file: ReaderFile, out: TextIO) -> Callable[[Refused], None]:
    """Write the header of a CSV of refused records; answers what writes one of them."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("record", "reason", *file.header))

    def write(one: Refused) -> None:
        writer.writerow((one.number, one.reason, *map(guarded, one.cells)))

    return write


class _Run:
    """One pass over a file for one wish."""

    def __init__(self, database: Database, key: bytes, wish: ImportWish, file: ReaderFile) -> None:
        self._database, self._suppression_key, self._wish, self._file = database, key, wish, file
        self._letter, self.target = _target(database, key, wish, file)
        names = {topic.title.casefold(): topic.slug for topic in self._letter.topics}
        names |= {slug: slug for slug in self.target.topics}
        names |= {tag.casefold(): slug for tag, slug in wish.tags.items()}
        self._names = names
        self._default = frozenset(wish.topics or self.target.topics)
        self._language = wish.language or self._letter.value.language
        # Only on SQLite does a chunk keep other writers out; small chunks cost round trips.
        self._stride = Stride(size=500, least=50 if database.is_sqlite else 500, most=4_000)
        self.unknown_tags: Counter[str] = Counter()
        asked = [wish.newsletter, wish.consent, sorted(wish.topics), wish.language, sorted(wish.tags.items())]
        self.key: Final = hashlib.sha256(f"{file.digest}\0{json.dumps(asked)}".encode()).hexdigest()

    def chunks(self, after: int, size: int = _AT_ONCE) -> Iterator[tuple[list[NewReader], list[Refused]]]:
        lines = self._file.lines(after)
        while part := list(islice(lines, size)):
            yield self._sorted(part)

    def take_all(self, state: ImportProgress, clock: Callable[[], datetime], progress: Progress) -> ImportProgress:
        lines = self._file.lines(state.position)
        while part := list(islice(lines, self._stride.size)):
            readers, refused = self._sorted(part)
            chunk = readers, [one.number for one in refused]
            with self._database.write() as session:
                self._stride.begin()
                moved = take_chunk(session, self.target, state, chunk, clock())
            self._stride.end()
            if moved is None:
                message = "Another process runs this import. Wait for it, or end it, and ask again: nothing is lost."
                raise BusyError(message)
            state = moved
            progress(state.position)
        return state

    def _sorted(self, lines: list[Record]) -> tuple[list[NewReader], list[Refused]]:
        readers, refused = [], []
        for line, cells in lines:
            try:
                readers.append(self._reader(line))
            except AddressError:
                refused.append(Refused(line.number, _reason(line.email), cells))
        return readers, refused

    def _reader(self, line: ReaderLine) -> NewReader:
        address = parse_address(line.email)
        mark = suppression_mark(self._suppression_key, address.key)
        evidence = {name: value for name, value in (("since", line.since), ("ip", line.ip)) if value}
        choice = Choice(self._topics(line.tags), line.language if line.language in LANGUAGES else self._language)
        return NewReader(line.number, address.address, address.key, mark, line.name, choice, line.is_out, evidence)

    def _topics(self, tags: tuple[str, ...]) -> frozenset[str]:
        found = {self._names[tag.casefold()] for tag in tags if tag.casefold() in self._names}
        self.unknown_tags.update(tag for tag in tags if tag.casefold() not in self._names)
        return frozenset(found) or self._default


def _target(database: Database, key: bytes, wish: ImportWish, file: ReaderFile) -> tuple[StoredNewsletter, Target]:
    if not wish.consent.strip():
        message = "Say how these people agreed to be mailed, e.g. 'signed up on our old site since 2019'. It is kept as proof."
        raise ConfigError(message)
    with database.read() as session:
        letter = newsletter(session, wish.newsletter)
        if letter is None:
            message = f"There is no newsletter '{wish.newsletter}'."
            raise ConfigError(message)
        schedule = default_schedule(session, letter.id)
        offered = offered_topics(session, letter.id)
    if schedule is None or not offered:
        message = (
            f"The newsletter '{wish.newsletter}' has no {'schedule' if offered else 'topics'} yet. Give it some first."
        )
        raise ConfigError(message)
    unknown = sorted({*wish.topics, *wish.tags.values()} - offered.keys())
    if unknown:
        message = f"'{wish.newsletter}' does not offer the topic '{unknown[0]}'. It offers: {', '.join(offered)}."
        raise ConfigError(message)
    return letter, Target(letter.id, schedule.id, offered, wish.consent.strip(), file.name, key)


def _reason(email: str) -> str:
    if not email:
        return "no address"
    try:
        parse_address(email)
    except AddressError as error:
        return str(error)
    return ""
