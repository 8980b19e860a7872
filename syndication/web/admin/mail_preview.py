"""A mail as its readers would get it now, with real articles: in light or dark, on a desktop or a phone, as plain text."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from fastapi import HTTPException, Query
from pydantic import BaseModel, ConfigDict
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from syndication.compose.render import DigestFrame, NoticeFrame, render_digest, render_notice
from syndication.compose.select import WELCOME_AGE, select_welcome
from syndication.domain.digests import MailBody, Selection
from syndication.domain.newsletters import Newsletter
from syndication.domain.splice import Splice, fill
from syndication.domain.templates import Template
from syndication.domain.topics import Topic
from syndication.store.browsing import Offer, reader_in
from syndication.store.stories import newest_stories
from syndication.web.deps import deps_of
from syndication.web.mailbox import mail_page
from syndication.web.security import MAIL_CSP, PRIVATE
from syndication.web.visits import SAMPLE

_CANDIDATES: Final = 50
_LINKS: Final = dict.fromkeys(Splice, SAMPLE)
_DARK: Final = re.compile(r"@media\s*\(prefers-color-scheme:\s*dark\)")
_SCHEMES: Final = re.compile(r"(color-scheme:\s*)light dark")


class Shown(BaseModel):
    """What to show: a part and its colours, as a reader of some topics. reader: a subscriber's number, whose choice it is then."""

    model_config = ConfigDict(frozen=True)

    part: Literal["html", "text"] = "html"
    scheme: Literal["light", "dark"] = "light"
    width: Literal[600, 360] = 600
    topics: tuple[str, ...] = ()
    language: str = ""
    reader: int = 0


ShownQuery = Annotated[Shown, Query()]


@dataclass(frozen=True, slots=True)
class _Wish:
    topics: tuple[Topic, ...]
    language: str


def preview_body(request: Request, offer: Offer, newsletter: Newsletter, template: Template, shown: Shown) -> MailBody:
    """The mail with the newest articles. newsletter: may differ from the offer's, to try out a look. Raises TemplateError."""
    deps = deps_of(request)
    now = deps.clock()
    with deps.database.read() as session:
        wish = _wish(session, offer, shown)
        slugs = [topic.slug for topic in wish.topics]
        since = now - WELCOME_AGE
        stories = newest_stories(session, slugs, wish.language, limit=_CANDIDATES, since=since) if slugs else []
    selection = select_welcome(stories, wish.topics, now)
    url = deps.site.public_url
    if template.name == "digest":
        page = f"{url}/newsletters/{newsletter.slug}/"
        frame = DigestFrame(newsletter, url, offer.zone, now, page, offer.next_slot, wish.language)
        return render_digest(template, frame, selection)
    notice = NoticeFrame(newsletter, url, offer.zone, wish.topics, offer.next_slot, wish.language)
    return render_notice(template, notice, selection if template.name == "welcome" else Selection((), 0))


def preview_answer(body: MailBody, shown: Shown) -> Response:
    """The part of a mail that was asked for, as a document of its own for a frame; nothing in it runs."""
    if shown.part == "text":
        return PlainTextResponse(fill(body.text, _LINKS), headers={**PRIVATE, "Content-Security-Policy": MAIL_CSP})
    return mail_page(_in_scheme(fill(body.html, _LINKS), shown.scheme))


def _in_scheme(html: str, scheme: str) -> str:
    """The page as a mail program with these colours shows it, whatever colours the admin's own browser has."""
    chosen = _DARK.sub("@media all" if scheme == "dark" else "@media not all", html)
    return _SCHEMES.sub(rf"\g<1>{scheme}", chosen)


def _wish(session: Session, offer: Offer, shown: Shown) -> _Wish:
    """What the reader wants whom the preview stands for. Raises HTTPException 404 for a number that no reader here has."""
    if shown.reader:
        found = reader_in(session, offer.newsletter_id, shown.reader)
        if found is None:
            raise HTTPException(404, f"Subscriber {shown.reader} does not read this newsletter.")
        return _Wish(_chosen(offer, tuple(found.topics)), found.language)
    topics = _chosen(offer, shown.topics) if shown.topics else offer.topics
    return _Wish(topics, shown.language or offer.newsletter.language)


def _chosen(offer: Offer, slugs: Sequence[str]) -> tuple[Topic, ...]:
    return tuple(topic for topic in offer.topics if topic.slug in slugs)
