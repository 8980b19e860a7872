"""The console's pages of articles: the newest or those of an address, and one, to withdraw it or show it again."""

from typing import Final

from fastapi import APIRouter, HTTPException
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from syndication.collect.identity import canonical_url
from syndication.domain.roles import Role
from syndication.domain.seams import Task
from syndication.store.admins import Admin
from syndication.store.people import Entry, audit_log
from syndication.store.withdrawing import (
    Named,
    article_with,
    articles_of,
    ids_named,
    lock_article,
    newest_articles,
    withdraw_articles,
)
from syndication.web.admin.access import Editor, SignedIn
from syndication.web.deps import deps_of
from syndication.web.render import private_page

router = APIRouter(prefix="/admin/articles")

_LISTED: Final = 50
_ACTS: Final = ("withdraw", "restore")


@router.get("/")
def articles_page(request: Request, admin: SignedIn, named: str = "", source: str = "") -> Response:
    """The newest articles. named: an address or a public id, only what goes by it. source: only of the one with this slug."""
    with deps_of(request).database.read() as session:
        word = named.strip()
        if word:
            found = articles_of(session, ids_named(session, word, canonical_url(word)))
        else:
            found = newest_articles(session, _LISTED, source)
    return private_page(request, "admin/articles.html", admin=admin, articles=found, named=word, source=source)


@router.get("/{uid}")
def article_page(request: Request, admin: SignedIn, uid: str) -> Response:
    """One article: whether readers see it, who withdrew it, and what withdrawing does."""
    return _page(request, admin, uid)


@router.post("/{uid}/{act}")
def do(request: Request, admin: Editor, uid: str, act: str) -> Response:
    """Withdraw it, or show it again, unless somebody did meanwhile."""
    if act not in _ACTS:
        raise HTTPException(404)
    deps = deps_of(request)
    now, withdrawing = deps.clock(), act == "withdraw"
    with deps.database.write() as session:
        ids = lock_article(session, uid)
        is_late = (_found(session, uid).withdrawn_at is not None) is withdrawing
        if not is_late:
            withdraw_articles(session, ids, admin.login, now, undo=not withdrawing)
    if is_late:
        return _page(request, admin, uid, is_late=True)
    deps.enqueue(Task.PUBLISH, "publish")
    return RedirectResponse(f"/admin/articles/{uid}", 303)


def _page(request: Request, admin: Admin, uid: str, *, is_late: bool = False) -> Response:
    with deps_of(request).database.read() as session:
        found = _found(session, uid)
        last: list[Entry] = audit_log(session, target=f"article {uid}", limit=1)
    return private_page(
        request,
        "admin/article.html",
        status=409 if is_late else 200,
        admin=admin,
        article=found.story,
        withdrawn_at=found.withdrawn_at,
        is_editor=admin.role.includes(Role.EDITOR),
        is_late=is_late,
        by=last[0].actor if last else "",
    )


def _found(session: Session, uid: str) -> Named:
    found = article_with(session, uid)
    if found is None:
        raise HTTPException(404)
    return found
