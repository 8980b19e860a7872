"""Which language a page speaks: its reader's own, what the visitor chose here before, or what their browser asks for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from syndication.domain.newsletters import Newsletter
from syndication.lang.direction import main_language
from syndication.lang.words import LANGUAGES, accepted_language, own_names
from syndication.store.browsing import spoken_languages
from syndication.web.deps import deps_of

QUERY: Final = "language"
"""The part of an address that chooses a language; the choice is kept in a cookie of the same name."""

_KEPT_S: Final = 366 * 24 * 60 * 60
# Nobody but its owner sees these, and they are written in English.
_CONSOLE: Final = ("/admin", "/api", "/mailbox")
_OK: Final = 200
_FAILED: Final = 500


@dataclass(frozen=True, slots=True)
class Other:
    """A language that the page can be read in too. name: in itself."""

    code: str
    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Spoken:
    """The language of one page. others: the way to each language, the page's own among them; none where there is no choice.

    depends: whether another visitor may get the page in another language. chosen: whether this request chose it.
    """

    language: str
    others: tuple[Other, ...] = ()
    depends: bool = False
    chosen: bool = False

    def dress(self, response: Response) -> None:
        """Tell caches that the page depends on who asks, and the browser what was chosen."""
        if self.depends:
            response.headers.append("Vary", "Accept-Language, Cookie")
        if self.chosen:
            response.headers["Cache-Control"] = "private, no-cache"
            response.set_cookie(QUERY, self.language, max_age=_KEPT_S, httponly=True, samesite="lax")


def offered_by(newsletter: Newsletter) -> tuple[str, ...]:
    """The languages its readers may choose from, its own first."""
    return _offered(newsletter.language, newsletter.languages)


def offered_by_all(newsletters: Sequence[Newsletter]) -> tuple[str, ...]:
    """The languages of any of these newsletters, those of the first first."""
    return tuple(dict.fromkeys(code for one in newsletters for code in offered_by(one)))


def spoken(request: Request, offered: Sequence[str], reader: str = "", status: int = 200) -> Spoken:
    """The language to answer in. offered: () for those of all newsletters. reader: the language of who owns the page.

    status: of the answer; one that tells of a failure asks no database.
    """
    if request.url.path.startswith(_CONSOLE):
        return Spoken("en")
    if reader:
        return Spoken(_known(reader))
    offered = offered or (LANGUAGES if status >= _FAILED else _offered_here(request))
    if len(offered) == 1 or getattr(request.state, "is_exported", False):
        return Spoken(offered[0])
    asked, kept = (values.get(QUERY, "") for values in (request.query_params, request.cookies))
    accepted = accepted_language(request.headers.get("accept-language", ""), offered)
    language = next((one for one in (asked, kept, accepted) if one in offered), offered[0])
    # What was sent cannot be asked for again in another language, and what is not there needs none.
    can_switch = request.method in {"GET", "HEAD"} and status == _OK
    names = own_names(sorted(offered)) if can_switch else {}
    others = tuple(Other(code, name, _address(request, code)) for code, name in names.items())
    return Spoken(language, others, depends=True, chosen=asked in offered)


def _address(request: Request, language: str) -> str:
    url = request.url.include_query_params(**{QUERY: language})
    return f"{url.path}?{url.query}"


def _offered_here(request: Request) -> tuple[str, ...]:
    """Those of all newsletters; the site's own first."""
    deps = deps_of(request)
    with deps.database.read() as session:
        found = [code for own, others in spoken_languages(session) for code in _offered(own, others)]
    site = _known(deps.site.language)
    return tuple(dict.fromkeys([site, *found] if site in found or not found else found))


def _offered(own: str, others: Sequence[str]) -> tuple[str, ...]:
    first = _known(own)
    return first, *(code for code in LANGUAGES if code != first and (code in others or not others))


def _known(language: str) -> str:
    main = main_language(language)
    return main if main in LANGUAGES else "en"
