"""Where hubs answer: they ask back whether a subscription is ours, and push what is new. Source: WebSub sections 5.3, 7.

A push is a signed knock and no more: the source is then read as at any visit, so that there is one way in for articles.
"""

from datetime import timedelta
from typing import Final

from fastapi import APIRouter, HTTPException
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from syndication.collect.hubs import REFUSED_FOR, granted, is_genuine
from syndication.domain.errors import ConfigError
from syndication.domain.seams import Task
from syndication.jobs.hubs import secret_name
from syndication.store.hubs import HubPush, confirm_hub, push_at, refuse_hub, visit_after_push
from syndication.web.deps import Deps, deps_of

router = APIRouter(prefix="/websub")

_LONGEST_BODY: Final = 10 * 1024 * 1024
_GAP: Final = timedelta(minutes=1)


@router.get("/{callback}")
def verify(request: Request, callback: str) -> Response:
    """A hub asks whether we want a subscription, or says that there will be none."""
    deps, said = deps_of(request), request.query_params
    mode, topic, now = said.get("hub.mode", ""), said.get("hub.topic", ""), deps.clock()
    if mode == "denied":
        words = said.get("hub.reason", "") or "the hub gave no reason"
        with deps.database.write() as session:
            known = refuse_hub(session, callback, topic, now + REFUSED_FOR, words)
        return _answer("") if known else _nobody()
    challenge = said.get("hub.challenge", "")
    if mode != "subscribe" or not challenge:
        return _nobody()
    until, renew_at = granted(said.get("hub.lease_seconds", ""), now)
    with deps.database.write() as session:
        known = confirm_hub(session, callback, topic, until, renew_at)
    return _answer(challenge) if known else _nobody()


@router.post("/{callback}")
async def pushed(request: Request, callback: str) -> Response:
    """A hub says that there is news."""
    deps = deps_of(request)
    with deps.database.read() as session:
        push = push_at(session, callback)
    if push is None:
        return Response(status_code=410)
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > _LONGEST_BODY:
            raise HTTPException(413)
    if not is_genuine(request.headers.get("x-hub-signature", ""), _secret(deps, push), bytes(body)):
        raise HTTPException(403, "The signature is missing or wrong.")
    await run_in_threadpool(_visit_soon, deps, push)
    return Response(status_code=202)


def _visit_soon(deps: Deps, push: HubPush) -> None:
    with deps.database.write() as session:
        visit_after_push(session, push.source_id, deps.clock(), _GAP)
    deps.enqueue(Task.COLLECT, "collect")


def _secret(deps: Deps, push: HubPush) -> str:
    if deps.box is None:
        return ""
    try:
        return deps.box.open(push.secret, secret_name(push.source_id))
    except ConfigError:
        return ""


def _answer(words: str) -> Response:
    """What a stranger wrote goes back as plain text that no browser takes for a page."""
    return PlainTextResponse(words, headers={"X-Content-Type-Options": "nosniff"})


def _nobody() -> Response:
    return PlainTextResponse("No such subscription.", 404)
