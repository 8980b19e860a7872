"""The API's announcements: written, and sent or left to wait in review."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import AwareDatetime, BaseModel, Field
from starlette.requests import Request

from syndication.domain.errors import IssueError
from syndication.domain.newsletters import INTRO_LENGTH, SUBJECT_LENGTH
from syndication.domain.scopes import Scope
from syndication.domain.seams import Task
from syndication.store.admins import audit
from syndication.store.announcing import add_articles, announce
from syndication.store.newsletters import newsletter
from syndication.store.reviewing import Words, send_reviewed
from syndication.store.tokens import ApiToken
from syndication.web.api.access import needs
from syndication.web.api.content import Started
from syndication.web.api.problems import PREFIX, Problem
from syndication.web.deps import deps_of

router = APIRouter(prefix=PREFIX)

_Sender = Annotated[ApiToken, Depends(needs(Scope.ISSUES_SEND))]


class AnnouncementIn(BaseModel):
    """One mail outside the schedules. words: Markdown. topics: slugs whose readers get it, empty for all.

    articles: numbers of articles to point out. at: when it goes by itself. send: at once; else it waits in the console.
    """

    newsletter: str
    subject: str = Field(max_length=SUBJECT_LENGTH)
    words: str = Field(max_length=INTRO_LENGTH)
    topics: list[str] = []
    articles: list[int] = []
    at: AwareDatetime | None = None
    send: bool = False


@router.post("/announcements", status_code=202, summary="Write an announcement")
def write(request: Request, token: _Sender, wanted: AnnouncementIn) -> Started:
    """Write one mail to the readers of a newsletter; each gets it once. Show it as an issue by the number answered."""
    deps, by = deps_of(request), f"token {token.token_id}"
    now = deps.clock()
    with deps.database.read() as session:
        letter = newsletter(session, wanted.newsletter)
    if letter is None:
        raise Problem(422, f"There is no newsletter '{wanted.newsletter}'.")
    try:
        with deps.database.write() as session:
            words = Words(wanted.subject, wanted.words)
            number = announce(session, letter.id, words, now, topics=wanted.topics, until=wanted.at)
            add_articles(session, number, wanted.articles, by, now)
            if wanted.send:
                send_reviewed(session, number, now)
            after = {"newsletter": wanted.newsletter, "subject": wanted.subject, "sent": wanted.send}
            audit(session, by, "issue.announce", f"issue {number}", now, ({}, after))
    except IssueError as error:
        raise Problem(422, str(error)) from error
    if wanted.send:
        deps.enqueue(Task.SWEEP, "sweep")
    return Started(issue=number)
