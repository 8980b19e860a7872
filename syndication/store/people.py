"""People of the console: invitations, roles, new passwords, log-ins. There is always an owner."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, delete, func, update
from sqlmodel import Session, col, select

from syndication.domain.errors import StoreError
from syndication.domain.roles import Role
from syndication.store.admins import Admin, admin_of, audit, create_admin, find_admin
from syndication.store.database import changed
from syndication.store.tables import AdminRow, AdminSessionRow, AuditEntryRow, TokenRow

_INVITE: Final = "invite"
_RESET: Final = "reset"
INVITED_FOR: Final = timedelta(days=7)
RESET_FOR: Final = timedelta(hours=1)
_SHOWN: Final = 16


@dataclass(frozen=True, slots=True)
class LogIn:
    """One open log-in. mark: names it without opening anything. seen_at: at most minutes old. Instants: aware UTC."""

    mark: str
    login: str
    created_at: datetime
    seen_at: datetime
    ip: str
    agent: str


@dataclass(frozen=True, slots=True)
class Invitation:
    """A link that makes one admin, once. expires_at: aware UTC."""

    token_id: int
    label: str
    role: Role
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log. before, after: what differs."""

    entry_id: int
    at: datetime
    actor: str
    action: str
    target: str
    before: dict[str, object]
    after: dict[str, object]


def list_admins(session: Session) -> list[Admin]:
    """Everybody who may use the console, by name."""
    return [admin_of(row) for row in session.exec(select(AdminRow).order_by(col(AdminRow.login)))]


def invite(session: Session, secret_hash: str, label: str, role: Role, now: datetime) -> int:
    """Keep an invitation that is good for a week; answers its id. label: for whom, in the owner's words."""
    row = TokenRow(kind=_INVITE, hash=secret_hash, label=label.strip(), admin_role=role, created_at=now)
    row.expires_at = now + INVITED_FOR
    session.add(row)
    session.flush()
    return row.id or 0


def invitation(session: Session, secret_hash: str, now: datetime) -> Invitation | None:
    """The open invitation with this secret."""
    return next(iter(_invitations(session, now, secret_hash)), None)


def open_invitations(session: Session, now: datetime) -> list[Invitation]:
    """All invitations that may still be used."""
    return _invitations(session, now)


def withdraw_invitation(session: Session, token_id: int, now: datetime) -> bool:
    """Make an invitation worthless; whether it was open."""
    statement = update(TokenRow).where(col(TokenRow.id) == token_id, *_is_open(_INVITE, now))
    return changed(session, statement.values(revoked_at=now)) == 1


def accept_invitation(
    session: Session, secret_hash: str, login: str, password_hash: str, now: datetime
) -> Admin | None:
    """Make the admin that an invitation is for; None when it is used, withdrawn, too old or forged.

    Raises StoreError when the name is taken; the invitation stays open then, as the transaction is rolled back.
    """
    found = invitation(session, secret_hash, now)
    if found is None or not _take(session, _INVITE, secret_hash, now):
        return None
    return create_admin(session, login, password_hash, now, role=found.role)


def offer_reset(session: Session, secret_hash: str, login: str, now: datetime) -> None:
    """Keep a link, good for an hour, that gives an admin a new password. Raises StoreError for an unknown name."""
    admin = find_admin(session, login)
    if admin is None:
        message = f"There is no admin called '{login}'. `syndication admin list` shows them."
        raise StoreError(message)
    session.execute(delete(TokenRow).where(col(TokenRow.label) == admin.login, *_is_open(_RESET, now)))
    row = TokenRow(kind=_RESET, hash=secret_hash, label=admin.login, created_at=now, expires_at=now + RESET_FOR)
    session.add(row)


def reset_for(session: Session, secret_hash: str, now: datetime) -> Admin | None:
    """Whose password this link may change."""
    login = session.exec(select(TokenRow.label).where(TokenRow.hash == secret_hash, *_is_open(_RESET, now))).first()
    return find_admin(session, login) if login else None


def use_reset(session: Session, secret_hash: str, password_hash: str, now: datetime) -> Admin | None:
    """Set the password a link is for and end all their log-ins; None when the link is worth nothing."""
    admin = reset_for(session, secret_hash, now)
    if admin is None or not _take(session, _RESET, secret_hash, now):
        return None
    set_password(session, admin.admin_id, password_hash)
    audit(session, admin.login, "admin.password", admin.login, now)
    return admin


def set_password(session: Session, admin_id: int, password_hash: str) -> None:
    """Give an admin another password; their log-ins end."""
    session.execute(update(AdminRow).where(col(AdminRow.id) == admin_id).values(password_hash=password_hash))
    session.execute(delete(AdminSessionRow).where(col(AdminSessionRow.admin_id) == admin_id))


def change_role(session: Session, admin_id: int, role: Role) -> tuple[Admin, Admin] | None:
    """Give somebody another role; before and after, None when there is no such admin. Raises StoreError for the last owner."""
    row = _locked(session, admin_id)
    if row is None:
        return None
    before = admin_of(row)
    if role is not Role.OWNER:
        _require_another_owner(session, row)
    row.role = role
    session.add(row)
    session.flush()
    return before, admin_of(row)


def remove_admin(session: Session, admin_id: int) -> Admin | None:
    """Take somebody out of the console, with their log-ins. Raises StoreError for the last owner."""
    row = _locked(session, admin_id)
    if row is None:
        return None
    _require_another_owner(session, row)
    session.execute(delete(AdminSessionRow).where(col(AdminSessionRow.admin_id) == admin_id))
    session.delete(row)
    return admin_of(row)


def log_ins(session: Session, now: datetime, login: str | None = None) -> list[LogIn]:
    """Open log-ins, the latest used first; of one admin, or of all."""
    statement = (
        select(AdminSessionRow, AdminRow.login)
        .join(AdminRow, col(AdminRow.id) == col(AdminSessionRow.admin_id))
        .where(AdminSessionRow.expires_at > now)
    )
    if login is not None:
        statement = statement.where(AdminRow.login == login)
    found = [
        LogIn(row.hash[:_SHOWN], name, row.created_at, row.seen_at or row.created_at, row.ip, row.agent)
        for row, name in session.exec(statement)
    ]
    return sorted(found, key=lambda one: one.seen_at, reverse=True)


def mark_of(secret_hash: str) -> str:
    """The mark of a log-in, from the hash of its secret."""
    return secret_hash[:_SHOWN]


def end_log_in(session: Session, mark: str, login: str | None = None) -> bool:
    """End a log-in; whether there was one. login: only if it is this admin's."""
    statement = delete(AdminSessionRow).where(func.substr(col(AdminSessionRow.hash), 1, _SHOWN) == mark)
    if login is not None:
        own = select(AdminRow.id).where(AdminRow.login == login)
        statement = statement.where(col(AdminSessionRow.admin_id).in_(own))
    return changed(session, statement) > 0


def audit_log(
    session: Session, *, before: int | None = None, target: str = "", actions: Collection[str] = (), limit: int = 50
) -> list[Entry]:
    """Who changed what, newest first, from the entry before `before`; of one target, or of all. actions: only these."""
    statement = select(AuditEntryRow).order_by(col(AuditEntryRow.id).desc()).limit(limit)
    if before is not None:
        statement = statement.where(col(AuditEntryRow.id) < before)
    if target:
        statement = statement.where(AuditEntryRow.target == target)
    if actions:
        statement = statement.where(col(AuditEntryRow.action).in_(actions))
    return [
        Entry(row.id or 0, row.at, row.actor, row.action, row.target, row.before, row.after)
        for row in session.exec(statement)
    ]


def _invitations(session: Session, now: datetime, secret_hash: str | None = None) -> list[Invitation]:
    statement = select(TokenRow).where(*_is_open(_INVITE, now)).order_by(col(TokenRow.id))
    if secret_hash is not None:
        statement = statement.where(TokenRow.hash == secret_hash)
    return [
        Invitation(row.id or 0, row.label, row.admin_role, row.expires_at)
        for row in session.exec(statement)
        if row.admin_role and row.expires_at
    ]


def _is_open(kind: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        col(TokenRow.kind) == kind,
        col(TokenRow.used_at).is_(None),
        col(TokenRow.revoked_at).is_(None),
        col(TokenRow.expires_at) > now,
    )


def _take(session: Session, kind: str, secret_hash: str, now: datetime) -> bool:
    statement = update(TokenRow).where(col(TokenRow.hash) == secret_hash, *_is_open(kind, now))
    return changed(session, statement.values(used_at=now)) == 1


def _locked(session: Session, admin_id: int) -> AdminRow | None:
    """The admin; every owner is locked, so that two owners cannot remove each other at once."""
    owners = select(AdminRow.id).where(AdminRow.role == Role.OWNER).order_by(col(AdminRow.id)).with_for_update()
    session.exec(owners).all()
    return session.get(AdminRow, admin_id, with_for_update=True, populate_existing=True)


def _require_another_owner(session: Session, row: AdminRow) -> None:
    others = select(AdminRow.id).where(AdminRow.role == Role.OWNER, col(AdminRow.id) != row.id)
    if row.role is Role.OWNER and session.exec(others).first() is None:
        message = f"{row.login} is the only owner. Make somebody else an owner first."
        raise StoreError(message)
