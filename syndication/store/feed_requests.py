"""An address that somebody asks for → the feed that is meant, also when nobody keeps it ready."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import func, select
from sqlmodel import Session, col

from syndication.domain.feeds import MOST_TOPICS
from syndication.domain.site import Site
from syndication.store.feed_plans import (
    EVERYTHING,
    FeedKind,
    FeedPlan,
    Page,
    language_plan,
    languages_of,
    source_plan,
    topic_plan,
    union_plan,
    varied,
    with_logo,
    with_pages,
)
from syndication.store.tables import ArchiveEntryRow, FeedDocumentRow, SourceRow, TopicRow

_ARCHIVE: Final = re.compile(r"(/feeds/.+)/archive/([1-9][0-9]{0,6})(?:-([1-9]|[1-4][0-9]))?")
_PATH: Final = re.compile(r"/feeds/(topics|sources|languages)/([a-z0-9+-]+)")
_ALL: Final = "/feeds/all"


class Asked(NamedTuple):
    """What an address asks for. path: without the format's ending. lang, summary: from its query."""

    path: str
    lang: str = ""
    summary: bool = False


class Meant(NamedTuple):
    """The feed that is meant. page: of its archive, None for the newest articles."""

    plan: FeedPlan
    page: Page | None = None


class Moved(NamedTuple):
    """The one address of the feed that is meant, without the ending; it keeps its query."""

    path: str


def meant_feed(session: Session, site: Site, asked: Asked) -> Meant | Moved | None:
    """The feed an address means; None when there is none. A union has its topics in alphabetical order, each once."""
    archived = _ARCHIVE.fullmatch(asked.path)
    path, page = (archived[1], _page(archived)) if archived else (asked.path, None)
    plan = _plan(session, site, path)
    if isinstance(plan, Moved):
        return Moved(f"{plan.path}/archive/{page.name}" if page else plan.path)
    if plan is None:
        return None
    languages = languages_of(session) if asked.lang else {}
    plan = varied(with_logo(session, plan), languages, lang=asked.lang, summary=asked.summary)
    if plan is None:
        return None
    if page:
        return Meant(plan, page) if page.last <= _places(session, plan) else None
    return Meant(with_pages(session, plan))


def changed_at(session: Session, plan: FeedPlan) -> datetime | None:
    """When the feeds that a feed is made of changed last, also by what they lost; None when none is published."""
    kind, key = plan.name.split("/")[:2]
    names = [f"{FeedKind.TOPIC}/{topic}" for topic in plan.topics] or [f"{kind}/{key}"]
    if plan.languages:
        names.append(f"{FeedKind.LANGUAGE}/{plan.language}")
    newest = select(func.max(FeedDocumentRow.last_modified)).where(
        col(FeedDocumentRow.feed).in_(names), col(FeedDocumentRow.etag) != ""
    )
    return session.execute(newest).scalar()


def _plan(session: Session, site: Site, path: str) -> FeedPlan | Moved | None:
    if path == _ALL:
        return FeedPlan(FeedKind.ALL, EVERYTHING, path, site.title, site.description)
    found = _PATH.fullmatch(path)
    if not found:
        return None
    kind, key = found.groups()
    if kind == FeedKind.TOPIC:
        return _topics(session, site, path, key.split("+"))
    if kind == FeedKind.SOURCE:
        row = session.execute(select(SourceRow).where(col(SourceRow.slug) == key)).scalar()
        return source_plan(row, site) if row else None
    codes = languages_of(session).get(key)
    return language_plan(key, codes, site) if codes else None


def _topics(session: Session, site: Site, path: str, slugs: Sequence[str]) -> FeedPlan | Moved | None:
    if len(slugs) > MOST_TOPICS:
        return None
    wanted = sorted({_slug_now(session, slug) for slug in slugs})
    rows = select(TopicRow).where(col(TopicRow.slug).in_(wanted), col(TopicRow.enabled)).order_by(col(TopicRow.slug))
    # By the bytes of their slugs, whatever the database's collation.
    found = sorted(session.scalars(rows), key=lambda row: row.slug)
    if [row.slug for row in found] != wanted:
        return None
    canonical = f"/feeds/{FeedKind.TOPIC}/{'+'.join(wanted)}"
    if path != canonical:
        return Moved(canonical)
    return topic_plan(found[0], site) if len(found) == 1 else union_plan(found, site)


def _slug_now(session: Session, slug: str) -> str:
    """The slug of a topic that was renamed, else the same."""
    moved = select(col(FeedDocumentRow.moved_to)).where(
        col(FeedDocumentRow.path) == f"/feeds/{FeedKind.TOPIC}/{slug}", col(FeedDocumentRow.moved_to) != ""
    )
    return (session.execute(moved.limit(1)).scalar() or slug).rpartition("/")[2]


def _page(archived: re.Match[str]) -> Page:
    number, begun = archived[2], archived[3]
    return Page(int(number), int(begun)) if begun else Page(int(number))


def _places(session: Session, plan: FeedPlan) -> int:
    """How many articles the history of a feed has."""
    newest = select(func.max(ArchiveEntryRow.number)).where(col(ArchiveEntryRow.feed) == plan.history)
    return session.execute(newest).scalar() or 0


def choice_plan(session: Session, site: Site, topics: Sequence[int], language: str, path: str) -> FeedPlan:
    """The feed of a reader's choice: one for all who chose the same. topics: ids; disabled ones are left out."""
    rows = select(TopicRow).where(col(TopicRow.id).in_(topics), col(TopicRow.enabled))
    plan = union_plan(sorted(session.scalars(rows), key=lambda row: row.slug), site)
    kept = "+".join(map(str, plan.topics)) or "none"
    return replace(
        with_logo(session, plan),
        kind=FeedKind.CHOICE,
        name=f"{FeedKind.CHOICE}/{kept}/{language}",
        path=path,
        title=f"My topics · {site.title}",
        language=language,
        wording=language,
        topics=plan.topics or (0,),
    )
