"""Settings of the console: people and their roles, log-ins, one's own password, who changed what."""

import secrets
from typing import Annotated, Final

from fastapi import APIRouter, Form, HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from syndication.domain.errors import StoreError
from syndication.domain.roles import Role
from syndication.store.admins import Admin, audit, hash_of
from syndication.store.people import (
    audit_log,
    change_role,
    end_log_in,
    invite,
    list_admins,
    log_ins,
    mark_of,
    offer_reset,
    open_invitations,
    remove_admin,
    withdraw_invitation,
)
from syndication.web.admin.access import COOKIE, Oneself, Owner, SignedIn
from syndication.web.deps import deps_of
from syndication.web.render import private_page

router = APIRouter(prefix="/admin")

_SECRET_BYTES: Final = 24
_ENTRIES: Final = 50


@router.get("/settings/")
def settings_page(request: Request, admin: SignedIn) -> Response:
    """Where the settings are."""
    return private_page(request, "admin/settings.html", admin=admin)


@router.get("/people/")
def people_page(request: Request, admin: SignedIn) -> Response:
    """Everybody who may use the console, and where they are logged in; only an owner sees others' log-ins."""
    return _page(request, admin)


@router.post("/people/invite")
def invite_somebody(
    request: Request, admin: Owner, label: Annotated[str, Form()] = "", role: Annotated[Role, Form()] = Role.VIEWER
) -> Response:
    """Make a link that makes one admin, and show it, this once."""
    if not label.strip():
        return _page(request, admin, fault="Say for whom the link is.", role=role)
    deps, secret = deps_of(request), secrets.token_urlsafe(_SECRET_BYTES)
    now = deps.clock()
    with deps.database.write() as session:
        number = invite(session, hash_of(secret), label, role, now)
        audit(
            session, admin.login, "admin.invite", f"invitation {number}", now, ({}, {"for": label, "role": role.value})
        )
    return _page(request, admin, link=f"{deps.site.public_url}/admin/invite/{secret}", link_for=label.strip())


@router.post("/people/invitations/{token_id}/withdraw")
def withdraw(request: Request, admin: Owner, token_id: int) -> Response:
    """Make an invitation worthless."""
    deps = deps_of(request)
    now = deps.clock()
    with deps.database.write() as session:
        if withdraw_invitation(session, token_id, now):
            audit(session, admin.login, "admin.withdraw", f"invitation {token_id}", now)
    return RedirectResponse("/admin/people/", 303)


@router.post("/people/{admin_id}/role")
def save_role(request: Request, admin: Owner, admin_id: int, role: Annotated[Role, Form()]) -> Response:
    """Give somebody another role, from their next click on."""
    deps = deps_of(request)
    now = deps.clock()
    try:
        with deps.database.write() as session:
            done = change_role(session, admin_id, role)
            if done and done[0].role is not role:
                change = ({"role": done[0].role.value}, {"role": role.value})
                audit(session, admin.login, "admin.role", done[0].login, now, change)
    except StoreError as error:
        return _page(request, admin, fault=str(error))
    if done is None:
        raise HTTPException(404)
    return RedirectResponse("/admin/people/", 303)


@router.post("/people/{admin_id}/remove")
def remove(request: Request, admin: Owner, admin_id: int) -> Response:
    """Take somebody out; their log-ins end at once."""
    deps = deps_of(request)
    now = deps.clock()
    try:
        with deps.database.write() as session:
            gone = remove_admin(session, admin_id)
            if gone:
                audit(session, admin.login, "admin.remove", gone.login, now, ({"role": gone.role.value}, {}))
    except StoreError as error:
        return _page(request, admin, fault=str(error))
    return RedirectResponse("/admin/people/", 303)


@router.post("/people/password")
def new_password(request: Request, admin: Oneself) -> Response:
    """Lead to the form for one's own new password."""
    deps, secret = deps_of(request), secrets.token_urlsafe(_SECRET_BYTES)
    with deps.database.write() as session:
        offer_reset(session, hash_of(secret), admin.login, deps.clock())
    return RedirectResponse(f"/admin/reset/{secret}", 303)


@router.post("/people/log-ins/{mark}/end")
def end(request: Request, admin: Oneself, mark: str) -> Response:
    """End a log-in: one's own, or as an owner anybody's."""
    deps = deps_of(request)
    now = deps.clock()
    with deps.database.write() as session:
        if end_log_in(session, mark, None if admin.role is Role.OWNER else admin.login):
            audit(session, admin.login, "admin.end_log_in", f"log-in {mark}", now)
    return RedirectResponse("/admin/people/", 303)


@router.get("/log/")
def log_page(request: Request, admin: SignedIn, before: int | None = None) -> Response:
    """Who changed what, newest first."""
    with deps_of(request).database.read() as session:
        entries = audit_log(session, before=before, limit=_ENTRIES + 1)
    shown = entries[:_ENTRIES]
    older = shown[-1].entry_id if len(entries) > _ENTRIES else None
    return private_page(request, "admin/log.html", admin=admin, entries=shown, older=older)


def _page(
    request: Request,
    admin: Admin,
    *,
    fault: str = "",
    link: str = "",
    link_for: str = "",
    role: Role = Role.VIEWER,
) -> Response:
    deps = deps_of(request)
    now, is_owner = deps.clock(), admin.role is Role.OWNER
    with deps.database.read() as session:
        return private_page(
            request,
            "admin/people.html",
            status=422 if fault else 200,
            admin=admin,
            people=list_admins(session),
            invitations=open_invitations(session, now) if is_owner else [],
            log_ins=log_ins(session, now, None if is_owner else admin.login),
            here=mark_of(hash_of(request.cookies.get(COOKIE, ""))),
            roles=list(Role),
            chosen=role,
            is_owner=is_owner,
            fault=fault,
            link=link,
            link_for=link_for,
        )
