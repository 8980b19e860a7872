"""The console's page of tokens: make one, see who has which, take one back."""

from datetime import timedelta
from types import MappingProxyType
from typing import Annotated, Final

from fastapi import APIRouter, Form, HTTPException
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from syndication.domain.scopes import Scope
from syndication.store.admins import audit
from syndication.store.collecting import list_sources
from syndication.store.tokens import NewToken, create_token, list_tokens, revoke_token, source_named
from syndication.web.admin.access import Owner, SignedIn
from syndication.web.deps import deps_of
from syndication.web.render import private_page

router = APIRouter(prefix="/admin/tokens")

_ALLOWS: Final = MappingProxyType(
    {
        Scope.ARTICLES_WRITE: "hand over articles",
        Scope.CONTENT_READ: "read newsletters, topics, feeds, and the metrics",
        Scope.SUBSCRIBERS_READ: "read everything about readers",
        Scope.SUBSCRIBERS_WRITE: "add, unsubscribe and erase readers",
        Scope.ISSUES_READ: "read issues and how they were delivered",
        Scope.ISSUES_SEND: "send issues and announcements",
    }
)


class TokenForm(BaseModel):
    """What a token will be. days: it is valid, 0 for good."""

    label: str = ""
    scopes: tuple[Scope, ...] = ()
    source: str = ""
    days: int = Field(default=0, ge=0, le=3650)


@router.get("/")
def tokens_page(request: Request, admin: SignedIn) -> Response:
    """All tokens, and the form for another."""
    return _page(request, admin)


@router.post("/")
def create(request: Request, admin: Owner, form: Annotated[TokenForm, Form()]) -> Response:
    """Make a token and show it, this once."""
    deps = deps_of(request)
    now = deps.clock()
    with deps.database.write() as session:
        source_id = source_named(session, form.source) if form.source else None
        fault = _fault(form.label, form.scopes, is_unknown=bool(form.source) and source_id is None)
        if fault:
            return _page(request, admin, form, fault=fault)
        ends_at = now + timedelta(days=form.days) if form.days else None
        number, secret = create_token(session, NewToken(form.label, form.scopes, source_id, ends_at), now)
        after = {**form.model_dump(mode="json"), "scopes": sorted(form.scopes)}
        audit(session, admin.login, "token.create", f"token {number}", now, ({}, after))
    return _page(request, admin, secret=secret)


@router.post("/{token_id}/revoke")
def revoke(request: Request, admin: Owner, token_id: int) -> Response:
    """Make a token worthless at once."""
    deps = deps_of(request)
    now = deps.clock()
    with deps.database.write() as session:
        if not revoke_token(session, token_id, now):
            raise HTTPException(404)
        audit(session, admin.login, "token.revoke", f"token {token_id}", now)
    return RedirectResponse("/admin/tokens/", 303)


def _fault(label: str, scopes: tuple[Scope, ...], *, is_unknown: bool) -> str:
    if not label.strip():
        return "Say whose token it is."
    if not scopes:
        return "Choose at least one thing it allows."
    return "There is no such source." if is_unknown else ""


def _page(
    request: Request, admin: SignedIn, form: TokenForm | None = None, *, secret: str = "", fault: str = ""
) -> Response:
    deps = deps_of(request)
    with deps.database.read() as session:
        return private_page(
            request,
            "admin/tokens.html",
            status=422 if fault else 200,
            admin=admin,
            now=deps.clock(),
            tokens=list_tokens(session),
            sources=list_sources(session),
            scopes=_ALLOWS,
            secret=secret,
            fault=fault,
            form=form or TokenForm(scopes=(next(iter(Scope)),)),
        )
