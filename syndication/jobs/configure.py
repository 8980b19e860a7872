"""Files and database: what differs, and the database changed to what the files say, as the console would change it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlmodel import Session

from syndication.domain.configuration import (
    Difference,
    Fields,
    Kind,
    State,
    compare,
    fields_of,
    name_of,
    named_schedules,
)
from syndication.domain.entries import Entries
from syndication.domain.errors import ConfigError
from syndication.jobs.taking_over import Taking, take_over
from syndication.store.configured import (
    hold_still,
    ids_by_name,
    remember_alike,
    removed_sources,
    saved_last,
    stored_entries,
    taken_over,
)
from syndication.store.database import Database

_WRITABLE: Final = frozenset({State.NEW, State.CHANGED})
_FORCED: Final = _WRITABLE | {State.CONFLICT, State.GONE}


@dataclass(frozen=True, slots=True)
class Compared:
    """What differs. beyond: names of entries that the files do not have, all of which stay as they are.

    saved: who saved an entry last and when (aware UTC), of those that the database changed.
    """

    differences: tuple[Difference, ...]
    beyond: tuple[str, ...]
    saved: Mapping[str, tuple[str, datetime]]


@dataclass(frozen=True, slots=True)
class Wish:
    """Of what `apply` is asked. only: 'KIND/SLUG' as `is_wanted` reads it; () for all. force: conflicts, too. dry_run: change nothing."""

    only: tuple[str, ...] = ()
    force: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Applied:
    """What was taken over, and what was left as it is in the database: conflicts and what cannot be done."""

    written: tuple[Difference, ...]
    left: Compared


def is_wanted(name: str, only: tuple[str, ...]) -> bool:
    """Whether an entry is among those that were named; a newsletter names its schedules with it."""
    newsletter = name_of(Kind.NEWSLETTER, name.split("/")[1])
    return not only or name in only or (name.startswith(name_of(Kind.SCHEDULE, "")) and newsletter in only)


def differences(database: Database, files: Entries) -> Compared:
    """Where the database does not hold what the files say."""
    with database.read() as session:
        return _compared(session, fields_of(files), fields_of(stored_entries(session)))


def apply(database: Database, files: Entries, wish: Wish, now: datetime) -> Applied:
    """Change the database to what sound files say, all that is wanted or nothing; nothing is deleted. now: aware UTC.

    A conflict is left alone unless the wish is to force it. Raises ConfigError or SourceError where an entry cannot stand
    beside what the database holds.
    """
    with database.write() as session:
        hold_still(session)
        wanted = fields_of(files)
        found = _compared(session, wanted, fields_of(stored_entries(session)))
        chosen = [one for one in found.differences if is_wanted(one.name, wish.only)]
        written = [one for one in chosen if one.state in (_FORCED if wish.force else _WRITABLE)]
        take_over(session, Taking(files, ids_by_name(session), now), written)
        after = stored_entries(session)
        _require_agreement(after, {one.name for one in written})
        mine = {name: fields for name, fields in wanted.items() if is_wanted(name, wish.only)}
        remember_alike(session, mine, fields_of(after), now)
        if wish.dry_run:
            session.rollback()
    left = tuple(one for one in chosen if one not in written)
    return Applied(tuple(written), Compared(left, found.beyond, found.saved))


def remember_written(database: Database, entries: Entries, now: datetime) -> None:
    """Keep that the files say what was just written into them. now: aware UTC."""
    with database.write() as session:
        remember_alike(session, fields_of(entries), fields_of(stored_entries(session)), now)


def _compared(session: Session, files: Mapping[str, Fields], stored: Mapping[str, Fields]) -> Compared:
    found = compare(files, stored, taken_over(session), removed_sources(session))
    doubtful = [one.name for one in found if one.state is State.CONFLICT]
    return Compared(found, tuple(name for name in stored if name not in files), saved_last(session, doubtful))


def _require_agreement(entries: Entries, written: set[str]) -> None:
    """What a newsletter and its schedules must agree on when only some of them come from files."""
    for newsletter, schedules in entries.newsletters:
        names = {name_of(Kind.NEWSLETTER, newsletter.slug), *named_schedules(newsletter.slug, schedules)}
        if names & written and newsletter.own_hours and any(schedule.review_minutes for schedule in schedules):
            message = (
                f"newsletter/{newsletter.slug}: own_hours and the review_minutes of a schedule exclude each other, "
                "and one of the two is in the database alone. Change it in the console, or name both in the file."
            )
            raise ConfigError(message)
