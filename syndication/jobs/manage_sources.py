"""Sources as an admin handles them: added, changed, paused, mended, removed, many at once by OPML."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlmodel import Session

from syndication.collect.opml import Outline
from syndication.domain.errors import SourceError
from syndication.domain.plural import plural
from syndication.domain.sources import Source
from syndication.domain.states import SourceKind
from syndication.domain.web_address import names_of_secrets, without_secrets
from syndication.jobs.entry_faults import source_faults
from syndication.net.hosts import host_of
from syndication.store.admins import audit
from syndication.store.collecting import add_source, list_sources, places
from syndication.store.database import Database
from syndication.store.managing import free_slug, make_urgent

_CHUNK: Final = 100


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did. known: addresses that were sources already."""

    added: int
    known: int


def save_source(database: Database, source: Source, actor: str, now: datetime) -> int:
    """Add a source that is visited at once, before all others; answers its id. now: aware UTC.

    Raises SourceError when its address is no address, or a source has it already.
    """
    for words in source_faults(source).values():
        raise SourceError(words)
    with database.write() as session:
        require_own_place(session, source)
        wanted = source.slug or source.title or host_of(source.location)
        number = add_source(session, replace(source, slug=free_slug(session, wanted)), now)
        make_urgent(session, number)
        audit(session, actor, "source.add", f"source {number}", now, ({}, {"location": source.location}))
    return number


def require_own_place(session: Session, source: Source) -> None:
    """Raises SourceError when another source has this one's address."""
    known = places(session).get(source.location) if source.location else None
    if known not in {None, source.slug}:
        message = f"'{known}' is a source with this address already."
        raise SourceError(message)


def import_opml(
    database: Database,
    outlines: Sequence[Outline],
    actor: str,
    now: datetime,
    progress: Callable[[int], None] = lambda _: None,
) -> Imported:
    """Add every feed that is none of our sources yet, a hundred at a time. May be killed and run again. now: aware UTC."""
    added = 0
    for start in range(0, len(outlines), _CHUNK):
        chunk = outlines[start : start + _CHUNK]
        with database.write() as session:
            known = places(session)
            for outline in chunk:
                if outline.url in known:
                    continue
                title = outline.title or host_of(outline.url)
                slug = free_slug(session, title)
                source = Source(slug, title, SourceKind.FEED, outline.url, outline.site, outline.language)
                add_source(session, source, now)
                known[outline.url] = slug
                added += 1
            audit(session, actor, "source.import", plural(len(chunk), "address", "addresses"), now)
        progress(start + len(chunk))
    return Imported(added, len(outlines) - added)


@dataclass(frozen=True, slots=True)
class Listing:
    """All feeds, for OPML. left_out: by slug, what is not written of an address, as `names_of_secrets` names it."""

    outlines: Sequence[Outline]
    left_out: Mapping[str, Sequence[str]]


def listing_of(database: Database) -> Listing:
    """All feeds without log-ins, keys and tokens in their addresses: OPML is made to be passed on."""
    with database.read() as session:
        feeds = [one for one in list_sources(session) if one.kind is SourceKind.FEED]
    secrets = {one.slug: names_of_secrets(one.location) for one in feeds}
    return Listing(
        [Outline(without_secrets(one.location)[0], one.title) for one in feeds],
        {slug: names for slug, names in secrets.items() if names},
    )
