"""Issues in review: planned, and waiting for their slot while an editor looks; hold, send now, drop or add an article.

An issue in review goes by itself at its slot. An edit makes its plan stale: `take_back` removes the plan in chunks, and it
is composed again. Until then nothing of it can be sent. A dropped article counts as served: it comes in no later issue.
"""

from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, case, delete, select, update
from sqlalchemy.orm import Mapped
from sqlmodel import Session, SQLModel, col

from syndication.domain.errors import IssueError
from syndication.domain.newsletters import INTRO_LENGTH, SUBJECT_LENGTH
from syndication.domain.states import Edit, IssueState
from syndication.store.database import Database, changed
from syndication.store.tables import (
    ArticleRow,
    ClassificationRow,
    DeliveryBatchRow,
    DeliveryCountRow,
    DeliveryRow,
    DigestChoiceRow,
    DigestRow,
    IssueArticleRow,
    IssueEditRow,
    IssueRow,
    NewsletterTopicRow,
)

HELD: Final = datetime(9999, 1, 1, tzinfo=UTC)
"""The slot of an issue that an editor holds: it does not go by itself."""

NOTHING_NEW: Final = "Nothing new for anybody."
"""What is said of an issue without any delivery."""

_REVIEWED: Final = (IssueState.REVIEW, IssueState.DUE, IssueState.COMPOSING)
"""Where an issue with the end of a review can be: in it, or composed again after a change."""

_A_CHUNK: Final = 2_000


class Words(NamedTuple):
    """What an editor writes on an issue. subject: "" for the strongest headline. intro: Markdown above the stories, "" for none."""

    subject: str = ""
    intro: str = ""


def hold(session: Session, issue_id: int) -> bool:
    """Keep an issue in review until somebody sends or cancels it; whether it was in review or is composed again for it."""
    return _set(session, issue_id, review_until=HELD, note="Held by an editor.")


def send_reviewed(session: Session, issue_id: int, now: datetime) -> bool:
    """End a review before its time; whether the issue was in review or is composed again for it, in which case it goes after that."""
    is_ended = _set(session, issue_id, review_until=now, note="It goes as soon as it is composed.")
    release_reviewed(session, now)
    return is_ended


def release_reviewed(session: Session, now: datetime) -> int:
    """Let the issues go whose review is over; how many.

    An announcement is composed anew at that moment (`store.announcing`), and goes then. What an editor emptied is over.
    """
    over = (col(IssueRow.state) == IssueState.REVIEW, ~col(IssueRow.is_stale), col(IssueRow.review_until) <= now)
    outdated = (col(IssueRow.schedule_id).is_(None), col(IssueRow.frozen_at) < col(IssueRow.review_until))
    session.execute(
        update(IssueRow)
        .where(*over, *outdated)
        .values(is_stale=True, planned_at=None)
        .execution_options(synchronize_session=False)
    )
    session.execute(
        update(IssueRow)
        .where(*over, col(IssueRow.planned) == 0)
        .values(state=IssueState.EMPTY, note=NOTHING_NEW, closed_at=now)
        .execution_options(synchronize_session=False)
    )
    statement = (
        update(IssueRow)
        .where(*over)
        .values(state=IssueState.SENDING, note="", frozen_at=now)
        .execution_options(synchronize_session=False)
    )
    return changed(session, statement)


def write_words(session: Session, issue_id: int, words: Words) -> bool:
    """Put the editor's words on an issue; whether they are others than before.

    Raises IssueError unless the issue is in review, or for words that are too long.
    """
    row = in_review(session, issue_id)
    tidied = tidy(words)
    if tidied == (row.own_subject, row.intro):
        return False
    row.own_subject, row.intro = tidied
    make_stale(session, row)
    return True


def tidy(words: Words) -> Words:
    """The words as they are kept. Raises IssueError for words that are too long."""
    kept = Words(" ".join(words.subject.split()), "\n".join(words.intro.splitlines()).strip())
    if len(kept.subject) > SUBJECT_LENGTH:
        message = (
            f"The subject has {len(kept.subject)} characters; write at most {SUBJECT_LENGTH}. Mailboxes show about 60."
        )
        raise IssueError(message)
    if len(kept.intro) > INTRO_LENGTH:
        message = f"The words above the stories have {len(kept.intro)} characters; write at most {INTRO_LENGTH}."
        raise IssueError(message)
    return kept


def edit_article(session: Session, issue_id: int, article_id: int, edit: Edit, by: str, now: datetime) -> None:
    """Drop an article from an issue in review, or add one. Raises IssueError with the reason when that cannot be.

    Only history can be added, and what was dropped: everything else comes by itself or has come, and nothing comes twice.
    An announcement takes any article of its newsletter's topics; it is pointed out, and comes in a digest all the same.
    """
    row = in_review(session, issue_id)
    article = session.get(ArticleRow, article_id)
    if article is None or article.removed_at is not None:
        message = f"There is no article {article_id}."
        raise IssueError(message)
    if row.schedule_id is None:
        _edit_announcement(
            session, row, IssueEditRow(issue_id=issue_id, article_id=article_id, edit=edit, by=by, at=now)
        )
        return
    is_inside = article.seq is not None and article.seq <= (row.cut_seq or 0)
    if edit is Edit.ADD and article.seq is not None:
        if not is_inside or session.get(IssueEditRow, (issue_id, article_id)) is None:
            message = f"Article {article_id} came with an earlier issue, or comes by itself; only history can be added."
            raise IssueError(message)
        session.delete(session.get_one(IssueEditRow, (issue_id, article_id)))
    elif edit is Edit.ADD and _was_added(session, issue_id, article_id):
        message = f"Article {article_id} was added to an earlier issue."
        raise IssueError(message)
    else:
        session.merge(IssueEditRow(issue_id=issue_id, article_id=article_id, edit=edit, by=by, at=now))
    make_stale(session, row)


def edits_of(session: Session, issue_id: int) -> dict[int, Edit]:
    """What editors dropped and added, by article id.

    What was dropped from earlier issues of the schedule stays dropped, for readers whose windows reach back to them.
    """
    of = select(col(IssueRow.schedule_id)).where(col(IssueRow.id) == issue_id).scalar_subquery()
    statement = (
        select(col(IssueEditRow.article_id), col(IssueEditRow.edit))
        .join(IssueRow, col(IssueRow.id) == col(IssueEditRow.issue_id))
        .where(col(IssueRow.schedule_id) == of)
        .where((col(IssueEditRow.edit) == Edit.DROP) | (col(IssueRow.id) == issue_id))
    )
    return dict(session.execute(statement).all())


def words_of(session: Session, issue_id: int) -> Words:
    """The editor's words on an issue."""
    row = session.execute(select(col(IssueRow.own_subject), col(IssueRow.intro)).where(col(IssueRow.id) == issue_id))
    return Words(*row.one())


def stale_issues(session: Session) -> list[int]:
    """The issues in review that were edited since they were planned."""
    statement = select(col(IssueRow.id)).where(col(IssueRow.is_stale), col(IssueRow.state) == IssueState.REVIEW)
    return [issue_id or 0 for issue_id in session.scalars(statement)]


def take_back(database: Database, issue_id: int) -> bool:
    """Remove the plan of a stale issue, so that it is composed again; whether this call ended it. Commits in chunks."""
    _delete(database, DeliveryRow, col(DeliveryRow.subscriber_id), col(DeliveryRow.issue_id) == issue_id, issue_id)
    with database.write() as session:
        if _is_stale(session, issue_id):
            batches = select(col(DeliveryBatchRow.id)).where(col(DeliveryBatchRow.issue_id) == issue_id)
            session.execute(delete(DeliveryCountRow).where(col(DeliveryCountRow.batch_id).in_(batches)))
            session.execute(delete(DeliveryBatchRow).where(col(DeliveryBatchRow.issue_id) == issue_id))
    choices = col(DigestChoiceRow.issue_id) == issue_id
    _delete(database, DigestChoiceRow, col(DigestChoiceRow.segment_id), choices, issue_id)
    _delete(database, DigestRow, col(DigestRow.id), col(DigestRow.issue_id) == issue_id, issue_id)
    with database.write() as session:
        if not _is_stale(session, issue_id):
            return False
        session.execute(delete(IssueArticleRow).where(col(IssueArticleRow.issue_id) == issue_id))
        statement = update(IssueRow).where(col(IssueRow.id) == issue_id)
        begun = statement.values(state=_composed_as(), is_stale=False, planned=0)
        session.execute(begun.execution_options(synchronize_session=False))
        return True


def _is_stale(session: Session, issue_id: int) -> bool:
    """Whether an issue in review has a plan to be taken back; nobody else changes it before this transaction ends."""
    columns = select(col(IssueRow.state), col(IssueRow.is_stale)).where(col(IssueRow.id) == issue_id)
    state, is_stale = session.execute(columns.with_for_update(key_share=True)).one()
    return is_stale and state is IssueState.REVIEW


def _composed_as() -> ColumnElement[IssueState]:
    """An issue keeps its frozen window; an announcement begins anew."""
    return case((col(IssueRow.schedule_id).is_(None), IssueState.DUE), else_=IssueState.COMPOSING)


def _delete(
    database: Database, table: type[SQLModel], key: Mapped[Any], chosen: ColumnElement[bool], issue_id: int
) -> None:
    """Delete the chosen rows in order of a key, some thousand keys a transaction, while the issue's plan is stale."""
    while True:
        with database.write() as session:
            if not _is_stale(session, issue_id):
                return
            keys = session.scalars(select(key).where(chosen).distinct().order_by(key).limit(_A_CHUNK)).all()
            if not keys:
                return
            rows = delete(table).where(chosen, key <= keys[-1])
            session.execute(rows.execution_options(synchronize_session=False))


def in_review(session: Session, issue_id: int) -> IssueRow:
    """The row of an issue in review, locked. Raises IssueError when it is not."""
    row = session.get(IssueRow, issue_id, with_for_update=True)
    if row is None or row.state is not IssueState.REVIEW:
        message = f"Issue {issue_id} is not in review. `syndication issues show {issue_id}` says how it stands."
        raise IssueError(message)
    return row


def plan_reviewed_anew(session: Session) -> None:
    """Let the plans of all issues in review be made anew, since an article they may hold came or went."""
    for row in session.scalars(select(IssueRow).where(col(IssueRow.state) == IssueState.REVIEW).with_for_update()):
        make_stale(session, row)


def make_stale(session: Session, row: IssueRow) -> None:
    """Let a plan be made anew."""
    # Not planned any more: should it be cancelled now, its window is given back as a whole.
    row.is_stale, row.planned_at = True, None
    session.add(row)


def _edit_announcement(session: Session, row: IssueRow, made: IssueEditRow) -> None:
    if made.edit is Edit.ADD:
        offered = (
            select(col(ClassificationRow.article_id))
            .join(NewsletterTopicRow, col(NewsletterTopicRow.topic_id) == col(ClassificationRow.topic_id))
            .where(col(NewsletterTopicRow.newsletter_id) == row.newsletter_id, col(ClassificationRow.accepted))
            .where(col(ClassificationRow.article_id) == made.article_id)
        )
        if session.scalars(offered.limit(1)).first() is None:
            message = f"Article {made.article_id} is in none of this newsletter's topics."
            raise IssueError(message)
        session.merge(made)
    else:
        found = session.get(IssueEditRow, (made.issue_id, made.article_id))
        if found is None:
            message = f"Article {made.article_id} is not in this announcement."
            raise IssueError(message)
        session.delete(found)
    make_stale(session, row)


def _was_added(session: Session, issue_id: int, article_id: int) -> bool:
    statement = select(col(IssueEditRow.issue_id)).where(
        col(IssueEditRow.article_id) == article_id,
        col(IssueEditRow.edit) == Edit.ADD,
        col(IssueEditRow.issue_id) != issue_id,
    )
    return session.scalars(statement.limit(1)).first() is not None


def _set(session: Session, issue_id: int, *, review_until: datetime, note: str) -> bool:
    statement = (
        update(IssueRow)
        .where(
            col(IssueRow.id) == issue_id, col(IssueRow.state).in_(_REVIEWED), col(IssueRow.review_until).is_not(None)
        )
        .values(review_until=review_until, note=note)
        .execution_options(synchronize_session=False)
    )
    return changed(session, statement) == 1
