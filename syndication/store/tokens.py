"""Tokens of the API: made once, shown once, kept as SHA-256 only."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, update
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from syndication.domain.scopes import Scope
from syndication.store.admins import hash_of
from syndication.store.database import changed
from syndication.store.tables import SourceRow, TokenRow

_API: Final = "api"
_PREFIX: Final = "syn_"
_SECRET_BYTES: Final = 32
_SHOWN: Final = 8
USE_IS_NOTED_EVERY: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A token without its secret. hint: its first characters. source_id: the one source it may write to, None for any.

    used_at: at most five minutes old; None when it was never used. Instants: aware UTC.
    """

    token_id: int
    label: str
    hint: str
    scopes: frozenset[Scope]
    source_id: int | None
    source: str
    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None
    revoked_at: datetime | None

    def is_valid(self, now: datetime) -> bool:
        """Whether it opens anything at this instant."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True, slots=True)
class NewToken:
    """What a token will be. label: whose it is, in the admin's words."""

    label: str
    scopes: Sequence[Scope]
    source_id: int | None = None
    expires_at: datetime | None = None


def create_token(session: Session, wanted: NewToken, now: datetime) -> tuple[int, str]:
    """Make a token; answers its id and the secret, which is nowhere else. now: aware UTC."""
    secret = _PREFIX + secrets.token_urlsafe(_SECRET_BYTES)
    row = TokenRow(
        kind=_API,
        hash=hash_of(secret),
        hint=secret[:_SHOWN],
        label=wanted.label.strip(),
        scopes=sorted(set(wanted.scopes)),
        source_id=wanted.source_id,
        created_at=now,
        expires_at=wanted.expires_at,
    )
    session.add(row)
    session.flush()
    assert row.id is not None  # noqa: S101 - it was flushed
    return row.id, secret


def find_token(session: Session, secret: str, now: datetime) -> ApiToken | None:
    """The valid token with this secret. now: aware UTC."""
    found = _tokens(session, col(TokenRow.hash) == hash_of(secret))
    return found[0] if found and found[0].is_valid(now) else None


def list_tokens(session: Session) -> list[ApiToken]:
    """All tokens of the API, newest first, those that are no longer valid too."""
    return _tokens(session)


def revoke_token(session: Session, token_id: int, now: datetime) -> bool:
    """Make a token worthless at once; False when there is none that could be revoked. now: aware UTC."""
    open_ones = (col(TokenRow.id) == token_id, col(TokenRow.kind) == _API, col(TokenRow.revoked_at).is_(None))
    return changed(session, update(TokenRow).where(*open_ones).values(revoked_at=now)) == 1


def note_use(session: Session, token_id: int, now: datetime) -> None:
    """Remember that a token was used. now: aware UTC."""
    session.execute(update(TokenRow).where(col(TokenRow.id) == token_id).values(used_at=now))


def source_named(session: Session, slug: str) -> int | None:
    """The id of the source with this slug."""
    return session.exec(select(SourceRow.id).where(SourceRow.slug == slug)).first()


def _tokens(session: Session, *where: ColumnElement[bool]) -> list[ApiToken]:
    rows = session.execute(
        select_columns(TokenRow, col(SourceRow.slug))
        .outerjoin(SourceRow, col(SourceRow.id) == col(TokenRow.source_id))
        .where(col(TokenRow.kind) == _API, *where)
        .order_by(col(TokenRow.id).desc())
    )
    return [
        ApiToken(
            row.id or 0,
            row.label,
            row.hint,
            # A scope that a later version knew and this one does not allows nothing here.
            frozenset(Scope(word) for word in row.scopes if word in set(Scope)),
            row.source_id,
            slug or "",
            row.created_at,
            row.expires_at,
            row.used_at,
            row.revoked_at,
        )
        for row, slug in rows
    ]
