"""Reader → notice: renders the mails that are no issue and keeps them for delivery.

Each function reads, renders outside any write transaction, then writes once. The caller asks for the delivery.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from sqlmodel import Session

from syndication.compose.render import NoticeFrame, render_notice
from syndication.compose.select import WELCOME_AGE, select_welcome
from syndication.domain.articles import Story
from syndication.domain.digests import MailBody
from syndication.domain.site import Site
from syndication.domain.states import NoticeKind
from syndication.domain.topics import Topic
from syndication.store.answering import is_due, unanswered
from syndication.store.browsing import ReaderPage, reader_page
from syndication.store.database import Database
from syndication.store.noticing import NoticeWanted, add_notice
from syndication.store.scoring import note_asked, to_be_asked
from syndication.store.stories import newest_stories
from syndication.store.templates import active_template

# More than are listed, so that the count of the others is right where it is small.
_WELCOME_CANDIDATES: Final = 50
_GRACE: Final = timedelta(minutes=1)
_LOOK_BACK: Final = timedelta(hours=1)


def send_confirmation(database: Database, site: Site, subscription_id: int, now: datetime) -> bool:
    """Keep the mail with the confirmation button; False when the reader is gone or needs none. Raises TemplateError."""
    return _send_plain(database, site, subscription_id, NoticeKind.CONFIRM, now)


def send_link(database: Database, site: Site, subscription_id: int, now: datetime) -> bool:
    """Keep the mail with the reader's link; False when they are gone. Raises TemplateError."""
    return _send_plain(database, site, subscription_id, NoticeKind.LINK, now)


def send_probes(database: Database, site: Site, now: datetime) -> int:
    """Ask readers whose mail was refused for days whether their address works, by the mail with their link; how many.

    Called by the sweep. Who was sent a link lately is asked later. Raises TemplateError.
    """
    with database.read() as session:
        wanted = to_be_asked(session, now)
    asked = 0
    for subscriber_id, subscription_id in wanted:
        made = _rendered(database, site, subscription_id, NoticeKind.LINK)
        if made is None:
            continue
        with database.write() as session:
            if _add(session, *made, NoticeKind.LINK, now):
                note_asked(session, subscriber_id, now)
                asked += 1
    return asked


def send_welcome(database: Database, site: Site, subscription_id: int, now: datetime) -> bool:
    """Keep the welcome digest of a reader who has just confirmed; False when there is nothing to list, or it was sent.

    It lists nothing that the reader's first issue can list too. Raises TemplateError.
    """
    with database.read() as session:
        reader = reader_page(session, subscription_id)
        if reader is None or not is_due(session, subscription_id, NoticeKind.WELCOME, now):
            return False
        stories = welcome_stories(session, reader, now)
        _, template = active_template(session, NoticeKind.WELCOME, reader.offer.newsletter_id)
    topics = _chosen(reader)
    selection = select_welcome(stories, topics, now)
    if not selection.sections:
        return False
    body = render_notice(template, _frame(reader, site), selection)
    return _keep(database, reader, body, NoticeKind.WELCOME, now)


def send_missing(database: Database, site: Site, now: datetime) -> int:
    """Make the notices that a killed process owes: for steps of the last hour that had their mail not after a minute.

    Answers how many; a caller that gets more than 0 asks for the delivery. Raises TemplateError.
    """
    with database.read() as session:
        owed = [
            answer
            for answer in unanswered(session, now - _LOOK_BACK, now - _GRACE)
            if is_due(session, answer.subscription_id, answer.notice, now)
        ]
    return sum(_SENDERS[answer.notice](database, site, answer.subscription_id, now) for answer in owed)


def welcome_stories(session: Session, reader: ReaderPage, now: datetime) -> list[Story]:
    """What a welcome digest chooses from: newest first, without what was accepted after the reader confirmed."""
    stories = newest_stories(
        session, sorted(reader.topics), reader.language, limit=_WELCOME_CANDIDATES, since=now - WELCOME_AGE
    )
    return [story for story in stories if story.seq is None or story.seq <= (reader.from_seq or 0)]


def _send_plain(database: Database, site: Site, subscription_id: int, kind: NoticeKind, now: datetime) -> bool:
    made = _rendered(database, site, subscription_id, kind)
    return made is not None and _keep(database, *made, kind, now)


def _rendered(
    database: Database, site: Site, subscription_id: int, kind: NoticeKind
) -> tuple[ReaderPage, MailBody] | None:
    """A reader with the mail that is the same whenever it is made; None when they are gone."""
    with database.read() as session:
        reader = reader_page(session, subscription_id)
        if reader is None:
            return None
        _, template = active_template(session, kind, reader.offer.newsletter_id)
    return reader, render_notice(template, _frame(reader, site))


def _keep(database: Database, reader: ReaderPage, body: MailBody, kind: NoticeKind, now: datetime) -> bool:
    with database.write() as session:
        return _add(session, reader, body, kind, now)


def _add(session: Session, reader: ReaderPage, body: MailBody, kind: NoticeKind, now: datetime) -> bool:
    """Add the notice unless another request did so meanwhile, or the reader has left."""
    if not is_due(session, reader.subscription_id, kind, now):
        return False
    add_notice(session, NoticeWanted(kind, reader.offer.newsletter_id, reader.subscriber_id), body, now)
    return True


def _chosen(reader: ReaderPage) -> tuple[Topic, ...]:
    return tuple(topic for topic in reader.offer.topics if topic.slug in reader.topics)


def _frame(reader: ReaderPage, site: Site) -> NoticeFrame:
    return NoticeFrame(
        newsletter=reader.offer.newsletter,
        public_url=site.public_url,
        zone=reader.offer.zone,
        topics=_chosen(reader),
        next_slot=reader.offer.next_slot,
        language=reader.language,
    )


_SENDERS: Final[MappingProxyType[NoticeKind, Callable[[Database, Site, int, datetime], bool]]] = MappingProxyType(
    {NoticeKind.CONFIRM: send_confirmation, NoticeKind.WELCOME: send_welcome}
)
