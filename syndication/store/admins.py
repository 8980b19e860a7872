"""People who run it: the first admin by a one-time link, log-ins, and who changed what.

Secrets come here as SHA-256 only (`hash_of`): a stolen database opens no session and no link.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from syndication.domain.errors import StoreError
from syndication.domain.roles import Role
from syndication.domain.web_address import without_secrets
from syndication.store.database import changed
from syndication.store.tables import AdminRow, AdminSessionRow, AuditEntryRow, TokenRow

_SETUP: Final = "setup"


@dataclass(frozen=True, slots=True)
class Admin:
    """Somebody who may use the console."""

    admin_id: int
    login: str
    password_hash: str
    role: Role


@dataclass(frozen=True, slots=True)
class From:
    """Where a log-in comes from. agent: what the browser calls itself."""

    ip: str = ""
    agent: str = ""


def hash_of(secret: str) -> str:
    """A random secret as it is kept. Not for passwords: those are guessable and need argon2."""
    return hashlib.sha256(secret.encode()).hexdigest()


def has_admin(session: Session) -> bool:
    """Whether the first admin exists."""
    return session.exec(select(AdminRow.id).limit(1)).first() is not None


def offer_setup(session: Session, secret_hash: str, now: datetime) -> None:
    """Make this the one set-up link; an older one that was not used is worth nothing from now on."""
    session.execute(delete(TokenRow).where(col(TokenRow.kind) == _SETUP, col(TokenRow.used_at).is_(None)))
    session.add(TokenRow(kind=_SETUP, hash=secret_hash, label="first admin", created_at=now))


def is_setup_open(session: Session, secret_hash: str) -> bool:
    """Whether this set-up link may still be used."""
    wanted = (TokenRow.kind == _SETUP, TokenRow.hash == secret_hash, col(TokenRow.used_at).is_(None))
    return session.exec(select(TokenRow.id).where(*wanted)).first() is not None and not has_admin(session)


def use_setup(session: Session, secret_hash: str, login: str, password_hash: str, now: datetime) -> Admin | None:
    """Make the first admin by a set-up link, in one transaction; None when the link is used, replaced or forged."""
    taken = changed(
        session,
        update(TokenRow)
        .where(col(TokenRow.kind) == _SETUP, col(TokenRow.hash) == secret_hash, col(TokenRow.used_at).is_(None))
        .values(used_at=now),
    )
    if taken != 1 or has_admin(session):
        return None
    return create_admin(session, login, password_hash, now)


def create_admin(session: Session, login: str, password_hash: str, now: datetime, *, role: Role = Role.OWNER) -> Admin:
    """Add an admin. Raises StoreError when the log-in name is taken."""
    name = login.strip().lower()
    if find_admin(session, name) is not None:
        message = f"There is an admin called '{name}' already. Choose another name."
        raise StoreError(message)
    row = AdminRow(login=name, password_hash=password_hash, role=role, created_at=now)
    session.add(row)
    session.flush()
    audit(session, name, "admin.create", name, now, ({}, {"role": role.value}))
    return admin_of(row)


def find_admin(session: Session, login: str) -> Admin | None:
    """The admin with this log-in name."""
    row = session.exec(select(AdminRow).where(AdminRow.login == login.strip().lower())).first()
    return admin_of(row) if row else None


def open_session(
    session: Session, secret_hash: str, admin_id: int, now: datetime, expires_at: datetime, *, visit: From = From()
) -> None:
    """Keep a log-in; forgets those that have expired."""
    session.execute(delete(AdminSessionRow).where(col(AdminSessionRow.expires_at) <= now))
    row = AdminSessionRow(hash=secret_hash, admin_id=admin_id, created_at=now, expires_at=expires_at)
    row.seen_at, row.ip, row.agent = now, visit.ip, visit.agent
    session.add(row)


def session_admin(session: Session, secret_hash: str, now: datetime) -> tuple[Admin, datetime] | None:
    """Who is logged in with this secret, and when that was last noted; None when nobody is or the log-in has expired."""
    wanted = select(AdminRow, AdminSessionRow).join(AdminSessionRow, col(AdminSessionRow.admin_id) == col(AdminRow.id))
    found = session.exec(wanted.where(AdminSessionRow.hash == secret_hash, AdminSessionRow.expires_at > now)).first()
    return (admin_of(found[0]), found[1].seen_at or found[1].created_at) if found else None


def note_seen(session: Session, secret_hash: str, now: datetime) -> None:
    """Remember that a log-in was used."""
    session.execute(update(AdminSessionRow).where(col(AdminSessionRow.hash) == secret_hash).values(seen_at=now))


def close_session(session: Session, secret_hash: str) -> None:
    """Log out."""
    session.execute(delete(AdminSessionRow).where(col(AdminSessionRow.hash) == secret_hash))


def audit(
    session: Session,
    actor: str,
    action: str,
    target: str,
    at: datetime,
    change: tuple[Mapping[str, Any], Mapping[str, Any]] = ({}, {}),
) -> None:
    """Write down who changed what, in the transaction of the change. change: before and after; secrets in addresses stay out."""
    before, after = ({name: _shown(value) for name, value in values.items()} for values in change)
    session.add(AuditEntryRow(at=at, actor=actor, action=action, target=target, before=before, after=after))


def _shown(value: object) -> object:
    """Everybody in the console reads the log."""
    return without_secrets(value)[0] if isinstance(value, str) else value


def admin_of(row: AdminRow) -> Admin:
    """Row → value."""
    assert row.id is not None  # noqa: S101 - it was flushed or read
    return Admin(row.id, row.login, row.password_hash, row.role)
