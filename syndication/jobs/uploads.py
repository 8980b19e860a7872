"""A list of readers that was uploaded in the console → looked through, then imported. May be killed and run again anywhere."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import structlog

from syndication.domain.errors import ConfigError
from syndication.domain.states import UploadState
from syndication.jobs.import_readers import (
    BusyError,
    ImportReport,
    ImportWish,
    Refused,
    import_readers,
    plan_import,
    refused_writer,
)
from syndication.jobs.reader_file import LISTS, ReaderFile
from syndication.store.database import Database
from syndication.store.importing import Fate
from syndication.store.uploads import Upload, find_upload, forgotten_uploads, kept_files, move_upload

_TELL_EVERY: Final = timedelta(seconds=1)
_REASONS: Final = 10
_TAGS: Final = 40

_log = structlog.get_logger()


class _StoppedError(Exception):
    """The service ends; the next start goes on."""


@dataclass(frozen=True, slots=True)
class Uploads:
    """The lists of one installation. key: the suppression key. clock: aware UTC. stop: whether to end soon."""

    database: Database
    key: bytes
    var_folder: Path
    clock: Callable[[], datetime]
    stop: Callable[[], bool] = lambda: False

    def list_file(self, upload_id: int) -> Path:
        """Where a list lies until it is imported or dropped."""
        return self.var_folder / LISTS / f"{upload_id}.csv"

    def refused_file(self, upload_id: int) -> Path:
        """Where its refused records lie, with reasons, for a week."""
        return self.var_folder / LISTS / f"{upload_id}.refused.csv"

    def work(self, upload_id: int) -> None:
        """Look through or import one list, whichever is next."""
        with self.database.read() as session:
            upload = find_upload(session, upload_id)
        if upload is None or not upload.is_at_work or not self.list_file(upload_id).exists():
            return
        try:
            if upload.state is UploadState.CHECKING:
                self._check(upload)
            else:
                self._import(upload)
        except (_StoppedError, BusyError):
            return
        except ConfigError as error:
            self._move(upload, UploadState.FAILED, fault=str(error))

    def drop(self, upload_id: int) -> bool:
        """Forget a list that is not over, and stop its import where it is; False when it is over."""
        after = (UploadState.CHECKING, UploadState.CHECKED, UploadState.FAILED, UploadState.IMPORTING)
        with self.database.write() as session:
            dropped = move_upload(
                session, upload_id, after, state=UploadState.DROPPED, finished_at=self.clock(), fault=""
            )
        if dropped:
            self.list_file(upload_id).unlink(missing_ok=True)
            self.refused_file(upload_id).unlink(missing_ok=True)
        return dropped

    def tidy(self) -> None:
        """Drop lists that nobody said a word about for a day, and files that are over or belong to nothing."""
        now = self.clock()
        with self.database.read() as session:
            forgotten, kept = forgotten_uploads(session, now), kept_files(session, now)
        for upload_id in forgotten:
            self.drop(upload_id)
        for path in (self.var_folder / LISTS).glob("*.csv"):
            number = path.name.partition(".")[0]
            if not number.isdecimal() or int(number) not in kept - set(forgotten):
                path.unlink(missing_ok=True)

    def _check(self, upload: Upload) -> None:
        file = ReaderFile(self.list_file(upload.id), upload.file_name)
        reasons: Counter[str] = Counter()
        part = self.refused_file(upload.id).with_suffix(".part")
        with part.open("w", encoding="utf-8", newline="") as out:
            part.chmod(0o600)
            write = refused_writer(file, out)

            def refuse(one: Refused) -> None:
                reasons[one.reason] += 1
                write(one)

            tell = self._teller(upload, file.records)
            planned = plan_import(self.database, self.key, file, wish_of(upload.wish), progress=tell, refuse=refuse)
        part.replace(self.refused_file(upload.id))
        report = _report(planned) | {"reasons": dict(reasons.most_common(_REASONS))}
        self._move(upload, UploadState.CHECKED, report=report, records=planned.records, position=0)

    def _import(self, upload: Upload) -> None:
        path = self.list_file(upload.id)
        file = ReaderFile(path, upload.file_name)
        tell = self._teller(upload, upload.records)
        done = import_readers(self.database, self.key, file, wish_of(upload.wish), self.clock, tell)
        report = {**upload.report, **_report(done), "import_id": done.import_id}
        self._move(upload, UploadState.DONE, report=report, position=done.records, finished_at=self.clock(), fault="")
        path.unlink(missing_ok=True)
        _log.info("readers_imported", upload=upload.id, records=done.records)

    def _teller(self, upload: Upload, records: int) -> Callable[[int], None]:
        """Notes how far it is, once a second; ends the work when the service ends or the list was dropped."""
        told = self.clock()

        def tell(position: int) -> None:
            nonlocal told
            if self.stop():
                raise _StoppedError
            if self.clock() - told >= _TELL_EVERY:
                told = self.clock()
                with self.database.write() as session:
                    is_wanted = move_upload(
                        session, upload.id, (upload.state,), position=position, records=max(records, position)
                    )
                if not is_wanted:
                    raise _StoppedError

        return tell

    def _move(self, upload: Upload, state: UploadState, **values: object) -> None:
        with self.database.write() as session:
            move_upload(session, upload.id, (upload.state,), state=state, **values)


def wish_of(values: Mapping[str, Any]) -> ImportWish:
    """A wish as it is kept with a list."""
    return ImportWish(
        values["newsletter"], values["consent"], tuple(values["topics"]), values["language"], dict(values["tags"])
    )


def _report(done: ImportReport) -> dict[str, Any]:
    """What is kept of a report. Tags that are there only once are many in some lists: the most frequent ones stay."""
    tags = Counter(done.unknown_tags).most_common(_TAGS)
    return {
        "records": done.records,
        "counts": {fate.value: done.counts.get(fate, 0) for fate in Fate},
        "unknown_tags": dict(tags),
        "ignored_columns": list(done.ignored_columns),
    }
