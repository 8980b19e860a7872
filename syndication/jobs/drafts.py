"""What a reader with this choice would get now, and a test of it to one address. Nothing of it is kept or counted."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from syndication.compose.render import DigestFrame, render_digest
from syndication.compose.select import SOURCES_FOR_CAP, WELCOME_AGE, select, select_welcome
from syndication.deliver.message import MessageBuilder, Occasion, Reader, Secrets
from syndication.domain.delivery import Accepted, Deferred, DeliveryKind, DeliveryName, Failed, Outcome, Unknown
from syndication.domain.digests import MailBody
from syndication.domain.errors import IssueError
from syndication.domain.newsletters import Choice, Newsletter
from syndication.domain.seams import Transport
from syndication.domain.site import Site
from syndication.domain.splice import Splice, fill
from syndication.domain.windows import Window
from syndication.jobs.post import PostOffice
from syndication.store.composing import source_count
from syndication.store.counters import counter
from syndication.store.database import Database
from syndication.store.newsletters import default_schedule, newsletter
from syndication.store.stories import newest_stories, stories_between
from syndication.store.templates import active_template

SAMPLE: Final = "sample"
"""Stands where a token would: a link of a draft changes nothing for anybody."""

_CANDIDATES: Final = 50


@dataclass(frozen=True, slots=True)
class Draft:
    """A mail that nobody got. is_next: made of what is new since the last issue; else a sample of the newest."""

    newsletter: Newsletter
    body: MailBody
    is_next: bool


def draft_for(database: Database, site: Site, newsletter_id: int, choice: Choice, now: datetime) -> Draft | None:
    """What the next issue would be for a reader with this choice; None when there is no article at all.

    Raises IssueError without a schedule, TemplateError when the template cannot be rendered.
    """
    with database.read() as session:
        stored = newsletter(session, newsletter_id)
        of = default_schedule(session, newsletter_id)
        if stored is None or of is None:
            message = "This newsletter has no schedule yet. Add one, then there is something to look at."
            raise IssueError(message)
        topics = [topic for topic in stored.topics if topic.slug in choice.topics]
        slugs = [topic.slug for topic in topics]
        window = Window(of.last_cut, counter(session, "seq"))
        stories = stories_between(session, window.start, window.end, slugs, choice.language)
        sources = source_count(session, newsletter_id, SOURCES_FOR_CAP)
        _, template = active_template(session, "digest", newsletter_id)
    cadence = of.value.cadence
    selection = select(
        stories,
        topics,
        window=window,
        cadence=cadence,
        now=now,
        source_count=sources,
        most=stored.value.most_stories,
    )
    is_next = bool(selection.sections)
    if not is_next:
        with database.read() as session:
            latest = newest_stories(session, slugs, choice.language, limit=_CANDIDATES, since=now - WELCOME_AGE)
        selection = select_welcome(latest, topics, now)
    if not selection.sections:
        return None
    archive = f"{site.public_url}/newsletters/{stored.value.slug}/"
    frame = DigestFrame(
        stored.value, site.public_url, of.value.zone, now, archive, of.value.next_slot, language=choice.language
    )
    return Draft(stored.value, render_digest(template, frame, selection), is_next)


def readable(body: MailBody) -> MailBody:
    """The mail with links that lead nowhere in particular."""
    links = dict.fromkeys(Splice, SAMPLE)
    return MailBody(body.subject, text=fill(body.text, links), html=fill(body.html, links))


def send_test(
    transport: Transport, post: PostOffice, draft: Draft, addresses: Sequence[str], now: datetime
) -> list[Outcome]:
    """Send a draft to these addresses, marked [Test]; what became of each. No ledger knows of it. now: aware UTC."""
    body = readable(draft.body)
    body = replace(body, subject=f"[Test] {body.subject}")
    occasion = Occasion("test", "test", now, to_list=False)
    secrets = Secrets(post.keys, post.suppression_key)
    builder = MessageBuilder(body, draft.newsletter, post.site, occasion, secrets)
    # The number keeps two tests from having one Message-ID, which some mailboxes take for one mail.
    first = int(now.timestamp() * 1000)
    mails = [
        builder.build(DeliveryName(DeliveryKind.NOTICE, first + number, 0), Reader(0, address))
        for number, address in enumerate(addresses)
    ]

    async def send_all() -> list[Outcome]:
        connection = await transport.connect()
        if isinstance(connection, Accepted | Deferred | Failed | Unknown):
            return [connection for _ in mails]
        try:
            return [await connection.send(mail) for mail in mails]
        finally:
            await connection.close()

    return asyncio.run(send_all())
