"""The console's pages of readers: search, one reader's whole history, add, unsubscribe, pause, erase, export."""

from dataclasses import asdict
from datetime import UTC, date, datetime, time
from typing import Annotated, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Form, HTTPException
from fastapi.encoders import jsonable_encoder
from pydantic import BaseModel
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse

from syndication.deliver.addresses import parse_address
from syndication.domain.bouncing import THRESHOLD
from syndication.domain.errors import AddressError, StoreError
from syndication.domain.newsletters import Choice
from syndication.domain.states import SubscriptionStatus
from syndication.domain.tokens import suppression_mark
from syndication.jobs.erase import erase_reader
from syndication.jobs.export_readers import readers_csv
from syndication.store.adding import add_reader
from syndication.store.admins import Admin, audit
from syndication.store.browsing import offers
from syndication.store.classifying import load_topics
from syndication.store.dossiers import Dossier, dossier_of
from syndication.store.finding import Wanted, find_readers
from syndication.store.leaving import pause, resume, unsubscribe
from syndication.store.scoring import score_of
from syndication.store.subscribing import SignUp
from syndication.store.suppressing import suppression
from syndication.store.topics import topic_lines
from syndication.web.admin.access import Editor, Owner, SignedIn
from syndication.web.deps import deps_of
from syndication.web.notices import posting
from syndication.web.render import private_page
from syndication.web.security import PRIVATE
from syndication.web.visits import visit_of

router = APIRouter(prefix="/admin/subscribers")

_PAGE: Final = 50


class NewReader(BaseModel):
    """How somebody is added. consent: how they agreed; "" asks them by mail."""

    email: str = ""
    newsletter: str = ""
    topics: tuple[str, ...] = ()
    language: str = ""
    how: str = "ask"
    consent: str = ""


@router.get("/")
def subscribers_page(
    request: Request,
    admin: SignedIn,
    q: str = "",
    topic: str = "",
    status: str = "",
    before: int | None = None,
) -> Response:
    """Readers by the beginning of their address, by topic, by status; the newest first."""
    deps = deps_of(request)
    kind = SubscriptionStatus(status) if status in set(SubscriptionStatus) else None
    with deps.database.read() as session:
        topics = {line.value.slug: line for line in topic_lines(session, deps.clock())}
        letters = {one.newsletter.slug: one.newsletter.title for one in offers(session)}
        topic_id = topics[topic].topic_id if topic in topics else None
        found = find_readers(session, Wanted(q.strip().lower(), topic_id, kind, before), _PAGE + 1)
    last = found[_PAGE - 1].subscription_id if len(found) > _PAGE else None
    more = urlencode({"q": q, "topic": topic, "status": status, "before": last}) if last else ""
    return private_page(
        request,
        "admin/subscribers.html",
        admin=admin,
        found=found[:_PAGE],
        q=q,
        topic=topic,
        chosen_status=status,
        topics={"": "any topic", **{slug: line.value.title for slug, line in topics.items()}},
        newsletters={"": "all newsletters", **letters},
        statuses={"": "any status", **{one.value: one.value for one in SubscriptionStatus}},
        more=more,
        is_first=before is None,
    )


@router.post("/export")
def export_all(
    request: Request, admin: Owner, newsletter: Annotated[str, Form()] = "", status: Annotated[str, Form()] = ""
) -> Response:
    """All subscriptions as a file, or those of one newsletter or status; it is kept who took them."""
    deps = deps_of(request)
    kind = SubscriptionStatus(status) if status in set(SubscriptionStatus) else None
    now = deps.clock()
    with deps.database.write() as session:
        after = {"newsletter": newsletter or "all", "status": status or "all"}
        audit(session, admin.login, "readers.export", "subscribers", now, ({}, after))
    return StreamingResponse(
        readers_csv(deps.database, newsletter, kind),
        media_type="text/csv; charset=utf-8",
        headers={**PRIVATE, "Content-Disposition": f'attachment; filename="subscribers-{now:%Y-%m-%d}.csv"'},
    )


@router.get("/new")
def new_page(request: Request, admin: Editor) -> Response:
    """The form for somebody new."""
    return _new(request, admin, NewReader())


@router.post("/new")
def add(request: Request, admin: Editor, form: Annotated[NewReader, Form()]) -> Response:
    """Add somebody: they are asked by mail, or their consent is declared."""
    deps = deps_of(request)
    now = deps.clock()
    declared = form.consent.strip() if form.how == "declared" else ""
    with deps.database.read() as session:
        offer = next((one for one in offers(session) if one.newsletter.slug == form.newsletter), None)
    faults = _faults(form, is_known=offer is not None, topics=offer.newsletter.topics if offer else ())
    if faults or offer is None:
        return _new(request, admin, form, faults)
    address = parse_address(form.email)
    mark = suppression_mark(deps.suppression_key, address.key)
    choice = Choice(frozenset(form.topics), form.language or offer.newsletter.language)
    wanted = SignUp(offer.newsletter_id, address.address, address.key, mark, choice)
    try:
        with deps.database.write() as session:
            answer = add_reader(session, wanted, visit_of(request), now, declared=declared)
            after = {
                "newsletter": form.newsletter,
                "topics": sorted(form.topics),
                "consent": declared or "asked by mail",
            }
            audit(session, admin.login, "reader.add", f"subscription {answer.subscription_id}", now, ({}, after))
    except (StoreError, ValueError) as error:
        return _new(request, admin, form, {"email": str(error)})
    place = f"/admin/subscribers/?{urlencode({'q': address.key})}"
    return RedirectResponse(place, 303, background=posting(deps, [answer]))


@router.get("/{subscriber_id}")
def reader_page(request: Request, admin: SignedIn, subscriber_id: int) -> Response:
    """Everything about one reader."""
    return _reader(request, admin, _dossier(request, subscriber_id))


@router.get("/{subscriber_id}/dossier.json")
def export(request: Request, admin: Editor, subscriber_id: int) -> Response:
    """The reader's dossier, to hand to them."""
    del admin
    found = jsonable_encoder(asdict(_dossier(request, subscriber_id)))
    name = f'attachment; filename="reader-{subscriber_id}.json"'
    return JSONResponse(found, headers={**PRIVATE, "Content-Disposition": name})


@router.post("/{subscriber_id}/{act}/{subscription_id}")
def act_on(
    request: Request,
    admin: Editor,
    subscriber_id: int,
    act: str,
    subscription_id: int,
    *,
    until: Annotated[str, Form()] = "",
) -> Response:
    """Unsubscribe, pause or go on, for one subscription of this reader."""
    deps, found = deps_of(request), _dossier(request, subscriber_id)
    now, visit = deps.clock(), visit_of(request)
    if subscription_id not in {one.subscription_id for one in found.memberships}:
        raise HTTPException(404)
    ends_at = _instant(until, deps.site.zone)
    if act == "pause" and (ends_at is None or ends_at <= now):
        return _reader(request, admin, found, {f"until-{subscription_id}": "Choose a day after today."}, until)
    with deps.database.write() as session:
        if act == "unsubscribe":
            done = unsubscribe(session, subscription_id, visit, now)
        elif act == "pause" and ends_at:
            done = pause(session, subscription_id, ends_at, visit, now)
        elif act == "resume":
            done = resume(session, subscription_id, visit, now)
        else:
            raise HTTPException(404)
        if done:
            after = {"until": until} if act == "pause" else {}
            audit(session, admin.login, f"reader.{act}", f"subscription {subscription_id}", now, ({}, after))
    return RedirectResponse(f"/admin/subscribers/{subscriber_id}", 303)


@router.post("/{subscriber_id}/erase")
def erase(request: Request, admin: Owner, subscriber_id: int, word: Annotated[str, Form()] = "") -> Response:
    """Forget this reader everywhere, once the word was typed."""
    deps, found = deps_of(request), _dossier(request, subscriber_id)
    if word.strip().lower() != "erase":
        return _reader(request, admin, found, {"word": "Type the word erase to confirm. Nothing was erased."})
    now = deps.clock()
    erase_reader(deps.database, deps.suppression_key, deps.var_folder, subscriber_id, now)
    with deps.database.write() as session:
        audit(session, admin.login, "reader.erase", f"subscriber {subscriber_id}", now)
    return RedirectResponse("/admin/subscribers/", 303)


def _faults(form: NewReader, *, is_known: bool, topics: tuple[str, ...]) -> dict[str, str]:
    faults = {}
    try:
        parse_address(form.email)
    except AddressError as error:
        faults["email"] = str(error)
    if not is_known:
        faults["newsletter"] = "Choose a newsletter."
    elif not set(form.topics) & set(topics):
        faults["topics"] = "Choose at least one topic that this newsletter offers."
    if form.how == "declared" and not form.consent.strip():
        faults["consent"] = "Say where and when they agreed; it is kept as the proof."
    return faults


def _instant(day: str, zone: str) -> datetime | None:
    try:
        return datetime.combine(date.fromisoformat(day), time.min, ZoneInfo(zone)).astimezone(UTC)
    except ValueError:
        return None


def _dossier(request: Request, subscriber_id: int) -> Dossier:
    with deps_of(request).database.read() as session:
        found = dossier_of(session, subscriber_id)
    if found is None or not found.address:
        raise HTTPException(404, "There is no such reader, or they were erased.")
    return found


def _reader(
    request: Request, admin: Admin, found: Dossier, faults: dict[str, str] | None = None, until: str = ""
) -> Response:
    deps = deps_of(request)
    mark = suppression_mark(deps.suppression_key, parse_address(found.address).key)
    with deps.database.read() as session:
        suppressed, score = suppression(session, mark), score_of(session, found.subscriber_id)
        letters, topics = _titles(session)
    return private_page(
        request,
        "admin/subscriber.html",
        status=422 if faults else 200,
        admin=admin,
        reader=found,
        now=deps.clock(),
        suppressed=suppressed,
        score=score,
        threshold=THRESHOLD,
        until=until,
        faults=faults or {},
        newsletters=letters,
        topics=topics,
    )


def _new(request: Request, admin: Admin, form: NewReader, faults: dict[str, str] | None = None) -> Response:
    with deps_of(request).database.read() as session:
        letters, topics = _titles(session)
    return private_page(
        request,
        "admin/subscriber_new.html",
        status=422 if faults else 200,
        admin=admin,
        form=form,
        newsletters=letters,
        topics=topics,
        faults=faults or {},
    )


def _titles(session: Session) -> tuple[dict[str, str], dict[str, str]]:
    """Titles of newsletters and of topics in use, by slug."""
    letters = {one.newsletter.slug: one.newsletter.title for one in offers(session)}
    return letters, {topic.slug: topic.title for topic in load_topics(session)}
