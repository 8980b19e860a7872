"""The console's page of a newsletter's look: logo, colours, words around the stories, order of sections; no template needed."""

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel, ConfigDict
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from syndication.compose.colour import AA, INK, NIGHT, PAPER, contrast, is_colour, palette
from syndication.domain.errors import PictureError
from syndication.domain.newsletters import FOOTER_LENGTH, HEADER_LENGTH
from syndication.domain.pictures import MOST_BYTES, picture_from
from syndication.domain.seams import Task
from syndication.jobs.entry_faults import POSTAL_LENGTH, look_fault
from syndication.store.admins import audit
from syndication.store.browsing import Offer, offer_of
from syndication.store.editing import lock_newsletter
from syndication.store.looks import Look, keep_picture, look_of, save_look
from syndication.store.templates import active_template
from syndication.web.admin.access import SignedIn
from syndication.web.admin.forms import Filled, changes, mark_of, overtaken
from syndication.web.admin.mail_preview import Shown, preview_answer, preview_body
from syndication.web.deps import deps_of
from syndication.web.render import private_page

router = APIRouter(prefix="/admin/newsletters/{name}/look")

_LABELS: Final = MappingProxyType(
    {
        "logo": "Logo",
        "accent": "Colour of titles and buttons",
        "ground": "Colour around the sheet",
        "header": "Line under the title",
        "footer": "Words at the end",
        "postal_address": "Postal address",
        "sections": "Order of the sections",
    }
)


class _Fields(BaseModel):
    """The form, without the file. order: topics (slugs) by the number beside each."""

    model_config = ConfigDict(frozen=True)

    accent: str = ""
    ground: str = ""
    header: str = ""
    footer: str = ""
    postal_address: str = ""
    logo: str = ""
    order: str = ""


@dataclass(frozen=True, slots=True)
class Swatch:
    """A colour as it is used: words on a ground, and how well they can be read. changed: it was made readable."""

    where: str
    words: str
    ground: str
    ratio: float
    changed: bool


@router.get("")
def look_page(request: Request, admin: SignedIn, name: str, saved: str = "") -> Response:
    """The form, with the mail as it looks now."""
    offer = _offer(request, name)
    return _page(request, admin, offer, look_of(offer.newsletter), saved=bool(saved))


@router.post("")
async def change_look(request: Request, admin: SignedIn, name: str) -> Response:
    """Save the look, or show it first (`show`)."""
    async with request.form(max_files=1, max_fields=100) as form:
        upload = form.get("picture")
        body = await upload.read(MOST_BYTES + 1) if not isinstance(upload, str) and upload is not None else b""
        words = {key: value for key, value in form.multi_items() if isinstance(value, str)}
    return await run_in_threadpool(_change, request, admin, name, words, body)


@router.get("/mail")
def look_mail(
    request: Request, admin: SignedIn, name: str, fields: Annotated[_Fields, Query()], scheme: str = "light"
) -> Response:
    """The digest in a look that may not be saved yet."""
    del admin
    offer = _offer(request, name)
    look = look_of(offer.newsletter)
    given = fields.model_dump(exclude={"order"}, exclude_unset=True)
    tried = replace(look, **given, sections=tuple(filter(None, fields.order.split(","))) or look.sections)
    if look_fault(tried):
        tried = look
    topics = tuple(sorted(offer.topics, key=lambda topic: tried.sections.index(topic.slug)))
    newsletter = replace(
        offer.newsletter,
        accent=tried.accent,
        ground=tried.ground,
        logo=tried.logo,
        header=tried.header,
        footer=tried.footer,
        postal_address=tried.postal_address,
    )
    with deps_of(request).database.read() as session:
        _, template = active_template(session, "digest", offer.newsletter_id)
    shown = Shown(scheme="dark" if scheme == "dark" else "light")
    return preview_answer(preview_body(request, replace(offer, topics=topics), newsletter, template, shown), shown)


def _change(request: Request, admin: SignedIn, name: str, words: dict[str, str], body: bytes) -> Response:
    deps, offer = deps_of(request), _offer(request, name)
    before = look_of(offer.newsletter)
    look, fault = _read(before, words)
    try:
        picture = picture_from(body) if body else None
    except PictureError as error:
        picture, fault = None, fault or str(error)
    if picture:
        look = replace(look, logo=picture.name)
        with deps.database.write() as session:
            keep_picture(session, picture)
    form = Filled(_values(look), words.get("mark", ""), {"": fault} if fault else {})
    if fault or "show" in words:
        return _page(request, admin, offer, look, form)
    form = _save(request, admin, offer, look, form)
    if form.differences:
        return _page(request, admin, offer, look, form)
    deps.enqueue(Task.PUBLISH, "publish")
    return RedirectResponse(f"/admin/newsletters/{name}/look?saved=1", 303)


def _save(request: Request, admin: SignedIn, offer: Offer, look: Look, form: Filled) -> Filled:
    """Save it, unless somebody else saved meanwhile: then the form with what differs."""
    deps, target = deps_of(request), f"newsletter {offer.newsletter_id}"
    with deps.database.write() as session:
        lock_newsletter(session, offer.newsletter_id)
        current = offer_of(session, offer.newsletter.slug)
        before = _values(look_of(current.newsletter)) if current else {}
        if mark_of(before) == form.mark:
            save_look(session, offer.newsletter_id, look)
            audit(session, admin.login, "newsletter.look", target, deps.clock(), changes(before, form.values))
            return form
        return overtaken(session, form, before, _LABELS, target)


def _read(before: Look, words: dict[str, str]) -> tuple[Look, str]:
    """The look that a form describes, and what is wrong with it."""
    places = {slug: _number(words.get(f"place-{slug}", "")) for slug in before.sections}
    look = Look(
        accent=words.get("accent", before.accent).strip().lower(),
        ground=words.get("ground", before.ground).strip().lower(),
        logo="" if "no_logo" in words else words.get("logo", before.logo),
        header=words.get("header", before.header).strip(),
        footer="\n".join(words.get("footer", before.footer).split("\r\n")).strip(),
        postal_address=words.get("postal_address", before.postal_address).strip(),
        sections=tuple(sorted(before.sections, key=lambda slug: places[slug])),
    )
    return look, look_fault(look)


def _number(words: str) -> int:
    return int(words) if words.isdecimal() and len(words) < 5 else 9_999  # noqa: PLR2004 - what is not written comes last


def _swatches(look: Look) -> list[Swatch]:
    """Where the chosen colours are used, and whether they had to be changed to be readable. Source: WCAG 2.2, 1.4.3."""
    made = palette(look.accent, look.ground)
    used = (
        ("Titles of sections, by day", made["accent"], PAPER, made["accent"] != look.accent),
        ("Titles of sections, by night", made["accent_dark"], NIGHT, made["accent_dark"] != look.accent),
        ("Words of buttons", made["on_accent"], made["accent"], False),
        ("Words around the sheet", made["on_ground"], made["ground"], False),
        ("Words of the stories", INK, PAPER, False),
    )
    return [Swatch(where, words, ground, contrast(words, ground), changed) for where, words, ground, changed in used]


def _page(
    request: Request, admin: SignedIn, offer: Offer, look: Look, form: Filled | None = None, *, saved: bool = False
) -> Response:
    form = form or Filled(_values(look), mark_of(_values(look)))
    titles = {topic.slug: topic.title for topic in offer.topics}
    return private_page(
        request,
        "admin/look.html",
        status=form.status,
        admin=admin,
        newsletter=offer.newsletter,
        look=look,
        form=form,
        sections=[(slug, titles[slug]) for slug in look.sections],
        swatches=_swatches(look) if is_colour(look.accent) and is_colour(look.ground) else [],
        enough=AA,
        limits={"header": HEADER_LENGTH, "footer": FOOTER_LENGTH, "postal": POSTAL_LENGTH, "bytes": MOST_BYTES},
        saved=saved,
        query=urlencode({**_words(look), "order": ",".join(look.sections)}),
    )


def _words(look: Look) -> dict[str, str]:
    """The fields of a newsletter that a look fills."""
    return {
        "accent": look.accent,
        "ground": look.ground,
        "logo": look.logo,
        "header": look.header,
        "footer": look.footer,
        "postal_address": look.postal_address,
    }


def _values(look: Look) -> dict[str, object]:
    return {**_words(look), "sections": list(look.sections)}


def _offer(request: Request, name: str) -> Offer:
    with deps_of(request).database.read() as session:
        found = offer_of(session, name)
    if found is None:
        raise HTTPException(404)
    return found
