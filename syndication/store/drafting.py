"""An issue in review as its editor sees it: the words, the articles in it, what was dropped, what can be added."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Select, select
from sqlmodel import Session, col

from syndication.domain.articles import Story
from syndication.domain.states import Edit, IssueState
from syndication.store.reviewing import HELD, Words
from syndication.store.stories import stories_of
from syndication.store.tables import (
    ArticleRow,
    ClassificationRow,
    IssueArticleRow,
    IssueEditRow,
    IssueRow,
    NewsletterTopicRow,
)

_LISTED: Final = 500
_OFFERED: Final = 50
_LATEST: Final = select(col(ArticleRow.id)).order_by(col(ArticleRow.published_at).desc()).limit(2_000)
_ID_DIGITS: Final = 15


@dataclass(frozen=True, slots=True)
class Draft:
    """An issue before it goes. until: when it goes by itself (aware UTC), None while somebody holds it.

    is_stale: it was edited and is composed again in a moment. topics: of an announcement; empty for all readers.
    inside: what some reader gets. dropped: what an editor took out. added: ids of what an editor put in.
    """

    id: int
    newsletter_id: int
    state: IssueState
    is_announcement: bool
    slot: datetime | None
    until: datetime | None
    note: str
    subject: str
    words: Words
    topics: tuple[str, ...]
    is_stale: bool
    planned: int
    inside: tuple[Story, ...]
    dropped: tuple[Story, ...]
    added: frozenset[int]


def draft(session: Session, issue_id: int, language: str) -> Draft | None:
    """An issue as its editor sees it, with titles in a language where there are any; None when there is no such issue."""
    row = session.get(IssueRow, issue_id)
    if row is None:
        return None
    edits: dict[int, Edit] = dict(
        session.execute(
            select(col(IssueEditRow.article_id), col(IssueEditRow.edit))
            .where(col(IssueEditRow.issue_id) == issue_id)
            .order_by(col(IssueEditRow.at), col(IssueEditRow.article_id))
        ).all()
    )
    planned = select(col(IssueArticleRow.article_id)).where(col(IssueArticleRow.issue_id) == issue_id)
    listed = planned.order_by(col(IssueArticleRow.article_id).desc()).limit(_LISTED)
    dropped = [key for key, edit in edits.items() if edit is Edit.DROP]
    added = [key for key, edit in edits.items() if edit is Edit.ADD]
    # What was edited since the plan was made is told as it will be.
    inside = [*added, *(key for key in session.scalars(listed) if key not in edits)]
    return Draft(
        id=issue_id,
        newsletter_id=row.newsletter_id,
        state=row.state,
        is_announcement=row.schedule_id is None,
        slot=row.slot,
        until=_until(row),
        note=row.note,
        subject=row.own_subject or row.subject,
        words=Words(row.own_subject, row.intro),
        topics=tuple(row.topics),
        is_stale=row.is_stale,
        planned=row.planned,
        inside=tuple(stories_of(session, inside, language)),
        dropped=tuple(stories_of(session, dropped, language)),
        added=frozenset(added),
    )


def addable(session: Session, found: Draft, language: str) -> list[Story]:
    """The newest articles that can be added: history to an issue, any to an announcement."""
    inside = {story.article_id for story in (*found.inside, *found.dropped)}
    wanted = _in_newsletter(found.newsletter_id)
    if not found.is_announcement:
        earlier = select(col(IssueEditRow.article_id)).where(col(IssueEditRow.edit) == Edit.ADD)
        wanted = wanted.where(col(ArticleRow.seq).is_(None), col(ArticleRow.id).not_in(earlier))
    most = _OFFERED + len(inside)
    newest = wanted.order_by(col(ArticleRow.published_at).desc(), col(ArticleRow.id).desc()).limit(most)
    # Most often they are among the latest of all: SQLite then reads those instead of every verdict (64 ms become 7).
    ids = session.scalars(newest.where(col(ArticleRow.id).in_(_LATEST))).all()
    if len(ids) < most:
        ids = session.scalars(newest).all()
    return stories_of(session, _without(ids, inside)[:_OFFERED], language)


def article_id_of(session: Session, written: str) -> int | None:
    """The article that is meant by a number, a public id or the address of its page; None when there is none."""
    word = written.strip().rstrip("/").rsplit("/", 1)[-1]
    key = (
        col(ArticleRow.id) == int(word) if word.isdecimal() and len(word) < _ID_DIGITS else col(ArticleRow.uid) == word
    )
    return session.scalars(select(col(ArticleRow.id)).where(key)).first()


def _until(row: IssueRow) -> datetime | None:
    return None if row.review_until in {None, HELD} else row.review_until


def _in_newsletter(newsletter_id: int) -> Select[int | None]:
    accepted = (
        select(col(ClassificationRow.article_id))
        .join(NewsletterTopicRow, col(NewsletterTopicRow.topic_id) == col(ClassificationRow.topic_id))
        .where(col(NewsletterTopicRow.newsletter_id) == newsletter_id, col(ClassificationRow.accepted))
    )
    return select(col(ArticleRow.id)).where(col(ArticleRow.removed_at).is_(None), col(ArticleRow.id).in_(accepted))


def _without(ids: Sequence[int | None], known: Collection[int]) -> list[int]:
    return [number for number in ids if number and number not in known]
