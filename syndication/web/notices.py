"""Mails that answer a request: made once the answer has left."""

from collections.abc import Callable, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Final

import structlog
from starlette.background import BackgroundTask

from syndication.domain.errors import SyndicationError
from syndication.domain.seams import Task
from syndication.domain.site import Site
from syndication.domain.states import NoticeKind
from syndication.jobs.notices import send_confirmation, send_link, send_welcome
from syndication.store.answering import Answer
from syndication.store.database import Database
from syndication.web.deps import Deps

_log = structlog.get_logger()

_SENDERS: Final[MappingProxyType[NoticeKind, Callable[[Database, Site, int, datetime], bool]]] = MappingProxyType(
    {NoticeKind.CONFIRM: send_confirmation, NoticeKind.WELCOME: send_welcome, NoticeKind.LINK: send_link}
)


def posting(deps: Deps, answers: Sequence[Answer]) -> BackgroundTask:
    """Makes these notices once the answer has left, and asks for their delivery."""

    def post() -> None:
        for answer in answers:
            try:
                _SENDERS[answer.notice](deps.database, deps.site, answer.subscription_id, deps.clock())
            except SyndicationError as error:
                # The reader can ask again: nothing was counted as sent.
                _log.error("notice_failed", kind=answer.notice, subscription=answer.subscription_id, reason=str(error))
        if answers:
            deps.enqueue(Task.DELIVER, "deliver")

    return BackgroundTask(post)
