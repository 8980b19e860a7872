"""Somebody logged in to the console."""

import re
from dataclasses import dataclass
from typing import Any

import httpx
from sqlmodel import col, select

from syndication.domain.roles import Role
from syndication.store.admins import create_admin, hash_of, open_session
from syndication.store.tables import AdminRow, AuditEntryRow
from tests.support.website import Website


@dataclass(frozen=True)
class Colleague:
    """A browser with a log-in."""

    website: Website
    cookie: str

    def get(self, path: str) -> httpx.Response:
        """Open a page."""
        return self.website.visitor().get(path, headers={"cookie": self.cookie})

    def post(self, path: str, **form: Any) -> httpx.Response:  # noqa: ANN401 - the fields of any form
        """Send a form."""
        return self.website.visitor().post(path, data=form, headers={"cookie": self.cookie})

    def words(self, path: str) -> str:
        """A page as one line."""
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        return re.sub(r"\s+", " ", answer.text)

    def log(self, action: str) -> list[AuditEntryRow]:
        """What the log says of an action."""
        with self.website.database.read() as session:
            return list(
                session.exec(
                    select(AuditEntryRow).where(AuditEntryRow.action == action).order_by(col(AuditEntryRow.id))
                )
            )


def colleague(website: Website, name: str = "olga", role: Role = Role.OWNER) -> Colleague:
    """Make an admin, once, and log them in."""
    secret = f"cookie-of-{name}"
    with website.database.write() as session:
        known = session.exec(select(AdminRow.id).where(AdminRow.login == name)).first()
        if known is None:
            number = create_admin(session, name, "no password", website.now, role=role).admin_id
            open_session(session, hash_of(secret), number, website.now, website.now.replace(year=website.now.year + 1))
    return Colleague(website, f"syndication_admin={secret}")
