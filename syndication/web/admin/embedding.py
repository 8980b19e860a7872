"""The console's page with a newsletter's sign-up form for other sites: HTML to paste."""

from urllib.parse import urlsplit

from fastapi import APIRouter, HTTPException
from starlette.requests import Request
from starlette.responses import Response

from syndication.lang.words import own_names
from syndication.store.browsing import offer_of
from syndication.web.admin.access import SignedIn
from syndication.web.deps import deps_of
from syndication.web.language import offered_by
from syndication.web.render import private_page, templates
from syndication.web.words import page_words

router = APIRouter(prefix="/admin/newsletters/{name}/form")


@router.get("")
def form_page(
    request: Request, admin: SignedIn, name: str, language: str = "", with_topics: str | None = None
) -> Response:
    """The form, in a language that the newsletter offers; with its topics unless the page was asked without."""
    deps = deps_of(request)
    with deps.database.read() as session:
        offer = offer_of(session, name)
    if offer is None:
        raise HTTPException(404)
    languages = offered_by(offer.newsletter)
    code = language if language in languages else languages[0]
    has_topics = bool(with_topics) or not language
    values = {**page_words(code), "site": deps.site, "offer": offer, "with_topics": has_topics}
    snippet = templates().get_template("embed.html").render(values)
    return private_page(
        request,
        "admin/embed.html",
        admin=admin,
        offer=offer,
        code=code,
        languages=own_names(languages),
        with_topics=has_topics,
        snippet=snippet,
        origin="{0.scheme}://{0.netloc}".format(urlsplit(deps.site.public_url)),
    )
