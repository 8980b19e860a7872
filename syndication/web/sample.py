"""A sample issue: what would go out now to a reader of all topics, rendered by the very code that renders issues."""

from typing import Final

from fastapi import APIRouter, HTTPException
from starlette.requests import Request
from starlette.responses import Response

from syndication.compose.render import DigestFrame, render_digest
from syndication.compose.select import WELCOME_AGE, select_welcome
from syndication.domain.digests import MailBody
from syndication.domain.splice import Splice, fill
from syndication.store.browsing import Offer, offer_of
from syndication.store.stories import newest_stories
from syndication.store.templates import active_template
from syndication.web.deps import deps_of
from syndication.web.language import offered_by, spoken
from syndication.web.mailbox import mail_page
from syndication.web.render import page
from syndication.web.visits import SAMPLE

router = APIRouter(prefix="/newsletters/{name}/sample")

_CANDIDATES: Final = 50
_LINKS: Final = dict.fromkeys(Splice, SAMPLE)


@router.get("")
def sample(request: Request, name: str) -> Response:
    """The sample in a frame, with the way to sign up."""
    offer, body = _sample(request, name)
    subject = body.subject if body else ""
    return page(request, "sample.html", offer=offer, accent=offer.newsletter.accent, subject=subject)


@router.get("/mail")
def sample_mail(request: Request, name: str) -> Response:
    """The sample itself, in the language of the page around it."""
    _, body = _sample(request, name)
    if body is None:
        raise HTTPException(404)
    return mail_page(fill(body.html, _LINKS))


def _sample(request: Request, name: str) -> tuple[Offer, MailBody | None]:
    deps = deps_of(request)
    now = deps.clock()
    with deps.database.read() as session:
        offer = offer_of(session, name)
        if offer is None:
            raise HTTPException(404)
        newsletter = offer.newsletter
        language = spoken(request, offered_by(newsletter)).language
        stories = newest_stories(session, newsletter.topics, language, limit=_CANDIDATES, since=now - WELCOME_AGE)
        _, template = active_template(session, "digest", offer.newsletter_id)
    selection = select_welcome(stories, offer.topics, now)
    if not selection.sections:
        return offer, None
    archive = f"{deps.site.public_url}/newsletters/{newsletter.slug}/"
    frame = DigestFrame(newsletter, deps.site.public_url, offer.zone, now, archive, offer.next_slot, language)
    return offer, render_digest(template, frame, selection)
