"""Choice → segment: equal choices are kept once, so that an issue is composed once for all who share one."""

from sqlalchemy import insert, select
from sqlmodel import Session, col

from syndication.domain.newsletters import Choice
from syndication.store.inserting import insert_new
from syndication.store.tables import SegmentRow, SegmentTopicRow, TopicRow


def intern_choice(session: Session, choice: Choice) -> int:
    """The id of the segment for a choice, made when it is new. Unknown topics are left out of the segment's topics."""
    new = insert_new(session, SegmentRow).values(key=choice.key, language=choice.language)
    # A concurrent insert of the same key is waited for, and the SELECT that follows finds its row.
    if session.execute(new.returning(col(SegmentRow.id))).first() is not None:
        new_id = _segment_id(session, choice)
        topic_ids = session.execute(select(col(TopicRow.id)).where(col(TopicRow.slug).in_(choice.topics))).scalars()
        rows = [{"segment_id": new_id, "topic_id": topic_id} for topic_id in topic_ids]
        if rows:
            session.execute(insert(SegmentTopicRow), rows)
    return _segment_id(session, choice)


def _segment_id(session: Session, choice: Choice) -> int:
    found: int = session.execute(select(col(SegmentRow.id)).where(col(SegmentRow.key) == choice.key)).scalar_one()
    return found
