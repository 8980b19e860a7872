"""Feeds for people: the list of all, a page for each, OPML; and the map of the site for search engines."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

from fastapi import APIRouter, HTTPException, Query
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from syndication.domain.feeds import MOST_TOPICS, FeedFormat, page_of_topics
from syndication.domain.site import Profile
from syndication.lang.sentences import sentence
from syndication.store.browsing import Offer, offers
from syndication.store.feed_plans import FeedKind, FeedPlan, planned_feeds
from syndication.store.feed_requests import Asked, Meant, Moved, meant_feed
from syndication.store.publishing import outline_feed
from syndication.store.site_map import ADDRESSES_A_MAP, article_addresses, number_of_maps, page_addresses
from syndication.store.stories import stories_of
from syndication.web.deps import deps_of
from syndication.web.language import spoken
from syndication.web.render import page

router = APIRouter()

KEPT_BRIEFLY: Final = {"Cache-Control": "public, max-age=300"}
_STORIES: Final = 20
_NONE_CHOSEN: Final = sentence("Choose at least one topic.")
_TOO_MANY: Final = sentence("Choose at most {most} topics, or take the feed of everything.")
_GROUPS: Final = (
    (FeedKind.TOPIC, sentence("Topics")),
    (FeedKind.LANGUAGE, sentence("Languages")),
    (FeedKind.SOURCE, sentence("Sources")),
)
_READERS: Final = (
    ("Feedly", "https://feedly.com/i/subscription/feed%2F{}"),
    ("Inoreader", "https://www.inoreader.com/?add_feed={}"),
    ("NewsBlur", "https://www.newsblur.com/?url={}"),
    ("The Old Reader", "https://theoldreader.com/feeds/subscribe?url={}"),
)


@dataclass(frozen=True, slots=True)
class Address:
    """A feed in one format. url: absolute."""

    form: str
    media_type: str
    path: str
    url: str


@dataclass(frozen=True, slots=True)
class Listed:
    """A feed as pages list it. path: of its page."""

    title: str
    about: str
    path: str
    addresses: tuple[Address, ...]


_FORMS: Final = (
    (FeedFormat.ATOM, "Atom", "application/atom+xml"),
    (FeedFormat.RSS, "RSS", "application/rss+xml"),
    (FeedFormat.JSON, "JSON Feed", "application/feed+json"),
)


@router.get("/feeds/")
def feeds(request: Request) -> Response:
    """All feeds, and how to subscribe."""
    return _all_feeds(request)


def _all_feeds(request: Request, fault: str = "", chosen: frozenset[str] = frozenset()) -> Response:
    deps = deps_of(request)
    with deps.database.read() as session:
        plans = planned_feeds(session, deps.site)
    groups = [(title, [_listed(request, plan) for plan in plans if plan.kind is kind]) for kind, title in _GROUPS]
    everything = _listed(request, plans[0])
    return page(
        request,
        "feeds.html",
        status=422 if fault else 200,
        headers={} if fault else KEPT_BRIEFLY,
        everything=everything,
        groups=groups,
        fault=fault,
        chosen=chosen,
        most=MOST_TOPICS,
    )


@router.get("/feeds")
def feeds_without_slash() -> Response:
    """The other spelling of /feeds/."""
    return RedirectResponse("/feeds/", 308)


@router.get("/feeds/choose")
def choose(request: Request, topic: Annotated[list[str] | None, Query()] = None) -> Response:
    """The page of the feed of some topics, chosen on the list of all."""
    chosen = frozenset(topic or [])
    if not chosen:
        return _all_feeds(request, _NONE_CHOSEN)
    if len(chosen) > MOST_TOPICS:
        return _all_feeds(request, _TOO_MANY, chosen)
    return RedirectResponse(quote(page_of_topics(chosen), safe="/+"), 303)


@router.get("/feeds/all/")
def everything_page(request: Request) -> Response:
    """The newest articles of the feed of everything, and how to subscribe to it."""
    return _page(request, "/feeds/all")


@router.get("/feeds/{kind}/{key}/")
def feed_page(request: Request, kind: str, key: str) -> Response:
    """The newest articles of one feed, and how to subscribe to it."""
    return _page(request, f"/feeds/{kind}/{key}")


@router.get("/feeds/all")
@router.get("/feeds/{kind}/{key}")
def feed_page_without_slash(request: Request) -> Response:
    """The other spelling of a feed's page."""
    return RedirectResponse(f"{request.url.path}/", 308)


@router.get("/feeds.opml")
def opml(request: Request, topic: Annotated[list[str] | None, Query()] = None) -> Response:
    """All feeds as one file for a feed reader, or those of some topics. Source: OPML 2.0."""
    deps = deps_of(request)
    with deps.database.read() as session:
        plans = planned_feeds(session, deps.site)
    if topic:
        plans = [plan for plan in plans if plan.kind is FeedKind.TOPIC and plan.path.rpartition("/")[2] in topic]
        groups = [("Topics", plans)]
    else:
        groups = [(title, [plan for plan in plans if plan.kind is kind]) for kind, title in _GROUPS]
    public_url = deps.site.public_url
    lines = [] if topic else [_outline(public_url, plans[0], "    ")]
    for title, some in groups:
        if some:
            lines += [f"    <outline text={quoteattr(title)}>"]
            lines += [_outline(public_url, plan, "      ") for plan in some]
            lines += ["    </outline>"]
    body = (
        '<?xml version="1.0" encoding="utf-8"?>\n<opml version="2.0">\n'
        f"  <head><title>{_text(deps.site.title)}</title></head>\n  <body>\n{chr(10).join(lines)}\n  </body>\n</opml>\n"
    )
    named = {"Content-Disposition": 'attachment; filename="feeds.opml"', **KEPT_BRIEFLY}
    return Response(body, media_type="text/x-opml; charset=utf-8", headers=named)


@router.get("/sitemap.xml")
def site_map(request: Request) -> Response:
    """The list of the maps of this site. Source: sitemaps.org, protocol 0.9: at most 50,000 addresses a map."""
    deps = deps_of(request)
    with deps.database.read() as session:
        number = number_of_maps(session)
    maps = ["pages", *map(str, range(1, number + 1))]
    places = "".join(f"<sitemap><loc>{deps.site.public_url}/sitemap/{name}.xml</loc></sitemap>\n" for name in maps)
    return _xml("sitemapindex", places)


@router.get("/sitemap/{name}.xml")
def one_map(request: Request, name: str) -> Response:
    """One map: 'pages', or a number for so many articles."""
    deps = deps_of(request)
    with deps.database.read() as session:
        if name == "pages":
            found: list[tuple[str, datetime | None]] = [(path, None) for path in page_addresses(session, deps.site)]
        elif name.isascii() and name.isdigit() and len(name) < len(str(ADDRESSES_A_MAP)):
            found = list(article_addresses(session, int(name)))
        else:
            found = []
    if not found:
        raise HTTPException(404)
    return _xml("urlset", "".join(_place(deps.site.public_url + path, at) for path, at in found))


def _place(url: str, at: datetime | None) -> str:
    changed = f"<lastmod>{at.replace(microsecond=0).isoformat()}</lastmod>" if at else ""
    return f"<url><loc>{_text(url)}</loc>{changed}</url>\n"


def _page(request: Request, path: str) -> Response:
    deps, language = deps_of(request), spoken(request, ()).language
    with deps.database.read() as session:
        meant = meant_feed(session, deps.site, Asked(path))
        if isinstance(meant, Moved):
            return RedirectResponse(f"{meant.path}/", 301, headers=KEPT_BRIEFLY)
        if not isinstance(meant, Meant):
            raise HTTPException(404)
        plan = meant.plan
        ids = [article.id for article in outline_feed(session, deps.site, plan).articles[:_STORIES]]
        offer = _publication(session, plan)
        stories = stories_of(session, ids, plan.language or language)
    feed = _listed(request, plan)
    readers = [] if deps.profile is Profile.TRIAL else _one_click(feed.addresses[0].url)
    accent = offer.newsletter.accent if offer else ""
    return page(
        request,
        "feed.html",
        headers=KEPT_BRIEFLY,
        feed=feed,
        stories=stories,
        readers=readers,
        offer=offer,
        offered=(),
        accent=accent,
    )


def _publication(session: Session, plan: FeedPlan) -> Offer | None:
    """The newsletter whose look a feed's page has: the oldest that offers one of its topics, or any for other feeds."""
    slugs = set(plan.path.rpartition("/")[2].split("+")) if plan.kind is FeedKind.TOPIC else set()
    return next((offer for offer in offers(session) if not slugs or slugs & set(offer.newsletter.topics)), None)


def _listed(request: Request, plan: FeedPlan) -> Listed:
    site = deps_of(request).site
    title = sentence("Everything") if plan.kind is FeedKind.ALL else plan.title.removesuffix(f" · {site.title}")
    return Listed(title, plan.description, f"{plan.path}/", addresses_of(site.public_url, plan.path))


def addresses_of(public_url: str, path: str) -> tuple[Address, ...]:
    """A feed's addresses, the format that most readers get right first. path: without an ending."""
    return tuple(
        Address(name, media_type, f"{path}.{form}", f"{public_url}{path}.{form}") for form, name, media_type in _FORMS
    )


def _one_click(url: str) -> list[tuple[str, str]]:
    """Name and address of a page at each common reader that adds the feed; first the programs on this machine."""
    return [
        (sentence("Program on this device"), f"feed:{url}"),
        *((name, form.format(quote(url, safe=""))) for name, form in _READERS),
    ]


def _outline(public_url: str, plan: FeedPlan, indent: str) -> str:
    title, url = quoteattr(plan.title), f"{public_url}{plan.path}"
    page_url = quoteattr(f"{url}/")
    return (
        f'{indent}<outline type="rss" text={title} title={title} xmlUrl={quoteattr(f"{url}.atom")} htmlUrl={page_url}/>'
    )


def _xml(root: str, content: str) -> Response:
    name_space = "http://www.sitemaps.org/schemas/sitemap/0.9"
    body = f'<?xml version="1.0" encoding="utf-8"?>\n<{root} xmlns="{name_space}">\n{content}</{root}>\n'
    return Response(body, media_type="application/xml; charset=utf-8", headers=KEPT_BRIEFLY)


def _text(words: str) -> str:
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
