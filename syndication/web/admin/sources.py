"""The console's pages of sources: what there is and how it does, adding with a preview, one source with its repairs."""

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
from syndication.jobs.manage_sources import import_opml, outlines_of, save_source
from syndication.net.hosts import host_of
from syndication.store.access import save_access
from syndication.store.admins import audit
from syndication.store.collecting import list_sources
from syndication.store.managing import (
    SourcePage,
    change_source,
    make_urgent,
    pause_source,
    remove_source,
    resume_source,
    source_page,
    use_address,
    use_identity,
)
from syndication.web.admin.access import Editor, SignedIn
from syndication.web.deps import deps_of
from syndication.web.render import private_page

router = APIRouter(prefix="/admin/sources")


class ChangeForm(BaseModel):
    """What an admin says of a source."""

    title: str = Field(default="", max_length=200)
    url: str = Field(default="", max_length=2000)
    language: str = Field(default="", max_length=35)
    internal: bool = False


class AccessForm(BaseModel):
    """How a source lets us in. headers: one a line."""

    user: str = Field(default="", max_length=200)
    password: str = Field(default="", max_length=1000)
    headers: str = Field(default="", max_length=5000)
    proxy: str = Field(default="", max_length=500)
    ca: str = Field(default="", max_length=100_000)
    user_agent: str = Field(default="", max_length=300)


_KINDS: Final = (SourceKind.FEED, SourceKind.SITEMAP, SourceKind.PUSH)
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
        return _list(request, admin, status=422, fault=str(error), url=url)
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
        return _list(request, admin, status=422, fault="Paste an address first.", url=url)
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
        kinds=_KINDS,
    )


@router.get("/feeds.opml")
def export(request: Request, admin: SignedIn) -> Response:
    """All feeds, for another program."""
    del admin
    deps = deps_of(request)
    body = write_opml(deps.site.title, outlines_of(deps.database))
    headers = {"Content-Disposition": 'attachment; filename="sources.opml"', "Cache-Control": "no-store"}
    return Response(body, media_type="text/x-opml", headers=headers)


@router.post("/import")
def import_file(request: Request, admin: Editor, file: UploadFile) -> Response:
    """Add the feeds of an OPML file."""
    deps = deps_of(request)
    try:
        done = import_opml(deps.database, read_opml(file.file.read()), deps.clock())
    except SourceError as error:
        return _list(request, admin, status=422, fault=str(error))
    return _list(request, admin, said=f"{plural(done.added, 'feed')} added, {done.known} known already.")


@router.get("/{source_id}")
def source(request: Request, admin: SignedIn, source_id: int) -> Response:
    """One source: how it does, what it last said, what can be done."""
    return _one(request, admin, _found(request, source_id))


@router.post("/{source_id}")
def change(request: Request, admin: Editor, source_id: int, form: Annotated[ChangeForm, Form()]) -> Response:
    """Change what the admin says of a source. A new address is visited at once."""
    deps, page = deps_of(request), _found(request, source_id)
    if not form.title.strip():
        return _one(request, admin, page, status=422, fault="A source needs a title.")
    now, url = deps.clock(), form.url.strip()
    if url and page.source.kind not in {SourceKind.FOLDER, SourceKind.PUSH} and not host_of(url):
        return _one(request, admin, page, status=422, fault="The address must look like https://example.org/feed.")
    values = {"title": form.title.strip(), "language": form.language.strip(), "internal": form.internal}
    with deps.database.write() as session:
        change_source(session, source_id, values)
        if url and url != page.source.location:
            use_address(session, source_id, url)
        before = {"title": page.source.title, "location": page.source.location}
        audit(
            session,
            admin.login,
            "source.change",
            f"source {source_id}",
            now,
            (before, {"title": form.title, "location": url}),
        )
    return RedirectResponse(f"/admin/sources/{source_id}", 303)


@router.post("/{source_id}/access")
def access(request: Request, admin: Editor, source_id: int, form: Annotated[AccessForm, Form()]) -> Response:
    """Keep how a source lets us in, sealed; all fields empty forget it."""
    deps, page = deps_of(request), _found(request, source_id)
    pairs = [line.partition(":") for line in form.headers.splitlines() if line.strip()]
    if not all(colon and name.strip().isascii() and value.strip().isprintable() for name, colon, value in pairs):
        return _one(request, admin, page, status=422, fault="Write one header a line, as in 'X-Key: secret'.")
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


def _list(
    request: Request, admin: object, *, status: int = 200, fault: str = "", said: str = "", url: str = ""
) -> Response:
    with deps_of(request).database.read() as session:
        listed = list_sources(session)
    order = {"failing": 0, "gone": 1, "late": 2, "ok": 3}
    listed.sort(key=lambda one: (order[one.health.value], one.title.lower()))
    return private_page(
        request,
        "admin/sources.html",
        status=status,
        admin=admin,
        sources=listed,
        fault=fault,
        said=said,
        url=url,
        kinds=_KINDS,
    )


def _one(request: Request, admin: object, page: SourcePage, *, status: int = 200, fault: str = "") -> Response:
    return private_page(
        request, "admin/source.html", status=status, admin=admin, page=page, fault=fault, identities=list(Identity)
    )
