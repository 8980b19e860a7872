"""Choice → segment: equal choices are kept once, so that an issue is composed once for all who share one."""

from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel, col

from syndication.domain.newsletters import Choice
from syndication.store.tables import SegmentRow, SegmentTopicRow, TopicRow


def intern_choice(session: Session, choice: Choice) -> int:
    """The id of the segment for a choice, made when it is new. Unknown topics are left out of the segment's topics."""
    if insert_absent(session, SegmentRow, key=choice.key, language=choice.language):
        new_id = _segment_id(session, choice)
        topic_ids = session.execute(select(col(TopicRow.id)).where(col(TopicRow.slug).in_(choice.topics))).scalars()
        rows = [{"segment_id": new_id, "topic_id": topic_id} for topic_id in topic_ids]
        if rows:
            session.execute(insert(SegmentTopicRow), rows)
    return _segment_id(session, choice)


def insert_absent(session: Session, table: type[SQLModel], **values: Any) -> bool:  # noqa: ANN401 - column values
    """Insert one row unless a unique key refuses it; whether it was inserted.

    A concurrent insert of the same key is waited for, so a SELECT that follows finds the row.
    """
    recipe = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    statement = recipe(table).values(**values).on_conflict_do_nothing()
    # rowcount is not reliable for this statement on every driver; the inserted key is.
    return session.execute(statement.returning(*table.__table__.primary_key)).first() is not None  # type: ignore[attr-defined]


def _segment_id(session: Session, choice: Choice) -> int:
    found: int = session.execute(select(col(SegmentRow.id)).where(col(SegmentRow.key) == choice.key)).scalar_one()
    return found
