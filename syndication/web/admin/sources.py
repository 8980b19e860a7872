"""The console's pages of sources: what there is and how it does, adding with a preview, one source with its repairs."""

from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Annotated, Final

from fastapi import APIRouter, Form, HTTPException, UploadFile
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from syndication.collect.opml import read_opml, write_opml
from syndication.domain.errors import SourceError, StoreError
from syndication.domain.plural import plural
from syndication.domain.source_options import Identity
from syndication.domain.sources import Access, Source
from syndication.domain.states import FirstFetch, SourceKind
from syndication.jobs.check_source import check_source
from syndication.jobs.entry_faults import source_faults
from syndication.jobs.manage_sources import import_opml, listing_of, save_source
from syndication.store.access import save_access
from syndication.store.admins import Admin, audit
from syndication.store.collecting import list_sources
from syndication.store.managing import (
    SourcePage,
    change_source,
    lock_source,
    make_urgent,
    pause_source,
    remove_source,
    resume_source,
    source_page,
    use_address,
    use_identity,
)
from syndication.web.admin.access import Editor, SignedIn
from syndication.web.admin.forms import Filled, changes, mark_of, overtaken
from syndication.web.deps import deps_of
from syndication.web.render import private_page

router = APIRouter(prefix="/admin/sources")


_LABELS: Final = MappingProxyType(
    {
        "title": "Title",
        "url": "Address",
        "language": "Language, when it does not say",
        "internal": "It lives on a private network",
    }
)


class ChangeForm(BaseModel):
    """What an admin says of a source. mark: of what was saved when the form was opened."""

    title: str = Field(default="", max_length=200)
    url: str = Field(default="", max_length=2000)
    language: str = Field(default="", max_length=35)
    internal: bool = False
    mark: str = ""

    def values(self) -> dict[str, object]:
        """What was typed, tidied."""
        words = {name: getattr(self, name).strip() for name in ("title", "url", "language")}
        return {**words, "internal": self.internal}


class AccessForm(BaseModel):
    """How a source lets us in. headers: one a line."""

    user: str = Field(default="", max_length=200)
    password: str = Field(default="", max_length=1000)
    headers: str = Field(default="", max_length=5000)
    proxy: str = Field(default="", max_length=500)
    ca: str = Field(default="", max_length=100_000)
    user_agent: str = Field(default="", max_length=300)


@dataclass(frozen=True, slots=True)
class Pasted:
    """The form of a new source as it is shown."""

    url: str = ""
    kind: SourceKind = SourceKind.FEED
    internal: bool = False


@dataclass(frozen=True, slots=True)
class Entrance:
    """The form of how a source lets us in, as it is shown. A password is never shown again."""

    typed: AccessForm = field(default_factory=AccessForm)
    fault: str = ""


_KINDS: Final = (SourceKind.FEED, SourceKind.SITEMAP, SourceKind.PUSH)
_NOTHING: Final = Pasted()
_SHOWN: Final = 30


@router.get("/")
def sources_page(request: Request, admin: SignedIn) -> Response:
    """All sources with their health."""
    return _list(request, admin)


@router.post("/")
def add(
    request: Request,
    admin: Editor,
    url: Annotated[str, Form()] = "",
    title: Annotated[str, Form()] = "",
    kind: Annotated[SourceKind, Form()] = SourceKind.FEED,
    *,
    internal: Annotated[bool, Form()] = False,
) -> Response:
    """Save a source; it is visited within seconds."""
    deps = deps_of(request)
    first = FirstFetch.NEW if kind is SourceKind.PUSH else FirstFetch.BACKFILL
    location = "" if kind is SourceKind.PUSH else url.strip()
    source = Source("", title.strip(), kind, location, first_fetch=first, internal=internal)
    try:
        number = save_source(deps.database, source, admin.login, deps.clock())
    except SourceError as error:
        return _list(request, admin, fault=str(error), pasted=Pasted(location, kind, internal))
    return RedirectResponse(f"/admin/sources/{number}", 303)


@router.post("/check")
def check(
    request: Request,
    admin: Editor,
    url: Annotated[str, Form()] = "",
    kind: Annotated[SourceKind, Form()] = SourceKind.FEED,
    *,
    internal: Annotated[bool, Form()] = False,
) -> Response:
    """What the address would bring, before anything is saved."""
    deps = deps_of(request)
    if deps.checker is None or not url.strip():
        return _list(request, admin, fault="Paste an address first.", pasted=Pasted("", kind, internal))
    location = url.strip() if "://" in url else f"https://{url.strip()}"
    found = check_source(
        deps.database, deps.checker, Source("check", "", kind, location, internal=internal), deps.clock()
    )
    return private_page(
        request,
        "admin/source_check.html",
        status=422 if found.failure else 200,
        admin=admin,
        found=found,
        items=found.items[:_SHOWN],
        url=location,
        pasted=Pasted(location, kind, internal),
    )


@router.get("/feeds.opml")
def export(request: Request, admin: SignedIn) -> Response:
    """All feeds, for another program."""
    del admin
    deps = deps_of(request)
    body = write_opml(deps.site.title, listing_of(deps.database).outlines)
    headers = {"Content-Disposition": 'attachment; filename="sources.opml"', "Cache-Control": "no-store"}
    return Response(body, media_type="text/x-opml", headers=headers)


@router.post("/import")
def import_file(request: Request, admin: Editor, file: UploadFile) -> Response:
    """Add the feeds of an OPML file."""
    deps = deps_of(request)
    try:
        done = import_opml(deps.database, read_opml(file.file.read()), admin.login, deps.clock())
    except SourceError as error:
        return _list(request, admin, fault=str(error))
    return _list(request, admin, said=f"{plural(done.added, 'feed')} added, {done.known} known already.")


@router.get("/{source_id}")
def source(request: Request, admin: SignedIn, source_id: int) -> Response:
    """One source: how it does, what it last said, what can be done."""
    return _one(request, admin, _found(request, source_id))


@router.post("/{source_id}")
def change(request: Request, admin: Editor, source_id: int, form: Annotated[ChangeForm, Form()]) -> Response:
    """Change what the admin says of a source. A new address is visited at once."""
    deps, page = deps_of(request), _found(request, source_id)
    filled = Filled(form.values(), form.mark, _faults(page.source, form))
    if not filled.faults:
        with deps.database.write() as session:
            lock_source(session, source_id)
            before = _values(source_page(session, source_id).source)
            if mark_of(before) == filled.mark:
                target, now = f"source {source_id}", deps.clock()
                change_source(
                    session, source_id, {name: filled.values[name] for name in ("title", "language", "internal")}
                )
                if filled.values["url"] not in {"", before["url"]}:
                    use_address(session, source_id, str(filled.values["url"]))
                audit(session, admin.login, "source.change", target, now, changes(before, filled.values))
                return RedirectResponse(f"/admin/sources/{source_id}", 303)
            filled = overtaken(session, filled, before, _LABELS, f"source {source_id}")
    return _one(request, admin, _found(request, source_id), filled)


@router.post("/{source_id}/access")
def access(request: Request, admin: Editor, source_id: int, form: Annotated[AccessForm, Form()]) -> Response:
    """Keep how a source lets us in, sealed; all fields empty forget it."""
    deps, page = deps_of(request), _found(request, source_id)
    pairs = [line.partition(":") for line in form.headers.splitlines() if line.strip()]
    if not all(colon and name.strip().isascii() and value.strip().isprintable() for name, colon, value in pairs):
        fault = "Write one header a line, as in 'X-Key: secret'. The password has to be typed again."
        return _one(request, admin, page, entrance=Entrance(form, fault))
    kept = tuple((name.strip(), value.strip()) for name, _, value in pairs)
    wanted = Access(form.user, form.password, kept, form.user_agent.strip(), form.proxy.strip(), form.ca.strip())
    assert deps.box is not None  # noqa: S101 - the service always has its keys
    with deps.database.write() as session:
        save_access(session, deps.box, source_id, wanted)
        make_urgent(session, source_id)
        audit(session, admin.login, "source.access", f"source {source_id}", deps.clock())
    return RedirectResponse(f"/admin/sources/{source_id}", 303)


@router.post("/{source_id}/{action}")
def act(
    request: Request, admin: Editor, source_id: int, action: str, identity: Annotated[Identity, Form()] = Identity.AUTO
) -> Response:
    """One-click repairs: visit, pause, resume, moved (use the new address), identity."""
    deps, page = deps_of(request), _found(request, source_id)
    with deps.database.write() as session:
        match action:
            case "visit" | "resume":
                resume_source(session, source_id)
            case "pause":
                pause_source(session, source_id)
            case "moved" if page.move is not None:
                use_address(session, source_id, page.move.target)
            case "identity":
                use_identity(session, source_id, identity)
                make_urgent(session, source_id)
            case "delete":
                remove_source(session, source_id, deps.clock())
            case _:
                raise HTTPException(404)
        audit(session, admin.login, f"source.{action}", f"source {source_id}", deps.clock())
    return RedirectResponse("/admin/sources/" if action == "delete" else f"/admin/sources/{source_id}", 303)


def _found(request: Request, source_id: int) -> SourcePage:
    try:
        with deps_of(request).database.read() as session:
            return source_page(session, source_id)
    except StoreError as error:
        raise HTTPException(404) from error


def _values(source: Source) -> dict[str, object]:
    return {
        "title": source.title,
        "url": source.location,
        "language": source.language,
        "internal": source.internal,
    }


def _faults(source: Source, form: ChangeForm) -> dict[str, str]:
    faults = {}
    if not form.title.strip():
        faults["title"] = "A source needs a title."
    found = source_faults(replace(source, location=form.url.strip())) if form.url.strip() else {}
    if found:
        faults["url"] = found["location"]
    return faults


def _list(request: Request, admin: Admin, *, fault: str = "", said: str = "", pasted: Pasted = _NOTHING) -> Response:
    with deps_of(request).database.read() as session:
        listed = list_sources(session)
    order = {"failing": 0, "gone": 1, "late": 2, "ok": 3}
    listed.sort(key=lambda one: (order[one.health.value], one.title.lower()))
    return private_page(
        request,
        "admin/sources.html",
        status=422 if fault else 200,
        admin=admin,
        sources=listed,
        fault=fault,
        said=said,
        pasted=pasted,
    )


def _one(
    request: Request,
    admin: Admin,
    page: SourcePage,
    form: Filled | None = None,
    entrance: Entrance | None = None,
) -> Response:
    saved, entrance = _values(page.source), entrance or Entrance()
    form = form or Filled(saved, mark_of(saved))
    return private_page(
        request,
        "admin/source.html",
        status=422 if entrance.fault else form.status,
        admin=admin,
        page=page,
        form=form,
        entrance=entrance,
        identities=list(Identity),
    )
