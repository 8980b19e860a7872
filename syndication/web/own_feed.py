"""A reader's private feed on their preferences page: made, renewed and switched off by buttons, never by a link."""

from typing import Final

from fastapi import APIRouter, HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from syndication.domain.states import SubscriptionStatus
from syndication.domain.tokens import Purpose
from syndication.lang.sentences import sentence
from syndication.store.private_feeds import private_feed_of, renew_private_feed, revoke_private_feed
from syndication.web.deps import deps_of
from syndication.web.feed_pages import Listed, addresses_of
from syndication.web.security import SECRET_ADDRESS
from syndication.web.visits import opened, reader_of

router = APIRouter()

_TITLE: Final = sentence("your private feed")
_ENDED: Final = sentence("This subscription has ended. Sign up again to have a private feed.")


def own_feed(request: Request, subscription_id: int) -> Listed | None:
    """A reader's private feed as pages list it, None while they have none."""
    deps = deps_of(request)
    with deps.database.read() as session:
        number = private_feed_of(session, subscription_id)
    if number is None:
        return None
    path = f"/feeds/me/{deps.keys.sign(Purpose.FEED, number)}"
    return Listed(_TITLE, "", path, addresses_of(deps.site.public_url, path))


@router.post("/preferences/{token}/feed")
def renew(request: Request, token: str) -> Response:
    """Make the reader's private feed, or give it a new address; the old one is void."""
    deps, subscription_id = deps_of(request), _confirmed(request, token)
    with deps.database.write() as session:
        renew_private_feed(session, subscription_id, deps.clock())
    return _back(token, "feed")


@router.post("/preferences/{token}/feed/revoke")
def revoke(request: Request, token: str) -> Response:
    """Switch the reader's private feed off."""
    deps, subscription_id = deps_of(request), _confirmed(request, token)
    with deps.database.write() as session:
        revoke_private_feed(session, subscription_id, deps.clock())
    return _back(token, "feed-off")


def _confirmed(request: Request, token: str) -> int:
    subscription_id = opened(request, Purpose.PREFERENCES, token)
    reader = reader_of(request, subscription_id)
    if reader is None or reader.status is not SubscriptionStatus.CONFIRMED:
        raise HTTPException(410, _ENDED)
    return subscription_id


def _back(token: str, what: str) -> Response:
    return RedirectResponse(f"/preferences/{token}?saved={what}", 303, headers=SECRET_ADDRESS)
