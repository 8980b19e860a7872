"""Versions of e-mail templates: immutable rows by hash, one of them active for each mail and newsletter."""

from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, text
from sqlmodel import Session, col, select, update

from syndication.domain.errors import TemplateError
from syndication.domain.templates import Template, TemplateSource
from syndication.store.tables import TemplateVersionRow

# Any number, the same in all versions: it names the lock.
_LOCK: Final = 7_306_502_018


def save_template(
    session: Session, template: Template, source: TemplateSource, newsletter_id: int | None, now: datetime
) -> int:
    """Keep a compiled template and make it the active one; answers its version's id.

    newsletter_id: None for the versions that come with the product. A version that is there already is only activated.
    """
    _one_at_a_time(session)
    version_id = _find(session, template.name, newsletter_id, template.hash)
    if version_id is None:
        row = TemplateVersionRow(
            name=template.name,
            newsletter_id=newsletter_id,
            hash=template.hash,
            subject=template.subject,
            text=template.text,
            mjml=source.mjml,
            html=template.html,
            created_at=now,
        )
        session.add(row)
        session.flush()
        assert row.id is not None  # noqa: S101 - flushed rows have an id
        version_id = row.id
    _activate(session, template.name, newsletter_id, version_id)
    return version_id


def activate_version(session: Session, name: str, newsletter_id: int | None, version_hash: str) -> bool:
    """Make a kept version the active one; False when there is none with this hash."""
    _one_at_a_time(session)
    version_id = _find(session, name, newsletter_id, version_hash)
    if version_id is None:
        return False
    _activate(session, name, newsletter_id, version_id)
    return True


def active_template(session: Session, name: str, newsletter_id: int | None) -> tuple[int, Template]:
    """The id and the template that a newsletter's mails are rendered with: its own version, else the product's.

    Raises TemplateError when `init` never ran.
    """
    own_first = col(TemplateVersionRow.newsletter_id).is_(None)
    statement = (
        select(TemplateVersionRow)
        .where(TemplateVersionRow.name == name, col(TemplateVersionRow.is_active))
        .where(_of(newsletter_id) | _of(None))
        .order_by(own_first, col(TemplateVersionRow.id).desc())
        .limit(1)
    )
    row = session.exec(statement).first()
    if row is None or row.id is None:
        message = f"There is no template for the mail '{name}'. Run `syndication init`."
        raise TemplateError(message)
    return row.id, Template(row.name, row.subject, row.text, row.html, row.hash)


def active_hashes(session: Session, newsletter_id: int | None) -> dict[str, str]:
    """The hash of the active version of each mail, by name."""
    statement = select(TemplateVersionRow.name, TemplateVersionRow.hash).where(
        _of(newsletter_id), col(TemplateVersionRow.is_active)
    )
    return dict(session.exec(statement).all())


def _find(session: Session, name: str, newsletter_id: int | None, version_hash: str) -> int | None:
    statement = select(TemplateVersionRow.id).where(
        TemplateVersionRow.name == name, TemplateVersionRow.hash == version_hash, _of(newsletter_id)
    )
    return session.exec(statement).first()


def _activate(session: Session, name: str, newsletter_id: int | None, version_id: int) -> None:
    versions = update(TemplateVersionRow).where(col(TemplateVersionRow.name) == name, _of(newsletter_id))
    session.execute(versions.values(is_active=col(TemplateVersionRow.id) == version_id))


def _of(newsletter_id: int | None) -> ColumnElement[bool]:
    column = col(TemplateVersionRow.newsletter_id)
    return column.is_(None) if newsletter_id is None else column == newsletter_id


def _one_at_a_time(session: Session) -> None:
    """Unique keys do not hold for NULL, so savers wait for each other. SQLite has one writer anyway."""
    if session.get_bind().dialect.name != "sqlite":
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
