"""A subscription → another address: asked for by who has it, taken over by who confirms there."""

from datetime import datetime

from sqlmodel import Session, col, select

from syndication.domain.newsletters import Choice
from syndication.domain.states import NoticeKind, SubscriptionStatus
from syndication.store.answering import Answer
from syndication.store.consent import Visit
from syndication.store.subscribing import SignUp, sign_up
from syndication.store.tables import SubscriptionRow, SubscriptionTopicRow, TopicRow


def ask_to_move(
    session: Session, subscription_id: int, address: tuple[str, str, str], visit: Visit, now: datetime
) -> Answer | None:
    """Keep a request for the same choice at another address; None: say nothing there.

    address: what mail is sent to, what it is compared by, its suppression mark. Whoever reads there already is left alone.
    """
    old = session.get(SubscriptionRow, subscription_id)
    if old is None or old.status is not SubscriptionStatus.CONFIRMED:
        return None
    topics = session.exec(
        select(TopicRow.slug)
        .join(SubscriptionTopicRow, col(SubscriptionTopicRow.topic_id) == col(TopicRow.id))
        .where(SubscriptionTopicRow.subscription_id == subscription_id)
    ).all()
    mailed, key, mark = address
    wanted = SignUp(old.newsletter_id, mailed, key, mark, Choice(frozenset(topics), old.language))
    answer = sign_up(session, wanted, visit, now)
    if answer is None or answer.notice is not NoticeKind.CONFIRM or answer.subscription_id == subscription_id:
        return None
    new = session.get_one(SubscriptionRow, answer.subscription_id)
    new.replaces, new.schedule_id = subscription_id, old.schedule_id
    return answer
