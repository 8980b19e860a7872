"""Tables of lists of readers that are or were imported."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from syndication.store.tables.columns import big_key, big_reference


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
