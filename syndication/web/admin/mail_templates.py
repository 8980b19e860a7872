"""The console's pages of e-mail templates: all versions, one to edit, a preview with real articles, and the way back.

What an admin writes is compiled and tried out in a process under limits before it is kept; only what was kept can be used.
"""

from dataclasses import dataclass
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Form, HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from syndication.compose.templates import MAILS, SOURCE_LIMIT
from syndication.domain.errors import TemplateError
from syndication.domain.templates import Template, TemplateSource
from syndication.jobs.templates import keep_own_template
from syndication.lang.words import LANGUAGES, own_names
from syndication.store.admins import audit
from syndication.store.browsing import Offer, offer_of, offers
from syndication.store.templates import (
    Version,
    activate_version,
    active_template,
    template_version,
    use_product_template,
    versions,
)
from syndication.web.admin.access import SignedIn
from syndication.web.admin.mail_preview import Shown, ShownQuery, preview_answer, preview_body
from syndication.web.deps import deps_of
from syndication.web.render import message_page, private_page

router = APIRouter(prefix="/admin/templates")

_KB: Final = 1_000
_MOST_KB: Final = 90


@dataclass(frozen=True, slots=True)
class Draft:
    """What stands in the form, and what is wrong with it."""

    source: TemplateSource
    fault: str = ""
    part: str = ""
    line: int | None = None

    @property
    def excerpt(self) -> str:
        """The line at fault, "" when nobody knows it."""
        lines = {"subject": self.source.subject, "text": self.source.text, "mjml": self.source.mjml}
        found = lines.get(self.part, "").splitlines()
        return found[self.line - 1].strip() if self.line and self.line <= len(found) else ""


@router.get("/")
def templates_page(request: Request, admin: SignedIn) -> Response:
    """Every newsletter's mails, and which version each is made with."""
    with deps_of(request).database.read() as session:
        found, letters = versions(session), offers(session)
    used = {(version.newsletter, version.name): version for version in found if version.is_active}
    rows = [
        (offer.newsletter, [(name, used.get((offer.newsletter.slug, name)) or used.get(("", name))) for name in MAILS])
        for offer in letters
    ]
    return private_page(request, "admin/templates.html", admin=admin, rows=rows)


@router.get("/{newsletter}/{mail}")
def template_page(
    request: Request, admin: SignedIn, newsletter: str, mail: str, shown: ShownQuery, version: int = 0
) -> Response:
    """The versions of one mail, one of them to edit, and what its readers would get."""
    offer = _offer(request, newsletter, mail)
    version_id, _, source = _version(request, offer, mail, version)
    return _page(request, admin, offer, version_id, Draft(source), shown)


@router.post("/{newsletter}/{mail}")
def keep(  # noqa: PLR0913 - the fields of the form
    request: Request,
    admin: SignedIn,
    newsletter: str,
    mail: str,
    *,
    subject: Annotated[str, Form()] = "",
    text: Annotated[str, Form()] = "",
    mjml: Annotated[str, Form()] = "",
) -> Response:
    """Check what was written, and keep it as a version. It is not used yet; a mistake is shown with its line."""
    deps, offer = deps_of(request), _offer(request, newsletter, mail)
    source = TemplateSource(mail, *(_lines(part) for part in (subject, text, mjml)))
    now = deps.clock()
    try:
        kept = keep_own_template(deps.database, source, offer.newsletter_id, admin.login, now)
    except TemplateError as error:
        active, _, _ = _version(request, offer, mail, 0)
        draft = Draft(source, str(error), error.part or "", error.line)
        return _page(request, admin, offer, active, draft, Shown(), status=422)
    with deps.database.write() as session:
        audit(session, admin.login, "template.keep", f"{newsletter}/{mail} version {kept}", now)
    return RedirectResponse(f"/admin/templates/{newsletter}/{mail}?version={kept}#preview", 303)


@router.post("/{newsletter}/{mail}/use")
def use(request: Request, admin: SignedIn, newsletter: str, mail: str, version: Annotated[int, Form()] = 0) -> Response:
    """Use a version from now on: a new one, or an older one again; 0 for the one that comes with the product."""
    deps, offer = deps_of(request), _offer(request, newsletter, mail)
    now = deps.clock()
    with deps.database.write() as session:
        found = template_version(session, version) if version else None
        if version and (found is None or found[2] != offer.newsletter_id or found[0].name != mail):
            raise HTTPException(404)
        if found:
            activate_version(session, mail, offer.newsletter_id, found[0].hash)
        else:
            use_product_template(session, mail, offer.newsletter_id)
        audit(session, admin.login, "template.use", f"{newsletter}/{mail} version {version}", now)
    return RedirectResponse(f"/admin/templates/{newsletter}/{mail}", 303)


@router.get("/{newsletter}/{mail}/preview")
def preview(
    request: Request, admin: SignedIn, newsletter: str, mail: str, shown: ShownQuery, version: int = 0
) -> Response:
    """What a reader would get, for a frame."""
    del admin
    offer = _offer(request, newsletter, mail)
    _, template, _ = _version(request, offer, mail, version)
    try:
        return preview_answer(preview_body(request, offer, offer.newsletter, template, shown), shown)
    except TemplateError as error:
        return message_page(request, 422, "It cannot be rendered", str(error))


def _page(  # noqa: PLR0913 - what the page shows
    request: Request,
    admin: SignedIn,
    offer: Offer,
    version_id: int,
    draft: Draft,
    shown: Shown,
    *,
    status: int = 200,
) -> Response:
    mail = draft.source.name
    _, template, _ = _version(request, offer, mail, version_id)
    with deps_of(request).database.read() as session:
        found = [one for one in versions(session) if one.name == mail and one.newsletter in {"", offer.newsletter.slug}]
    size, subject, fault = 0, "", ""
    try:
        body = preview_body(request, offer, offer.newsletter, template, shown)
        size, subject = len(body.html.encode()), body.subject
    except TemplateError as error:
        fault = str(error)
    query = urlencode(shown.model_dump(exclude={"part", "width", "scheme"}, exclude_defaults=True), doseq=True)
    return private_page(
        request,
        "admin/template.html",
        status=status,
        admin=admin,
        offer=offer,
        mail=mail,
        version_id=version_id,
        versions=_shown_versions(found, offer.newsletter.slug),
        draft=draft,
        shown=shown,
        query=query,
        languages=own_names(LANGUAGES),
        preview_fault=fault,
        subject=subject,
        size_kb=size / _KB,
        most_kb=_MOST_KB,
        source_limit=SOURCE_LIMIT,
    )


def _shown_versions(found: list[Version], slug: str) -> list[tuple[Version, bool]]:
    """Own versions and the product's in use, each with whether readers get it."""
    has_own = any(one.is_active and one.newsletter == slug for one in found)
    return [
        (one, one.is_active and (one.newsletter == slug or not has_own))
        for one in found
        if one.newsletter == slug or one.is_active
    ]


def _version(request: Request, offer: Offer, mail: str, version: int) -> tuple[int, Template, TemplateSource]:
    """A version of this mail by id, 0 for the one in use. Raises HTTPException 404."""
    with deps_of(request).database.read() as session:
        number = version or active_template(session, mail, offer.newsletter_id)[0]
        found = template_version(session, number)
    if found is None or found[0].name != mail or found[2] not in {None, offer.newsletter_id}:
        raise HTTPException(404)
    return number, found[0], found[1]


def _offer(request: Request, newsletter: str, mail: str) -> Offer:
    with deps_of(request).database.read() as session:
        offer = offer_of(session, newsletter)
    if offer is None or mail not in MAILS:
        raise HTTPException(404)
    return offer


def _lines(words: str) -> str:
    """What a form sent, with plain line ends."""
    return words.replace("\r\n", "\n")
