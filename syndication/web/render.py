"""Templates → pages. Everything is escaped; a missing value is an error, not an empty place."""

import hashlib
import mimetypes
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from syndication.compose.values import plain_term
from syndication.domain.plural import plural
from syndication.domain.site import Profile
from syndication.html.markdown import from_markdown
from syndication.lang.names import language_name
from syndication.store.browsing import Offer
from syndication.web.accent import accent_css
from syndication.web.admin.nav import ENTRIES, UNDER_SETTINGS, is_current
from syndication.web.deps import deps_of
from syndication.web.language import offered_by, spoken
from syndication.web.security import PRIVATE, SECRET_ADDRESS
from syndication.web.words import CONSENT, clock_words, day_here, page_words, slot_here

_FOLDER: Final = Path(__file__).parent
_ACCENT: Final = re.compile(r"accent-([0-9a-f]{6})\.css")
_FOR_EVER: Final = "public, max-age=31536000, immutable"
_LONG: Final = "public, max-age=604800"
_BRIEFLY: Final = "public, max-age=300"


@lru_cache(maxsize=1)
def templates() -> Environment:
    """The environment of all pages, the console's too."""
    environment = Environment(
        loader=FileSystemLoader(_FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        # An upgrade puts new files in place while the old code still runs; it goes on with those it has read.
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(static=static_url, consent=CONSENT)
    environment.globals.update(console_entries=ENTRIES, console_settings=UNDER_SETTINGS, is_current=is_current)
    environment.filters.update(day_in=day_here, slot=slot_here, clock=clock_words, plural=plural)
    environment.filters.update(markdown=from_markdown, language=language_name, term=plain_term)
    return environment


def page(
    request: Request, name: str, *, status: int = 200, headers: Mapping[str, str] | None = None, **values: object
) -> Response:
    """A page from a template, in the language of its visitor. It always has `site`, `path`, `is_trial` and `page_words`.

    `accent` ('#rrggbb') is optional. `reader` (store.browsing.ReaderPage): whose page it is. `offer`: the newsletter it is about;
    `offered`: the languages to choose from, where they are not the newsletter's.
    """
    deps = deps_of(request)
    speaks = spoken(request, _offered(values), getattr(values.get("reader"), "language", ""), status)
    html = (
        templates()
        .get_template(name)
        .render(
            {
                "site": deps.site,
                "path": request.url.path,
                "is_trial": deps.profile is Profile.TRIAL,
                "accent": "",
                "offer": None,
                "reader": None,
                "others": speaks.others,
                **page_words(speaks.language),
                **values,
            }
        )
    )
    response = HTMLResponse(html, status, headers={"Cache-Control": "no-cache", **(headers or {})})
    speaks.dress(response)
    return response


def private_page(request: Request, name: str, *, status: int = 200, **values: object) -> Response:
    """A page that nobody keeps and no search engine lists; for who is logged in, and for the mailbox."""
    return page(request, name, status=status, headers=PRIVATE, **values)


def token_page(request: Request, name: str, *, status: int = 200, **values: object) -> Response:
    """A page whose address holds a token: as `private_page`, and no other page learns the address."""
    return page(request, name, status=status, headers=SECRET_ADDRESS, **values)


def message_page(request: Request, status: int, title: str, words: str, **values: object) -> Response:
    """A page of one marked sentence, for what went wrong. values: as `page` has them."""
    headers = {"X-Robots-Tag": "noindex"}
    return page(request, "message.html", status=status, headers=headers, title=title, words=words, **values)


def static_url(name: str) -> str:
    """The address of a file in static/, with its hash, so that browsers keep it for good."""
    return f"/static/{name}?v={_static_file(name)[1]}"


def static_answer(name: str, version: str) -> Response | None:
    """A file in static/, or the style sheet of an accent ('accent-0b5fa5.css'); None when there is no such file."""
    accent = _ACCENT.fullmatch(name)
    if accent:
        return Response(accent_css(f"#{accent[1]}"), media_type="text/css", headers={"Cache-Control": _FOR_EVER})
    if name not in _static_names():
        return None
    return _static_answer(name, _FOR_EVER if version == _static_file(name)[1] else _BRIEFLY)


def icon_answer() -> Response:
    """The icon for an address without its hash."""
    return _static_answer("favicon.ico", _LONG)


def _static_answer(name: str, kept: str) -> Response:
    body, digest = _static_file(name)
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return Response(body, media_type=kind, headers={"Cache-Control": kept, "ETag": f'"{digest}"'})


def _offered(values: Mapping[str, object]) -> Sequence[str]:
    """The languages of what a page is about; () where it is about no newsletter."""
    if isinstance(found := values.get("offered"), tuple):
        return found
    return offered_by(offer.newsletter) if isinstance(offer := values.get("offer"), Offer) else ()


@lru_cache(maxsize=1)
def _static_names() -> frozenset[str]:
    return frozenset(path.name for path in (_FOLDER / "static").iterdir() if path.is_file())


@lru_cache(maxsize=32)
def _static_file(name: str) -> tuple[bytes, str]:
    body = (_FOLDER / "static" / name).read_bytes()
    return body, hashlib.sha256(body).hexdigest()[:12]
