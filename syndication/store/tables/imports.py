"""Tables of lists of readers that are or were imported."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Field, SQLModel

from syndication.domain.states import UploadState
from syndication.store.tables.columns import big_key, big_reference, json_column, words


class ReaderImportRow(SQLModel, table=True):
    """One import: how far it is, in the transaction of each chunk, so that a kill loses and repeats nothing.

    key: of the file's bytes and what was asked of it; the same import asked for again goes on where it was. position:
    records taken so far.
    """

    __tablename__ = "reader_import"

    id: int | None = big_key()
    key: str = Field(unique=True, max_length=64)
    newsletter_id: int = Field(foreign_key="newsletter.id")
    file_name: str
    consent: str
    position: int = 0
    added: int = 0
    known: int = 0
    opted_out: int = 0
    suppressed: int = 0
    rejected: int = 0
    created_at: datetime
    finished_at: datetime | None = None


class ReaderImportRejectRow(SQLModel, table=True):
    """The number of a record that was refused; never its content, which may be an address."""

    __tablename__ = "reader_import_reject"

    import_id: int = big_reference("reader_import.id", primary_key=True)
    number: int = Field(primary_key=True)


class ReaderUploadRow(SQLModel, table=True):
    """A list that somebody uploaded in the console: looked through first, imported when they say so.

    wish: newsletter, consent, topics, language, tags. report: what the look found, then what the import did. The file
    itself lies in var/imports under the id until it is imported or dropped.
    """

    __tablename__ = "reader_upload"

    id: int | None = big_key()
    file_name: str
    state: UploadState = words(UploadState, UploadState.CHECKING, index=True)
    wish: Mapping[str, Any] = json_column(dict)
    records: int = 0
    position: int = 0
    report: Mapping[str, Any] = json_column(dict)
    fault: str = ""
    asked_by: str
    created_at: datetime
    finished_at: datetime | None = None
