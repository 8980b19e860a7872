"""Tables of those who run it: admin, session, token, audit entry, entries taken over from files. No stage sees these."""

from datetime import datetime
from typing import Any

from sqlmodel import Field, SQLModel

from syndication.domain.roles import Role
from syndication.store.tables.columns import big_key, json_column, words


class AdminRow(SQLModel, table=True):
    """Somebody who may use the console. password_hash: argon2id."""

    __tablename__ = "admin"

    id: int | None = Field(default=None, primary_key=True)
    login: str = Field(unique=True, max_length=254)
    password_hash: str
    role: Role = words(Role, Role.OWNER)
    created_at: datetime


class AdminSessionRow(SQLModel, table=True):
    """A log-in. hash: SHA-256 of the cookie, so that a stolen database opens no session. seen_at: at most minutes old."""

    __tablename__ = "admin_session"

    hash: str = Field(primary_key=True, max_length=64)
    admin_id: int = Field(foreign_key="admin.id")
    created_at: datetime
    expires_at: datetime = Field(index=True)
    seen_at: datetime | None = None
    ip: str = Field(default="", max_length=64)
    agent: str = Field(default="", max_length=300)


class TokenRow(SQLModel, table=True):
    """A secret we gave out, kept as SHA-256: 'api', and those used once: 'setup' (first admin), 'invite', 'reset'.

    hint: its first characters. source_id: the one source an 'api' token may write to, None for any. label: whose it is; of
    'reset' the log-in name. admin_role: what an 'invite' makes its guest.
    """

    __tablename__ = "token"

    id: int | None = Field(default=None, primary_key=True)
    kind: str = Field(max_length=16)
    hash: str = Field(unique=True, max_length=64)
    label: str = ""
    created_at: datetime
    expires_at: datetime | None = None
    used_at: datetime | None = None
    revoked_at: datetime | None = None
    hint: str = Field(default="", max_length=16)
    scopes: list[str] = json_column()
    source_id: int | None = Field(default=None, foreign_key="source.id")
    admin_role: Role | None = words(Role, nullable=True)


class AuditEntryRow(SQLModel, table=True):
    """Who changed what; append-only."""

    __tablename__ = "audit_entry"

    id: int | None = big_key()
    at: datetime = Field(index=True)
    actor: str
    action: str
    target: str
    before: dict[str, Any] = json_column(dict)
    after: dict[str, Any] = json_column(dict)


class TakenEntryRow(SQLModel, table=True):
    """An entry of config/ as its file said it when it was last taken over. name: 'KIND/SLUG'. marks: of each field."""

    __tablename__ = "taken_entry"

    name: str = Field(primary_key=True, max_length=160)
    marks: dict[str, str] = json_column(dict)
    at: datetime
