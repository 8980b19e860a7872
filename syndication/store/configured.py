"""The configuration that the database holds, in the form of config/, and what was taken over from files before."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlmodel import Session, col, select

from syndication.domain.configuration import Fields, Kind, Marks, is_alike, marks_of, name_of, named_schedules
from syndication.domain.entries import Entries, ScheduleEntry
from syndication.domain.newsletters import Newsletter
from syndication.domain.topics import Topic
from syndication.store.collecting import source_from
from syndication.store.inserting import upsert
from syndication.store.installing import ids_by_slug
from syndication.store.looks import picture_named
from syndication.store.newsletters import newsletters, offered_slugs
from syndication.store.tables import (
    AuditEntryRow,
    NewsletterRow,
    ScheduleRow,
    SourceAccessRow,
    SourceRow,
    TakenEntryRow,
    TopicRow,
)

_LOCKED: Final = text("LOCK TABLE topic, source, newsletter, schedule, taken_entry IN SHARE ROW EXCLUSIVE MODE")
_NO_SAVES: Final = ("source.access", "source.visit", "schedule.skip")


def hold_still(session: Session) -> None:
    """Let nobody change what config/ can name before this transaction ends; SQLite has one writer anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(_LOCKED)


def stored_entries(session: Session) -> Entries:
    """What the database holds. Without removed sources and the schedules that readers' own hours made."""
    topics = session.exec(select(TopicRow).order_by(col(TopicRow.position), col(TopicRow.id))).all()
    sources = session.exec(
        select(SourceRow).where(col(SourceRow.removed_at).is_(None)).order_by(col(SourceRow.id))
    ).all()
    letters = _newsletters(session)
    pictures = {letter.logo: picture_named(session, letter.logo) for letter, _ in letters}
    off = [name_of(Kind.TOPIC, row.slug) for row in topics if not row.enabled]
    off += [name_of(Kind.SOURCE, row.slug) for row in sources if not row.enabled]
    return Entries(
        tuple(Topic(row.slug, row.title, row.description, row.rule) for row in topics),
        tuple(source_from(row) for row in sources),
        letters,
        tuple(picture for picture in pictures.values() if picture is not None),
        frozenset(off),
    )


def ids_by_name(session: Session) -> dict[str, int]:
    """The ids of all rows of which `stored_entries` tells, by the names of the entries."""
    found = {name_of(Kind.TOPIC, slug): number for slug, number in ids_by_slug(session, TopicRow).items()}
    found |= {name_of(Kind.SOURCE, slug): number for slug, number in ids_by_slug(session, SourceRow).items()}
    schedules = _schedules(session)
    for slug, number in ids_by_slug(session, NewsletterRow).items():
        found[name_of(Kind.NEWSLETTER, slug)] = number
        rows = schedules.get(number, [])
        found |= dict(zip(named_schedules(slug, map(_entry, rows)), (row.id or 0 for row in rows), strict=True))
    return found


def saved_last(session: Session, names: Collection[str]) -> dict[str, tuple[str, datetime]]:
    """Who saved an entry last and when (aware UTC), by name; of those that were saved since they were taken over."""
    if not names:
        return {}
    ids = ids_by_name(session)
    taken = dict(session.exec(select(TakenEntryRow.name, TakenEntryRow.at)).all())
    found = {}
    for name in names:
        kind, _, slug = name.partition("/")
        targets = [f"{kind} {ids[name]}"]
        if kind == Kind.NEWSLETTER:
            targets.append(f"{kind} {slug}")  # its look is logged by its slug
        row = session.exec(
            select(AuditEntryRow)
            .where(col(AuditEntryRow.target).in_(targets), col(AuditEntryRow.action).not_in(_NO_SAVES))
            .order_by(col(AuditEntryRow.id).desc())
            .limit(1)
        ).first()
        if row and (name not in taken or row.at > taken[name]):
            found[name] = (row.actor, row.at)
    return found


def removed_sources(session: Session) -> frozenset[str]:
    """The names of sources that were removed but brought articles, so that their slugs stay taken."""
    found = session.exec(select(SourceRow.slug).where(col(SourceRow.removed_at).is_not(None)))
    return frozenset(name_of(Kind.SOURCE, slug) for slug in found)


def sealed_sources(session: Session) -> frozenset[str]:
    """The slugs of sources that have a log-in, headers, a proxy or the like."""
    statement = select(SourceRow.slug).join(SourceAccessRow, col(SourceAccessRow.source_id) == col(SourceRow.id))
    return frozenset(session.exec(statement))


def taken_over(session: Session) -> dict[str, Marks]:
    """The marks of every entry as its file said it when it was last taken over, by name."""
    return dict(session.exec(select(TakenEntryRow.name, TakenEntryRow.marks)).all())


def remember_alike(session: Session, files: Mapping[str, Fields], stored: Mapping[str, Fields], now: datetime) -> None:
    """Keep what the files say of every entry that the database holds as they say it. now: aware UTC."""
    alike = [name for name, fields in files.items() if name in stored and is_alike(fields, stored[name])]
    if alike:
        rows = [{"name": name, "marks": marks_of(files[name]), "at": now} for name in alike]
        upsert(session, TakenEntryRow, rows)


def _newsletters(session: Session) -> tuple[tuple[Newsletter, tuple[ScheduleEntry, ...]], ...]:
    offered, schedules = offered_slugs(session), _schedules(session)
    return tuple(
        (replace(stored.value, topics=offered.get(stored.id, ())), tuple(map(_entry, schedules.get(stored.id, ()))))
        for stored in newsletters(session)
    )


def _schedules(session: Session) -> dict[int, list[ScheduleRow]]:
    """By the newsletter's id, the oldest first."""
    found: dict[int, list[ScheduleRow]] = {}
    for row in session.exec(select(ScheduleRow).where(~col(ScheduleRow.is_own)).order_by(col(ScheduleRow.id))):
        found.setdefault(row.newsletter_id, []).append(row)
    return found


def _entry(row: ScheduleRow) -> ScheduleEntry:
    slug = "" if row.slug in {None, row.cadence} else row.slug
    return ScheduleEntry(row.cadence, row.cron, row.zone, row.review_s // 60, row.enabled, slug or "")
