"""What programs may read of newsletters, topics, feeds and issues; and sending an issue now."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel
from starlette.requests import Request

from syndication.domain.errors import IssueError
from syndication.domain.scopes import Scope
from syndication.domain.states import IssueState
from syndication.jobs.compose import send_now
from syndication.store.admins import audit
from syndication.store.browsing import offers
from syndication.store.feed_plans import planned_feeds
from syndication.store.issues import issue_summary, list_issues
from syndication.store.tokens import ApiToken
from syndication.store.topics import topic_lines
from syndication.web.api.access import needs
from syndication.web.api.paging import After, Limit, Page, paged
from syndication.web.api.problems import PREFIX, Problem
from syndication.web.deps import deps_of

router = APIRouter(prefix=PREFIX)

_Reader = Annotated[ApiToken, Depends(needs(Scope.CONTENT_READ))]
_IssueReader = Annotated[ApiToken, Depends(needs(Scope.ISSUES_READ))]
_Sender = Annotated[ApiToken, Depends(needs(Scope.ISSUES_SEND))]


class NewsletterOut(BaseModel):
    """A newsletter. next_slot: when it goes out next, null while it is held."""

    slug: str
    title: str
    description: str
    language: str
    topics: list[str]
    next_slot: datetime | None
    zone: str


class TopicOut(BaseModel):
    """A topic with its rule."""

    slug: str
    title: str
    description: str
    rule: str
    enabled: bool


class FeedOut(BaseModel):
    """A feed, with the address of each of its formats."""

    title: str
    language: str
    atom: str
    rss: str
    json_feed: str


class IssueOut(BaseModel):
    """An issue. planned: how many readers it goes to."""

    id: int
    newsletter: str
    state: IssueState
    slot: datetime | None
    subject: str
    planned: int
    note: str
    created_at: datetime
    closed_at: datetime | None


class IssueDetail(IssueOut):
    """An issue with its deliveries by state."""

    articles: int
    digests: int
    deliveries: dict[str, int]


class SendIn(BaseModel):
    """Which newsletter is sent now."""

    newsletter: str


class Started(BaseModel):
    """The issue that was begun."""

    issue: int


@router.get("/newsletters", summary="All newsletters")
def newsletters(request: Request, token: _Reader) -> Page[NewsletterOut]:
    """All newsletters; there are few, so always one page."""
    del token
    with deps_of(request).database.read() as session:
        found = offers(session)
    items = [
        NewsletterOut(
            slug=one.newsletter.slug,
            title=one.newsletter.title,
            description=one.newsletter.description,
            language=one.newsletter.language,
            topics=list(one.newsletter.topics),
            next_slot=one.next_slot,
            zone=one.zone,
        )
        for one in found
    ]
    return Page(items=items, next=None)


@router.get("/topics", summary="All topics")
def topics(request: Request, token: _Reader) -> Page[TopicOut]:
    """All topics in their order, always one page."""
    del token
    deps = deps_of(request)
    with deps.database.read() as session:
        found = topic_lines(session, deps.clock())
    items = [
        TopicOut(
            slug=one.value.slug,
            title=one.value.title,
            description=one.value.description,
            rule=one.value.rule,
            enabled=one.enabled,
        )
        for one in found
    ]
    return Page(items=items, next=None)


@router.get("/feeds", summary="All feeds")
def feeds(request: Request, token: _Reader) -> Page[FeedOut]:
    """All feeds with their addresses, always one page."""
    del token
    deps = deps_of(request)
    with deps.database.read() as session:
        found = planned_feeds(session, deps.site)
    items = [
        FeedOut(
            title=one.title,
            language=one.language,
            **{
                name: f"{deps.site.public_url}/feeds/{one.path}.{ending}"
                for name, ending in (("atom", "atom"), ("rss", "rss"), ("json_feed", "json"))
            },
        )
        for one in found
    ]
    return Page(items=items, next=None)


@router.get("/issues", summary="Issues, newest first")
def issues(
    request: Request, token: _IssueReader, newsletter: str | None = None, after: After = None, limit: Limit = 50
) -> Page[IssueOut]:
    """Issues of all newsletters, or of one (its slug)."""
    del token
    with deps_of(request).database.read() as session:
        found = list_issues(session, limit + 1, newsletter, before=after)
    items = [IssueOut.model_validate(one, from_attributes=True) for one in found]
    return paged(items, limit, lambda one: one.id)


@router.get("/issues/{issue_id}", summary="One issue")
def issue(request: Request, token: _IssueReader, issue_id: int) -> IssueDetail:
    """One issue with what became of its deliveries."""
    del token
    with deps_of(request).database.read() as session:
        found = issue_summary(session, issue_id)
    if found is None:
        raise Problem(404, f"There is no issue {issue_id}.")
    line = IssueOut.model_validate(found.line, from_attributes=True)
    counts = {state.value: number for state, number in found.counts.items()}
    return IssueDetail(**line.model_dump(), articles=found.articles, digests=found.digests, deliveries=counts)


@router.post("/issues", status_code=202, summary="Send an issue now")
def send(request: Request, token: _Sender, wanted: SendIn) -> Started:
    """Begin an issue of a newsletter outside its slots; 409 when another one is in the way."""
    deps = deps_of(request)
    now = deps.clock()
    with deps.database.read() as session:
        known = {one.newsletter.slug: one.newsletter_id for one in offers(session)}
    if wanted.newsletter not in known:
        raise Problem(422, f"There is no newsletter '{wanted.newsletter}'.")
    try:
        number = send_now(deps.database, deps.enqueue, wanted.newsletter, now)
    except IssueError as error:
        raise Problem(409, str(error)) from error
    with deps.database.write() as session:
        target = f"newsletter {known[wanted.newsletter]}"
        audit(session, f"token {token.token_id}", "newsletter.send", target, now, ({}, {"issue": number}))
    return Started(issue=number)
