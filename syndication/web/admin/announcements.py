"""The console's form of a new announcement; from its page in review it goes on as any issue."""

from typing import Annotated

from fastapi import APIRouter, Form, HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from syndication.domain.errors import IssueError
from syndication.domain.newsletters import INTRO_LENGTH, SUBJECT_LENGTH
from syndication.store.admins import Admin, audit
from syndication.store.announcing import announce
from syndication.store.newsletters import StoredNewsletter, newsletter
from syndication.store.reviewing import Words
from syndication.web.admin.access import Editor
from syndication.web.deps import deps_of
from syndication.web.render import private_page

router = APIRouter(prefix="/admin/newsletters/{newsletter_id}/announce")


@router.get("")
def announce_page(request: Request, admin: Editor, newsletter_id: int) -> Response:
    """The form."""
    return _page(request, admin, _letter(request, newsletter_id), Words())


@router.post("")
def write(
    request: Request,
    admin: Editor,
    newsletter_id: int,
    subject: Annotated[str, Form()] = "",
    intro: Annotated[str, Form()] = "",
) -> Response:
    """Begin an announcement; it goes to nobody before somebody sends it."""
    deps, letter = deps_of(request), _letter(request, newsletter_id)
    words = Words(subject, intro)
    try:
        with deps.database.write() as session:
            number = announce(session, letter.id, words, deps.clock())
            after = {"newsletter": letter.value.slug, "subject": subject.strip()}
            audit(session, admin.login, "issue.announce", f"issue {number}", deps.clock(), ({}, after))
    except IssueError as error:
        return _page(request, admin, letter, words, fault=str(error))
    return RedirectResponse(f"/admin/issues/{number}/review", 303)


def _letter(request: Request, newsletter_id: int) -> StoredNewsletter:
    with deps_of(request).database.read() as session:
        found = newsletter(session, newsletter_id)
    if found is None:
        raise HTTPException(404)
    return found


def _page(request: Request, admin: Admin, letter: StoredNewsletter, words: Words, *, fault: str = "") -> Response:
    return private_page(
        request,
        "admin/announce.html",
        status=422 if fault else 200,
        admin=admin,
        letter=letter,
        words_typed=words,
        faults={"": fault} if fault else {},
        limits={"subject": SUBJECT_LENGTH, "intro": INTRO_LENGTH},
    )
