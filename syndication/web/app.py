"""Deps → the web application: feeds first, then the pages."""

import traceback
from functools import cache
from http import HTTPStatus
from typing import Final

import structlog
from fastapi import APIRouter, Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from syndication.lang.sentences import sentence
from syndication.store.database import DatabaseError
from syndication.store.refusals import in_words
from syndication.web import hubs, mailbox, metrics, pages, pictures, readers, sample, signup, yours
from syndication.web.admin import (
    access,
    announcements,
    arriving,
    articles,
    drafts,
    embedding,
    importing,
    live,
    look,
    mail_templates,
    newsletters,
    people,
    reader_counts,
    review,
    schedules,
    subscribers,
    suppressions,
    topics,
)
from syndication.web.admin import feeds as console_feeds
from syndication.web.admin import issues as console_issues
from syndication.web.admin import pages as console
from syndication.web.admin import sources as console_sources
from syndication.web.admin import tokens as console_tokens
from syndication.web.api import description as api
from syndication.web.api.problems import Problem, answer_problem, invalid, is_api, problem
from syndication.web.deps import Deps
from syndication.web.render import message_page
from syndication.web.security import Guard, same_origin

_log = structlog.get_logger()

_RETRY_AFTER_S: Final = "60"
_WORDS: Final = {
    403: (
        sentence("Not from here"),
        sentence("This form was sent from another site. Open the page again and send it from there."),
    ),
    404: (
        sentence("Nothing here"),
        sentence("There is no page at this address. It may have moved, or the link is incomplete."),
    ),
    405: (
        sentence("That cannot be done here"),
        sentence("This address exists, but it does not understand this request."),
    ),
    413: (sentence("Too much"), sentence("What was sent is larger than this page takes.")),
    422: (
        sentence("Something is missing"),
        sentence("The form came incomplete. Go back, fill it in and send it again."),
    ),
    500: (
        sentence("Our fault"),
        sentence("Something went wrong on our side, and it has been noted. Please try again in a minute."),
    ),
    503: (
        sentence("Back in a few minutes"),
        sentence("Nothing can be saved at this moment, and nothing was. Please try again in a few minutes."),
    ),
}


def create_app(deps: Deps) -> ASGIApp:
    """The application for an ASGI server. Its start-up and shutdown do nothing that takes time."""
    guarded = Guard(_router())
    state = {
        "deps": deps,
        "throttles": signup.Throttles(),
        "guesses": access.Guesses(),
        "reader_counts": reader_counts.ReaderCounts(),
    }

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and deps.feeds.handles(scope["path"]):
            await deps.feeds(scope, receive, send)
        else:
            await guarded({**scope, "state": {**scope.get("state", {}), **state}}, receive, send)

    return app


@cache
def _router() -> FastAPI:
    """All pages, the same for every application: FastAPI takes 100 ms of processor time to know them (measured)."""
    router = FastAPI(
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        dependencies=[Depends(same_origin)],
    )
    for part in (
        sample,
        pages,
        pictures,
        live,
        look,
        embedding,
        mail_templates,
        signup,
        readers,
        yours,
        hubs,
        metrics,
        mailbox,
        access,
        arriving,
        people,
        drafts,
        announcements,
        review,
        newsletters,
        importing,
        subscribers,
        suppressions,
        schedules,
        topics,
        console,
        articles,
        console_feeds,
        console_issues,
        console_sources,
        console_tokens,
        api,
        *api.PARTS,
    ):
        router.include_router(part if isinstance(part, APIRouter) else part.router)
    router.add_exception_handler(HTTPException, _http_error)
    router.add_exception_handler(Problem, answer_problem)
    router.add_exception_handler(RequestValidationError, _incomplete)
    router.add_exception_handler(access.NeedsLogIn, access.log_in_first)
    router.add_exception_handler(DatabaseError, _refused)
    router.add_exception_handler(Exception, _our_fault)
    return router


def _http_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    title, words = _WORDS.get(status, (HTTPStatus(status).phrase, ""))
    if isinstance(error, HTTPException) and error.detail not in {"", HTTPStatus(status).phrase}:
        words = error.detail
    if is_api(request):
        headers = error.headers if isinstance(error, HTTPException) else None
        return problem(status, words or title, headers=headers)
    return message_page(request, status, title, words)


def _incomplete(request: Request, error: Exception) -> Response:
    """A value of the wrong kind: in the address nothing is there, in a form something is missing."""
    if is_api(request) and isinstance(error, RequestValidationError):
        return invalid(error)
    in_address = isinstance(error, RequestValidationError) and any(one["loc"][0] == "path" for one in error.errors())
    return _http_error(request, HTTPException(404 if in_address else 422))


def _refused(request: Request, error: Exception) -> Response:
    """The database is away, full or busy: an admin can mend it, so words are enough. Else it is our fault."""
    words = in_words(error) if isinstance(error, DatabaseError) else None
    if words is None:
        raise error
    _log.error("database_refused", route=_route(request), method=request.method, reason=words)
    answer = _http_error(request, HTTPException(503))
    answer.headers["Retry-After"] = _RETRY_AFTER_S
    return answer


def _our_fault(request: Request, error: Exception) -> Response:
    # No values of variables, only where it was: they may hold a token.
    _log.error(
        "page_failed", route=_route(request), method=request.method, trace="".join(traceback.format_exception(error))
    )
    return _http_error(request, HTTPException(500))


def _route(request: Request) -> str:
    """The route, never the address: it may hold a token."""
    path: str = getattr(request.scope.get("route"), "path", "")
    return path
