"""The console's pages of lists of readers: upload, what would happen, import with progress, the refused records back."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, BinaryIO, Final

from fastapi import APIRouter, HTTPException
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response

from syndication.domain.seams import Task
from syndication.domain.states import UploadState
from syndication.jobs.uploads import Uploads
from syndication.lang.words import LANGUAGES, own_names
from syndication.store.admins import Admin, audit
from syndication.store.browsing import Offer, offers
from syndication.store.importing import Fate
from syndication.store.uploads import Upload, add_upload, find_upload, latest_uploads, move_upload
from syndication.web.admin.access import Editor, SignedIn
from syndication.web.deps import deps_of
from syndication.web.render import private_page
from syndication.web.security import LIST_ADDRESS, MOST_LIST_BYTES, PRIVATE

router = APIRouter(prefix=LIST_ADDRESS)

_LISTED: Final = 20
_FIELDS: Final = 500
_NAME_LENGTH: Final = 120
FATES: Final = MappingProxyType(
    {
        Fate.ADDED: (
            "New readers",
            "They get the next issue, with what comes in from now on. Nobody is asked again: you declared that they agreed.",
        ),
        Fate.KNOWN: ("Known already", "They stay as they are; their own choices count more than a list."),
        Fate.OPTED_OUT: ("Opted out", "They left, here or in the list, and are not mailed."),
        Fate.SUPPRESSED: ("Never mailed again", "Their address bounced, complained, was erased or was stopped here."),
        Fate.REJECTED: ("Refused", "There is no address in them that can be mailed."),
    }
)


@dataclass(frozen=True, slots=True)
class Sent:
    """A form as it came. file: None when none was chosen."""

    wish: Mapping[str, Any]
    file_name: str = ""
    file: BinaryIO | None = None


_EMPTY: Final = Sent({"newsletter": "", "consent": "", "topics": (), "language": "", "tags": {}})


@router.get("")
def import_page(request: Request, admin: Editor) -> Response:
    """The form of a new list, and the lists of before."""
    return _form(request, admin, _EMPTY)


@router.post("")
async def upload(request: Request, admin: Editor) -> Response:
    """Take a list in and have it looked through; nobody is added yet."""
    async with request.form(max_files=1, max_fields=_FIELDS) as form:
        return await run_in_threadpool(_take, request, admin, _sent(form))


@router.get("/{upload_id}")
def upload_page(request: Request, admin: SignedIn, upload_id: int) -> Response:
    """How one list stands: what would happen, how far it is, what it did."""
    return _shown(request, admin, upload_id)


@router.post("/{upload_id}/check")
async def check_again(request: Request, admin: Editor, upload_id: int) -> Response:
    """Look through it again, with what its tags mean."""
    async with request.form(max_fields=_FIELDS) as form:
        pairs = zip(form.getlist("tag"), form.getlist("means"), strict=False)
        tags = {str(tag): str(topic) for tag, topic in pairs if topic}
    return await run_in_threadpool(_check_again, request, admin, upload_id, tags)


@router.post("/{upload_id}/run")
def run(request: Request, admin: Editor, upload_id: int) -> Response:
    """Import it."""
    upload, deps = _found(request, upload_id), deps_of(request)
    with deps.database.write() as session:
        if move_upload(session, upload_id, (UploadState.CHECKED,), state=UploadState.IMPORTING):
            after = {name: upload.wish[name] for name in ("newsletter", "consent", "topics")}
            audit(session, admin.login, "readers.import", f"list {upload_id}", deps.clock(), ({}, after))
    deps.enqueue(Task.IMPORT, f"import:{upload_id}", upload_id=upload_id)
    return _back(upload_id)


@router.post("/{upload_id}/drop")
def drop(request: Request, admin: Editor, upload_id: int) -> Response:
    """Forget the list, or stop its import where it is."""
    upload = _found(request, upload_id)
    if _uploads(request).drop(upload_id) and upload.state is UploadState.IMPORTING:
        deps = deps_of(request)
        with deps.database.write() as session:
            audit(session, admin.login, "readers.import_stop", f"list {upload_id}", deps.clock())
    return _back(upload_id)


@router.get("/{upload_id}/refused.csv")
def refused(request: Request, admin: Editor, upload_id: int) -> Response:
    """The records that were refused, each with the reason."""
    del admin
    path = _uploads(request).refused_file(_found(request, upload_id).id)
    if not path.exists():
        raise HTTPException(404, "The refused records are kept for a week. Upload the list again to see them.")
    return FileResponse(
        path, media_type="text/csv; charset=utf-8", filename=f"refused-{upload_id}.csv", headers=PRIVATE
    )


def _sent(form: FormData) -> Sent:
    upload = form.get("file")
    wish = {
        "newsletter": str(form.get("newsletter", "")),
        "consent": str(form.get("consent", "")).strip(),
        "topics": sorted(str(topic) for topic in form.getlist("topics")),
        "language": str(form.get("language", "")),
        "tags": {},
    }
    if upload is None or isinstance(upload, str) or not upload.filename:
        return Sent(wish)
    return Sent(wish, upload.filename.replace("\\", "/").rpartition("/")[2][:_NAME_LENGTH], upload.file)


def _take(request: Request, admin: Admin, sent: Sent) -> Response:
    deps, uploads = deps_of(request), _uploads(request)
    with deps.database.read() as session:
        offer = next((one for one in offers(session) if one.newsletter.slug == sent.wish["newsletter"]), None)
    faults = _faults(sent, offer)
    if faults or sent.file is None:
        return _form(request, admin, sent, faults)
    with deps.database.write() as session:
        upload_id = add_upload(session, sent.file_name, sent.wish, admin.login, deps.clock())
    path = uploads.list_file(upload_id)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    with part.open("wb") as out:
        part.chmod(0o600)
        shutil.copyfileobj(sent.file, out)
    part.replace(path)
    deps.enqueue(Task.IMPORT, f"import:{upload_id}", upload_id=upload_id)
    return _back(upload_id)


def _faults(sent: Sent, offer: Offer | None) -> dict[str, str]:
    faults = {}
    if sent.file is None:
        faults["file"] = "Choose the file. A browser does not keep it when a form comes back."
    if offer is None:
        faults["newsletter"] = "Choose a newsletter."
    elif set(sent.wish["topics"]) - set(offer.newsletter.topics):
        offered = ", ".join(topic.title for topic in offer.topics)
        faults["topics"] = f"{offer.newsletter.title} does not offer all of these topics. It offers: {offered}."
    if not sent.wish["consent"]:
        faults["consent"] = "Say where and when they agreed; it is kept with each of them as the proof."
    return faults


def _check_again(request: Request, admin: Admin, upload_id: int, tags: dict[str, str]) -> Response:
    del admin
    upload, deps = _found(request, upload_id), deps_of(request)
    wish = {**upload.wish, "tags": {**upload.wish["tags"], **tags}}
    after = (UploadState.CHECKED, UploadState.FAILED)
    with deps.database.write() as session:
        move_upload(session, upload_id, after, state=UploadState.CHECKING, wish=wish, fault="", position=0)
    deps.enqueue(Task.IMPORT, f"import:{upload_id}", upload_id=upload_id)
    return _back(upload_id)


def _uploads(request: Request) -> Uploads:
    deps = deps_of(request)
    return Uploads(deps.database, deps.suppression_key, deps.var_folder, deps.clock)


def _found(request: Request, upload_id: int) -> Upload:
    with deps_of(request).database.read() as session:
        found = find_upload(session, upload_id)
    if found is None:
        raise HTTPException(404)
    return found


def _back(upload_id: int) -> Response:
    return RedirectResponse(f"{LIST_ADDRESS}/{upload_id}", 303)


def _shown(request: Request, admin: Admin, upload_id: int) -> Response:
    upload, uploads = _found(request, upload_id), _uploads(request)
    with deps_of(request).database.read() as session:
        offer = next((one for one in offers(session) if one.newsletter.slug == upload.wish["newsletter"]), None)
    return private_page(
        request,
        "admin/import_list.html",
        admin=admin,
        upload=upload,
        fates=FATES,
        newsletter=offer.newsletter.title if offer else upload.wish["newsletter"],
        topics={topic.slug: topic.title for topic in offer.topics} if offer else {},
        has_file=uploads.list_file(upload_id).exists(),
        has_refused=uploads.refused_file(upload_id).exists(),
    )


def _form(request: Request, admin: Admin, sent: Sent, faults: dict[str, str] | None = None) -> Response:
    with deps_of(request).database.read() as session:
        found, before = offers(session), latest_uploads(session, _LISTED)
    topics = {topic.slug: topic.title for one in found for topic in one.topics}
    return private_page(
        request,
        "admin/import.html",
        status=422 if faults else 200,
        admin=admin,
        wish=sent.wish,
        newsletters={one.newsletter.slug: one.newsletter.title for one in found},
        topics=topics,
        languages={"": "the newsletter's", **own_names(LANGUAGES)},
        most_mb=MOST_LIST_BYTES >> 20,
        before=before,
        faults=faults or {},
    )
