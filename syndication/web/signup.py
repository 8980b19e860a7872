"""Becoming a reader: the form, the confirmation, and a new link for who lost theirs.

Known and unknown addresses get the same answer in the same time: mails are made after the answer has left.
"""

import hashlib
from datetime import datetime, timedelta
from typing import Annotated, Final

import structlog
from fastapi import APIRouter, Form, HTTPException
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from syndication.deliver.addresses import parse_address
from syndication.domain.errors import AddressError
from syndication.domain.newsletters import Choice
from syndication.domain.states import NoticeKind, SubscriptionStatus
from syndication.domain.tokens import Purpose, suppression_mark
from syndication.jobs.notices import welcome_stories
from syndication.lang.sentences import sentence
from syndication.lang.words import words_in
from syndication.store.answering import Answer, ask_for_links
from syndication.store.browsing import Offer, offer_of, offers
from syndication.store.subscribing import SignUp, confirm, sign_up
from syndication.store.suppressing import lift_for_reader
from syndication.web.deps import deps_of
from syndication.web.language import QUERY, offered_by, spoken
from syndication.web.mailbox import may_see_mailbox
from syndication.web.notices import posting
from syndication.web.render import message_page, page, token_page
from syndication.web.security import client_address
from syndication.web.throttle import Throttle, network_of
from syndication.web.visits import opened, reader_of, visit_of
from syndication.web.words import CONSENT

router = APIRouter()
_log = structlog.get_logger()

_CLOSED: Final = sentence("This newsletter is not open for sign-up yet.")
_NO_TOPIC: Final = sentence("Choose at least one topic.")
_EXPIRED: Final = (
    sentence("This request has expired"),
    sentence("Sign up again, and we mail you a new link."),
)
_TOO_MANY: Final = (
    sentence("One moment, please"),
    sentence("Many requests came from your network within the hour. Please try again later."),
)
_FROM_ONE_NETWORK: Final = (30, timedelta(hours=1))
_FROM_EVERYWHERE: Final = (600, timedelta(hours=1))


class Throttles:
    """The limits of one process on requests that cause mail."""

    def __init__(self) -> None:
        self._one = Throttle(*_FROM_ONE_NETWORK)
        self._all = Throttle(*_FROM_EVERYWHERE)

    def allow(self, address: str, now: datetime) -> bool:
        """Whether a visitor from this IP address may cause one more mail."""
        if not self._one.allows(network_of(address), now):
            return False
        passes = self._all.allows("", now)
        if not passes:
            _log.warning("sign_ups_over_limit", limit_an_hour=_FROM_EVERYWHERE[0])
        return passes


class SignUpForm(BaseModel):
    """What the sign-up form sends. language: the one the form was read in. website: people do not see it; programs fill it in."""

    newsletter: str = ""
    email: str = ""
    topics: tuple[str, ...] = ()
    language: str = ""
    website: str = ""


@router.get("/subscribe")
def sign_up_page(request: Request, newsletter: str = "") -> Response:
    """The sign-up form on a page of its own."""
    return _form(request, _offer(request, newsletter))


@router.post("/subscribe")
def subscribe(request: Request, form: Annotated[SignUpForm, Form()]) -> Response:
    """Take a request; the answer is the same whether or not the address is known."""
    deps = deps_of(request)
    offer = _offer(request, form.newsletter)
    fault = _fault(form, offer)
    if fault:
        return _form(request, offer, form, fault)
    if not form.website:
        if not _throttles(request).allow(client_address(request), deps.clock()):
            return _too_many(request)
        answers = _ask(request, form, offer)
    else:
        answers = []
    return RedirectResponse(_after(request, form, offer), 303, background=posting(deps, answers))


@router.get("/subscribe/sent")
def subscribe_sent(request: Request, newsletter: str = "") -> Response:
    """What to do next."""
    offer = _offer(request, newsletter)
    return page(
        request, "sent.html", offer=offer, accent=offer.newsletter.accent, mailbox=may_see_mailbox(request), asked=""
    )


@router.get("/confirm/{token}")
def confirm_page(request: Request, token: str) -> Response:
    """The button; who pressed it already sees when the next issue goes out."""
    return _confirmation(request, opened(request, Purpose.CONFIRM, token))


@router.post("/confirm/{token}")
def confirm_subscription(request: Request, token: str) -> Response:
    """Start the subscription and mail the welcome digest; pressing twice does no harm."""
    deps = deps_of(request)
    subscription_id = opened(request, Purpose.CONFIRM, token)
    with deps.database.write() as session:
        if confirm(session, subscription_id, visit_of(request), deps.clock()):
            lift_for_reader(session, deps.suppression_key, subscription_id, deps.clock())
    answer = _confirmation(request, subscription_id)
    # A second press makes up for a crash after the first: the job sends a welcome once.
    answer.background = posting(deps, [Answer(subscription_id, NoticeKind.WELCOME)])
    return answer


@router.get("/link")
def link_page(request: Request) -> Response:
    """The form for who lost their link."""
    return page(request, "link.html", address="", fault="")


@router.post("/link")
def mail_link(request: Request, email: Annotated[str, Form()] = "") -> Response:
    """Mail the links of an address; the answer is the same whether or not the address is known."""
    deps = deps_of(request)
    try:
        address = parse_address(email)
    except AddressError as error:
        return page(request, "link.html", status=422, address=email, fault=str(error))
    if not _throttles(request).allow(client_address(request), deps.clock()):
        return _too_many(request)
    with deps.database.write() as session:
        answers = ask_for_links(session, address.key, deps.clock())
    return RedirectResponse("/link/sent", 303, background=posting(deps, answers))


@router.get("/link/sent")
def link_sent(request: Request) -> Response:
    """What to do next."""
    return page(request, "sent.html", mailbox=may_see_mailbox(request), asked="link")


def _offer(request: Request, slug: str) -> Offer:
    """The newsletter that is meant; without a slug the first one."""
    with deps_of(request).database.read() as session:
        found = offer_of(session, slug) if slug else next(iter(offers(session)), None)
    if found is None:
        raise HTTPException(404)
    return found


def _form(request: Request, offer: Offer, form: SignUpForm | None = None, fault: str = "") -> Response:
    chosen = frozenset(form.topics) if form else frozenset(offer.newsletter.topics)
    return page(
        request,
        "subscribe.html",
        status=422 if fault else 200,
        offer=offer,
        accent=offer.newsletter.accent,
        chosen=chosen,
        email=form.email if form else "",
        fault=fault,
    )


def _confirmation(request: Request, subscription_id: int) -> Response:
    reader = reader_of(request, subscription_id)
    if reader is None:
        return message_page(request, 410, *_EXPIRED)
    with deps_of(request).database.read() as session:
        has_welcome = bool(welcome_stories(session, reader, deps_of(request).clock()))
    return token_page(
        request,
        "confirm.html",
        reader=reader,
        offer=reader.offer,
        accent=reader.offer.newsletter.accent,
        is_confirmed=reader.status is SubscriptionStatus.CONFIRMED,
        has_left=reader.status is SubscriptionStatus.UNSUBSCRIBED,
        preferences=deps_of(request).keys.sign(Purpose.PREFERENCES, reader.subscription_id),
        has_welcome=has_welcome,
        mailbox=may_see_mailbox(request),
    )


def _after(request: Request, form: SignUpForm, offer: Offer) -> str:
    """What comes next, in the language of the form: it may have stood on another site, in another language than the browser's."""
    offered, address = offered_by(offer.newsletter), f"/subscribe/sent?newsletter={offer.newsletter.slug}"
    is_other = form.language in offered and form.language != spoken(request, offered).language
    return f"{address}&{QUERY}={form.language}" if is_other else address


def _fault(form: SignUpForm, offer: Offer) -> str:
    """What the person must mend, in a sentence; "" when nothing."""
    if offer.next_slot is None:
        return _CLOSED
    try:
        parse_address(form.email)
    except AddressError as error:
        return str(error)
    return "" if set(form.topics) & set(offer.newsletter.topics) else _NO_TOPIC


def _ask(request: Request, form: SignUpForm, offer: Offer) -> list[Answer]:
    deps = deps_of(request)
    address, offered = parse_address(form.email), offered_by(offer.newsletter)
    language = form.language if form.language in offered else spoken(request, offered).language
    consent = words_in(language).say(CONSENT)
    wanted = SignUp(
        offer.newsletter_id,
        address.address,
        address.key,
        suppression_mark(deps.suppression_key, address.key),
        Choice(frozenset(form.topics), language),
    )
    with deps.database.write() as session:
        visit = visit_of(request, text_version=hashlib.sha256(consent.encode()).hexdigest()[:12])
        answer = sign_up(session, wanted, visit, deps.clock())
    return [answer] if answer else []


def _throttles(request: Request) -> Throttles:
    found: Throttles = request.state.throttles
    return found


def _too_many(request: Request) -> Response:
    return message_page(request, 429, *_TOO_MANY)
