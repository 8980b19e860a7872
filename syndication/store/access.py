"""How sources let us in: sealed JSON, one a source."""

import json
from dataclasses import asdict

from sqlmodel import Session

from syndication.domain.errors import ConfigError
from syndication.domain.seams import Box
from syndication.domain.sources import Access
from syndication.store.tables import SourceAccessRow


def access_from(box: Box | None, source_id: int, sealed: str) -> Access:
    """What was sealed for a source. Raises ConfigError when its key is gone, or there is none here at all."""
    if not sealed:
        return Access()
    if box is None:
        message = "The log-in of this source cannot be opened here: there are no keys."
        raise ConfigError(message)
    values = json.loads(box.open(sealed, _about(source_id)))
    headers = tuple((name, value) for name, value in values.pop("headers"))
    return Access(**values, headers=headers)


def save_access(session: Session, box: Box, source_id: int, access: Access) -> None:
    """Keep how a source lets us in; forgets it when there is nothing to keep."""
    row = session.get(SourceAccessRow, source_id)
    if access == Access():
        if row is not None:
            session.delete(row)
        return
    sealed = box.seal(json.dumps(asdict(access)), _about(source_id))
    session.add(SourceAccessRow(source_id=source_id, sealed=sealed) if row is None else _with(row, sealed))


def sealed_access(session: Session, source_id: int) -> str:
    """What is sealed for a source, "" for nothing."""
    row = session.get(SourceAccessRow, source_id)
    return row.sealed if row else ""


def _with(row: SourceAccessRow, sealed: str) -> SourceAccessRow:
    row.sealed = sealed
    return row


def _about(source_id: int) -> str:
    return f"source {source_id}"
