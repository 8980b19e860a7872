"""Versions of e-mail templates: immutable rows by hash, one of them active for each mail and newsletter."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, text
from sqlmodel import Session, col, select, update

from syndication.domain.errors import TemplateError
from syndication.domain.templates import Template, TemplateSource
from syndication.store.tables import NewsletterRow, TemplateVersionRow

# Any number, the same in all versions: it names the lock.
_LOCK: Final = 7_306_502_018


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a mail's template. newsletter: its slug, "" for the product's own. author: who made it, "" for us."""

    id: int
    name: str
    newsletter: str
    hash: str
    is_active: bool
    author: str
    created_at: datetime


def save_template(
    session: Session, template: Template, source: TemplateSource, newsletter_id: int | None, now: datetime
) -> int:
    """Keep a compiled template and make it the active one; answers its version's id.

    newsletter_id: None for the versions that come with the product. A version that is there already is only activated.
    """
    version_id = keep_template(session, template, source, newsletter_id, now)
    _activate(session, template.name, newsletter_id, version_id)
    return version_id


def keep_template(
    session: Session,
    template: Template,
    source: TemplateSource,
    newsletter_id: int | None,
    now: datetime,
    author: str = "",
) -> int:
    """As `save_template`, but what is in use stays in use."""
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
            author=author,
            created_at=now,
        )
        session.add(row)
        session.flush()
        assert row.id is not None  # noqa: S101 - flushed rows have an id
        version_id = row.id
    return version_id


def versions(session: Session) -> list[Version]:
    """All versions of all mails, the newest first."""
    statement = (
        select(TemplateVersionRow, NewsletterRow.slug)
        .outerjoin(NewsletterRow, col(NewsletterRow.id) == col(TemplateVersionRow.newsletter_id))
        .order_by(col(TemplateVersionRow.created_at).desc(), col(TemplateVersionRow.id).desc())
    )
    return [
        Version(row.id or 0, row.name, slug or "", row.hash, row.is_active, row.author, row.created_at)
        for row, slug in session.exec(statement)
    ]


def template_version(session: Session, version_id: int) -> tuple[Template, TemplateSource, int | None] | None:
    """A version ready to render, what it was made from, and whose it is (None: the product's); None when there is none."""
    row = session.get(TemplateVersionRow, version_id)
    if row is None:
        return None
    template = Template(row.name, row.subject, row.text, row.html, row.hash)
    return template, TemplateSource(row.name, row.subject, row.text, row.mjml), row.newsletter_id


def use_product_template(session: Session, name: str, newsletter_id: int) -> None:
    """From now on a newsletter's mail is made with the product's template; its own versions stay to go back to."""
    _one_at_a_time(session)
    own = update(TemplateVersionRow).where(col(TemplateVersionRow.name) == name, _of(newsletter_id))
    session.execute(own.values(is_active=False))


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
