"""Readers whom an admin or a program adds: with a mail that asks them, or with a declared consent."""

from dataclasses import replace
from datetime import datetime

from sqlmodel import Session

from syndication.domain.errors import StoreError
from syndication.domain.states import NoticeKind
from syndication.store.answering import Answer
from syndication.store.consent import Visit
from syndication.store.subscribing import SignUp, confirm, sign_up
from syndication.store.tables import SubscriptionRow, SuppressionRow


def add_reader(session: Session, wanted: SignUp, visit: Visit, now: datetime, *, declared: str = "") -> Answer:
    """Add a reader; answers the notice to send. declared: where and when they agreed, which confirms them at once.

    Raises StoreError when nothing may be sent to the address, or when somebody who left would come back without being
    asked; ValueError when the newsletter offers none of the topics.
    """
    if declared and session.get(SuppressionRow, wanted.suppression) is not None:
        message = (
            "The address is suppressed, so only its reader can bring it back: add them without a declared consent."
        )
        raise StoreError(message)
    answer = sign_up(session, wanted, visit, now)
    if answer is None:
        message = "Nothing was added: the address is suppressed, or it got a mail from us only just now."
        raise StoreError(message)
    if answer.notice is NoticeKind.LINK:
        message = "They are a reader already; their choice stays as it is."
        raise StoreError(message)
    if not declared:
        return answer
    row = session.get_one(SubscriptionRow, answer.subscription_id)
    if row.unsubscribed_at is not None:
        message = "They left once, so only they can come back: add them without a declared consent, and they are asked by mail."
        raise StoreError(message)
    confirm(session, answer.subscription_id, replace(visit, text_version=f"declared: {declared}"[:200]), now)
    return Answer(answer.subscription_id, NoticeKind.WELCOME)
