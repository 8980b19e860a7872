"""The console's page of tokens: make one, see who has which, take one back."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form, HTTPException
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


@router.get("/")
def tokens_page(request: Request, admin: SignedIn) -> Response:
    """All tokens, and the form for another."""
    return _page(request, admin)


@router.post("/")
def create(
    request: Request,
    admin: Owner,
    label: Annotated[str, Form()] = "",
    scopes: Annotated[tuple[Scope, ...], Form()] = (),
    source: Annotated[str, Form()] = "",
    days: Annotated[int, Form(ge=0, le=3650)] = 0,
) -> Response:
    """Make a token and show it, this once."""
    deps = deps_of(request)
    now = deps.clock()
    with deps.database.write() as session:
        source_id = source_named(session, source) if source else None
        fault = _fault(label, scopes, is_unknown=bool(source) and source_id is None)
        secret = ""
        if not fault:
            wanted = NewToken(label, scopes, source_id, now + timedelta(days=days) if days else None)
            number, secret = create_token(session, wanted, now)
            audit(session, admin.login, "token.create", f"token {number}", now, ({}, {"label": label}))
    return _page(request, admin, secret=secret, fault=fault, label=label, status=422 if fault else 200)


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
    request: Request, admin: SignedIn, *, status: int = 200, secret: str = "", fault: str = "", label: str = ""
) -> Response:
    deps = deps_of(request)
    with deps.database.read() as session:
        return private_page(
            request,
            "admin/tokens.html",
            status=status,
            admin=admin,
            now=deps.clock(),
            tokens=list_tokens(session),
            sources=list_sources(session),
            scopes=list(Scope),
            secret=secret,
            fault=fault,
            label="" if secret else label,
        )
