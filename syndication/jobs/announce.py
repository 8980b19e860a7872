"""Announcement due → one digest a language → deliveries. Killed at any point and run again, it goes on where it was."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Final, NamedTuple

import structlog
from sqlmodel import Session

from syndication.compose.render import DigestFrame, IssueRenderer
from syndication.domain.articles import Story
from syndication.domain.digests import BodyPieces, MailBody, Section, Selection
from syndication.domain.errors import TemplateError
from syndication.domain.site import Site
from syndication.domain.states import IssueState
from syndication.jobs.planning import ComposeReport
from syndication.jobs.stride import Stride
from syndication.store.announcing import (
    NO_START,
    Announcement,
    announcement,
    audience,
    begin,
    end_of_announced,
    finish_announcement,
    insert_announced,
)
from syndication.store.bodies import Parts
from syndication.store.composing import Group, wishes
from syndication.store.database import Database
from syndication.store.newsletters import StoredNewsletter, default_schedule, newsletter
from syndication.store.planning import (
    NewDigest,
    finish_plan,
    first_of_each_batch,
    hold_composing,
    keep_articles,
    keep_digests,
    kept_choices,
    note_fault,
)
from syndication.store.stories import stories_of
from syndication.store.templates import active_template

_log = structlog.get_logger()

_AT_ONCE: Final = 4_096


class _Interrupted(Exception):  # noqa: N818 - no fault: an admin cancelled it, or another process finished it
    """The announcement is not being composed any more."""


def compose_announcement(database: Database, site: Site, issue_id: int, now: datetime) -> ComposeReport | None:
    """Plan an announcement that is due, or go on planning it; None when the issue is none. now: aware UTC.

    Safe to call at any time, after any crash, and by two processes at once.
    """
    with database.read() as session:
        found = announcement(session, issue_id)
    if found is None:
        return None
    if found.state is IssueState.DUE:
        with database.write() as session:
            begin(session, issue_id, now)
            found = announcement(session, issue_id) or found
    if found.state is not IssueState.COMPOSING:
        return ComposeReport(issue_id, found.state)
    try:
        report = _plan(database, site, found, now)
    except _Interrupted:
        with database.read() as session:
            left = announcement(session, issue_id)
        return ComposeReport(issue_id, left.state if left else None)
    except TemplateError as error:
        with database.write() as session:
            note_fault(session, issue_id, f"The template cannot be rendered: {error}")
        return ComposeReport(issue_id, IssueState.COMPOSING, fault=str(error))
    _log.info("announcement_composed", issue_id=issue_id, state=report.state, planned=report.planned)
    return report


def announced_body(database: Database, site: Site, found: Announcement, language: str, now: datetime) -> MailBody:
    """The mail in a language as it would go out now. Raises TemplateError."""
    with database.read() as session:
        return _made(session, site, replace(found, at=now), language).pieces.whole()


class _Made(NamedTuple):
    """A mail in one language. items: article id and topic, in order."""

    pieces: BodyPieces
    items: tuple[tuple[int, str], ...]


def _made(session: Session, site: Site, found: Announcement, language: str) -> _Made:
    letter = newsletter(session, found.newsletter_id)
    if letter is None or found.at is None:
        raise _Interrupted
    stories = stories_of(session, found.articles, language)
    of = default_schedule(session, letter.id)
    frame = DigestFrame(
        newsletter=letter.value,
        public_url=site.public_url,
        zone=of.value.zone if of else site.zone,
        issued_at=found.at,
        issue_url=f"{site.public_url}/newsletters/{letter.value.slug}/{found.id}",
        next_slot=of.value.next_slot if of and of.value.enabled else None,
        language=language,
        intro=found.words.intro,
        subject=found.words.subject,
        is_announcement=True,
    )
    _, template = active_template(session, "digest", letter.id)
    selection = _selection(letter, stories)
    items = tuple((story.article_id, section.topic) for section in selection.sections for story in section.stories)
    return _Made(IssueRenderer(template, frame).sketch(selection), items)


def _selection(letter: StoredNewsletter, stories: list[Story]) -> Selection:
    """The chosen articles, each under the newsletter's topic that it fits best."""
    offered = [topic.slug for topic in letter.topics]
    found: dict[str, list[Story]] = {slug: [] for slug in offered}
    for story in stories:
        best = next((reason.topic for reason in story.reasons if reason.topic in found), None)
        if best is not None:
            found[best].append(story)
    sections = tuple(
        Section(topic.slug, topic.title, tuple(found[topic.slug])) for topic in letter.topics if found[topic.slug]
    )
    listed = {story.article_id for section in sections for story in section.stories}
    return Selection(sections, 0, ranked=tuple(story.article_id for story in stories if story.article_id in listed))


def _plan(database: Database, site: Site, found: Announcement, now: datetime) -> ComposeReport:
    known: set[int] = set()
    with _chunk(database, found.id) as session:
        keep_articles(session, found.id, found.articles)
    while True:
        with database.read() as session:
            groups = audience(session, found, now)
        fresh = [group for group in groups if group.segment_id not in known]
        if not fresh:
            break
        known.update(group.segment_id for group in fresh)
        _keep_digests(database, site, found, fresh)
        _insert(database, found, now)
    with database.read() as session:
        digests = set(kept_choices(session, found.id).values())
        batches = first_of_each_batch(session, found.id)
    with _chunk(database, found.id) as session:
        planned = finish_plan(session, found.id, batches, found.words.subject, now)
    with database.write() as session:
        state = finish_announcement(session, found.id, planned, now)
    return ComposeReport(found.id, state, planned, len(digests), len(found.articles))


def _keep_digests(database: Database, site: Site, found: Announcement, groups: list[Group]) -> None:
    """One digest a language, for all segments that have none yet."""
    parts = Parts()
    with database.read() as session:
        languages = {
            key: wish.language for key, wish in wishes(session, [group.segment_id for group in groups]).items()
        }
        template_id, _ = active_template(session, "digest", found.newsletter_id)
        bodies = {language: _made(session, site, found, language) for language in sorted(set(languages.values()))}
        kept = kept_choices(session, found.id)
    left = [group for group in groups if (group.start, group.segment_id) not in kept]
    for first in range(0, len(left), _AT_ONCE):
        served: dict[str, list[Group]] = {}
        for group in left[first : first + _AT_ONCE]:
            served.setdefault(languages[group.segment_id], []).append(group)
        made = [_digest(parts, language, bodies[language], mine) for language, mine in served.items()]
        with _chunk(database, found.id) as session:
            keep_digests(session, found.id, made, parts.take_new(), template_id)


def _digest(parts: Parts, language: str, made: _Made, groups: list[Group]) -> NewDigest:
    body = parts.cut(made.pieces)
    content = hashlib.sha256(f"{language}\0{body.hash}".encode()).hexdigest()
    return NewDigest(NO_START, content, body.hash, language, 0, made.items, tuple(groups), body)


def _insert(database: Database, found: Announcement, now: datetime) -> None:
    last, stride = 0, Stride(size=8_000, least=2_000, most=64_000)
    while True:
        with database.read() as session:
            end = end_of_announced(session, found, last, stride.size)
        if end is None:
            return
        with _chunk(database, found.id) as session:
            stride.begin()
            insert_announced(session, found, range(last + 1, end + 1), now)
        stride.end()
        last = end


@contextmanager
def _chunk(database: Database, issue_id: int) -> Iterator[Session]:
    """A short write transaction on an announcement that is being composed."""
    with database.write() as session:
        if not hold_composing(session, issue_id):
            raise _Interrupted
        yield session
