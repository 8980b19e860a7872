"""Who asks, and what they may do: the proof kept of a visit, the reader a token was made for."""

from typing import Final

from fastapi import HTTPException
from starlette.requests import Request

from syndication.domain.errors import TokenError
from syndication.domain.tokens import Purpose
from syndication.lang.sentences import sentence
from syndication.store.browsing import ReaderPage, reader_page
from syndication.store.consent import Visit
from syndication.web.deps import deps_of
from syndication.web.security import client_address

SAMPLE: Final = "sample"
"""Stands where a token would, in the links of a sample issue."""

EXPIRED: Final = "expired"
"""Stands where a token for an hour was, when a mail is shown again as a page."""

_SAMPLE_WORDS: Final = sentence("This link belongs to a sample. In your own mail it opens your own page.")
WRONG: Final = sentence("This link is not valid. Use the newest mail, or ask for a new link.")
"""What every kind of wrong link is told, so that nobody learns which part of it was right."""

_MOST_CHARACTERS: Final = 300


def visit_of(request: Request, *, text_version: str = "") -> Visit:
    """The proof of this request. Its page never holds a token: it is the route, or for sign-up the page of the form."""
    route = str(getattr(request.scope.get("route"), "path", ""))
    page = route if "{" in route else request.headers.get("referer", route)
    return Visit(
        ip=client_address(request),
        user_agent=request.headers.get("user-agent", "")[:_MOST_CHARACTERS],
        page=page[:_MOST_CHARACTERS],
        text_version=text_version,
    )


def opened(request: Request, purpose: Purpose, token: str) -> int:
    """The id a token was made for. Raises HTTPException 404, in the same words for every kind of wrong token."""
    if token == SAMPLE:
        raise HTTPException(404, _SAMPLE_WORDS)
    try:
        return deps_of(request).keys.open(purpose, token)
    except TokenError as error:
        raise HTTPException(404, WRONG) from error


def reader_of(request: Request, subscription_id: int) -> ReaderPage | None:
    """The reader's page as it is now; None when they were erased or their request expired."""
    with deps_of(request).database.read() as session:
        return reader_page(session, subscription_id)
