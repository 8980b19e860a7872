"""Lists of readers that were uploaded in the console: how each stands. Every move is made once, from the state it follows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, or_, update
from sqlmodel import Session, col, select

from syndication.domain.states import UploadState
from syndication.store.database import changed
from syndication.store.tables import ReaderUploadRow

WAITS_FOR: Final = timedelta(days=1)
"""How long a list that was looked through waits for a word."""
KEPT_FOR: Final = timedelta(days=7)
"""How long the refused records of a list can be downloaded."""

_AT_WORK: Final = (UploadState.CHECKING, UploadState.IMPORTING)


@dataclass(frozen=True, slots=True)
class Upload:
    """One list. wish: what was asked for. records: lines, for a bar. report: counts, reasons, tags, columns. Instants: aware UTC."""

    id: int
    file_name: str
    state: UploadState
    wish: Mapping[str, Any]
    records: int
    position: int
    report: Mapping[str, Any]
    fault: str
    asked_by: str
    created_at: datetime
    finished_at: datetime | None

    @property
    def is_at_work(self) -> bool:
        """Whether it is being looked through or imported."""
        return self.state in _AT_WORK


def add_upload(session: Session, file_name: str, wish: Mapping[str, Any], asked_by: str, now: datetime) -> int:
    """A new list that waits for its file; its id."""
    row = ReaderUploadRow(file_name=file_name, wish=wish, asked_by=asked_by, created_at=now)
    session.add(row)
    session.flush()
    return row.id or 0


def find_upload(session: Session, upload_id: int) -> Upload | None:
    """The list with this id."""
    row = session.get(ReaderUploadRow, upload_id)
    return _upload(row) if row else None


def latest_uploads(session: Session, limit: int) -> list[Upload]:
    """The latest lists, the newest first."""
    rows = session.exec(select(ReaderUploadRow).order_by(col(ReaderUploadRow.id).desc()).limit(limit))
    return [_upload(row) for row in rows]


def uploads_at_work(session: Session) -> list[int]:
    """Lists that are to be looked through or imported; a kill leaves them here."""
    chosen = select(ReaderUploadRow.id).where(col(ReaderUploadRow.state).in_(_AT_WORK))
    return [number or 0 for number in session.exec(chosen.order_by(col(ReaderUploadRow.id)))]


def forgotten_uploads(session: Session, now: datetime) -> list[int]:
    """Lists that waited too long for a word."""
    state, since = col(ReaderUploadRow.state), col(ReaderUploadRow.created_at)
    waits = state.in_((UploadState.CHECKING, UploadState.CHECKED, UploadState.FAILED))
    # An import ends by itself; one that has not for a week has lost its file.
    is_late = or_(and_(waits, since < now - WAITS_FOR), and_(state == UploadState.IMPORTING, since < now - KEPT_FOR))
    chosen = select(ReaderUploadRow.id).where(is_late)
    return [number or 0 for number in session.exec(chosen)]


def kept_files(session: Session, now: datetime) -> frozenset[int]:
    """Lists whose files are still needed or may still be downloaded."""
    is_open = col(ReaderUploadRow.finished_at).is_(None)
    is_recent = col(ReaderUploadRow.finished_at) >= now - KEPT_FOR
    chosen = select(ReaderUploadRow.id).where(or_(is_open, is_recent))
    return frozenset(number or 0 for number in session.exec(chosen))


def move_upload(session: Session, upload_id: int, after: tuple[UploadState, ...], **values: object) -> bool:
    """Change a list that is in one of these states; False when it has moved on meanwhile."""
    wanted: list[ColumnElement[bool]] = [
        col(ReaderUploadRow.id) == upload_id,
        col(ReaderUploadRow.state).in_(after),
    ]
    return changed(session, update(ReaderUploadRow).where(*wanted).values(**values)) == 1


def _upload(row: ReaderUploadRow) -> Upload:
    return Upload(
        row.id or 0,
        row.file_name,
        row.state,
        row.wish,
        row.records,
        row.position,
        row.report,
        row.fault,
        row.asked_by,
        row.created_at,
        row.finished_at,
    )
