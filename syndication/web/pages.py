"""Pages for everybody: home, feeds, articles, the archive; and what machines ask: health, static files."""

from dataclasses import dataclass
from typing import Final

import structlog
from fastapi import APIRouter, HTTPException
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from syndication.domain.articles import Story, beyond, told_once
from syndication.domain.errors import StoreError
from syndication.domain.site import FRONT_HEADER, Front
from syndication.domain.topics import Topic
from syndication.html.text import paragraphs
from syndication.lang.sentences import sentence
from syndication.store.browsing import (
    Offer,
    article_credit,
    articles_of_issue,
    is_removed_article,
    offer_of,
    offers,
    past_issue,
    past_issues,
)
from syndication.store.migrate import require_current
from syndication.store.stories import newest_stories, stories_of, story_by_uid
from syndication.web import feed_pages
from syndication.web.deps import deps_of
from syndication.web.language import offered_by, offered_by_all, spoken
from syndication.web.mailbox import may_see_mailbox
from syndication.web.render import icon_answer, message_page, page, static_answer
from syndication.web.security import front_of, private_peer

_log = structlog.get_logger()
router = APIRouter()
router.include_router(feed_pages.router)

_HEADLINES: Final = 4
_PAST_ISSUES: Final = 200
_ARTICLES_A_PAGE: Final = 500
_GONE: Final = (sentence("This article is gone"), sentence("It was withdrawn."))
_KEPT_BRIEFLY: Final = {"Cache-Control": "public, max-age=300"}


@dataclass(frozen=True, slots=True)
class Shelf:
    """A topic with some of its stories, as pages list them."""

    topic: Topic
    stories: tuple[Story, ...]


@router.get("/")
def home(request: Request) -> Response:
    """The newsletters with their newest headlines."""
    deps = deps_of(request)
    with deps.database.read() as session:
        offered = offers(session)
    languages = offered_by_all([offer.newsletter for offer in offered])
    language = spoken(request, languages).language
    with deps.database.read() as session:
        found = [(offer, _headlines(session, offer, language)) for offer in offered]
    topics = [topic for offer, _ in found for topic in offer.topics]
    first = found[0][0] if found else None
    accent = first.newsletter.accent if first else ""
    return page(
        request,
        "home.html",
        found=found,
        topics=topics,
        offer=first,
        accent=accent,
        offered=languages,
        mailbox=may_see_mailbox(request),
    )


@router.get("/articles/{uid}")
def article(request: Request, uid: str) -> Response:
    """One article with its source and why it is in its topics."""
    deps, language = deps_of(request), spoken(request, ()).language
    with deps.database.read() as session:
        found = story_by_uid(session, uid, language)
        is_gone = found is None and is_removed_article(session, uid)
    if is_gone:
        return message_page(request, 410, *_GONE)
    with deps.database.read() as session:
        if found is None:
            raise HTTPException(404)
        story, content = found
        authors = article_credit(session, story.article_id)
    return page(
        request,
        "article.html",
        headers=_KEPT_BRIEFLY,
        story=story,
        content=content,
        authors=authors,
        is_told_below=story.beyond_title != story.summary and _opens_with(content, story.title),
    )


@router.get("/newsletters/")
def newsletters(request: Request) -> Response:
    """The archive of the only newsletter, or the choice among several."""
    with deps_of(request).database.read() as session:
        found = offers(session)
    if len(found) == 1:
        return RedirectResponse(f"/newsletters/{found[0].newsletter.slug}/", 302)
    return page(request, "newsletters.html", found=found)


@router.get("/newsletters/{name}")
def archive_without_slash(request: Request, name: str) -> Response:
    """The other spelling of an archive's address."""
    with deps_of(request).database.read() as session:
        _offer(session, name)
    return RedirectResponse(f"/newsletters/{name}/", 308)


@router.get("/newsletters/{name}/")
def archive(request: Request, name: str) -> Response:
    """The past issues of a newsletter, and the slots when nothing was sent."""
    with deps_of(request).database.read() as session:
        offer = _offer(session, name)
        issues = past_issues(session, offer.newsletter_id, _PAST_ISSUES)
    return page(request, "archive.html", offer=offer, accent=offer.newsletter.accent, issues=issues)


@router.get("/newsletters/{name}/{number}")
def issue(request: Request, name: str, number: int) -> Response:
    """All articles of one issue by topic: what a reader of every topic was sent, and what the caps left out."""
    with deps_of(request).database.read() as session:
        offer = _offer(session, name)
        past = past_issue(session, offer.newsletter_id, number)
        if past is None:
            raise HTTPException(404)
        language = spoken(request, offered_by(offer.newsletter)).language
        ids = articles_of_issue(session, number, offer.newsletter.topics, _ARTICLES_A_PAGE)
        shelves = _shelves(offer, stories_of(session, ids, language))
    accent = offer.newsletter.accent
    return page(request, "issue.html", headers=_KEPT_BRIEFLY, offer=offer, accent=accent, past=past, shelves=shelves)


@router.get("/healthz")
def healthz(request: Request) -> Response:
    """Whether this process answers, and what it hears of its visitors."""
    front = front_of(request)
    if front is Front.NOT_BELIEVED and (peer := private_peer(request)):
        _log.warning("front_not_believed", peer=peer, setting="[server] proxies")
    return PlainTextResponse("ok\n", headers={"Cache-Control": "no-store", FRONT_HEADER: front})


@router.get("/readyz")
def readyz(request: Request) -> Response:
    """Whether requests can be served: the database answers and has the tables this version needs."""
    try:
        require_current(deps_of(request).database)
    except StoreError as error:
        return PlainTextResponse(f"{error}\n", 503, headers={"Cache-Control": "no-store"})
    return PlainTextResponse("ok\n", headers={"Cache-Control": "no-store"})


@router.get("/static/{name}")
def static(name: str, v: str = "") -> Response:
    """A style sheet or script; `v` is its hash."""
    found = static_answer(name, v)
    if found is None:
        raise HTTPException(404)
    return found


@router.get("/favicon.ico")
def icon() -> Response:
    """The icon of our pages, where browsers look for it when what they opened names none: a feed."""
    return icon_answer()


@router.get("/robots.txt")
def robots(request: Request) -> Response:
    """What crawlers are asked not to fetch, and where they find everything else."""
    closed = ("/admin/", "/feeds/me/", "/confirm/", "/preferences/", "/unsubscribe/", "/view/", "/mailbox/")
    lines = "".join(f"Disallow: {path}\n" for path in closed)
    return PlainTextResponse(
        f"User-agent: *\n{lines}\nSitemap: {deps_of(request).site.public_url}/sitemap.xml\n", headers=_KEPT_BRIEFLY
    )


def _offer(session: Session, name: str) -> Offer:
    found = offer_of(session, name)
    if found is None:
        raise HTTPException(404)
    return found


def _opens_with(content: str, title: str) -> bool:
    """Whether the first words of HTML are a title that was made of them."""
    first = next(iter(paragraphs(content)), "")
    return beyond(title, first) != first


def _headlines(session: Session, offer: Offer, language: str) -> list[Shelf]:
    return [
        Shelf(topic, tuple(newest_stories(session, [topic.slug], language, limit=_HEADLINES))) for topic in offer.topics
    ]


def _shelves(offer: Offer, stories: list[Story]) -> list[Shelf]:
    """Each story once, under the topic of the newsletter that it fits best, as in a digest; others that tell the same beside it."""
    by_topic: dict[str, list[Story]] = {topic.slug: [] for topic in offer.topics}
    for story in told_once(stories):
        best = next((reason.topic for reason in story.reasons if reason.topic in by_topic), None)
        if best is not None:
            by_topic[best].append(story)
    return [Shelf(topic, tuple(by_topic[topic.slug])) for topic in offer.topics if by_topic[topic.slug]]
