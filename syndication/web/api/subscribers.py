"""Readers for programs: list, add, show, unsubscribe, erase."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.encoders import jsonable_encoder
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from syndication.deliver.addresses import parse_address
from syndication.domain.errors import AddressError, StoreError
from syndication.domain.newsletters import Choice
from syndication.domain.scopes import Scope
from syndication.domain.states import SubscriptionStatus
from syndication.domain.tokens import suppression_mark
from syndication.jobs.erase import erase_reader
from syndication.store.adding import add_reader
from syndication.store.admins import audit
from syndication.store.browsing import offer_of
from syndication.store.dossiers import Dossier, dossier_of
from syndication.store.finding import Wanted, find_readers
from syndication.store.leaving import unsubscribe
from syndication.store.subscribing import SignUp
from syndication.store.tokens import ApiToken
from syndication.web.api.access import needs
from syndication.web.api.paging import After, Limit, Page, paged
from syndication.web.api.problems import PREFIX, Problem
from syndication.web.deps import deps_of
from syndication.web.notices import posting
from syndication.web.visits import visit_of

router = APIRouter(prefix=f"{PREFIX}/subscribers")

_Reader = Annotated[ApiToken, Depends(needs(Scope.SUBSCRIBERS_READ))]
_Writer = Annotated[ApiToken, Depends(needs(Scope.SUBSCRIBERS_WRITE))]


class SubscriptionOut(BaseModel):
    """One subscription of one reader."""

    subscription_id: int
    subscriber_id: int
    address: str
    newsletter: str
    status: SubscriptionStatus
    language: str
    paused_until: datetime | None
    created_at: datetime
    confirmed_at: datetime | None


class SubscriberIn(BaseModel):
    """Somebody new. consent: where and when they agreed, which confirms them at once; without it they are asked by mail."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    email: str = Field(max_length=320, examples=["anna@example.org"])
    newsletter: str = Field(examples=["weekly"])
    topics: tuple[str, ...] = Field(default=(), description="Slugs; none for all that it offers.")
    language: str = Field(default="", max_length=35)
    consent: str = Field(default="", max_length=200)


class Added(BaseModel):
    """The subscription, and whether it waits for the reader's own confirmation."""

    subscription: int
    status: SubscriptionStatus


@router.get("", summary="Subscriptions, newest first")
def subscribers(
    request: Request,
    token: _Reader,
    begins: str = "",
    status: SubscriptionStatus | None = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[SubscriptionOut]:
    """Subscriptions whose address begins so, or with this status."""
    del token
    with deps_of(request).database.read() as session:
        found = find_readers(session, Wanted(begins.strip().lower(), None, status, after), limit + 1)
    items = [SubscriptionOut.model_validate(one, from_attributes=True) for one in found]
    return paged(items, limit, lambda one: one.subscription_id)


@router.post("", status_code=201, response_model=Added, summary="Add a subscriber")
def add(request: Request, token: _Writer, wanted: SubscriberIn) -> Response:
    """Ask somebody by mail, or add them with a declared consent. Nobody who left is brought back by a declaration."""
    deps = deps_of(request)
    now = deps.clock()
    with deps.database.read() as session:
        offer = offer_of(session, wanted.newsletter)
    if offer is None:
        raise Problem(422, "There is no such newsletter.", errors=[{"pointer": "/newsletter", "detail": "is unknown"}])
    try:
        address = parse_address(wanted.email)
        mark = suppression_mark(deps.suppression_key, address.key)
        topics = frozenset(wanted.topics or offer.newsletter.topics)
        choice = Choice(topics, wanted.language or offer.newsletter.language)
        request_for = SignUp(offer.newsletter_id, address.address, address.key, mark, choice)
        with deps.database.write() as session:
            answer = add_reader(session, request_for, visit_of(request), now, declared=wanted.consent)
            after = {"newsletter": wanted.newsletter, "consent": wanted.consent or "asked by mail"}
            target = f"subscription {answer.subscription_id}"
            audit(session, f"token {token.token_id}", "reader.add", target, now, ({}, after))
    except AddressError as error:
        raise Problem(422, str(error), errors=[{"pointer": "/email", "detail": str(error)}]) from error
    except ValueError as error:
        raise Problem(422, str(error), errors=[{"pointer": "/topics", "detail": "none is offered"}]) from error
    except StoreError as error:
        raise Problem(409, str(error)) from error
    status = SubscriptionStatus.CONFIRMED if wanted.consent else SubscriptionStatus.UNCONFIRMED
    body = {"subscription": answer.subscription_id, "status": status.value}
    return JSONResponse(body, 201, background=posting(deps, [answer]))


@router.get("/{subscriber_id}", summary="Everything about one reader")
def show(request: Request, token: _Reader, subscriber_id: int) -> dict[str, Any]:
    """The reader's dossier: subscriptions, mails, proofs of consent."""
    del token
    found: dict[str, Any] = jsonable_encoder(asdict(_dossier(request, subscriber_id)))
    return found


@router.post("/{subscriber_id}/unsubscribe", status_code=204, summary="Unsubscribe a reader")
def leave(request: Request, token: _Writer, subscriber_id: int, newsletter: str = "") -> Response:
    """End the reader's subscriptions, or that to one newsletter (its slug). Twice is as good as once."""
    deps, found = deps_of(request), _dossier(request, subscriber_id)
    now = deps.clock()
    for one in found.memberships:
        if newsletter in {"", one.newsletter}:
            with deps.database.write() as session:
                if unsubscribe(session, one.subscription_id, visit_of(request), now):
                    target = f"subscription {one.subscription_id}"
                    audit(session, f"token {token.token_id}", "reader.unsubscribe", target, now)
    return Response(status_code=204)


@router.delete("/{subscriber_id}", status_code=204, summary="Erase a reader")
def erase(request: Request, token: _Writer, subscriber_id: int) -> Response:
    """Forget who a reader is, everywhere and for good; nothing ever mails the address again."""
    deps = deps_of(request)
    _dossier(request, subscriber_id)
    now = deps.clock()
    erase_reader(deps.database, deps.suppression_key, deps.var_folder, subscriber_id, now)
    with deps.database.write() as session:
        audit(session, f"token {token.token_id}", "reader.erase", f"subscriber {subscriber_id}", now)
    return Response(status_code=204)


def _dossier(request: Request, subscriber_id: int) -> Dossier:
    with deps_of(request).database.read() as session:
        found = dossier_of(session, subscriber_id)
    if found is None or not found.address:
        raise Problem(404, f"There is no subscriber {subscriber_id}, or they were erased.")
    return found
