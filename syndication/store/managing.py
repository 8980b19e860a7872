"""Sources as the console shows and changes them."""

import re
import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import delete, update
from sqlmodel import Session, col, func, select

from syndication.domain.source_options import Identity, SourceOptions, options_from, options_to
from syndication.domain.sources import Source
from syndication.domain.states import Health
from syndication.store.collecting import source_from, source_row
from syndication.store.hubs import forget_hub
from syndication.store.tables import (
    ArticleRow,
    SightingRow,
    SourceAccessRow,
    SourceAnswerRow,
    SourceMoveRow,
    SourceRow,
    TokenRow,
    WebSubRow,
)
from syndication.store.visiting import URGENT

_LONGEST: Final = 56


@dataclass(frozen=True, slots=True)
class SourcePage:
    """A source with all that is known of how it does. answer: the last that was no 'not modified'."""

    source_id: int
    source: Source
    enabled: bool
    health: Health
    words: str
    failures: int
    failing_since: datetime | None
    last_success_at: datetime | None
    last_article_at: datetime | None
    next_poll_at: datetime
    articles: int
    has_access: bool
    answer: SourceAnswerRow | None
    move: SourceMoveRow | None
    hub: WebSubRow | None


def source_page(session: Session, source_id: int) -> SourcePage:
    """Everything about one source. Raises StoreError when there is none with this id."""
    row = source_row(session, source_id)
    counted = select(func.count()).select_from(ArticleRow).where(col(ArticleRow.source_id) == source_id)
    return SourcePage(
        source_id,
        source_from(row),
        row.enabled,
        row.health,
        row.last_error,
        row.failures,
        row.failing_since,
        row.last_success_at,
        row.last_article_at,
        row.next_poll_at,
        session.exec(counted).one(),
        session.get(SourceAccessRow, source_id) is not None,
        session.get(SourceAnswerRow, source_id),
        session.get(SourceMoveRow, source_id),
        session.get(WebSubRow, source_id),
    )


def free_slug(session: Session, words: str) -> str:
    """A slug made of these words that no source has."""
    plain = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode("ascii").lower()
    base = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_LONGEST].strip("-") or "source"
    taken = set(session.exec(select(SourceRow.slug).where(col(SourceRow.slug).startswith(base))))
    return next(
        slug for slug in (base, *(f"{base}-{number}" for number in range(2, len(taken) + 3))) if slug not in taken
    )


def make_urgent(session: Session, source_id: int) -> None:
    """Visit a source before all others."""
    session.execute(update(SourceRow).where(col(SourceRow.id) == source_id).values(next_poll_at=URGENT))


def pause_source(session: Session, source_id: int) -> None:
    """Visit a source no more until it is resumed."""
    session.execute(update(SourceRow).where(col(SourceRow.id) == source_id).values(enabled=False))


def resume_source(session: Session, source_id: int) -> None:
    """Begin anew with a source, at once: what went wrong before is forgotten."""
    fresh: dict[str, Any] = {
        "enabled": True,
        "failures": 0,
        "failing_since": None,
        "last_error": "",
        "health": Health.OK,
    }
    fresh["next_poll_at"] = URGENT
    session.execute(update(SourceRow).where(col(SourceRow.id) == source_id).values(fresh))


def use_address(session: Session, source_id: int, location: str) -> None:
    """Read a source elsewhere, at once; validators belong to the old address."""
    fresh = {"location": location, "etag": "", "last_modified": "", "body_hash": ""}
    session.execute(update(SourceRow).where(col(SourceRow.id) == source_id).values(fresh))
    session.execute(delete(SourceMoveRow).where(col(SourceMoveRow.source_id) == source_id))
    forget_hub(session, source_id)
    resume_source(session, source_id)


def use_identity(session: Session, source_id: int, identity: Identity) -> None:
    """Recognise a source's items by something else from its next visit on."""
    row = source_row(session, source_id)
    use_options(session, source_id, replace(options_from(row.options), identity=identity))


def use_options(session: Session, source_id: int, options: SourceOptions) -> None:
    """Read a source otherwise from its next visit on, also what it holds already."""
    row = source_row(session, source_id)
    row.options = options_to(options)
    row.body_hash, row.marks = "", ""
    session.add(row)
    session.flush()


def lock_source(session: Session, source_id: int) -> None:
    """Let nobody else change a source before this transaction ends."""
    session.get_one(SourceRow, source_id, with_for_update=True)


def change_source(session: Session, source_id: int, values: dict[str, Any]) -> None:
    """Change title, language, base_url, internal, full_text or first_fetch."""
    session.execute(update(SourceRow).where(col(SourceRow.id) == source_id).values(values))


def remove_source(session: Session, source_id: int, now: datetime) -> bool:
    """Take a source away; True when nothing of it is left. One that brought articles stays as their origin, never visited.

    now: aware UTC.
    """
    session.execute(delete(SourceAccessRow).where(col(SourceAccessRow.source_id) == source_id))
    session.execute(delete(SourceAnswerRow).where(col(SourceAnswerRow.source_id) == source_id))
    session.execute(delete(SourceMoveRow).where(col(SourceMoveRow.source_id) == source_id))
    forget_hub(session, source_id)
    session.execute(update(TokenRow).where(col(TokenRow.source_id) == source_id).values(revoked_at=now))
    has_articles = session.exec(select(ArticleRow.id).where(col(ArticleRow.source_id) == source_id).limit(1)).first()
    if has_articles is None:
        session.execute(delete(SightingRow).where(col(SightingRow.source_id) == source_id))
        session.execute(update(TokenRow).where(col(TokenRow.source_id) == source_id).values(source_id=None))
        session.execute(delete(SourceRow).where(col(SourceRow.id) == source_id))
        return True
    row = source_row(session, source_id)
    row.enabled, row.removed_at = False, now
    session.add(row)
    session.flush()
    return False
